"""Importing does nothing heavy, and no module is left without a caller."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path

from architecture.house import ROOT, modules, parsed

from forkjoin.backends import nursing
from forkjoin.interfaces.cli.table import VERBS
from forkjoin.model.version import VERSION

HEAVY = ("typer", "rich", "click", "yaml", "jsonschema", "sqlite3", "asyncio", "msgspec", "psutil", "platformdirs")
# Run as programs of their own by a bare interpreter, with what lies beside them.
PROGRAMS = {"forkjoin.backends.nursery", "forkjoin.backends.shim"}
LISTED = {"forkjoin", "forkjoin.lazily"}  # all that `import forkjoin` may load of ours


def loaded_by(code: str) -> set[str]:
    """Return the modules that *code* loads in a fresh interpreter, on top of what it has at its start."""
    report = "import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    script = f"import sys; before = set(sys.modules)\n{code}\n{report}"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_importing_forkjoin_loads_nothing_heavy():
    loaded = loaded_by("import forkjoin")
    assert "forkjoin" in loaded
    assert sorted(name for name in loaded if name.split(".")[0] in HEAVY) == []
    assert {name for name in loaded if name.split(".")[0] == "forkjoin"} <= LISTED


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (VERSION, metadata.version("forkjoin")) == (project["version"],) * 2


def test_who_only_looks_at_runs_loads_nothing_that_drives_them():
    """Each command pays for what it loads: `ls`, `show`, `wait` and the like are started again and again."""
    loaded = loaded_by("import forkjoin.engine.run, forkjoin.engine.finding")
    assert "forkjoin.journal.fold" in loaded
    heavy = {"asyncio", "ssl", "yaml", *_rooms("agents", "planning", "scheduling", "synthesis", "workspaces")}
    assert sorted(loaded & heavy) == []


def test_who_takes_up_a_run_loads_nothing_that_plans_or_joins():
    """It is taken before that is needed, and most of planning never is."""
    loaded = loaded_by("import forkjoin.engine.driving.owning")
    assert "forkjoin.scheduling.board" in loaded
    assert sorted(loaded & {"yaml", "forkjoin.engine.preparing.prepare", *_rooms("synthesis", "accounting")}) == []
    planning = {name for name in loaded if name.startswith("forkjoin.planning.")}
    assert "forkjoin.planning.foreign" in planning
    assert sorted(planning & {f"forkjoin.planning.{name}" for name in ("read", "complete", "fanout", "pairs")}) == []


def _rooms(*names: str) -> set[str]:
    return {name for name in modules() if name.split(".")[1:2] and name.split(".")[1] in names}


def test_every_public_name_is_there_when_asked_for():
    """In any order: a module that was loaded before must not stand where a function of its name is meant."""
    loaded = loaded_by(
        "import types, forkjoin, forkjoin.engine, forkjoin.planning, forkjoin.synthesis\n"
        "assert len(forkjoin.__all__) >= 7, forkjoin.__all__\n"
        "for package in (forkjoin, forkjoin.engine, forkjoin.planning, forkjoin.synthesis) * 2:\n"
        "    for name in package.__all__:\n"
        "        found = getattr(package, name)\n"
        "        assert not isinstance(found, types.ModuleType), f'{package.__name__}.{name} is a module'"
    )
    assert "forkjoin.model" in loaded


def test_an_unknown_public_name_is_an_attribute_error():
    loaded_by(
        "import forkjoin\n"
        "try: forkjoin.no_such_name\n"
        "except AttributeError as error: assert 'no_such_name' in str(error)\n"
        "else: raise SystemExit(1)"
    )


def test_no_modules_import_one_another_in_a_ring():
    """So none depends on another having been imported before it."""
    known = modules()
    graph = {name: {one for one in first_imports(path, name) if one in known} for name, path in known.items()}
    for name, needed in graph.items():  # to import a.b.c is to import a and a.b; its own packages are under way then
        above = {one.rpartition(".")[0] for one in needed} & known.keys()
        graph[name] = {one for one in needed | above if not f"{name}.".startswith(f"{one}.")}
    assert sum(map(len, graph.values())) > len(known)
    assert list(TopologicalSorter(graph).static_order())


def test_every_package_imports_by_itself():
    """Each in a process that has none of ours."""
    script = (
        "import os, sys, importlib, traceback\n"
        "import msgspec, psutil, platformdirs, rich, typer, yaml\n"  # of others, once for all
        "for name in sys.argv[1:]:\n"
        "    if (pid := os.fork()) == 0:\n"
        "        try: importlib.import_module(name)\n"
        "        except BaseException: traceback.print_exc(limit=-1); print(name); sys.stdout.flush(); os._exit(1)\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )
    names = sorted(name for name, path in modules().items() if path.name == "__init__.py")
    done = subprocess.run([sys.executable, "-I", "-c", script, *names], capture_output=True, text=True, check=True)
    assert len(names) > 20
    assert done.stdout.split() == [], done.stderr


def test_every_module_imports():
    names = sorted(set(modules()) - {"forkjoin.__main__"} - PROGRAMS)
    loaded = loaded_by("import importlib\nfor name in " + repr(names) + ": importlib.import_module(name)")
    assert set(names) <= loaded


def test_every_module_of_src_has_a_caller():
    known = modules()
    used = entry_points()
    for name, path in known.items():
        used |= {used_name for used_name in uses(path, name) if used_name != name}
    # A package is used when something in it is.
    used |= {".".join(name.split(".")[:depth]) for name in used for depth in range(1, name.count(".") + 1)}
    lonely = sorted(name for name in known if name not in used and name != "forkjoin")
    assert lonely == [], "\n".join(lonely)


def test_the_programs_of_the_backend_need_nothing_but_the_standard_library():
    """They are started with `-I -S`: one that imports a package of ours or of others would start slowly, or not."""
    for name in sorted(PROGRAMS):
        folder = modules()[name].parent
        paths = [str(folder), str(folder.parent)]  # as nursery.py itself puts them, the second for failpoints.py
        script = f"import sys; sys.path += {paths!r}; import {name.rpartition('.')[2]}; "
        script += "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('forkjoin', 'msgspec')))"
        done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_nursery_loads_nothing_that_takes_long():
    """Each run starts one: with these its start costs twice as much."""
    script: Path = nursing.SCRIPT
    said = f"import sys; sys.path.append({str(script.parent)!r}); import {script.stem}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", said], capture_output=True, text=True, check=True)
    dear = {"asyncio", "contextlib", "enum", "hashlib", "json", "pathlib", "re", "signal", "socket", "subprocess"}
    assert dear & {*done.stdout.split()} == set()


def entry_points() -> set[str]:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    # `forkjoin.testing` is there for those who write tests against us: its callers are outside.
    # A verb's module is loaded by its name in the table of verbs.
    verbs = {f"forkjoin.interfaces.cli.verbs.{name}" for name in VERBS}
    return {"forkjoin.__main__", "forkjoin.testing", *verbs, *(target.partition(":")[0] for target in scripts.values())}


def first_imports(path, own: str) -> set[str]:
    """Return what a file imports when it is imported: neither inside functions nor for type checkers alone."""

    def run(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            checked = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            if not checked and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield child
                yield from run(child)

    return imported(run(parsed(path)), path, own)


def uses(path, own: str) -> set[str]:
    """Return the modules that a file imports (lazily too), or names in a string to run them."""
    tree = parsed(path)
    found = imported(ast.walk(tree), path, own)
    package = own if path.name == "__init__.py" else own.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.partition(":")[0])
            if node.value.endswith(".py"):
                found.add(f"{package}.{node.value[:-3]}")
    return found


def imported(nodes: Iterable[ast.AST], path, own: str) -> set[str]:
    """Return the modules, and names in modules, that imports among *nodes* name."""
    package = own if path.name == "__init__.py" else own.rpartition(".")[0]
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found
