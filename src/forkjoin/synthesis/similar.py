"""How alike two statements are, by their words: 0 = nothing in common, 1 = the same words."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_WORD = re.compile(r"[A-Za-z]+[0-9]*|[0-9]{2,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_QUOTED = re.compile(r"`([^`\n]{1,80})`|'([^'\n]{1,80})'|\"([^\"\n]{1,80})\"")

# Words that say nothing about which finding it is.
_EMPTY_WORDS = """
    a an and any are as at be been being by can could do does for from has have if in into is it its may might more
    must not of on only or other should so some such than that the their them then there these this those to too via
    was were when which while will with without would you your
"""
# Words of every review: they count for little.
_COMMON_WORDS = """
    avoid bad call code consider danger dangerous detect ensure error expos file find found function identifi
    import insecure instead issue known line method module object parameter possible possibl potential probable problem
    python risk safe secur security seem source unsafe us use user value variable vulnerability vulnerable warn weak
"""
_EMPTY, _COMMON = frozenset(_EMPTY_WORDS.split()), frozenset(_COMMON_WORDS.split())
_COMMON_WEIGHT = 0.25
_HEAD_CHARS = 600  # of a statement that is compared: a title, and what is said first
# Different words for one thing.
_SAME_WORD = {
    "temp": "temporary", "tmp": "temporary", "js": "javascript", "md5": "hash", "sha1": "hash", "hashlib": "hash",
    "hashing": "hash", "pickl": "pickle", "cpickle": "pickle", "deserializ": "deserialize", "deserialis": "deserialize",
    "deserialization": "deserialize", "passwd": "password", "pwd": "password", "credential": "password",
    "xmlrpclib": "xmlrpc", "telnetlib": "telnet", "ftplib": "ftp", "popen": "subprocess", "injectable": "injection",
    "timeouts": "timeout", "tls": "ssl", "html": "xss", "scripting": "xss",
}  # fmt: skip


class Words(msgspec.Struct, kw_only=True):
    """The words of a statement that are its own, those of every review, and what all of them weigh."""

    own: frozenset[str]
    common: frozenset[str]
    weight: float


def weighed(text: str) -> Words:
    """Return the words that the beginning of a statement is known by, weighed once for all its comparisons."""
    words = words_of(text[:_HEAD_CHARS])
    own, common = words - _COMMON, words & _COMMON
    return Words(own=own, common=common, weight=len(own) + len(common) * _COMMON_WEIGHT)


@lru_cache(maxsize=8192)
def words_of(text: str) -> frozenset[str]:
    """Return the words a statement is known by: small, without endings, compounds split."""
    return frozenset().union(*map(_known_by, set(_WORD.findall(text))))


@lru_cache(maxsize=32_768)
def _known_by(word: str) -> tuple[str, ...]:
    """Return what a word counts as: itself and its parts, less those that say nothing."""
    if word.islower():
        return _telling(_stem(word))
    parts = {_stem(part.lower()) for part in (word, *_WORD.findall(_CAMEL.sub(" ", word)))}
    return tuple(part for part in parts if _telling(part))


def _telling(word: str) -> tuple[str, ...]:
    return (word,) if len(word) > 1 and word not in _EMPTY else ()


@lru_cache(maxsize=8192)
def names_of(text: str) -> frozenset[str]:
    """Return what a statement puts in quotes or backticks."""
    return frozenset(next(filter(None, found)).strip() for found in _QUOTED.findall(text) if any(found))


def same_name(one: str, other: str) -> bool:
    """Whether two may name one thing: `c` and `a.b.c`."""
    return one.rpartition(".")[2] == other.rpartition(".")[2]


def short_for(one: str, other: str) -> bool:
    """Whether the shorter may be an alias of the longer, its letters standing there in order: `np` and `numpy`."""
    short, long = sorted((one.lower(), other.lower()), key=lambda name: (len(name), name))
    letters = iter(long)
    return bool(short) and all(letter in letters for letter in short)


def more_words(text: str, known: frozenset[str]) -> int:
    """Return how many words a text has beyond the known ones."""
    return len(words_of(text) - known)


def likeness(one: Words, other: Words) -> float:
    """Return how alike two bags of words are, 0 to 1; common words count little, a short one may lie in a long one."""
    shared: float = len(one.own & other.own)
    if one.common and other.common:
        shared += len(one.common & other.common) * _COMMON_WEIGHT
    if not shared:
        return 0.0
    left, right = one.weight, other.weight
    return 0.5 * shared / max(1.0, min(left, right)) + shared / max(2.0, left + right)


def _stem(word: str) -> str:
    if word in _SAME_WORD:
        return _SAME_WORD[word]
    if word[-1] not in "gds":
        return word
    for ending, least in (("ing", 6), ("ies", 5), ("ed", 5), ("es", 6), ("s", 4)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return _SAME_WORD.get(word, word)
