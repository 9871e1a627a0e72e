"""The door: one command line in, one exit code out."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable, Sequence

from forkjoin.errors import CannotHere, ForkjoinError, NoRoom

BUG = 70


def main() -> None:
    """Run the command line of this process and exit."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - until the process ends
    gc.set_threshold(100_000, 20, 20)  # a command is short, and a run of many tasks is many small values: fewer looks
    code = answered(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:  # said already, or nobody is there to hear it
        from forkjoin.interfaces.cli.talk import let_go

        let_go(sys.stdout)
    sys.exit(code)


def answered(argv: Sequence[str]) -> int:
    """Return the exit code of one command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name or a locale must never break the telling

    def command() -> int:
        if os.name == "nt":
            raise CannotHere("forkjoin runs on Linux and macOS; on Windows use it inside WSL2")
        from forkjoin.interfaces.cli.group import application

        try:
            code = application().main(args=list(argv), prog_name="forkjoin", standalone_mode=False)
        except SystemExit:
            if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # how typer leaves when the reader has gone
                raise BrokenPipeError from None
            raise
        sys.stdout.flush()
        return int(code or 0)

    return guarded(command, as_json=_wants_json(argv))


def guarded(command: Callable[[], int], *, as_json: bool) -> int:
    """Return the exit code of *command*; this is where errors become exit codes, and nowhere else."""
    try:
        return command()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        from forkjoin.interfaces.cli.talk import let_go

        let_go(sys.stdout)
        return 0
    except (ForkjoinError, OSError) as error:
        graded = _graded(error) if isinstance(error, OSError) else error
        return _refused(str(graded), word=graded.word, code=graded.exit_code, as_json=as_json)
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # as some versions of typer pass Ctrl-C on
            return 130
        misuse = hasattr(error, "format_message")  # typer's usage errors, whose class moved between its versions
        return _misused(error, as_json=as_json) if misuse else _bug(error, as_json=as_json)


def _wants_json(argv: Sequence[str]) -> bool:
    return any(word in ("--json", "--jsonl") for word in argv[: argv.index("--") if "--" in argv else len(argv)])


def _refused(message: str, *, word: str, code: int, as_json: bool) -> int:
    from forkjoin.interfaces.cli.talk import data_json, let_go, say

    if as_json:
        try:
            data_json({"forkjoin": 1, "error": {"word": word, "message": message}}, indent=None)
        except OSError:  # it may be stdout itself that is full, or gone
            let_go(sys.stdout)
    say(f"error: {message}")
    return code


def _misused(error: Exception, *, as_json: bool) -> int:
    from forkjoin.interfaces.cli.talk import data, say

    message = _plain(str(error.format_message()))  # type: ignore[attr-defined] # looked for by the caller
    ctx = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        data(message)
        return 0
    if ctx is not None and not as_json:
        say(f"{ctx.get_usage()}\nhelp: {ctx.command_path} --help")
    return _refused(message, word="usage", code=2, as_json=as_json)


def _plain(message: str) -> str:
    """Return a usage error of typer in plain words: its own differ between its versions."""
    import re

    if many := re.fullmatch(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", message, re.DOTALL):
        return f"{many[1]}: one argument too many; quote what belongs together, or give the verb once for each"
    wrong = re.fullmatch(r"Invalid value for (.*?): .*valid (?:integer|int)\b.*", message, re.DOTALL)
    return f"{wrong[1].replace(chr(39), '')} takes a whole number" if wrong else message


def _graded(error: OSError) -> ForkjoinError:
    where = f": {error.filename}" if error.filename else ""
    said = f"{error.strerror or error}{where}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom(f"{said}; make room and try again: nothing that was written is lost")
    return CannotHere(said)


def _bug(error: Exception, *, as_json: bool) -> int:
    import traceback

    traceback.print_exception(error)
    said = f"this is a bug in forkjoin ({type(error).__name__}: {error}); please report it with the lines above"
    return _refused(said, word="bug", code=BUG, as_json=as_json)
