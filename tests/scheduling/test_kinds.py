"""Every kind of event has its line in the tables by which a past is folded."""

from __future__ import annotations

from typing import get_args

from forkjoin.journal import fold as journal_fold
from forkjoin.model import Event
from forkjoin.scheduling.fold import FOLDS


def test_the_board_knows_every_kind_of_event():
    assert set(FOLDS) == set(get_args(Event))


def test_the_journal_knows_every_kind_of_event_of_a_task():
    of_tasks = {kind for kind in get_args(Event) if "task" in kind.__struct_fields__}
    assert set(journal_fold.Fold._of_kind) == of_tasks
