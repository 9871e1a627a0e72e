"""Files of findings that were known before: one line a finding, sorted, so that a diff of two says what changed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from forkjoin.engine.records.joining import looked_at
from forkjoin.errors import PlanError
from forkjoin.model import MIB, Baseline, Known, to_builtins
from forkjoin.synthesis import baseline_entries, pruned

if TYPE_CHECKING:
    from forkjoin.engine.records.reader import RunReader

DEFAULT_BASELINE = ".forkjoin-baseline.json"
_LARGEST = 64 * MIB
_VERSION = 1


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: how many entries the file has now, and how many came and went."""

    file: str
    entries: int
    added: int
    removed: int


def read_baseline(file: Path) -> tuple[Known, ...]:
    """Return the entries of a baseline; raise PlanError that names the file where it is none."""
    where = f"baseline {file}"
    try:
        if file.stat().st_size > _LARGEST:
            raise PlanError("it is larger than any baseline", where=where, next_step="name another file")
        raw = msgspec.json.decode(file.read_bytes())
    except FileNotFoundError:
        raise PlanError(
            "there is no such file", where=where, next_step="make it: forkjoin review --write-baseline"
        ) from None
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", where=where, next_step="name a file") from None
    except (ValueError, RecursionError) as error:
        raise PlanError(f"is no JSON: {error}", where=where, next_step="write it anew, or name another file") from None
    return _entries(raw, where)


def may_be_written(file: Path) -> None:
    """Raise PlanError where a baseline cannot be written there, or would take the place of something else."""
    if file.is_dir():
        raise PlanError("is a folder", where=f"--write-baseline {file}", next_step="name a file")
    if file.exists() and file.stat().st_size:
        read_baseline(file)
    elif not os.access(file.parent, os.W_OK):
        raise PlanError(
            "its folder cannot be written to, or is not there",
            where=f"--write-baseline {file}",
            next_step="name another",
        )


def write_baseline(run: RunReader, file: Path) -> Written:
    """Write what the run found as the baseline *file*; entries that the run could not judge are kept."""
    old = read_baseline(file) if file.exists() and file.stat().st_size else ()
    scope = run.planned.scope
    renames = scope.baseline.renames if scope.baseline is not None else ()
    before = Baseline(file=str(file), known=old, renames=renames)
    made = run.report(whole=True)
    own = file.resolve()
    kept = tuple(f for f in made.findings if not f.path or (Path(run.planned.tree) / f.path).resolve() != own)
    made = msgspec.structs.replace(made, findings=kept)
    return _write(file, old, baseline_entries(made, before, scope.prefix, looked_at(run.planned)))


def prune_baseline(run: RunReader, baseline: Baseline) -> Written:
    """Take out of the baseline what no longer occurs in the run; what is known stays, what is new is not added."""
    file = Path(baseline.file)
    narrowing = run.report().narrowing
    return _write(file, baseline.known, pruned(baseline, narrowing.gone if narrowing is not None else ()))


def _entries(raw: Any, where: str) -> tuple[Known, ...]:
    if not isinstance(raw, dict) or "findings" not in raw or "forkjoin" not in raw:
        raise PlanError("is no baseline of forkjoin", where=where, next_step="name another file")
    if raw["forkjoin"] != _VERSION:
        raise PlanError(
            f"is of version {raw['forkjoin']!r}", where=where, next_step="upgrade forkjoin, or write it anew"
        )
    try:
        return msgspec.convert(raw["findings"], tuple[Known, ...])
    except msgspec.ValidationError as error:
        raise PlanError(f"{error}", where=where, next_step="repair that entry, or write the file anew") from None


def _write(file: Path, old: Sequence[Known], entries: Sequence[Known]) -> Written:
    """Write by a temporary name beside it, so that nobody reads half a baseline."""
    lines = ",\n".join(f"  {json.dumps(to_builtins(known), ensure_ascii=False)}" for known in entries)
    text = (
        f'{{"forkjoin": {_VERSION}, "findings": [\n{lines}\n]}}\n' if entries else '{"forkjoin": 1, "findings": []}\n'
    )
    file, part = file.resolve(), ""
    try:
        handle, part = tempfile.mkstemp(prefix=f".{file.name[:40]}.", dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as out:
            out.write(text)
        Path(part).chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        Path(part).replace(file)
    except OSError as error:
        with suppress(OSError):
            Path(part).unlink()
        raise PlanError(f"cannot be written: {error.strerror}", where=f"baseline {file}") from error
    before, after = {known.fingerprint for known in old}, {known.fingerprint for known in entries}
    return Written(file=str(file), entries=len(entries), added=len(after - before), removed=len(before - after))
