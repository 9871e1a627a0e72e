"""Changes that merge and may well not fit: what a person should look at, found without running anything.

For Python by its syntax trees; lock files by their names. A suspicion is a hint and never keeps anything from landing.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import PurePosixPath
from typing import Final

import msgspec

from forkjoin.model import Suspicion, TaskId

LOCK_FILES: Final = frozenset((
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "poetry.lock",
    "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "Cargo.lock", "Gemfile.lock", "composer.lock", "go.sum",
    "flake.lock", "mix.lock", "pubspec.lock", "packages.lock.json", "gradle.lockfile",
))  # fmt: skip
_ORDINARY: Final = frozenset(("main", "setup", "teardown", "run", "app", "logger", "log"))
_MOST: Final = 100  # suspicions that are told
_LONGEST: Final = 400_000  # characters of a file that is parsed

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a task changed, as it was and as it is; "" where it was not there, or is not any more."""

    task: TaskId
    path: str
    before: str = ""
    after: str = ""


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a file's change means to others: functions whose callers must know, new names, new calls."""

    edited: Edited
    changed: dict[str, str]  # function's own name -> what about it
    new: dict[str, bool]  # qualified name -> whether it is at the top of the file
    calls: Counter[str]


def suspicions(edits: Sequence[Edited]) -> tuple[Suspicion, ...]:
    """Return what looks suspicious between any two tasks, in the order of the tasks."""
    facts = [_facts(one) for one in edits if one.path.endswith((".py", ".pyi"))]
    found: dict[Suspicion, None] = {}
    for one in chain(_signatures(facts), _names(facts), _lock_files(edits)):
        found[one] = None
        if len(found) == _MOST:
            break
    return tuple(found)


def _signatures(facts: Sequence[_Facts]) -> Iterator[Suspicion]:
    callers = _index(facts, lambda one: one.calls)
    for one in facts:
        places = sorted((at, name) for name in one.changed for at in callers.get(name, ()))
        for at, name in places:
            other = facts[at]
            if one.edited.task == other.edited.task:
                continue
            yield Suspicion(
                kind="signature",
                first=one.edited.task,
                second=other.edited.task,
                name=name,
                paths=(one.edited.path, other.edited.path),
                said=f"{one.edited.task} {one.changed[name]} in {one.edited.path}, and {other.edited.task} has a new "
                f"call of {name} in {other.edited.path}",
            )


def _names(facts: Sequence[_Facts]) -> Iterator[Suspicion]:
    makers = _index(facts, lambda one: one.new)
    for at, one in enumerate(facts):
        places = sorted((then, name) for name in one.new for then in makers[name] if then > at)
        for then, name in places:
            other = facts[then]
            if one.edited.task != other.edited.task and _meet(one, other, name):
                yield _twice(name, one.edited, other.edited)


def _meet(one: _Facts, other: _Facts, name: str) -> bool:
    """Whether two new things of one name can be meant as one: in one file, or telling names side by side."""
    if one.edited.path == other.edited.path:
        return True
    near = PurePosixPath(one.edited.path).parent == PurePosixPath(other.edited.path).parent
    return near and one.new[name] and other.new[name] and _telling(name)


def _index(facts: Sequence[_Facts], names: Callable[[_Facts], Iterable[str]]) -> dict[str, list[int]]:
    """Return for each name whose it is, by their places: pairs are looked for among few, not among all."""
    found: dict[str, list[int]] = {}
    for at, one in enumerate(facts):
        for name in names(one):
            found.setdefault(name, []).append(at)
    return found


def _twice(name: str, one: Edited, other: Edited) -> Suspicion:
    where = f"in {one.path}" if one.path == other.path else f"in {one.path} and in {other.path}"
    return Suspicion(
        kind="name",
        first=one.task,
        second=other.task,
        name=name,
        paths=tuple(dict.fromkeys((one.path, other.path))),
        said=f"{one.task} and {other.task} each made a new {name} {where}",
    )


def _lock_files(edits: Sequence[Edited]) -> Iterator[Suspicion]:
    tasks: dict[str, list[TaskId]] = {}
    for one in edits:
        if PurePosixPath(one.path).name in LOCK_FILES:
            tasks.setdefault(one.path, []).append(one.task)
    for path, who in tasks.items():
        for at, first in enumerate(who):
            for second in who[at + 1 :]:
                if first != second:
                    said = f"{first} and {second} both changed {path}: make it again from what it locks"
                    yield Suspicion(kind="lock-file", first=first, second=second, name=path, paths=(path,), said=said)


# -- one file


def _facts(edited: Edited) -> _Facts:
    before, after = _parsed(edited.before), _parsed(edited.after)
    old, new = dict(_definitions(before)), dict(_definitions(after))
    calls = _calls(after)
    calls.subtract(_calls(before))
    return _Facts(
        edited=edited,
        changed=_changed(old, new),
        new={name: "." not in name for name in new if name not in old},
        calls=Counter({name: count for name, count in calls.items() if count > 0}),
    )


def _changed(old: dict[str, ast.AST], new: dict[str, ast.AST]) -> dict[str, str]:
    """Return by their own names the functions that old callers may no longer call as they did, or that are gone."""
    found = {}
    kept = {name.rpartition(".")[2] for name in new}
    for name, was in old.items():
        own, now = name.rpartition(".")[2], new.get(name)
        if own.startswith("__"):
            continue
        if now is None and own not in kept:
            found[own] = f"took {name} away"
        elif isinstance(was, _Function) and isinstance(now, _Function) and _shape(was) != _shape(now):
            found[own] = f"changed the parameters of {name}"
    return found


def _shape(function: _Function) -> tuple[object, ...]:
    """Return what callers see of a function: its parameters and which of them they may leave out."""
    args = function.args
    required = len(args.posonlyargs) + len(args.args) - len(args.defaults)
    keyword = tuple((arg.arg, default is None) for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True))
    names = tuple(arg.arg for arg in (*args.posonlyargs, *args.args))
    is_async = isinstance(function, ast.AsyncFunctionDef)
    return names, len(args.posonlyargs), required, keyword, args.vararg is not None, args.kwarg is not None, is_async


def _definitions(tree: ast.Module | None) -> Iterator[tuple[str, ast.AST]]:
    todo: list[tuple[str, ast.stmt]] = [("", node) for node in (tree.body if tree else ())]
    for prefix, node in todo:  # grows while it is read: a class, then what stands in it
        if isinstance(node, _Function | ast.ClassDef):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                todo += [(f"{prefix}{node.name}.", inner) for inner in node.body]
        elif isinstance(node, ast.Assign):
            yield from ((f"{prefix}{one.id}", node) for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield f"{prefix}{node.target.id}", node


def _calls(tree: ast.Module | None) -> Counter[str]:
    """Return how often each name is called, or imported from somewhere, by the last part of the name."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            found[node.func.id if isinstance(node.func, ast.Name) else node.func.attr] += 1
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
    return found


def _parsed(text: str) -> ast.Module | None:
    if len(text) > _LONGEST:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _telling(name: str) -> bool:
    return not name.startswith(("_", "test")) and name not in _ORDINARY
