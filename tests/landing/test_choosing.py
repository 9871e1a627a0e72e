"""Which tasks are landed: what it costs to choose among very many."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from forkjoin.engine.landing.asked import LandAsk
from forkjoin.engine.landing.choosing import chosen
from forkjoin.model import Change, Changes, TaskId, TaskView
from forkjoin.testing import a_task, a_view


class Counted(Collection[TaskId]):
    """Holds nothing, and counts how often it was looked through."""

    looks = 0

    def __len__(self) -> int:
        return 0

    def __contains__(self, _: object) -> bool:
        return False

    def __iter__(self) -> Iterator[TaskId]:
        self.looks += 1
        return iter(())


def test_what_was_landed_is_looked_through_once_and_not_for_each_task() -> None:
    made, landed = Changes(files=(Change(path="a", how="added"),), commit="c" * 40), Counted()
    tasks = [TaskView(task=a_task(f"t{n}"), number=n + 1, state="completed", changes=made) for n in range(50)]
    found = chosen(a_view(*tasks), LandAsk(tasks=("t0",)), landed=landed)
    assert [one.id for one in found.candidates] == ["t0"]
    assert found.notes[0].startswith("not asked for, and not landed: t1, t2")
    assert landed.looks <= 2
