"""Coverage reports in the form of Cobertura."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from forkjoin.agents.analysers.analyser import BadOutput
from forkjoin.agents.analysers.reading import relative


def cobertura(stdout: bytes, root: str) -> dict[str, dict[int, int]]:
    """Return the hits of each line of each file, paths relative to *root* where they lie in it; raise BadOutput."""
    read = _Reader()
    try:
        read.parser.Parse(stdout, True)
    except (expat.ExpatError, ValueError) as error:
        raise BadOutput("", f"the coverage report cannot be read: {error}") from None
    if not read.seen:
        raise BadOutput("", "the coverage report is no report in the form of Cobertura")
    found: dict[str, dict[int, int]] = {}
    for name, hits in read.files.items():
        lines = found.setdefault(_path(name, read.sources, root), {})
        for number, times in hits.items():
            lines[number] = max(times, lines.get(number, 0))
    return found


class _Reader:
    """What a report says, element by element. Entities are refused: a few lines of them can be made a huge text."""

    def __init__(self) -> None:
        self.files: dict[str, dict[int, int]] = {}
        self.sources: list[str] = []
        self.seen = False
        self._lines: dict[int, int] = {}
        self._in_source = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = _refuse

    def _begin(self, name: str, given: dict[str, str]) -> None:
        if name == "coverage":
            self.seen = True
        elif name == "class":
            self._lines = self.files.setdefault(given.get("filename", ""), {})
        elif name == "line":
            number = int(given.get("number", "0"))
            self._lines[number] = max(int(float(given.get("hits", "0"))), self._lines.get(number, 0))
        elif name == "source":
            self._in_source = True
            self.sources.append("")

    def _end(self, name: str) -> None:
        if name == "source":
            self._in_source = False

    def _text(self, text: str) -> None:
        if self._in_source:
            self.sources[-1] += text


def _refuse(*_: object) -> NoReturn:
    raise ValueError("it declares entities")


def _path(name: str, sources: Sequence[str], root: str) -> str:
    """Return a file as the tree names it: below one of the report's sources, or where the end of a source fits."""
    names = [relative(posixpath.join(source.strip(), name), root) for source in sources] + [relative(name, root)]
    # Measured on another machine the head of a source is unknown here; its last folders may be the tree's.
    for source in sources:
        parts = source.strip().strip("/").split("/")
        names += [posixpath.join(*parts[at:], name) for at in range(1, len(parts))]
    return next((path for path in names if not path.startswith("/") and (Path(root) / path).is_file()), names[-1])
