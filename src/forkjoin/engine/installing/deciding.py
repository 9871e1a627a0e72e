"""What an installation changes, decided from what is there: nothing that is not ours is lost."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

How = Literal["create", "update", "same", "replace", "delete", "restore", "keep", "absent"]
ASIDE = ".before-forkjoin"
_MARK = re.compile(r"(?:\n<!--|#) forkjoin ([0-9a-f]{16})(?: -->)?\n\Z")
_VERSION = re.compile(r'("version"\s*:\s*)"[^"]*"')


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One file: what is done to it, its text before and after (None: no file).

    `replace`: what was there is not ours, and is put aside; `restore`: what was put aside comes back; `keep`: it was
    changed by somebody since we wrote it, and stays.
    """

    path: str
    how: How
    before: str | None
    after: str | None
    aside: str | None = None

    @property
    def diff(self) -> str:
        """Return the change as a unified diff; "" where there is none."""
        if self.before == self.after:
            return ""
        old = "/dev/null" if self.before is None else self.path
        new = "/dev/null" if self.after is None else self.path
        lines = difflib.unified_diff(_lines(self.before), _lines(self.after), old, new)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    @property
    def is_whole(self) -> bool:
        """Whether its diff is a whole file of ours, which its name and size tell as well."""
        return self.how in ("create", "delete")

    @property
    def size(self) -> str:
        """Return how much text it is about."""
        text = self.after or self.before or ""
        return f"{len(_lines(text)):,} lines, {len(text.encode()):,} bytes"


def marked(path: str, text: str) -> str:
    """Return *text* as we write it: with a line that says it is ours, and that it is as we wrote it."""
    if path.endswith(".json"):
        return text
    mark = f"forkjoin {_hash(text)}"
    return f"{text}\n<!-- {mark} -->\n" if path.endswith(".md") else f"{text}# {mark}\n"


def is_ours(path: str, there: str, wanted: str) -> bool:
    """Return whether a file is one that we wrote, of this version or another, and nobody changed since."""
    if path.endswith(".json"):
        return _VERSION.sub(r'\1""', there) == _VERSION.sub(r'\1""', wanted)
    found = _MARK.search(there)
    return found is not None and found[1] == _hash(there[: found.start()])


def installing(wanted: Mapping[str, str], there: Mapping[str, str | None]) -> tuple[Edit, ...]:
    """Return what makes the files *wanted* (as marked) out of what is *there*."""
    return tuple(_put(path, text, there.get(path)) for path, text in wanted.items())


def uninstalling(
    wanted: Mapping[str, str], there: Mapping[str, str | None], aside: Mapping[str, str | None]
) -> tuple[Edit, ...]:
    """Return what takes them away: only what we wrote; what we put *aside* comes back."""
    return tuple(_take(path, text, there.get(path), aside.get(path)) for path, text in wanted.items())


def _put(path: str, text: str, there: str | None) -> Edit:
    if there is None:
        return Edit(path=path, how="create", before=None, after=text)
    if there == text:
        return Edit(path=path, how="same", before=there, after=there)
    how: How = "update" if is_ours(path, there, text) else "replace"
    return Edit(path=path, how=how, before=there, after=text, aside=path + ASIDE if how == "replace" else None)


def _take(path: str, text: str, there: str | None, aside: str | None) -> Edit:
    if there is None:
        return Edit(path=path, how="absent", before=None, after=None)
    if not is_ours(path, there, text):
        return Edit(path=path, how="keep", before=there, after=there)
    if aside is not None:
        return Edit(path=path, how="restore", before=there, after=aside, aside=path + ASIDE)
    return Edit(path=path, how="delete", before=there, after=None)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.splitlines(keepends=True)
