"""The list a person watches."""

from __future__ import annotations

from typing import Literal

import msgspec

from forkjoin.model.base import Value


class Todo(Value, frozen=True, kw_only=True):
    """One line of the list; in JSON `activeForm` is what it is called while in progress."""

    content: str
    status: Literal["pending", "in_progress", "completed"]
    active_form: str = msgspec.field(name="activeForm")
