"""`todo_read` and `todo_write`: a caller's own items beside the tasks, whose states are the journal's to say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from forkjoin.errors import PlanError
from forkjoin.model import Todo
from forkjoin.tools.answers import Todos, TodosWritten
from forkjoin.tools.asks import TodoRead, TodoWrite
from forkjoin.tools.host import Host, Tell

_MOST = 500
# Not "Join the two tables": what is joined is what others brought.
_JOINING: Final = re.compile(
    r"(?:synthesi[sz](?:e|ing|s of)|join|merge|combine)(?: \w+){0,2}?"
    r" (?:results?|findings?|outputs?|reports?|answers?)\b"
    r"|synthesi[sz](?:e|ing|s)$"
)
_JOIN: Final = Todo(content="Synthesize results", status="pending", active_form="Synthesizing results")


async def todo_read(host: Host, ask: TodoRead, given: Mapping[str, Any], tell: Tell) -> Todos:
    """Return the list of a run, or a caller's own."""
    run = ask.run or host.newest
    return Todos(run=run, todos=await asyncio.to_thread(_list, host, run))


async def todo_write(host: Host, ask: TodoWrite, given: Mapping[str, Any], tell: Tell) -> TodosWritten:
    """Put the caller's items on the list; no task's state is changed by it."""
    todos = [one.todo() for one in ask.todos]
    checked(todos, ask.mode)
    return await asyncio.to_thread(_written, host, ask, todos)


def checked(todos: Sequence[Todo], mode: Literal["parallel", "sequential"]) -> None:
    """Raise PlanError for a list that cannot be true: two in progress one after another, a join that did not wait."""
    if len(todos) > _MOST:
        raise PlanError(f"has {len(todos)} items", where="todos", next_step=f"keep to {_MOST}")
    for number, one in enumerate(todos):
        if not one.content.strip():
            raise PlanError("has no content", where=f"todos[{number}]", next_step="say what is to be done")
    going = [one for one in todos if one.status == "in_progress"]
    if mode == "sequential" and len(going) > 1:
        raise PlanError(
            f"{len(going)} items are in progress in a sequential list",
            where="todos",
            next_step="leave one in progress, or say mode: parallel",
        )
    _check_join(todos)


def _check_join(todos: Sequence[Todo]) -> None:
    open_ = next((one for one in todos if one.status != "completed" and not is_join(one)), None)
    early = next((one for one in todos if is_join(one) and one.status != "pending"), None)
    if early is not None and open_ is not None:
        raise PlanError(
            f"{early.content!r} is {early.status}, and {open_.content!r} is {open_.status}",
            where="todos",
            next_step="joining waits for all others: leave it pending",
        )


def is_join(todo: Todo) -> bool:
    """Whether an item stands for joining what the others bring."""
    return _JOINING.match(" ".join(todo.content.lower().split())) is not None


def completed_list(todos: Sequence[Todo], mode: Literal["parallel", "sequential"]) -> tuple[Todo, ...]:
    """Return a caller's own list with a join behind two or more parallel items, where it has none."""
    if mode == "parallel" and len(todos) > 1 and not any(map(is_join, todos)):
        return (*todos, _JOIN)
    return tuple(todos)


def _list(host: Host, run: str) -> tuple[Todo, ...]:
    if not run:
        return host.own
    with host.run(run) as found:
        return found.todo()


def _written(host: Host, ask: TodoWrite, todos: Sequence[Todo]) -> TodosWritten:
    name = ask.run or host.newest
    if not name:
        old, host.own = host.own, completed_list(todos, ask.mode)
        return TodosWritten(run="", oldTodos=old, newTodos=host.own)
    with host.run(name) as run:
        old = run.todo()
        run.jot([one for one in todos if not is_join(one)])
        new = run.todo()
    kept = {line.content for line in new}
    notes = tuple(
        f"{one.content!r} is a task of run {name}: how it stands is for the run to say"
        for one in todos
        if one.content not in kept or _differs(one, new)
    )
    return TodosWritten(run=name, oldTodos=old, newTodos=new, notes=notes)


def _differs(item: Todo, lines: Sequence[Todo]) -> bool:
    return any(line.content == item.content and line.status != item.status for line in lines)
