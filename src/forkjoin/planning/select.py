"""`-k EXPR`, as in pytest: and, or, not and brackets over words that stand in a task's id or description."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Plan

_TOKEN: Final = re.compile(r"[()]|[^\s()]+")
_BINDS: Final = {"or": 1, "and": 2, "not": 3}
MAX_EXPRESSION: Final = 10_000


def selected(plan: Plan, expression: str) -> Plan:
    """Return the plan with the tasks that *expression* picks, in their order.

    Raises PlanError for an expression that cannot be read, one that picks nothing, and one that picks a task without
    one it comes after.
    """
    steps = _postfix(expression)
    picked = [task for task in plan.tasks if _holds(steps, f"{task.id}\n{task.description}".casefold())]
    if not picked:
        some = ", ".join(task.id for task in plan.tasks[:10])
        raise PlanError("it picks no task", where=f"-k {expression!r}", next_step=f"the plan has {some}")
    ids: set[str] = {task.id for task in picked}
    for task in picked:
        lacking = next((name for name in task.after if name not in ids), None)
        if lacking is not None:
            raise PlanError(
                f"it picks {task.id!r}, which comes after {lacking!r}, and not {lacking!r}",
                where=f"-k {expression!r}",
                next_step=f"pick both: -k '({expression}) or {lacking}'",
            )
    return msgspec.structs.replace(plan, tasks=tuple(picked))


def _postfix(expression: str) -> tuple[str, ...]:
    """Return the expression with each operator behind what it works on. Words come with a leading space."""
    if len(expression) > MAX_EXPRESSION:
        raise PlanError(f"it has {len(expression):,} characters", where="-k", next_step=f"at most {MAX_EXPRESSION:,}")
    out: list[str] = []
    held: list[str] = []
    operand_next = True
    for word in _TOKEN.findall(expression):
        if operand_next == (word in (")", "and", "or")):
            raise _unreadable(expression, f"{word!r} stands where {'a word' if operand_next else 'and, or'} should")
        if word in ("(", "not"):
            held.append(word)
        elif word == ")":
            _unwind(held, out, 0)
            if not held:
                raise _unreadable(expression, "a bracket is closed that was not opened")
            held.pop()
        elif word in _BINDS:
            _unwind(held, out, _BINDS[word])
            held.append(word)
            operand_next = True
        else:
            out.append(f" {word.casefold()}")
            operand_next = False
    if operand_next or "(" in held:
        raise _unreadable(expression, "it ends too early")
    return (*out, *reversed(held))


def _unwind(held: list[str], out: list[str], binding: int) -> None:
    """Move operators that bind at least as tightly to the output, up to the open bracket."""
    while held and held[-1] != "(" and _BINDS[held[-1]] >= binding:
        out.append(held.pop())


def _holds(steps: Sequence[str], text: str) -> bool:
    stack: list[bool] = []
    for step in steps:
        if step == "not":
            stack.append(not stack.pop())
        elif step in _BINDS:
            right, left = stack.pop(), stack.pop()
            stack.append((left and right) if step == "and" else (left or right))
        else:
            stack.append(step[1:] in text)
    return stack.pop()


def _unreadable(expression: str, why: str) -> PlanError:
    return PlanError(
        why, where=f"-k {expression[:80]!r}", next_step='write words with and, or, not: -k "auth and not docs"'
    )
