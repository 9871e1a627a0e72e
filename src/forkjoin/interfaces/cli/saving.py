"""Writing a plan into a file that reads back as the same plan (`--save`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.talk import say

if TYPE_CHECKING:
    from forkjoin.model import Plan

_ENDINGS = (".yaml", ".yml", ".json")


def refuse_ending(name: str) -> None:
    """Raise PlanError where the name's ending is none that a plan is written under."""
    if Path(name).suffix.lower() not in _ENDINGS:
        raise PlanError(
            "a plan is saved as YAML or JSON", where=f"--save {name}", next_step="end its name in .yaml or .json"
        )


def save(plan: Plan, name: str) -> None:
    """Write the plan into a new file, in the form its name says; raise PlanError where that cannot be."""
    where, path = f"--save {name}", Path(name)
    text = _text(plan, path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise PlanError("exists already", where=where, next_step="name a new file") from None
    except (FileNotFoundError, NotADirectoryError):
        folder = path.parent
        raise PlanError(f"there is no folder {folder}", where=where, next_step="make it, or name another") from None
    say(f"saved the plan: {name}")


def _text(plan: Plan, path: Path) -> str:
    from forkjoin.engine import plan_to_yaml
    from forkjoin.model import to_json

    if path.suffix.lower() == ".json":
        return msgspec.json.format(to_json(plan), indent=2).decode() + "\n"
    return plan_to_yaml(plan)
