"""A tree as it is named from a folder above it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from forkjoin.model import Link, Tree


def seen_from(tree: Tree, root: Path) -> Tree:
    """Return *tree* with its paths relative to *root*, a folder above it (or its own root: then unchanged).

    A part of a project is so named as people standing in the project name it.
    """
    below = Path(tree.root).relative_to(root.resolve()).as_posix()
    if below == ".":
        return tree
    return replace(
        tree,
        root=str(root.resolve()),
        files=tuple(f"{below}/{path}" for path in tree.files),
        links=tuple(
            Link(path=f"{below}/{link.path}", target=f"{below}/{link.target}" if link.target else "")
            for link in tree.links
        ),
        hardlinks=tuple(tuple(f"{below}/{path}" for path in group) for group in tree.hardlinks),
        unreadable=tuple(f"{below}/{path}" for path in tree.unreadable),
    )
