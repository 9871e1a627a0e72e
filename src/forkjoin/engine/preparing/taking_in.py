"""SARIF files of other tools, looked through before anything starts: each becomes a task of the review."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from forkjoin.errors import PlanError, listed
from forkjoin.model import MIB, Task, TaskId, spoken_size
from forkjoin.synthesis import from_sarif, suppressed

_LARGEST = 32 * MIB
_BOM = b"\xef\xbb\xbf"
_NAMED = 6


def taken_in(files: Sequence[Path], taken: Iterable[str]) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """Return a task for each file, and notes on what of it is left out; *taken* are ids that are not free.

    Raises PlanError that names the file, and the place in it, where it cannot be read as SARIF 2.1.0.
    """
    ids, tasks, notes = set(taken), list[Task](), list[str]()
    for file in dict.fromkeys(file.resolve() for file in files):
        log = _log(file)
        tools = _tools(log)
        id_ = _free(file, ids)
        ids.add(id_)
        tasks.append(
            Task(
                id=TaskId(id_),
                agent="sarif",
                task=str(file),
                description=f"Findings of {tools} from {file.name}",
                reads=(),
                writes=(),
                output="findings",
                cpu=0.0,
                estimate=0.1,
            )
        )
        if left_out := suppressed(log):
            notes.append(f"{file.name}: {left_out:,} suppressed or passed results are left out")
    return tuple(tasks), tuple(notes)


def _log(file: Path) -> Any:
    where = f"--sarif-in {file}"
    try:
        size = file.stat().st_size
        if not file.is_file():
            raise PlanError("is no file", where=where, next_step="name a SARIF file")
        if size > _LARGEST:
            raise PlanError(
                f"is {spoken_size(size)}, and at most {spoken_size(_LARGEST)} are read", where=where,
                next_step="have the tool write fewer results, or several files",
            )  # fmt: skip
        log = msgspec.json.decode(file.read_bytes().removeprefix(_BOM))
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", where=where, next_step="name a SARIF file") from None
    except (ValueError, RecursionError) as error:
        raise PlanError(f"is no JSON: {error}", where=where, next_step="write it anew with its tool") from None
    if not isinstance(log, dict) or not isinstance(log.get("runs"), list):
        raise PlanError("is no SARIF log: it has no runs", where=where, next_step="name a SARIF file")
    try:
        from_sarif(log)
    except ValueError as error:
        raise PlanError(str(error), where=where, next_step="write it anew with its tool") from None
    return log


def _tools(log: Any) -> str:
    """Return the names of the tools whose runs are in it."""
    names = list(dict.fromkeys(str(run["tool"]["driver"].get("name") or "a tool") for run in log["runs"]))
    return listed(names, _NAMED) or "no tool"


def _free(file: Path, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", file.name.lower().removesuffix(".json").removesuffix(".sarif")).strip("-")[:30]
    name = "-".join(filter(None, ("sarif", stem)))
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one not in taken)
