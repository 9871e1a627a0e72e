"""The smallest set that breaks something is found, whatever it is, in few tries."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.planning import smallest_breaking


def tried(count: int, breaking: set[int]) -> tuple[tuple[int, ...], int]:
    """Return what is found among so many things, and in how many tries."""
    tries: list[tuple[int, ...]] = []

    def fails(some: tuple[int, ...]) -> bool:
        tries.append(some)
        return breaking <= set(some)

    return smallest_breaking(range(count), fails), len(tries)


@pytest.mark.parametrize("count", [2, 3, 8, 13, 64])
def test_every_pair_is_found_within_the_bound(count: int) -> None:
    most = 2 * math.ceil(math.log2(count)) + 1  # and the run on all of them, which found that they fail
    for second in range(1, count):
        for first in range(second):
            found, tries = tried(count, {first, second})
            assert found == (first, second)
            assert tries <= most


@given(st.integers(1, 40), st.data())
def test_any_set_is_found(count: int, data: st.DataObject) -> None:
    breaking = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=5))
    found, tries = tried(count, breaking)
    assert set(found) == breaking
    assert list(found) == sorted(found)
    assert tries <= (len(breaking) + 1) * (math.ceil(math.log2(count)) + 1) + 1


def test_where_nothing_at_all_fails_too_nobody_is_named() -> None:
    assert tried(8, set())[0] == ()
