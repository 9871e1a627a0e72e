"""Agent `function`: a Python callable of the caller, run in the caller's own process."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec

from forkjoin.agents.dialect import Ended, Judgement, Probe, Site
from forkjoin.agents.ending import ended_badly, usage_of
from forkjoin.agents.said import Said
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Call, Completed, Failed, Ref, Task, to_json

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_REPR = 100_000


class FunctionDialect:
    """Called with no argument, or with the task where it takes exactly one; what it returns is the answer."""

    name = "function"
    answers = False

    def probe(self) -> Probe:
        """Say that it is always here."""
        return Probe(found=True, how="a Python callable (Task(function=...), in the library)")

    def invocation(self, task: Task, site: Site) -> Call:
        """Return the call; raise CannotHere where only the function's name is left, PlanError where it cannot fit."""
        del site  # it runs where the caller runs
        target = getattr(task.function, "target", None) if isinstance(task.function, Ref) else None
        if target is None:
            raise CannotHere(
                f"task {task.id or task.description!r} names the function {str(task.function)!r}, and a function lives "
                "only in the program that made the plan; run it from there, or write command: [python, -c, ...]"
            )
        return Call(call=_in_loop(_bound(task, target)), timeout=task.timeout)

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return nothing: a call has no output stream."""
        del line
        return ()

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Completed with what it returned: text as it is, None as "", anything else as JSON (or its repr)."""
        del task
        usage = usage_of(ended.exit)
        badly = ended_badly(ended.exit)
        if badly is not None:
            return Judgement(outcome=badly, usage=usage)
        if ended.exit.error:
            return Judgement(outcome=Failed(kind="agent", reason=ended.exit.error), usage=usage)
        answer, value = _said(ended.returned)
        return Judgement(outcome=Completed(), answer=answer, value=value, usage=usage)


def _bound(task: Task, target: Callable[..., Any]) -> Callable[[], Any]:
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return target
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if not needed:
        return target
    if len(needed) > 1:
        names = ", ".join(p.name for p in needed)
        raise PlanError(
            f"its function {str(task.function)!r} needs {len(needed)} arguments ({names})",
            where=task.id,
            next_step="give it none or one (the task), or bind them with functools.partial",
        )
    return partial(target, task) if needed[0].kind in _POSITIONAL else partial(target, **{needed[0].name: task})


def _in_loop(call: Callable[[], Any]) -> Callable[[], Any]:
    """Make an object whose `__call__` is a coroutine function known as one, so that it runs in the loop."""
    bare = call.func if isinstance(call, partial) else call
    if inspect.iscoroutinefunction(call) or not inspect.iscoroutinefunction(getattr(bare, "__call__", None)):  # noqa: B004 - it asks what kind of call, not whether
        return call

    async def awaited() -> Any:
        return await call()

    return awaited


def _said(returned: object) -> tuple[str, bytes]:
    if returned is None:
        return "", b""
    if isinstance(returned, str):
        return str(returned), b""
    try:
        value = to_json(returned)
        return value.decode("utf-8"), value
    except (TypeError, ValueError, OverflowError, RecursionError, NotImplementedError, msgspec.MsgspecError):
        return repr(returned)[:_REPR], b""
