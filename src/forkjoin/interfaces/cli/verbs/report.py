"""`forkjoin report`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.following import severity
from forkjoin.interfaces.cli.talk import data, data_json, even_unread

EXAMPLES = (
    ("forkjoin report", "of the latest run, as Markdown"),
    ("forkjoin report --limit 0 RUN > report.md", "every finding, into a file"),
    ("forkjoin report --json | jq '.findings[0]'", "the worst finding"),
    ("forkjoin report --fail-on high", "exit 1 on a finding that bad"),
)
_ALL = 10**9


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print the joined report of a run: what to do next, findings worst first, coverage, and the account.

    Of a run that is not over, as it stands.
    """

    run: Annotated[str, typer.Argument(metavar="RUN", help="Default: the latest run.", autocompletion=complete_run)] = (
        ""
    )
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most N findings (default 50; 0: all).")] = 50
    fail_on: Annotated[str, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 on a finding this bad.")] = ""


def act(ask: Ask) -> int:
    """Print it."""
    limit = severity(ask.fail_on)
    run = the_run(ask, ask.run)
    code = exit_code(Ending(findings=run.severity_count(limit) if limit else 0))
    with even_unread():
        if ask.json:
            data_json({"forkjoin": 1, **run.report_json(), "exit": WORDS[code]})
        else:
            data(run.report_markdown(limit=ask.limit if ask.limit > 0 else _ALL).removesuffix("\n"))
    return code
