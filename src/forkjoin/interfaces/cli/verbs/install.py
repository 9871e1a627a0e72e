"""`forkjoin install`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.talk import data, data_json

if TYPE_CHECKING:
    from forkjoin.engine import Installation

EXAMPLES = (
    ("forkjoin install", "which programs are here, and what each has of forkjoin"),
    ("forkjoin install --dry-run claude", "what would change; -v shows new files whole"),
    ("forkjoin install claude codex", "show it, then do it"),
    ("forkjoin install --uninstall claude", "take away what was installed, and nothing else"),
)
_DONE = {
    "create": "made", "update": "updated", "replace": "put in place; what was there is kept beside it",
    "delete": "removed", "restore": "removed; what was there before is back", "same": "is there already",
    "keep": "is not as it was installed, and stays", "absent": "is not there",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Teach other agents' programs to use forkjoin: its skill, and an agent for each of four perspectives.

    HOST is claude, codex, gemini, opencode or pi; none lists what is here. What changes in a file is shown first, as a
    diff; a new file is named with its size, and shown whole with -v. What was there is kept: a file that is not
    forkjoin's is put aside, and comes back with --uninstall; one that you changed stays. Of OpenCode's configuration
    one entry is added, and every other byte left as it is.
    """

    hosts: Annotated[list[str] | None, typer.Argument(metavar="HOST...", help="The programs to install into.")] = None
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Only show what would change.")] = False
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show new and removed files whole.")] = False
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take away what was installed.")] = False


def act(ask: Ask) -> int:
    """Show it, then do it."""
    if not ask.hosts:
        return _list(ask)
    from forkjoin.engine import carry_out, planned

    found = planned(ask.hosts, os.environ, uninstall=ask.uninstall)
    if not ask.json:
        _print(chain.from_iterable(_diff(one, whole=ask.verbose) for one in found))
    for one in found:
        if not ask.dry_run:
            carry_out(one)
        if not ask.json:  # what was done stands there, where the next one fails
            _print(_told(one, dry_run=ask.dry_run))
    if ask.json:
        shown = [_as_dict(one) for one in found]
        data_json({"forkjoin": 1, "dry_run": ask.dry_run, "uninstall": ask.uninstall, "hosts": shown})
    return 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        data(line)


def _list(ask: Ask) -> int:
    if ask.dry_run or ask.uninstall:
        raise PlanError("name the programs", where="--uninstall" if ask.uninstall else "--dry-run")
    from forkjoin.engine import found_hosts

    hosts = found_hosts(os.environ)
    if ask.json:
        data_json({"forkjoin": 1, "hosts": [asdict(host) for host in hosts]})
        return 0
    for host in hosts:
        data(f"{host.host:9} {host.state:27} {host.folder}  ({host.program or 'the program is not on the PATH'})")
    return 0


def _as_dict(one: Installation) -> dict[str, Any]:
    files = [{"path": edit.path, "how": edit.how, "diff": edit.diff} for edit in one.edits]
    return {"host": one.host, "folder": one.folder, "files": files}


def _diff(one: Installation, *, whole: bool) -> Iterator[str]:
    for edit in one.edits:
        if whole or not edit.is_whole:
            yield from edit.diff.split("\n")[:-1]


def _told(one: Installation, *, dry_run: bool) -> Iterator[str]:
    ways = Counter(edit.how for edit in one.edits)
    if set(ways) <= {"same", "absent"}:
        yield f"{one.host}: nothing to do in {one.folder}"
        return
    yield f"{one.host}: in {one.folder}{' (nothing was changed)' if dry_run else ''}"
    would = "would be " if dry_run else ""
    for edit in one.edits:
        size = f" ({edit.size})" if edit.is_whole else ""
        yield f"  {edit.path}: {would if edit.diff else ''}{_DONE[edit.how]}{size}"
