"""Agent `function`: which callables are called how, and what their returns are worth."""

from __future__ import annotations

import asyncio
import functools
import inspect
from dataclasses import dataclass

import pytest

from forkjoin.agents import EndedAttempt, Site, dialect
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Call, Claimed, Completed, Exit, Failed, Place, Stopped, Task, TimedOut

SITE = Site(place=Place(kind="shared", root="", cwd=""), brief="", scratch="", environ={})
CLEAN = Exit(how="exited", code=0)


def called(function, **fields):
    asked = dialect("function").invocation(Task(description="me", function=function, **fields), SITE)
    assert isinstance(asked, Call)
    result = asked.call()
    return asyncio.run(result) if inspect.isawaitable(result) else result


def said(returned):
    judged = dialect("function").judge(Task(), EndedAttempt(exit=CLEAN, returned=returned))
    assert judged.outcome == Completed()
    return judged.answer, judged.value


class Named:
    def __call__(self, task):
        return task.description


class AwaitedCallable:
    async def __call__(self):
        return "awaited"


async def coroutine(task):
    return task.description


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: "none", "none"),
        (lambda task: task.description, "me"),
        (lambda n=3: n, 3),
        (lambda *rest: rest, ()),
        (lambda task, n=3: (task.description, n), ("me", 3)),
        (functools.partial(lambda n, task: (n, task.description), 4), (4, "me")),
        (functools.partial(lambda n: n, 4), 4),
        (Named(), "me"),
        (Named().__call__, "me"),
        (dict, {}),
        (coroutine, "me"),
        (AwaitedCallable(), "awaited"),
    ],
)
def test_a_function_gets_the_task_only_where_it_needs_one_argument(function, expected):
    assert called(function) == expected


def test_an_argument_by_keyword_only_gets_the_task_too():
    def wants(*, task):
        return task.description

    assert called(wants) == "me"


@pytest.mark.parametrize("function", [coroutine, AwaitedCallable(), functools.partial(coroutine)])
def test_coroutine_functions_are_known_as_such_so_that_they_run_in_the_loop(function):
    call = dialect("function").invocation(Task(function=function), SITE).call
    assert inspect.iscoroutinefunction(call)


def test_a_function_of_two_arguments_is_refused_with_their_names():
    with pytest.raises(PlanError, match=r"needs 2 arguments \(a, b\); give it none or one"):
        called(lambda a, b: None)


def test_a_function_that_is_only_a_name_cannot_be_called():
    with pytest.raises(CannotHere, match=r"'pkg.mod:f'.*lives only in the program"):
        dialect("function").invocation(Task(id="t", function="pkg.mod:f"), SITE)


def test_the_timeout_is_handed_on():
    assert dialect("function").invocation(Task(function=lambda: 1, timeout=7), SITE).timeout == 7


@dataclass
class Shape:
    sides: int


def test_text_is_the_answer_none_is_empty_and_the_rest_is_json():
    assert said("text") == ("text", b"")
    assert said(None) == ("", b"")
    assert said({"a": (1, 2)}) == ('{"a":[1,2]}', b'{"a":[1,2]}')
    assert said(Shape(sides=4)) == ('{"sides":4}', b'{"sides":4}')
    assert said((Claimed(title="x"),)) == ('[{"title":"x"}]', b'[{"title":"x"}]')
    assert said(0) == ("0", b"0")


def test_what_has_no_json_is_shown_as_python_shows_it():
    assert said(object)[0] == "<class 'object'>"
    assert said(10**400)[0].startswith("1000")
    looped: list[object] = []
    looped.append(looped)
    assert said(looped) == ("[[...]]", b"")


def test_an_exception_is_a_failure_of_the_agent_with_its_words():
    judged = dialect("function").judge(
        Task(), EndedAttempt(exit=Exit(how="exited", error="ValueError: no"), returned="x")
    )
    assert judged.outcome == Failed(kind="agent", reason="ValueError: no")
    assert judged.answer == ""


def test_a_deadline_or_a_stop_is_not_a_failure_of_the_function():
    late = dialect("function").judge(Task(), EndedAttempt(exit=Exit(how="timeout", wall_s=1.0)))
    ended = dialect("function").judge(Task(), EndedAttempt(exit=Exit(how="stopped", reason="asked")))
    assert isinstance(late.outcome, TimedOut)
    assert ended.outcome == Stopped(reason="asked")
