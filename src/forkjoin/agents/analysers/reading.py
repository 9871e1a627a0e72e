"""What the analysers' parsers share: JSON in, paths relative to the tree, tests told from code."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from forkjoin.agents.analysers.analyser import BadOutput
from forkjoin.agents.ending import one_line

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"\s*")
_TESTS = re.compile(
    r"(?:.*/)?(?:tests?|testing|testsuite)/.*|(?:.*/)?(?:test_[^/]*|[^/]*_tests?|conftest)\.pyi?", re.DOTALL
)


def text_of(raw: bytes) -> str:
    """Return output as text; bytes that are no UTF-8 (file names may hold them) survive as surrogates."""
    return raw.decode("utf-8", errors="surrogateescape")


def lines(stdout: bytes, program: str) -> list[str]:
    """Return the lines of *stdout*; raise BadOutput where the last one was not ended."""
    *whole, rest = text_of(stdout).split("\n")
    if rest:
        raise BadOutput(rest, f"the output of {program} ends in the middle of a line")
    return whole


def documents(stdout: bytes, program: str) -> Iterator[Any]:
    """Yield the JSON documents of *stdout*, one after another; raise BadOutput for anything else, or for none."""
    text = text_of(stdout)
    at = _after_space(text, 0)
    if at == len(text):
        raise BadOutput("", f"{program} printed nothing where JSON was promised")
    while at < len(text):
        try:
            document, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise BadOutput(text[at : at + 300].split("\n")[0], f"{program} printed what is no JSON") from None
        yield document
        at = _after_space(text, at)


def records(documents_: Iterator[Any], key: str, program: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in the lists at *key* of each document ("" = the document is the list); raise BadOutput."""
    for document in documents_:
        listed = document.get(key) if key and isinstance(document, dict) else document
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise BadOutput(json.dumps(document)[:300], f"{program} printed JSON without a list of {key or 'findings'}")
        yield from listed


def relative(path: str, root: str) -> str:
    """Return *path* as a POSIX path relative to *root*; one outside it stays absolute."""
    clean = posixpath.normpath(path)
    if not clean.startswith("/"):
        return clean
    for base in _spellings(root):
        if clean.startswith(base.rstrip("/") + "/"):
            return clean[len(base) :].lstrip("/")
    return clean


@lru_cache(maxsize=64)
def _spellings(root: str) -> tuple[str, ...]:
    """Return the tree's folder as it was said and as programs see it: they print it with links resolved."""
    return tuple(dict.fromkeys((posixpath.normpath(root), os.path.realpath(root)))) if root else ()


def in_tests(path: str) -> bool:
    """Whether a file belongs to the tests, by its place or name."""
    return _TESTS.fullmatch(path) is not None


def counted(number: int, thing: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def headline(message: str, *, limit: int = 160) -> str:
    """Return the first sentence of a message as a title, without its full stop."""
    first = one_line(message.strip().split("\n")[0], limit=2 * limit)
    sentence = re.split(r"(?<=[a-z)`'\"])\.\s+(?=[A-Z])", first)[0].rstrip(". ")
    return sentence if len(sentence) <= limit else sentence[: limit - 1] + "…"


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
