"""Changes that merge and may not fit are told; what is ordinary is not."""

from __future__ import annotations

import pytest

from forkjoin.model import TaskId
from forkjoin.planning import Edited, suspicions

ADD = "def add(a, b):\n    return a + b\n"
CALL = "from app import add\n\nx = add(1, 2)\n"


def edit(task: str, path: str, before: str = "", after: str = "") -> Edited:
    return Edited(task=TaskId(task), path=path, before=before, after=after)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("def add(a, b, c):\n    return a + b + c\n", "changed the parameters of add"),
        ("def add(a, *, b):\n    return a + b\n", "changed the parameters of add"),
        ("async def add(a, b):\n    return a + b\n", "changed the parameters of add"),
        ("def plus(a, b):\n    return a + b\n", "took add away"),
    ],
)
def test_a_changed_function_with_a_new_caller_elsewhere(after: str, said: str) -> None:
    (one,) = suspicions([edit("a", "app.py", ADD, after), edit("b", "use.py", "", CALL)])
    assert (one.kind, one.first, one.second, one.name) == ("signature", "a", "b", "add")
    assert one.paths == ("app.py", "use.py")
    assert said in one.said


def test_a_changed_method_counts_too() -> None:
    before, after = "class A:\n    def go(self): ...\n", "class A:\n    def go(self, far): ...\n"
    found = suspicions([edit("a", "a.py", before, after), edit("b", "b.py", "", "from a import A\nA().go()\n")])
    assert [one.name for one in found] == ["go"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (edit("a", "app.py", ADD, ADD + "\n# said\n"), edit("b", "use.py", "", CALL)),
        (edit("a", "app.py", ADD, "def add(a, b):\n    return b + a\n"), edit("b", "use.py", "", CALL)),
        (edit("a", "app.py", ADD, "def add(a, b, c): ...\n"), edit("b", "use.py", CALL, CALL + "\n# more\n")),
        (edit("a", "app.py", ADD, "def add(a, b, c): ...\n"), edit("a", "use.py", "", CALL)),
        (edit("a", "x/one.py", "", "def main(): ...\n"), edit("b", "x/two.py", "", "def main(): ...\n")),
        (edit("a", "x/one.py", "", "def helper(): ...\n"), edit("b", "y/two.py", "", "def helper(): ...\n")),
    ],
    ids=["comment", "body", "old-caller", "one-task", "main", "elsewhere"],
)
def test_what_is_ordinary_is_not_told(first: Edited, second: Edited) -> None:
    assert suspicions([first, second]) == ()


def test_a_file_that_cannot_be_parsed_is_as_one_with_nothing_in_it() -> None:
    assert suspicions([edit("a", "app.py", "def (", "def ("), edit("b", "use.py", "", CALL)]) == ()


def test_one_new_name_twice() -> None:
    one, other = ADD + "\ndef slug(): ...\n", "slug = 1\n" + ADD
    found = suspicions([edit("a", "app.py", ADD, one), edit("b", "app.py", ADD, other)])
    assert [(one.kind, one.name) for one in found] == [("name", "slug")]
    near = suspicions([edit("a", "x/one.py", "", "def slug(): ...\n"), edit("b", "x/two.py", "", "def slug(): ...\n")])
    assert [(one.kind, one.name, one.paths) for one in near] == [("name", "slug", ("x/one.py", "x/two.py"))]


def test_one_lock_file_changed_by_two() -> None:
    found = suspicions([edit("a", "web/yarn.lock", "", "x"), edit("b", "web/yarn.lock", "", "y"), edit("c", "uv.lock")])
    assert [(one.kind, one.first, one.second) for one in found] == [("lock-file", "a", "b")]


def test_many_files_are_looked_at_by_name_and_not_two_by_two() -> None:
    many = [edit(f"t{n % 50}", f"m{n}.py", "", f"def own{n}(a):\n    return helper{n}(a)\n") for n in range(3000)]
    found = suspicions([*many, edit("last", "use.py", "def helper7():\n    pass\n", "def helper7(x):\n    pass\n")])
    assert [(one.kind, one.first, one.second, one.name) for one in found] == [("signature", "last", "t7", "helper7")]


def test_of_very_many_only_the_first_hundred_are_told() -> None:
    found = suspicions([edit(f"t{n}", "uv.lock") for n in range(1500)])
    assert len(found) == 100
    assert found[99].second == "t100"
