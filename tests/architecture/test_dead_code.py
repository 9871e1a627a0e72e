"""No name of src is left that nothing uses; those used from outside are listed in pyproject.toml with who uses them."""

from __future__ import annotations

import tomllib

from architecture.house import ROOT, SRC
from vulture import Vulture

# Python, typer, rich, expat and readers of JSON use these; the table says who. `forkjoin review` reads it, too.
_TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
USED_FROM_OUTSIDE: list[str] = _TOOLS["vulture"]["ignore_names"]


def unused() -> dict[str, str]:
    """Return what vulture thinks unused: its name and where it is."""
    looker = Vulture()
    looker.scavenge([str(SRC)])
    return {
        item.name: f"{item.filename}:{item.first_lineno} {item.typ} {item.name}"
        for item in looker.get_unused_code(min_confidence=60)
    }


def test_nothing_in_src_is_unused():
    left = sorted(where for name, where in unused().items() if name not in USED_FROM_OUTSIDE)
    assert left == [], "\n".join(left)


def test_the_list_of_what_is_used_from_outside_is_not_longer_than_it_must_be():
    assert sorted(set(USED_FROM_OUTSIDE) - set(unused())) == []
