"""`forkjoin report`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import PlanError, choices
from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.following import is_latest, severity
from forkjoin.interfaces.cli.talk import data, data_json, even_unread, line_width, on_terminal, say

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun

EXAMPLES = (
    ("forkjoin report", "of the latest run: a screen of it, or Markdown into a pipe"),
    ("forkjoin report --format markdown | less", "all of it, to read"),
    ("forkjoin report --format html -o r.html", "a page that needs no network"),
    ("forkjoin report --max-findings 0 > r.md", "every finding, into a file"),
    ("forkjoin report --json | jq '.findings[0]'", "the worst finding"),
    ("forkjoin report --format sarif -o r.sarif", "for code scanning"),
    ("forkjoin report --format github", "annotations, in a workflow"),
    ("forkjoin report --fail-on high", "exit 1 on a finding that bad"),
)


def complete_format(incomplete: str) -> list[str]:
    """Return the formats whose name begins so."""
    from forkjoin.engine import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print the joined report of a run: what to do next, findings worst first, coverage, and the account.

    Of a run that is not over, as it stands. On a terminal, where no format is named, what fits its screen. Formats:
    markdown, json, sarif, html, junit, github (annotations), github-summary (a step summary), trace (for Perfetto).
    """

    run: Annotated[str, typer.Argument(metavar="RUN", help="Default: the latest run.", autocompletion=complete_run)] = (
        ""
    )
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="Default: markdown.", autocompletion=complete_format),
    ] = ""
    file: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="Write it there instead of printing.")] = (
        ""
    )
    most: Annotated[
        int | None,
        typer.Option(
            "--max-findings", metavar="N",
            help="At most N findings, the others counted (0: all; markdown: 50, html: 2000).",
        ),
    ] = None  # fmt: skip
    whole: Annotated[bool, typer.Option("--all", help="Also what --since and --baseline of the review left out.")] = (
        False
    )
    merged: Annotated[bool, typer.Option("--merged", help="SARIF: one run instead of one for each tool.")] = False
    fail_on: Annotated[str, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 on a finding this bad.")] = ""


def act(ask: Ask) -> int:
    """Print it, or write it into a file."""
    limit = severity(ask.fail_on)
    form, most = _form(ask), _most(ask)
    run = the_run(ask, ask.run)
    code = exit_code(Ending(findings=run.severity_count(limit) if limit else 0))
    with even_unread():
        if ask.json and not ask.file:
            data_json({"forkjoin": 1, **run.report_json(most=most, whole=ask.whole), "exit": WORDS[code]})
            return code
        if _for_screen(ask):
            _print_screen(run)
            return code
        text = run.report_text(form, most=most, merged=ask.merged, whole=ask.whole)
        if ask.file and ask.file != "-":
            _write(Path(ask.file), text)
            say(f"wrote the report: {ask.file}")
        else:
            data(text.removesuffix("\n"))
    return code


def _for_screen(ask: Ask) -> bool:
    """Whether somebody looks at it who asked for no form and no number of findings."""
    return not ask.form and not ask.file and ask.most is None and not ask.whole and on_terminal(sys.stdout)


def _print_screen(run: KeptRun) -> None:
    from rich.console import Console

    from forkjoin.interfaces.cli.reported import Paper, screen

    size = shutil.get_terminal_size((80, 24))
    named = "" if is_latest(run) else f" {run.id}"
    more = (
        f"All of it: forkjoin report{named} --format markdown | less",
        f"As a page: forkjoin report{named} --format html -o r.html",
    )
    plain = "NO_COLOR" in os.environ  # no bold either: who says it often means no sequences at all
    console = Console(
        file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True,
        color_system=None if plain else "auto",
    )  # fmt: skip
    paper = Paper(columns=size.columns, lines=size.lines)
    for line in screen(run.report(), run.summary_lines(width=line_width()), more, paper):
        console.print(line)


def _form(ask: Ask) -> str:
    """Return the format; raise PlanError for one that is not known, or that what else is asked does not go with."""
    from forkjoin.engine import FORMATS

    form = ask.form or ("json" if ask.json else "markdown")
    if form not in FORMATS:
        raise PlanError(f"no format {form!r}", where="--format", next_step=choices(form, [*FORMATS]))
    if ask.json and form != "json":
        raise PlanError("is not JSON of ours", where=f"--format {form}", next_step="leave out --json, or the format")
    if ask.merged and form != "sarif":
        raise PlanError("is about SARIF", where="--merged", next_step="add --format sarif, or leave it out")
    return form


def _most(ask: Ask) -> int | None:
    """Return how many findings were asked for, None for as many as suit the format."""
    from forkjoin.engine import EVERY

    if ask.most is not None and ask.most < 0:
        raise PlanError(f"{ask.most} is negative", where="--max-findings", next_step="give 1 or more, or 0 for all")
    return EVERY if ask.most == 0 else ask.most


def _write(path: Path, text: str) -> None:
    """Write by a temporary name beside it, so that nobody reads half a report; raise PlanError where that cannot be."""
    path = path.resolve() if path.is_symlink() else path
    part = None
    try:
        if path.exists() and not path.is_file():  # a terminal, a pipe, /dev/null: nothing to put in their place
            path.write_text(text, encoding="utf-8")
            return
        handle, part = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(part).chmod(_mode(path))
        Path(part).replace(path)
    except OSError as error:
        raise PlanError(
            f"cannot be written: {error.strerror}", where=f"-o {path}", next_step="name a file that can be written"
        ) from error
    finally:
        if part is not None:
            with suppress(OSError):
                Path(part).unlink()


def _mode(path: Path) -> int:
    """Return the mode of the file that is there, else what a new file gets."""
    with suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
