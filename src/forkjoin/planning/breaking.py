"""The smallest set of things that break something together, found in few tries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def smallest_breaking(items: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """Return a smallest subset of *items*, in their order, that fails together; () where nothing at all fails too.

    All *items* together are known to fail, and more never fail less. For one or a pair among n at most
    2 * ceil(log2(n)) + 1 subsets are tried, for each further one ceil(log2(n)) + 1 more.
    """
    end = _first(partial(_fail_with, fails, items, ()), 0, len(items))
    if end == 1 and fails(()):
        return ()
    found: tuple[T, ...] = (items[end - 1],)
    while (before := end - 1) > 0:
        if len(found) > 1 and fails(found):
            break
        passing = 0 if len(found) > 1 else -1
        end = _first(partial(_fail_with, fails, items, found), passing, before)
        if end == 0:
            break
        found = (items[end - 1], *found)
    return found


def _fail_with(fails: Callable[[tuple[T, ...]], bool], items: Sequence[T], known: tuple[T, ...], count: int) -> bool:
    return fails((*items[:count], *known))


def _first(fails: Callable[[int], bool], passing: int, failing: int) -> int:
    """Return the smallest number that fails, *passing* is known to pass (-1: of no number is that known)."""
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if fails(middle):
            failing = middle
        else:
            passing = middle
    return failing
