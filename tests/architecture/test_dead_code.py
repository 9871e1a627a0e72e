"""No name of src is left that nothing uses; those used from outside are listed with who uses them."""

from __future__ import annotations

from pathlib import PurePosixPath

from architecture.house import SRC
from vulture import Vulture

# (file, name): who uses it.
USED_FROM_OUTSIDE = {
    ("__init__.py", "__getattr__"): "Python, for names that are loaded when first asked for",
    ("engine/__init__.py", "__getattr__"): "Python, as above",
    ("agents/command.py", "CommandDialect"): "named in the table of agents by module:name",
    ("agents/function.py", "FunctionDialect"): "named in the table of agents",
    ("agents/static.py", "StaticDialect"): "named in the table of agents",
    ("agents/analysers/cobertura.py", "StartElementHandler"): "expat calls it",
    ("agents/analysers/cobertura.py", "EndElementHandler"): "expat calls it",
    ("agents/analysers/cobertura.py", "CharacterDataHandler"): "expat calls it",
    ("agents/analysers/cobertura.py", "EntityDeclHandler"): "expat calls it",
    ("agents/sarif.py", "SarifDialect"): "named in the table of agents",
    ("interfaces/cli/board.py", "no_wrap"): "rich reads this attribute of a text",
    ("interfaces/cli/reported.py", "no_wrap"): "as above",
    ("interfaces/cli/group.py", "format_help"): "typer calls it",
    ("interfaces/cli/group.py", "list_commands"): "typer calls it",
    ("interfaces/cli/group.py", "resolve_command"): "typer calls it",
    ("interfaces/cli/group.py", "__signature__"): "typer reads a command's parameters from it",
    ("interfaces/cli/group.py", "__annotations__"): "typer reads the parameters' types from it",
    ("journal/files.py", "text_factory"): "sqlite3 reads this attribute of a connection",
    ("planning/save.py", "ignore_aliases"): "PyYAML calls it",
    ("tools/__init__.py", "__doc__"): "frameworks read it as a tool's description",
    ("tools/answers.py", "output_file"): "a field of the tools' JSON",
    ("tools/answers.py", "duration_ms"): "as above",
    ("tools/answers.py", "oldTodos"): "as above",
    ("tools/asks.py", "subagent_type"): "a field of the tools' JSON, read from what was given",
    ("tools/asks.py", "budget_usd"): "as above",
    ("testing/memory.py", "another"): "public double: tests ask for a second handle",
}


def unused() -> dict[tuple[str, str], str]:
    """Return what vulture thinks unused: (file, name) and where."""
    looker = Vulture()
    looker.scavenge([str(SRC)])
    found = {}
    for item in looker.get_unused_code(min_confidence=60):
        path = PurePosixPath(item.filename).relative_to(SRC / "forkjoin")
        found[str(path), item.name] = f"src/forkjoin/{path}:{item.first_lineno} {item.typ} {item.name}"
    return found


def test_nothing_in_src_is_unused():
    left = sorted(where for key, where in unused().items() if key not in USED_FROM_OUTSIDE)
    assert left == [], "\n".join(left)


def test_the_list_of_what_is_used_from_outside_is_not_longer_than_it_must_be():
    assert sorted(set(USED_FROM_OUTSIDE) - set(unused())) == []
