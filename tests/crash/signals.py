"""Signals at moments of chance: Ctrl-C once, twice, thrice, SIGTERM, a terminal that closes, SIGQUIT.

Commands run on a terminal of their own (a pty, whose keys are typed) or without one (the signal is sent). Oracles
stand outside: /proc, a log the tasks write themselves, what lies on the disk.
`python tests/crash/signals.py --trials 300 --json FILE` is the long form. The keys of FILE:

trials              how many; the kinds are in KINDS
landed              signals that met a run which was under way; the others came before or after it
survivors           processes alive two seconds after the end; must be 0
rerun               completed tasks that ran again after `resume`; must be 0
left                temporary files and locks that were left; must be 0
longest_second_s    from the second signal to the end
longest_alone_s     from the end until nothing of the run was alive
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/signals.py`
from crash.forms import Trial, long_form
from crash.looking import logged, supervisors

from forkjoin.engine import attach, settings_from
from forkjoin.engine.folder import RunFolder, owned
from forkjoin.model import Owned, RunId

DRIVING, ATTENDING = ("run", "review", "resume"), ("watch", "wait")
SENT = {
    "int": (signal.SIGINT,),
    "int2": (signal.SIGINT, signal.SIGINT),
    "int3": (signal.SIGINT, signal.SIGINT, signal.SIGINT),
    "term": (signal.SIGTERM,),
    "hup": (signal.SIGHUP,),
    "quit": (signal.SIGQUIT,),
}
CODES = {"int": 130, "int2": 130, "int3": 130, "term": 143, "hup": 143, "quit": 130}
KINDS = (
    *(f"{verb}-{sent}-{place}" for verb in ("run", "resume") for sent in SENT for place in ("pty", "plain")),
    *(f"review-{sent}-pty" for sent in ("int", "int2", "term", "hup", "quit")),
    *(f"{verb}-{sent}-pty" for verb in ATTENDING for sent in ("int", "term", "hup", "quit")),
    "detached-hup-pty", "detached-group-pty", "detached-group-plain",
)  # fmt: skip
SECOND_S = float(os.environ.get("FORKJOIN_SECOND_S", "2"))  # from the second Ctrl-C to the end
EARLY, LATEST_S = 0.25, 1.5  # how many signals may come before there is anything; how long after the beginning
KEYS = {signal.SIGINT: b"\x03", signal.SIGQUIT: b"\x1c"}
PATIENCE_S = 60.0
ZEROS = ("survivors", "rerun", "left")


def one(made: Trial) -> None:
    """Run a trial of the kind VERB-SENT-PLACE."""
    verb, sent, place = made.kind.split("-")
    plan = made.plan([task(made, *words) for words in TASKS], max_parallel=5)
    if verb == "detached":
        detached(made, plan, sent, place)
        return
    if verb != "run" and verb != "review":
        begun(made, plan, "resume" if verb == "resume" else "watch")
    words = {"run": ("run", plan), "review": ("review", "."), "resume": ("resume",)}.get(verb, (verb,))
    command = Command(made, words, on_terminal=place == "pty")
    if made.chance.random() < EARLY:
        time.sleep(made.chance.uniform(0.0, LATEST_S))
    else:
        made.until(lambda: begun_by(made, verb, command), f"{verb} has begun")
        time.sleep(made.chance.uniform(0.0, LATEST_S))
    under_way = not command.ended() and begun_by(made, verb, command)
    sent_at = command.send(SENT[sent], made)
    code = command.wait(PATIENCE_S)
    end = time.monotonic()
    made.counts["landed"] += under_way
    if code is None:
        made.broken.append(f"did not end in {PATIENCE_S:g} s: {command.said()}")
    elif len(sent_at) > 1 and under_way:
        made.took("second_s", end - sent_at[1])
        if end - sent_at[1] > SECOND_S:
            made.broken.append(f"ended {end - sent_at[1]:.2f} s after the second signal: {command.said()}")
    honest(made, code, sent, command)
    if under_way and (b"Traceback" in command.talk or b"Exception ignored" in command.talk):
        made.broken.append(f"a traceback: {command.said()}")
    if verb in ATTENDING:
        goes_on(made)
    else:
        ended(made, end)


# -- the tasks: some are quick, some wait for a file; one is deaf, one leaves a daemon, one writes in its clone


TASKS = (("quick",), ("quick2",), ("waits",), ("deaf",), ("daemon",), ("writer",), ("last",))


def task(made: Trial, name: str) -> dict[str, object]:
    """Return a task of that name."""
    wait = f"while ! test -e {made.folder}/go; do sleep 0.1; done"
    steps = {
        "deaf": f"trap '' TERM INT HUP QUIT; {wait}",
        "daemon": f"setsid sleep 300 >/dev/null 2>&1 & {wait}",
        "writer": f"echo w > w.txt; {wait}",
        "waits": wait,
    }.get(name, "sleep 0.2")
    return {
        "id": name,
        "shell": f"echo S {name} >> {made.log}; {steps}; echo E {name} >> {made.log}; echo answer-{name}",
        "writes": ["w.txt"] if name == "writer" else [],
        **({"after": ["quick", "waits"]} if name == "last" else {}),
    }


def begun(made: Trial, plan: str, how: str) -> None:
    """Have a run under way: of a detached owner, or of one that is then killed."""
    if how == "watch":
        made.done("run", plan, "--detach")
    else:
        owner = made.start("run", plan, "-q")
        made.until(lambda: logged(made.log)[1]["quick"], "the first task ends")
        owner.kill()
        owner.wait()


# -- a command, with a terminal or without


class Command:
    """A command that is under way."""

    def __init__(self, made: Trial, words: tuple[str, ...], *, on_terminal: bool) -> None:
        self.talk, self.began = bytearray(), time.monotonic()
        self.master, self.code, self.hung_up = -1, None, False
        if not on_terminal:
            process = made.start(*words)
            self.pid = process.pid
            process.returncode = 0  # it is waited for here
            return
        argv, environ = made.argv(*words), made.environ
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(made.tree)
            os.execve(argv[0], argv, environ)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        # A read that waits would hold the terminal open, whoever closes it.
        with suppress(OSError):
            while not self.hung_up:
                if select.select([self.master], [], [], 0.02)[0]:
                    self.talk += os.read(self.master, 65536)

    def send(self, numbers: tuple[signal.Signals, ...], made: Trial) -> list[float]:
        """Send them, some tenths of a second between; return when."""
        moments = []
        for at, number in enumerate(numbers):
            time.sleep(made.chance.choice((0.0, 0.05, 0.3, 0.9)) if at else 0.0)
            moments.append(time.monotonic())
            self._send(number)
        return moments

    def _send(self, number: signal.Signals) -> None:
        if self.master >= 0 and number == signal.SIGHUP:
            self.hang_up()
        elif self.master >= 0 and number in KEYS:
            with suppress(OSError):  # the terminal has gone with its command
                os.write(self.master, KEYS[number])
        elif not self.ended():
            os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as a window that is shut or a connection that breaks."""
        self.hung_up = True
        self.reader.join()
        os.close(self.master)
        self.master = -1

    def ended(self) -> bool:
        """Whether it has ended."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def wait(self, patience_s: float) -> int | None:
        """Return its exit code, None where it had to be killed."""
        deadline = time.monotonic() + patience_s
        while not self.ended():
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.code = -9
                return None
            time.sleep(0.005)
        if self.master >= 0:
            time.sleep(0.05)
            self.hang_up()
        return self.code

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.talk[-300:].decode("utf-8", "replace")


# -- judging


def honest(made: Trial, code: int | None, sent: str, command: Command) -> None:
    """See that the exit code says how it ended: by the signal, of it, or before it came."""
    before = {0, 3, 4}  # it was over when the signal came
    plain_death = {-number for number in SENT[sent]}  # nothing had been started yet
    if code not in {CODES[sent], None, *plain_death, *before}:
        made.broken.append(f"exit code {code}: {command.said()}")
    if code in plain_death:
        made.counts["by_the_signal_itself"] += 1


def ended(made: Trial, end: float) -> None:
    """See that nothing lives, that the journal reads, and that `resume` runs nothing completed again."""
    if made.kind.partition("-")[0] != "resume" or owners(made) > 1:  # else the signal came before it had the run
        made.alone(end)
    for run in made.runs():
        if owned(RunFolder(home=made.home, run=RunId(run))):
            made.broken.append(f"the owner's lock of {run} is held")
        states = {name: one["state"] for name, one in made.shown(run).items()}
        done = {name for name, state in states.items() if state == "completed"}
        starts, ends = logged(made.log)
        (made.folder / "go").touch()
        said = made.done("resume", run, "-q")
        if said.returncode not in (0, 3, 4):
            made.broken.append(f"resume ended with {said.returncode}: {said.stderr[-300:]}")
        left = {name: one["state"] for name, one in made.shown(run).items()}
        if unended := {name: state for name, state in left.items() if state in ("queued", "starting", "running")}:
            made.broken.append(f"not ended after resume: {unended}")
        again = [name for name in done if logged(made.log)[0][name] > starts[name] or ends[name] != 1]
        if again and made.kind.partition("-")[0] != "review":
            made.counts["rerun"] += len(again)
            made.broken.append(f"completed, and not run exactly once: {again}")
        made.alone(time.monotonic())
    nothing_left(made)


def begun_by(made: Trial, verb: str, command: Command) -> bool:
    """Whether a command has come to what it is for: a run of its own, a run it has taken up, a look at one."""
    if verb in ("run", "review"):
        return bool(made.runs()) or command.ended()
    if verb == "resume":
        return owners(made) > 1 or command.ended()
    return bool(command.talk) or (verb == "wait" and time.monotonic() > command.began + 1.0)


def owners(made: Trial) -> int:
    """Return how many owners the trial's run has had."""
    (run,) = made.runs()
    with attach(run, settings=settings_from(made.environ, made.tree)) as found:
        return sum(isinstance(recorded.event, Owned) for recorded in found.events())


