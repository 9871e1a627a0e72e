"""Where in a file a value stands; worked out only once something is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from forkjoin.errors import PlanError

Path: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = Iterable[tuple[Path, int]]  # every value's path and its line, from 1, in the order of the file

_TOKEN: Final = re.compile(r'[{}\[\],:\n]|"(?:[^"\\\n]|\\.)*"|[^\s{}\[\],:"]+')


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was read: its name, what shape it has, and how to find the lines of its values."""

    name: str
    places: Callable[[], Places]

    def where(self, path: Path) -> str:
        """Return `plan.yaml:7: tasks[3].writes`; without a line where it cannot be told."""
        line = self.line(path)
        spoken_path = spoken(path)
        head = f"{self.name}:{line}" if line else self.name
        return f"{head}: {spoken_path}" if spoken_path else head

    def line(self, path: Path) -> int:
        """Return the line of the value at *path*, or of the nearest thing around it; 0 where there is none."""
        best, found = -1, 0
        try:
            for at, line in self.places():
                if len(at) > best and at == path[: len(at)]:
                    best, found = len(at), line
                    if at == path:
                        break
        except (ValueError, PlanError):  # a file that cannot be walked to its end still gave what came before
            return found
        return found

    def error(self, path: Path, why: str, next_step: str = "") -> PlanError:
        """Return the complaint about the value at *path*."""
        return PlanError(why, where=self.where(path), next_step=next_step)


def spoken(path: Path) -> str:
    """Return a path as people write it: `tasks[3].writes[0]`."""
    text = ""
    for part in path[:8]:
        text += f"[{part}]" if isinstance(part, int) else f".{part[:60]}" if text else part[:60]
    return text


_FIRST: Final[Mapping[str, str | int]] = {"{": "", "[": 0}  # the first step into it


def json_places(text: str) -> Iterator[tuple[Path, int]]:
    """Walk JSON that is well formed, and give every value's path and line; a key that comes twice is given twice."""
    path: list[str | int] = []
    line, due = 1, False  # due = the next token is a key, or an element of a list
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word == "\n":
            line += 1
            continue
        if due and word not in ("}", "]"):
            if isinstance(path[-1], str):
                path[-1] = json.loads(word)
            yield tuple(path), line
        due = word in ("{", "[", ",")
        if due and word != ",":
            path.append(_FIRST[word])
        elif due and isinstance(last := path[-1], int):
            path[-1] = last + 1
        elif word in ("}", "]"):
            path.pop()


def first_repeated(places: Places) -> tuple[Path, int] | None:
    """Return the path and line of the first key that stands twice in one mapping."""
    seen: set[Path] = set()
    for path, line in places:
        if path in seen:
            return path, line
        seen.add(path)
    return None
