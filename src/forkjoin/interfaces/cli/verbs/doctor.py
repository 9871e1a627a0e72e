"""`forkjoin doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import structs

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.spending import caps_line
from forkjoin.interfaces.cli.talk import data, data_json, line_width
from forkjoin.model import Limits, to_builtins

if TYPE_CHECKING:
    from forkjoin.engine.doctor.fact import Fact
    from forkjoin.engine.doctor.repairing import Repaired

EXAMPLES = (
    ("forkjoin doctor", "what is well here, what is not, and what to do about it"),
    ("forkjoin doctor --settings", "every setting, its value, and where it came from"),
    ("forkjoin doctor --fix -n", "what of ours is left over and of no more use"),
    ("forkjoin doctor --repair RUN -n", "what of a damaged journal could be kept"),
)
_MARKS = {"ok": "ok", "warning": "!", "bad": "NO"}


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Say what this machine and the state folder have and lack, each with its remedy; mend what was left behind.

    Exit codes: 0 well, or with warnings; 7 forkjoin cannot run here.
    """

    settings_only: Annotated[bool, typer.Option("--settings", help="Print the settings and where each came from.")] = (
        False
    )
    fix: Annotated[bool, typer.Option("--fix", help="Remove what is left over of runs that are gone.")] = False
    repair: Annotated[
        str, typer.Option("--repair", metavar="RUN", help="Keep what is sound of this run's damaged journal.")
    ] = ""
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Only say what --fix or --repair would do.")] = False


def act(ask: Ask) -> int:
    """Examine it, or mend it."""
    if sum((ask.settings_only, ask.fix, bool(ask.repair))) > 1:
        raise PlanError("are three different things", where="--settings, --fix, --repair", next_step="say one of them")
    if ask.repair:
        return _repaired(ask)
    if ask.settings_only:
        return _settings(ask)
    return _fixed(ask) if ask.fix else _examined(ask)


def _examined(ask: Ask) -> int:
    from forkjoin.engine import examined

    facts = examined(ask.settings, ask.tree)
    bad = any(fact.verdict == "bad" for fact in facts)
    if ask.json:
        data_json({"forkjoin": 1, "facts": [asdict(fact) for fact in facts], "ok": not bad})
        return 7 if bad else 0
    for fact in facts:
        for line in _lines(fact):
            data(line)
    return 7 if bad else 0


def _lines(fact: Fact) -> Iterator[str]:
    head = f"{_MARKS[fact.verdict]:>3}  {fact.name:13} "
    yield from _wrapped(fact.seen, head, " " * len(head)) or [head.rstrip()]
    if fact.remedy:
        yield from _wrapped(fact.remedy, " " * len(head), " " * len(head))


def _wrapped(text: str, head: str, indent: str) -> list[str]:
    # Names and commands are typed or copied: they are not cut at their hyphens.
    return wrap(text, max(60, line_width()), initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)


def _settings(ask: Ask) -> int:
    settings = ask.settings
    values = {name: value for name, value in structs.asdict(settings).items() if name not in ("origins", "places")}
    shown: list[dict[str, Any]] = [
        {"name": name, "value": value, "origin": settings.origins.get(name, "default"),
         "where": settings.places.get(name, "")}
        for name, value in values.items()
    ]  # fmt: skip
    if ask.json:
        data_json({"forkjoin": 1, "settings": to_builtins(shown)})
        return 0
    for one in shown:
        value = "not set" if one["value"] is None else _in_words(one["value"])
        variable = f"FORKJOIN_{one['name'].upper()}"
        data(f"{one['name']:15} {value}  ({one['origin']}: {one['where'] or f'{variable} would set it'})")
    return 0


def _in_words(value: object) -> object:
    return caps_line(value) or "none" if isinstance(value, Limits) else value


def _fixed(ask: Ask) -> int:
    from forkjoin.engine import clear

    gone = clear(ask.settings, ask.tree, dry_run=ask.dry_run)
    if ask.json:
        data_json({"forkjoin": 1, "dry_run": ask.dry_run, "removed": gone})
        return 0
    for name in gone:
        data(f"{'would remove' if ask.dry_run else 'removed'} {name}")
    if not gone:
        data("nothing is left over")
    return 0


def _repaired(ask: Ask) -> int:
    from forkjoin.engine import repair

    done = repair(ask.settings, ask.repair, dry_run=ask.dry_run)
    if ask.json:
        data_json({"forkjoin": 1, "dry_run": ask.dry_run, **asdict(done)})
        return 0
    for line in _told(done, dry_run=ask.dry_run):
        data(line)
    return 0


def _told(done: Repaired, *, dry_run: bool) -> Iterator[str]:
    if done.whole:
        yield f"run {done.run}: its journal is sound, all {done.kept} events; nothing was changed"
        return
    lost = f", {done.lost} behind them are lost" if done.lost else ""
    yield f"run {done.run}: {done.kept} events {'are' if dry_run else 'were'} sound{lost}"
    if done.answers_lost:
        yield f"answers that are gone: {', '.join(done.answers_lost)} (their programs' output is in: forkjoin log TASK)"
    if dry_run:
        yield "nothing was changed"
        return
    yield f"the damaged file: {done.aside}"
    yield f"next: forkjoin resume {done.run}"
