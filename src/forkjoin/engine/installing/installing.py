"""Installing into other agents' programs: look, decide, show, then write."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from forkjoin.engine.installing.deciding import ASIDE, Edit, How, installing, marked, uninstalling
from forkjoin.engine.installing.hosts import HOSTS, Host
from forkjoin.engine.installing.jsonc import NotJson, entry, with_entry, without_entry
from forkjoin.errors import CannotHere, PlanError, UnknownId


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What is done, or would be, in one program's folder."""

    host: str
    folder: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, kw_only=True)
class FoundHost:
    """One program as it is here: `state` is how much of what we install is there."""

    host: str
    program: str
    folder: str
    state: str


def planned(names: Sequence[str], environ: Mapping[str, str], *, uninstall: bool = False) -> tuple[Installation, ...]:
    """Return what installing into the programs *names* changes, or taking it away again; nothing is written.

    Raises UnknownId for a program that we do not know, PlanError for a file of theirs that cannot be read.
    """
    return tuple(_planned(name, _host(name), environ, uninstall=uninstall) for name in dict.fromkeys(names))


def carry_out(installation: Installation) -> None:
    """Write it. Raises CannotHere where a file cannot be written."""
    folder = Path(installation.folder)
    for edit in installation.edits:
        try:
            _write(folder, edit)
        except OSError as error:
            raise CannotHere(
                f"{folder / edit.path}: {error.strerror or error}; what was written before it stays: mend that and "
                "install again, or take it away with --uninstall"
            ) from error


def found_hosts(environ: Mapping[str, str]) -> tuple[FoundHost, ...]:
    """Return the programs that we know, and what of ours each has."""
    return tuple(
        FoundHost(
            host=name, program=shutil.which(host.program, path=environ.get("PATH")) or "",
            folder=str(host.folder(environ)), state=_state(_planned(name, host, environ, uninstall=False)),
        )
        for name, host in HOSTS.items()
    )  # fmt: skip


def plugin_files() -> dict[str, str]:
    """Return the files of the plugin folder, by their paths in it."""
    return dict(sorted(_below(files("forkjoin") / "plugin", "")))


def _state(installation: Installation) -> str:
    if {edit.how for edit in installation.edits} == {"same"}:
        return "installed"
    merged = HOSTS[installation.host].merged_into
    ways = {edit.how for edit in installation.edits if edit.path not in merged}
    return "not installed" if ways <= {"create", "replace"} else "another version, or a part"


def _host(name: str) -> Host:
    if name not in HOSTS:
        raise UnknownId("host", name, list(HOSTS))
    return HOSTS[name]


def _planned(name: str, host: Host, environ: Mapping[str, str], *, uninstall: bool) -> Installation:
    folder = host.folder(environ)
    wanted = {path: marked(path, text) for path, text in host.files(plugin_files()).items()}
    there = {path: _read(folder / path) for path in wanted}
    if uninstall:
        edits = uninstalling(wanted, there, {path: _read(folder / (path + ASIDE)) for path in wanted})
    else:
        edits = installing(wanted, there)
    return Installation(host=name, folder=str(folder), edits=(*edits, *_merging(host, folder, uninstall=uninstall)))


def _merging(host: Host, folder: Path, *, uninstall: bool) -> tuple[Edit, ...]:
    if host.merges is None:
        return ()
    name = next((name for name in host.merged_into if (folder / name).exists()), host.merged_into[0])
    section, key, value = host.merges(importlib.util.find_spec("mcp") is not None)
    before = _read(folder / name)
    try:
        return (_merged(name, before, (section, key, value), uninstall=uninstall),)
    except NotJson as error:
        where = str(folder / name)
        raise PlanError(f"cannot be read as JSON: {error}", where=where, next_step="mend it first") from error


def _merged(name: str, before: str | None, wanted: tuple[str, str, Any], *, uninstall: bool) -> Edit:
    section, key, value = wanted
    there = entry(before, section, key) if before and before.strip() else None
    other = there is not None and not _is_ours(there, value)
    if not uninstall and not other:
        after = with_entry(before or "", section, key, value)
        how: How = "same" if after == before else "create" if before is None else "update"
        return Edit(path=name, how=how, before=before, after=after)
    if there is None or before is None:
        return Edit(path=name, how="absent", before=before, after=before)
    if other:
        return Edit(path=name, how="keep", before=before, after=before)
    if before == with_entry("", section, key, there):
        return Edit(path=name, how="delete", before=before, after=None)
    return Edit(path=name, how="update", before=before, after=without_entry(before, section, key))


def _is_ours(there: object, value: Any) -> bool:
    """Whether an entry is the one that we write, be it switched off."""
    return isinstance(there, dict) and there | {"enabled": True} == value | {"enabled": True}


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise PlanError("is no text in UTF-8", where=str(path), next_step="move it away first") from None
    except OSError as error:
        raise CannotHere(f"{path}: {error.strerror or error}") from error


def _write(folder: Path, edit: Edit) -> None:
    path = folder / edit.path
    if edit.how in ("same", "keep", "absent"):
        return
    if edit.how == "replace" and edit.aside:
        path.rename(_free(folder / edit.aside))
    if edit.after is None:
        path.unlink()
        _clear(path.parent, folder)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.resolve()  # a link of theirs stays one
    fresh = target.with_name(f"{target.name}.forkjoin-new")
    kept = target.exists()
    try:
        fresh.touch(mode=0o600 if kept else 0o666)  # what is private is never, not for a moment, open to others
        fresh.write_bytes(edit.after.encode())
        if kept:
            shutil.copymode(target, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)  # there only where something went wrong
    if edit.how == "restore" and edit.aside:
        (folder / edit.aside).unlink()


def _free(aside: Path) -> Path:
    """Return a name that is not taken: what was put aside before is what --uninstall brings back."""
    names = (aside, *(aside.with_name(f"{aside.name}-{number}") for number in range(2, 1000)))
    return next((name for name in names if not name.exists()), names[-1])


def _clear(folder: Path, top: Path) -> None:
    """Remove what is empty now, up to the program's own folder."""
    while folder != top and top in folder.parents and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _below(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for one in folder.iterdir():
        if one.is_dir():
            found += _below(one, f"{prefix}{one.name}/")
        elif not one.name.endswith((".pyc", ".py")):
            found.append((f"{prefix}{one.name}", one.read_text(encoding="utf-8")))
    return found
