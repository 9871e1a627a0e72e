"""Glob against glob, compared with trying every path of a small world."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.planning import covering, overlap

NAMES = ["".join(chars) for n in (1, 2, 3) for chars in itertools.product("ab", repeat=n)]
PATHS = [
    *NAMES,
    *("/".join(pair) for pair in itertools.product(NAMES[:6], repeat=2)),
    *("/".join(row) for row in itertools.product(["a", "b", "ab"], repeat=3)),
    *("/".join(row) for row in itertools.product("ab", repeat=4)),
]
SEGMENTS = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "?", "a?", "[a]", "[!a]", "[ab]b", "**", "{a,b}", "*a*"])
GLOBS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)


def by_regex(glob: str) -> re.Pattern[str]:
    """The plainest reading of a glob, written without any of the code under test."""
    segments = glob.split("/")
    literal = not re.search(r"[*?\[{]", glob)
    out = ""
    for number, segment in enumerate(segments):
        if segment == "**":
            out += "(?:[ab]+/)*" if number < len(segments) - 1 else "(?:[ab]+/)*[ab]+"
            continue
        one = "[ab]+" if segment == "*" else segment.replace("*", "[ab]*").replace("?", "[ab]")
        out += one.replace("{a,b}", "(?:a|b)").replace("[!a]", "[^a/]") + ("/" if number < len(segments) - 1 else "")
    return re.compile(out + ("(?:/.*)?" if literal or _names_a_folder(glob) else ""))


def _names_a_folder(glob: str) -> bool:
    return not re.search(r"[*?]|\[(?:!a|ab)\]", glob)  # [a] and {a,b} stand for plain names


@settings(max_examples=400, deadline=None)
@given(GLOBS, GLOBS)
def test_overlap_agrees_with_trying_every_path(a: str, b: str) -> None:
    one, other = by_regex(a), by_regex(b)
    common = [path for path in PATHS if one.fullmatch(path) and other.fullmatch(path)]
    witness = overlap(a, b)
    if common:
        assert witness is not None
    if witness is not None:
        assert covering([a])(witness)
        assert covering([b])(witness)
    assert (overlap(b, a) is None) == (witness is None)


@settings(max_examples=300, deadline=None)
@given(GLOBS, st.sampled_from(PATHS))
def test_covering_agrees_with_the_plainest_reading(glob: str, path: str) -> None:
    assert covering([glob])(path) == bool(by_regex(glob).fullmatch(path))
