"""Whether what one task was asked speaks of what another one answered."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from forkjoin.transcripts.acts import Job

MOST = 5_000  # different words of one text that are looked at
_WORD = re.compile(r"[^\W\d_][\w./-]{3,}|\d[\w./-]{3,}")
_POINTING = (
    r"(?:previous|prior|earlier|preceding|first|other|last)\s+(?:\w+\s+)?"
    r"(?:tasks?|agents?|subagents?|steps?|results?|reviews?|runs?|analys[ie]s|findings?|reports?|answers?|outputs?)",
    r"based on (?:the|its|their|these|those|what)",
    r"as (?:found|reported|identified|described|listed) (?:above|by|in)",
    r"above|aforementioned|now that",
    r"(?:results?|findings|outputs?|answers?|reports?) (?:of|from|by) (?:the|all|each|both|every)",
    r"(?:was|were|has been|have been) (?:just |already )?(?:found|created|written|implemented|added|fixed)",
    r"(?:synthesi[sz]e|consolidate|merge|combine|summari[sz]e) (?:the|all|these|those|both)",
)
_BACK = re.compile("|".join(rf"\b(?:{one})\b" for one in _POINTING), re.IGNORECASE)
_CHANGES = re.compile(
    r"\b(?:fix|add|write|edit|update|create|implement|refactor|rename|remove|delete|migrate|document|change|replace|"
    r"append|upgrade|convert|port|apply|harden|extend)\b",
    re.IGNORECASE,
)


def words(text: str) -> frozenset[str]:
    """Return the words of four letters and more, in small letters, without their endings' points; `MOST` at most."""
    found: set[str] = set()
    for match in _WORD.finditer(text):
        found.add(match[0].rstrip("./-").lower())
        if len(found) >= MOST:
            break
    return frozenset(found)


def paths(found: frozenset[str]) -> frozenset[str]:
    """Return those of the words that name a file or a folder."""
    return frozenset(filter(_is_path, found))


def needs(prompt: str, asked: frozenset[str], earlier: Job, known: dict[str, int]) -> bool:
    """Return whether *prompt* (its words: *asked*) may stand on the result of *earlier*.

    *known* says for each word the line from which on somebody else had said it. One name that only the result can have
    brought up is enough, or two plain words; so are phrases that point back, the description of the earlier task, and a
    file that both name where one of them is to change something. In doubt the answer is yes.
    """
    if _BACK.search(prompt):
        return True
    description = earlier.launched.description.strip().lower()
    if len(description.split()) > 1 and description in prompt.lower():
        return True
    new = {word for word in asked & earlier.words if known.get(word, earlier.line + 1) > earlier.line}
    if len(new) > 1 or any(_is_name(word) for word in new):
        return True
    return not asked.isdisjoint(earlier.named) and bool(
        _CHANGES.search(prompt) or _CHANGES.search(earlier.launched.prompt)
    )


class Earlier:
    """What the jobs of a stretch did, together: so a later one is compared with all of them at once."""

    def __init__(self) -> None:
        self._calls: set[str] = set()
        self._reads: set[str] = set()
        self._writes: set[str] = set()
        self._names: set[str] = set()

    def add(self, job: Job) -> None:
        """Take in one more."""
        self._calls.add(job.launched.call)
        self._reads |= job.reads
        self._writes |= job.writes
        self._names |= {PurePosixPath(path).name.lower() for path in job.writes}

    def is_needed_by(self, later: Job) -> bool:
        """Return whether *later* needed one of them: its prompt says so, or it met what was written."""
        if not self._calls.isdisjoint(later.needs) or not self._reads.isdisjoint(later.writes):
            return True
        if not self._writes.isdisjoint(later.reads | later.writes):
            return True
        return bool(self._names) and any(
            word.rpartition("/")[2] in self._names for word in words(later.launched.prompt)
        )


def _is_name(word: str) -> bool:
    return any(sign in word for sign in "_./") or any(sign.isdigit() for sign in word)


def _is_path(word: str) -> bool:
    return "/" in word or bool(re.search(r"\w\.[a-z]{1,5}$", word))
