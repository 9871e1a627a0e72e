"""Agent `static`: the offline analysers, each a real program over the tree, changing nothing in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from forkjoin.agents.analysers import Analyser, BadOutput, Look, Parsed, analyser, cards
from forkjoin.agents.analysers.programs import HINT, located
from forkjoin.agents.analysers.reading import counted
from forkjoin.agents.analysers.scope import look_at, within
from forkjoin.agents.dialect import Ended, Judgement, Probe, Site
from forkjoin.agents.ending import ended_badly, last_line, one_line, usage_of, was_cut
from forkjoin.agents.said import Said
from forkjoin.errors import CannotHere
from forkjoin.model import SEVERITIES, Claimed, Completed, Failed, Outcome, Place, Process, Task, to_json

_NOTHING = "forkjoin: nothing to look at"
# What would let the caller's shell change an analyser's answer: their own variables, colours, Python's start-up.
_DROPPED = ("RUFF_", "BANDIT_", "COMPLEXIPY_", "TYPOS_")
_DROPPED_NAMES = frozenset(
    ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONDEVMODE",
     "FORCE_COLOR", "CLICOLOR_FORCE", "XARGS")
)  # fmt: skip
_KEPT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1", "NO_COLOR": "1"}


class StaticDialect:
    """The task's text is the analyser's name; what it claims is the value, a count by severity the answer."""

    name = "static"
    answers = False

    def probe(self) -> Probe:
        """Say whether any analyser's program is here."""
        here = [card.name for card in cards() if card.found]
        return Probe(found=bool(here), how=", ".join(here), hint="" if here else HINT)

    def invocation(self, task: Task, site: Site) -> Process:
        """Return the analyser's program over what the task reads; raise UnknownId, CannotHere, PlanError."""
        chosen = analyser(task.task.strip())
        root = _tree(site.place)
        own = chosen.program_in(root, site.files)
        program = (own,) if own else located(chosen.program, site.environ)
        if not program:
            raise CannotHere(f"the program {chosen.program!r} of analyser {chosen.name!r} is not here; {HINT}")
        # A clone may hold what predecessors made: its files are listed anew.
        files = site.files if site.place.kind == "shared" else ()
        look = _for(chosen, look_at(root, site.scratch, files, task.reads))
        if not look.files:
            return _process(task, root, ("/bin/sh", "-c", 'printf "%s\\n" "$1"', chosen.name, _NOTHING), site.environ)
        launch = chosen.launch(program, look)
        env = _environ(site.environ, site.scratch) | launch.env | task.env
        return _process(task, root, launch.argv, env, stdin=launch.stdin)

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return nothing: the output is data, not progress."""
        del line
        return ()

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Completed where the exit code is one the analyser calls fine and every line of its output was understood."""
        chosen = analyser(task.task.strip())
        usage = usage_of(ended.exit)
        badly = ended_badly(ended.exit) or _unusable(chosen, ended)
        if badly is not None:
            return Judgement(outcome=badly, usage=usage)
        if ended.stdout.strip() == _NOTHING.encode():
            what = " or ".join(chosen.languages) or "text"
            return Judgement(
                outcome=Completed(note=f"no {what} files to look at"),
                answer="0 findings",
                value=_value(()),
                usage=usage,
            )
        try:
            parsed = chosen.parse(ended.stdout, ended.stderr, _tree(ended.place) if ended.place else "")
        except BadOutput as error:
            said = last_line(ended.stderr) if not error.line else ""
            reason = one_line(f"{error}: {said}" if said else str(error), limit=600)
            return Judgement(outcome=Failed(kind="parse", reason=reason), usage=usage)
        return _completed(_asked_for(parsed, task), usage_from=ended)


def _tree(place: Place) -> str:
    """Return the folder that paths of findings are relative to; in a clone of a repository it may be a subfolder."""
    return place.root if place.kind == "shared" else place.cwd


def _for(chosen: Analyser, look: Look) -> Look:
    """Narrow what is looked at to the analyser's kind of files; a link to nowhere ends vulture, so it is left out."""
    if not chosen.suffixes:
        return look
    root = Path(look.root)
    return replace(
        look, files=tuple(path for path in look.files if path.endswith(chosen.suffixes) and (root / path).is_file())
    )


def _asked_for(parsed: Parsed, task: Task) -> Parsed:
    """Leave out what lies outside the part that was asked for: some programs look at a project as a whole."""
    inside = within(task.reads)
    return replace(parsed, findings=tuple(one for one in parsed.findings if not one.path or inside(one.path)))


def _process(task: Task, root: str, argv: tuple[str, ...], env: dict[str, str], *, stdin: str = "") -> Process:
    return Process(
        argv=argv,
        cwd=root,
        env=env,
        stdin=stdin,
        timeout=task.timeout,
        idle_timeout=task.idle_timeout,
        memory=task.memory,
        processes=task.processes,
        disk=task.disk,
    )


def _environ(environ: dict[str, str], scratch: str) -> dict[str, str]:
    kept = {
        name: value for name, value in environ.items() if name not in _DROPPED_NAMES and not name.startswith(_DROPPED)
    }
    return kept | _KEPT | {"XDG_CACHE_HOME": f"{scratch}/cache", "TMPDIR": scratch}


def _unusable(chosen: Analyser, ended: Ended) -> Outcome | None:
    if ended.exit.code not in chosen.ok_exit:
        said = one_line(ended.stderr.strip() or ended.stdout.strip(), limit=600)
        return Failed(kind="exit", reason=f"{chosen.program} ended with exit code {ended.exit.code}: {said}")
    if was_cut(ended.stdout, ended.exit.stdout) or was_cut(ended.stderr, ended.exit.stderr):
        return Failed(kind="parse", reason=f"the output of {chosen.program} was cut at {len(ended.stdout)} bytes")
    return None


def _completed(parsed: Parsed, *, usage_from: Ended) -> Judgement:
    answer = "; ".join((_counted(parsed.findings), *parsed.notes))
    return Judgement(
        outcome=Completed(note="; ".join(parsed.notes)),
        answer=answer,
        value=_value(parsed.findings),
        usage=usage_of(usage_from.exit),
    )


def _value(findings: tuple[Claimed, ...]) -> bytes:
    return to_json({"findings": findings})


def _counted(findings: tuple[Claimed, ...]) -> str:
    by = Counter(finding.severity for finding in findings)
    parts = ", ".join(f"{by[severity]} {severity}" for severity in SEVERITIES if by[severity])
    total = counted(len(findings), "finding")
    return f"{total}: {parts}" if parts else total
