"""The door: errors become exit codes in one place, as words and as JSON."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from forkjoin.errors import CannotHere, ForkjoinError, NoRoom, NotIndependent, PlanError, RunOwned, UnknownId
from forkjoin.interfaces.cli.main import BUG, answered, guarded


def _raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (PlanError("no tasks", where="plan.yaml:3", next_step="add one"), 2, "plan"),
        (UnknownId("task", "x", ["auth"]), 2, "unknown-id"),
        (RunOwned("it runs"), 2, "owned"),
        (NoRoom("not ready"), 5, "limit"),
        (NotIndependent("a and b"), 6, "not-independent"),
        (CannotHere("no git"), 7, "machine"),
        (ForkjoinError("usage"), 2, "usage"),
        (OSError(errno.ENOSPC, "No space left on device", "/state"), 5, "limit"),
        (PermissionError(errno.EACCES, "Permission denied", "/state"), 7, "machine"),
    ],
)
def test_an_error_is_one_line_a_code_and_a_word(
    error: Exception, code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(_raising(error), as_json=False) == code
    plain = capsys.readouterr()
    assert plain.out == ""
    assert plain.err.startswith("error: ")
    assert plain.err.count("\n") == 1
    assert guarded(_raising(error), as_json=True) == code
    said = json.loads(capsys.readouterr().out)
    assert said["forkjoin"] == 1
    assert said["error"]["word"] == word
    assert said["error"]["message"] in plain.err


def test_ctrl_c_is_130_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(_raising(KeyboardInterrupt()), as_json=False) == 130
    assert capsys.readouterr() == ("", "")


def test_only_a_bug_gets_a_traceback_and_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(_raising(ZeroDivisionError("oops")), as_json=False) == BUG
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "please report it" in said


def test_an_error_message_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    guarded(_raising(PlanError("bad \x1b]0;title\x07 name \u202e")), as_json=False)
    assert not {"\x1b", "\x07", "\u202e"} & set(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["status"], "did you mean: forkjoin show?"),
        (["merge"], "did you mean: forkjoin land?"),
        (["frobnicate"], "see: forkjoin --help"),
        (["run", "--no-such-flag"], "no-such-flag"),
        (["run"], "nothing to run"),
        (["send"], "TASK"),
        (["review", "src", "docs"], "docs: one argument too many"),
        (["run", "-j", "many", "-t", "x"], "-j"),
        (["run", "-j", "0", "-a", "shell", "-t", "x"], "-j"),
        (["run", "--policy", "odd", "-t", "x"], "isolate, strict, trust"),
        (["run", "--timeout", "soon", "-a", "shell", "-t", "x"], "--timeout"),
        (["run", "-C", "/no/such/folder", "-t", "x"], "is no folder"),
        (["run", "no-such-plan.yaml"], "no-such-plan.yaml"),
        (["run", "p.yaml", "-t", "x"], "either plans or -t"),
        (["review", "/no/such/thing"], "no such file"),
        (["output", "--mode", "odd", "x"], "answer, tail, full"),
        (["output", "--max-chars", "0", "x"], "--max-chars"),
        (["output", "--offset", "-1", "x"], "--offset"),
        (["report", "--fail-on", "odd"], "critical, high, medium, low, info"),
    ],
)
def test_bad_usage_is_exit_2_says_what_and_no_traceback(
    argv: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(argv) == 2
    said = capsys.readouterr()
    assert part in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_bad_usage_as_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(["send", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["error"]["word"] == "usage"


def test_json_after_two_dashes_is_not_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(["run", "--", "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_a_reader_that_leaves_is_no_error() -> None:
    script = "import sys; from forkjoin.interfaces.cli.main import main; sys.argv = ['forkjoin', '--help']; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", script], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")  # noqa: PTH110 - a device
def test_a_full_disk_under_stdout_is_said_once_and_is_exit_5() -> None:
    script = "import sys; from forkjoin.interfaces.cli.main import main; sys.argv = ['forkjoin', 'agents']; main()"
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 5
    assert done.stderr.decode().count("\n") == 1
    assert b"No space left" in done.stderr


def test_a_closed_stdout_is_no_bug() -> None:
    script = "import sys; from forkjoin.interfaces.cli.main import main; sys.argv = ['forkjoin', 'agents']; main()"
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, script], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered([]) == 0
    assert "Start:" in capsys.readouterr().out


def test_the_package_is_run_as_a_module_too() -> None:
    done = subprocess.run([sys.executable, "-m", "forkjoin", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:9]) == (0, "forkjoin ")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert answered(["--version"]) == 0
    assert capsys.readouterr().out == f"forkjoin {version('forkjoin')}\n"
