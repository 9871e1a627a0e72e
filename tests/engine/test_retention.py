"""How long runs are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forkjoin.engine.doctor.examining import file_system
from forkjoin.engine.retention import Kept, expired
from forkjoin.model import RunId

DAY, GIB = 86400.0, 1024**3
NOW = 1000 * DAY


def kept(name: str, *, days: float | None, gib: float = 1.0, disposable: bool = True) -> Kept:
    ended = None if days is None else NOW - days * DAY
    return Kept(run=RunId(name), ended=ended, size=int(gib * GIB), disposable=disposable)


def gone(*runs: Kept, days: float | None = None, gib: float | None = None) -> tuple[str, ...]:
    return expired(runs, days=days, gib=gib, now=NOW)


def test_without_a_limit_everything_is_kept() -> None:
    assert gone(kept("a", days=999)) == ()


def test_what_is_over_for_longer_goes() -> None:
    assert gone(kept("new", days=1), kept("old", days=31), days=30) == ("old",)


def test_what_runs_and_what_holds_changes_stays_however_old_and_big() -> None:
    runs = kept("runs", days=None, gib=50), kept("holds", days=99, gib=50, disposable=False)
    assert gone(*runs, days=1, gib=1) == ()


def test_above_the_size_the_oldest_go_first_and_no_more_than_needed() -> None:
    runs = [kept(name, days=age) for name, age in (("c", 1), ("b", 2), ("a", 3))]
    assert gone(*runs, gib=2) == ("a",)
    assert gone(*runs, gib=0) == ("c", "b", "a")


RUNS = st.lists(
    st.builds(
        Kept,
        run=st.uuids().map(lambda one: RunId(str(one))),
        ended=st.none() | st.floats(0, NOW),
        size=st.integers(0, 5 * GIB),
        disposable=st.booleans(),
    ),
    max_size=20,
)


@given(RUNS, st.none() | st.floats(0, 900), st.none() | st.floats(0, 20))
def test_nothing_goes_that_is_not_over_or_holds_something(
    runs: list[Kept], days: float | None, gib: float | None
) -> None:
    left = set(expired(runs, days=days, gib=gib, now=NOW))
    assert all(one.disposable and one.ended is not None for one in runs if one.run in left)
    if gib is not None and any(one.run not in left and one.disposable and one.ended is not None for one in runs):
        assert sum(one.size for one in runs if one.run not in left) <= gib * GIB


MOUNTS = """\
22 1 0:20 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:30 / /home rw - nfs4 server:/home rw
31 30 0:31 / /home/me/local\\040disk rw shared:1 - xfs /dev/sdb rw
broken line
"""


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    from pathlib import Path

    assert file_system(MOUNTS, Path("/var/lib")) == "ext4"
    assert file_system(MOUNTS, Path("/home/me/state")) == "nfs4"
    assert file_system(MOUNTS, Path("/home/me/local disk/x")) == "xfs"
    assert file_system("", Path("/x")) == ""
