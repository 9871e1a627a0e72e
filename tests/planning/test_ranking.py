"""One order of all tasks: every firm entry is kept, every soft one where no ring would close."""

from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.planning.ranking import Order, ranks


def order(count: int, *, firm: str = "", soft: str = "") -> Order:
    """Entries such as "01 12": 0 before 1, 1 before 2."""
    made = Order(count)
    for entries, is_soft in ((firm, False), (soft, True)):
        for first, then in entries.split():
            made.put(int(first), int(then), soft=is_soft)
    return made


def placed(count: int, *, firm: str = "", soft: str = "") -> tuple[str, set[int]]:
    rank, ring = ranks(order(count, firm=firm, soft=soft))
    return "".join(str(task) for task in sorted(range(count), key=rank.__getitem__)), set(ring)


@pytest.mark.parametrize(
    ("firm", "soft", "found"),
    [
        ("", "", "0123"),
        ("30", "", "1230"),
        ("10 21 32", "", "3210"),
        ("", "30", "1230"),
        ("31", "20", "2031"),
        ("12", "30", "1230"),
        ("03 03", "", "0123"),
    ],
)
def test_the_plans_order_decides_where_the_entries_leave_a_choice(firm: str, soft: str, found: str) -> None:
    assert placed(4, firm=firm, soft=soft) == (found, set())


@pytest.mark.parametrize(
    ("firm", "soft", "found", "ring"),
    [
        ("", "01 10", "0123", {0, 1}),
        ("", "01 12 20", "0123", {0, 1, 2}),
        ("", "01 10 32", "0132", {0, 1}),
        ("10", "01", "1023", {0, 1}),
        ("10", "01 32", "1032", {0, 1}),
        ("", "01 10 23 32", "0123", {0, 1, 2, 3}),
        ("20", "01 12", "1203", {0, 1, 2}),
    ],
)
def test_a_ring_gives_way_and_is_named_and_the_rest_stays(firm: str, soft: str, found: str, ring: set[int]) -> None:
    assert placed(4, firm=firm, soft=soft) == (found, ring)


def test_a_firm_ring_is_refused() -> None:
    with pytest.raises(PlanError, match="after entries form a ring; take one of them out"):
        placed(3, firm="01 12 20")


def test_a_hub_orders_all_before_it_and_all_behind_it_and_takes_no_place() -> None:
    made = Order(4)
    hub = made.hub()
    for maker in (2, 3):
        made.put(maker, hub, soft=True)
    for reader in (0, 1):
        made.put(hub, reader, soft=True)
    assert ranks(made) == ([2, 3, 0, 1], frozenset())


def test_a_hub_never_stands_in_a_tasks_way() -> None:
    made = Order(3)
    hub = made.hub()
    made.put(0, hub, soft=True)
    made.put(hub, 1, soft=True)
    assert ranks(made)[0] == [0, 1, 2]


def test_a_long_chain_and_a_long_ring_need_no_recursion() -> None:
    count = 50_000
    chain = Order(count)
    for task in range(1, count):
        chain.put(task, task - 1, soft=True)
    assert ranks(chain)[0][0] == count - 1
    chain.put(0, count - 1, soft=True)
    assert ranks(chain) == (list(range(count)), frozenset(range(count)))
