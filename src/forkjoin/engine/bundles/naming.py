"""By what a bundle is known: its name, or its first bytes. Whatever command takes a run asks, so this loads little."""

from __future__ import annotations

from pathlib import Path

ZST, GZ = ".tar.zst", ".tar.gz"
SUFFIXES = (ZST, GZ)
MAGIC = {b"\x28\xb5\x2f\xfd": ZST, b"\x1f\x8b": GZ}
_PACKED = (".tar.xz", ".tar.bz2", ".tar", ".tgz", ".zip")


def bundle_named(name: str) -> tuple[Path, str] | None:
    """Return file and task of F.tar.zst or F.tar.gz/TASK, None for a name that is no bundle's.

    So is any other that no run and no task can have, and a file has: `run.tar.xz`, `/tmp/run`, `./run`; and any that
    names a packed file.
    """
    if suffix_of(name) or packed_by(Path(name)):
        return Path(name), ""
    head, slash, task = name.rpartition("/")
    if slash and (suffix_of(head) or packed_by(Path(head))):
        return Path(head), task
    return (Path(name), "") if name.startswith(("/", "./", "../", "~")) or name.endswith(_PACKED) else None


def suffix_of(name: str) -> str:
    """Return the suffix of a bundle that *name* ends in, "" for none."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def packed_by(path: Path) -> str:
    """Return the suffix that fits the content of *path*, whatever its name; "" where that is no packed file."""
    try:
        return packing_of(path) if path.is_file() else ""  # a pipe would be waited for
    except OSError:
        return ""


def packing_of(path: Path) -> str:
    """Return what `packed_by` does; OSError where the file cannot be read."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((suffix for magic, suffix in MAGIC.items() if head.startswith(magic)), "")
