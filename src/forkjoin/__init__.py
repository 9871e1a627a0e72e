"""forkjoin runs coding agents side by side and joins what they bring back.

`from forkjoin import Plan, Task, run` is the quick start; names are loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forkjoin.engine.api import attach as attach
    from forkjoin.engine.api import check as check
    from forkjoin.engine.api import launch as launch
    from forkjoin.engine.api import review as review
    from forkjoin.engine.api import review_async as review_async
    from forkjoin.engine.api import run as run
    from forkjoin.engine.api import run_async as run_async
    from forkjoin.engine.records.kept import TaskOutput as TaskOutput
    from forkjoin.engine.run import Run as Run
    from forkjoin.errors import CannotHere as CannotHere
    from forkjoin.errors import ForkjoinError as ForkjoinError
    from forkjoin.errors import JournalDamaged as JournalDamaged
    from forkjoin.errors import NoRoom as NoRoom
    from forkjoin.errors import NotIndependent as NotIndependent
    from forkjoin.errors import PlanError as PlanError
    from forkjoin.errors import RunOwned as RunOwned
    from forkjoin.errors import UnknownId as UnknownId
    from forkjoin.model import Check as Check
    from forkjoin.model import Each as Each
    from forkjoin.model import Finding as Finding
    from forkjoin.model import Plan as Plan
    from forkjoin.model import Report as Report
    from forkjoin.model import RunResult as RunResult
    from forkjoin.model import RunView as RunView
    from forkjoin.model import Task as Task
    from forkjoin.model import TaskResult as TaskResult
else:
    from forkjoin.lazily import lazily

    __getattr__, __all__ = lazily(__spec__)
