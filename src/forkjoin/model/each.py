"""One task for each folder or file of a tree, and what each of them got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from forkjoin.model.base import TaskId, Value
from forkjoin.model.task import Strings, Task

# A Python caller may write a prompt; what is kept is a task.
if TYPE_CHECKING:
    Template: TypeAlias = Any
else:
    Template = Task


class Each(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A task to be made once for every folder (`dirs`) or every file (`files`) that a glob of the tree matches.

    `{{ dir }}` or `{{ file }}` in the texts of `task` is replaced by its path. With `at_most` N small ones are grouped
    into N tasks of about the same size. A Python caller may write one glob as a string, and a prompt for `task`.
    """

    task: Template
    dirs: Strings = ()
    files: Strings = ()
    at_most: int | None = None

    def __post_init__(self) -> None:
        """Take what a Python caller naturally writes: one glob, a list of them, a prompt."""
        for name in ("dirs", "files"):
            given = getattr(self, name)
            if isinstance(given, str | list):
                msgspec.structs.force_setattr(self, name, (given,) if isinstance(given, str) else tuple(given))
        if isinstance(self.task, str):
            msgspec.structs.force_setattr(self, "task", Task(task=self.task))


class Share(Value, frozen=True, kw_only=True):
    """What one task of a fan-out got: its folders or files, how many files that is, and their bytes."""

    task: TaskId
    of: tuple[str, ...]
    files: int
    bytes: int