def nothing_left(made: Trial) -> None:
    """See that no temporary file, no half-made run and no lock of git is left."""
    left = [str(path.relative_to(made.folder)) for path in (made.folder / "tmp").iterdir()]
    left += [str(path.relative_to(made.folder)) for path in made.home.glob("unfinished/*")]
    left += [str(path.relative_to(made.folder)) for path in (made.tree / ".git").rglob("*.lock")]
    if left and made.runs():
        made.counts["left"] += len(left)
        made.broken.append(f"left: {left}")


def goes_on(made: Trial) -> None:
    """See that the run which was only looked at goes on, to its end."""
    (run,) = made.runs()
    if not supervisors(made.home):
        made.broken.append("the run has lost its owner")
    (made.folder / "go").touch()
    said = made.done("wait", "--json", "--timeout", "60s", run)
    if said.returncode != 0:
        made.broken.append(f"wait ended with {said.returncode}: {said.stderr[-300:]}{said.stdout[-300:]}")
    made.alone(time.monotonic())


def detached(made: Trial, plan: str, sent: str, place: str) -> None:
    """See that a detached run survives its terminal, and its whole caller: the session is killed with all in it."""
    line = 'exec 3>"$1"; shift; "$@" >&3; echo told >&3; exec sleep 60'
    out = made.folder / "ids"
    caller = Command.__new__(Command)
    argv = ["/bin/sh", "-c", line, "sh", str(out), *made.argv("run", plan, "--detach", "--json")]
    made.argv = lambda *_: argv  # type: ignore[method-assign] # the caller is a shell
    Command.__init__(caller, made, (), on_terminal=place == "pty")
    del made.argv
    if made.until(lambda: out.exists() and out.read_text().endswith("told\n"), "the ids are told"):
        (run,) = made.runs()
        assert json.loads(out.read_text().removesuffix("told\n"))["run"] == run
        time.sleep(made.chance.uniform(0, 1))
        if sent == "hup":
            caller.hang_up()
        else:
            os.killpg(caller.pid, signal.SIGKILL)
        caller.wait(PATIENCE_S)
        made.counts["landed"] += 1
        goes_on(made)


if __name__ == "__main__":
    sys.exit(long_form(__doc__, KINDS, one, zeros=ZEROS))
