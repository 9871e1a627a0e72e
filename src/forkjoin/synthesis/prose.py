"""Findings guessed from prose: the last resort. What is read here is marked `prose` and never surer than low.

An item is a list entry, a heading or a paragraph that names a severity or a place in a file. An answer without such an
item is one finding of its own, for prose never becomes "no findings".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forkjoin.model import Claimed, Severity
from forkjoin.model.text import clean, one_line

_MOST_CHARS, _MOST_ITEMS = 200_000, 500
_TITLE_CHARS, _TEXT_CHARS = 200, 2_000
_WHOLE = "Answer without findings that can be read"

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_ENTRY = re.compile(r"(\s{0,3})(?:[-*+\u2022]|\d{1,3}[.)])\s+(.*)")
_PLACE = re.compile(
    r"(?<![\w/.:@-])(?P<path>(?:[\w.@+-]{1,80}/){0,12}[\w.@+-]{1,80}\.[A-Za-z][A-Za-z0-9_]{0,7})"
    r"(?::(?P<line>\d{1,7})(?:\s?[-\u2013:]\s?(?P<end>\d{1,7}))?)?"
)
_LINE = re.compile(r"\b(?:[Ll]ines?|L)\s?(\d{1,7})(?:\s?(?:-|\u2013|to)\s?(\d{1,7}))?")
_MARK = r"(?:critical|blocker|high|severe|major|medium|moderate|warning|low|minor|info|informational|nit)"
_SEVERITY = re.compile(
    rf"\[\s*({_MARK})\s*\]|\(\s*({_MARK})\s*\)|\*\*\s*({_MARK})\b|^\W*({_MARK})\b\s*(?:[:\u2014\u2013-]|$)"
    rf"|\bseverity\W{{1,6}}({_MARK})\b|\b({_MARK})[ -](?:severity|priority|risk)\b",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*\s*([^*\n]{3,200}?)[\s:.]*\*\*")
# Where it is, said beside what it is: `(a.py, line 7)`, `in a.py:3`, or `a.py:3:` before all else.
_SPOT = _PLACE.pattern.replace("?P<path>", "?:").replace("?P<line>", "?:").replace("?P<end>", "?:")
_ASIDE = re.compile(
    rf"\s*\([^()]{{0,40}}{_SPOT}[^()]{{0,40}}\)|\s+(?:in|at)\s+`?{_SPOT}`?|^\W*{_SPOT}`?\s*[:\u2014\u2013-]+\s"
)
_FENCED = re.compile(r"^\s*(`{3,}|~{3,}).*?(?:^\s*\1[`~]*\s*$|\Z)", re.MULTILINE | re.DOTALL)
_REMEDY = re.compile(r"\b(?:fix|remedy|recommendation|suggestion|suggested fix|solution)\b\**\s*:\**\s*", re.IGNORECASE)
_WORDS: dict[str, Severity] = {
    "critical": "critical", "blocker": "critical", "high": "high", "severe": "high", "major": "high",
    "medium": "medium", "moderate": "medium", "warning": "medium", "low": "low", "minor": "low",
    "info": "info", "informational": "info", "nit": "info",
}  # fmt: skip
# What looks like a path and is none: versions, and words with a point in them.
_NO_FILE = re.compile(r"(?:e\.g|i\.e|etc|vs|\d[\d.]*[a-z]?\d*)\.?\w?", re.IGNORECASE)


def from_prose(text: str, *, whole: bool = True) -> tuple[Claimed, ...]:
    """Return what *text* seems to claim, at most 500 items; without any, the text as one where *whole* says so."""
    text = clean(text[:_MOST_CHARS]).strip()
    found: list[Claimed] = []
    for block, heading in _blocks(text):
        claim = _claim(block, heading)
        if claim is not None and len(found) < _MOST_ITEMS:
            found.append(claim)
    if found or not text or not whole:
        return tuple(dict.fromkeys(found))
    return (Claimed(title=_WHOLE, severity="info", message=_cut(text), confidence="low"),)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield list entries and paragraphs, each with the heading above it; code in fences stays with what is before."""
    heading, lines, fence = "", list[str](), ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            lines.append(line)
            if mark and mark[1].startswith(fence):
                fence = ""
            continue
        title = _HEADING.match(line)
        if lines and _starts(line):
            yield "\n".join(lines), heading
            lines = []
        fence = mark[1] if mark else ""
        heading = title[1] if title else heading
        lines += _kept(line, title)
    if lines:
        yield "\n".join(lines), heading


def _starts(line: str) -> bool:
    return bool(_HEADING.match(line) or _ENTRY.match(line) or not line.strip())


def _kept(line: str, title: re.Match[str] | None) -> list[str]:
    """Return what of a line outside fences belongs to an entry: a heading does where it names a place."""
    if title:
        return [title[1]] if _PLACE.search(title[1]) else []
    return [line] if line.strip() else []


def _claim(block: str, heading: str) -> Claimed | None:
    """Return the claim of one entry or paragraph; None where it names neither severity nor place of its own."""
    entry = _ENTRY.match(block)
    text = (entry[2] + block[entry.end() :]) if entry else block
    said = _FENCED.sub("", text)
    severity = _severity(said)
    path, line, end = _place(said)
    title = _title(said) if severity or path else ""
    if not title:
        return None
    remedy = _REMEDY.search(said)
    return Claimed(
        title=title,
        severity=severity or _severity(heading) or "medium",
        path=path,
        line=line,
        end_line=end if end > line else 0,
        message=_cut(text),
        remedy=_cut(said[remedy.end() :]) if remedy else "",
        confidence="low",
    )


def _severity(text: str) -> Severity | None:
    found = _SEVERITY.search(text[:400])
    return _WORDS[next(filter(None, found.groups())).lower()] if found else None


def _place(text: str) -> tuple[str, int, int]:
    """Return the first path with its lines; a line number may stand elsewhere in the entry."""
    places = [found for found in _PLACE.finditer(text[:4_000]) if not _NO_FILE.fullmatch(found["path"])]
    if not places:
        return "", 0, 0
    best = next((found for found in places if found["line"]), None)
    if best is not None:
        return best["path"].removeprefix("./"), int(best["line"]), int(best["end"] or 0)
    named = next((found for found in places if "/" in found["path"] or f"`{found['path']}`" in text), None)
    elsewhere = _LINE.search(text)
    if named is None and elsewhere is None:
        return "", 0, 0  # a bare word with a point in it is an attribute as likely as a file
    line, end = (int(elsewhere[1]), int(elsewhere[2] or 0)) if elsewhere else (0, 0)
    return (named or places[0])["path"].removeprefix("./"), line, end


def _title(said: str) -> str:
    """Return what is in bold, else the first sentence; without its marks, its severity and its place."""
    first = _SEVERITY.sub("", one_line(said.split("\n", 1)[0]), count=1)
    bold = _BOLD.search(first)
    if bold is not None and len(bold[1].split()) > 1:
        first = bold[1]
    first = re.sub(r"\*\*|__", "", first)
    bare = _ASIDE.sub("", first).replace("`", "")
    title = re.split(r"(?<=[.!?])\s", re.sub(r"^[\W_]+", "", bare), maxsplit=1)[0].rstrip(" .:,")
    return one_line(title or re.sub(r"^\W+", "", first), _TITLE_CHARS)


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _TEXT_CHARS else text[: _TEXT_CHARS - 1] + "…"
