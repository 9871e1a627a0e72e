"""Where things are written, and what happens when nobody reads there: pipes, closed streams, full disks, colours."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")  # noqa: PTH110 - a device
READING = [
    "ls", "show", "show good", "output good", "log good", "diff writer", "path", "report", "todo", "agents", "--help",
    "show --json", "watch --jsonl",
]  # fmt: skip


@pytest.mark.parametrize("line", READING)
def test_a_reader_that_leaves_after_one_byte_is_no_error(forkjoin, ended: str, line: str) -> None:
    done = forkjoin.shell(f"forkjoin {line} | head -c 1; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == (3 if line.startswith("watch") else 0)
    assert done.stderr == ""
    assert len(done.stdout) == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("run -q -a shell -t 'exit 3' -t 'exit 4'", 4),
        ("run -q -a shell -t 'exit 3' -t true", 3),
        ("run --json -a shell -t 'exit 3' -t true", 3),
        ("run --jsonl -a shell -t 'exit 3' -t true", 3),
        ("run -q -a shell -t true", 0),
    ],
)
def test_the_exit_code_of_a_run_is_told_though_its_reader_left(forkjoin, line: str, code: int) -> None:
    done = forkjoin.shell(f"forkjoin {line} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize(
    ("line", "code"), [("wait", 3), ("output bad", 4), ("watch --json", 3), ("output --json good bad", 3)]
)
def test_the_exit_code_of_what_waits_is_told_though_its_reader_left(forkjoin, ended: str, line: str, code: int) -> None:
    done = forkjoin.shell(f"forkjoin {line} 2>/dev/null | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == code


@FULL
@pytest.mark.parametrize("line", ["ls", "show", "output good", "log good", "diff writer", "ls --json", "todo"])
def test_a_full_disk_under_stdout_is_said_in_one_line_and_is_exit_5(forkjoin, ended: str, line: str) -> None:
    done = forkjoin.shell(f"forkjoin {line} > /dev/full")
    assert done.returncode == 5
    assert done.stderr.startswith("error: ")
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


@FULL
@pytest.mark.parametrize(
    ("line", "code"), [("status", 2), ("ls", 0), ("show nope", 2), ("run -a shell -t true", 0), ("output bad", 4)]
)
def test_a_full_disk_under_stderr_changes_no_exit_code(forkjoin, ended: str, line: str, code: int) -> None:
    assert forkjoin.shell(f"forkjoin {line} 2> /dev/full").returncode == code


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("line", "code"), [("ls", 0), ("status", 2), ("run -a shell -t true", 0)])
def test_a_closed_stream_changes_no_exit_code(forkjoin, closed: str, line: str, code: int) -> None:
    done = forkjoin.shell(f"forkjoin {line} {closed}")
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_plan_from_a_closed_stdin_is_an_empty_plan(forkjoin) -> None:
    done = forkjoin.shell("forkjoin run - <&-")
    assert done.returncode == 2
    assert done.stderr.startswith("error: <stdin>")


def test_nothing_is_coloured_where_nobody_looks(forkjoin, ended: str) -> None:
    for line in ("ls", "show", "report", "agents", "--help", "run -v -a shell -t true", "check - <<< 'tasks: []'"):
        done = forkjoin.shell(f"forkjoin {line}")
        assert "\x1b" not in done.stdout + done.stderr, line


def _on_terminal(forkjoin, *argv: str, **environ: str) -> str:
    """Return what a command prints with its stdout on a terminal."""
    master, slave = pty.openpty()
    process = forkjoin.process(*argv, stdout=slave, env=os.environ | {"TERM": "xterm-256color"} | environ)
    os.close(slave)
    drawn = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        drawn += part
    process.communicate(timeout=20)
    os.close(master)
    return drawn.decode("utf-8", "replace")


def test_raw_output_is_clean_on_a_terminal_and_untouched_in_a_pipe(forkjoin, ended: str) -> None:
    for verb in ("log", "output"):
        assert "\x1b]0;title" in forkjoin(verb, "good")[1]
        shown = _on_terminal(forkjoin, verb, "good")
        assert "answer" in shown
        assert "red" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


def test_a_diff_is_clean_on_a_terminal_and_byte_for_byte_in_a_pipe(forkjoin) -> None:
    plan = forkjoin.plan({"id": "w", "shell": r"printf 'a\033]0;t\007\377\n' > f", "writes": ["f"]})
    assert forkjoin("run", "-q", plan)[0] == 0
    process = forkjoin.process("diff", "w", text=False)
    assert process.communicate(timeout=20)[0].startswith(b"diff ")
    shown = _on_terminal(forkjoin, "diff", "w", GIT_PAGER="cat", NO_COLOR="1")
    assert "diff " in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_no_locale_breaks_the_telling(forkjoin, locale: str) -> None:
    plan = forkjoin.plan({"id": "a", "description": "prüfe 検査 ✓", "shell": "echo plain", "writes": []})
    environ = os.environ | {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    lines = [["run", plan], ["show"], ["todo"], ["output", "a"], ["report"], ["ls"]]
    said = "from forkjoin.interfaces.cli.main import answered\n"
    said += f"for line in {lines!r}: print(f'== {{answered(line)}}', flush=True)"
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=forkjoin.tree, env=environ, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = re.split(rb"^== (\d+)\n", done.stdout, flags=re.MULTILINE)
    assert told[1::2] == [b"0"] * len(lines)
    assert all(told[0:-1:2])  # each said something
    assert b"completed" in told[0]


def test_talk_is_on_stderr_and_the_result_on_stdout(forkjoin) -> None:
    done = forkjoin.shell("forkjoin run -a shell -t 'echo one' -t 'echo two'")
    assert "echo-one  completed" in done.stdout
    assert "Next:" not in done.stdout
    assert "Next: forkjoin report" in done.stderr
    assert all(line.startswith(("[", "Next: ", "note: ")) for line in done.stderr.splitlines())
