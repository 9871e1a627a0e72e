"""The limits of our style bind the tail: no long function, no long file, few parameters, no nest of branches."""

from __future__ import annotations

import ast
import math
import tomllib
from collections.abc import Iterator, Sequence

from architecture.house import ROOT, ours, parsed
from complexipy import file_complexity

FUNCTION_MOST, FUNCTION_P95 = 60, 30
FILE_MOST, FILE_P95 = 400, 250
PARAMETERS_MOST = 6
_TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
COMPLEXITY_MOST: int = _TOOLS["complexipy"]["max-complexity-allowed"]


def test_no_function_is_longer_than_60_lines_and_19_of_20_have_at_most_30():
    lengths = [(lines(function), where) for function, where in functions()]
    assert [f"{where}: {length} lines" for length, where in lengths if length > FUNCTION_MOST] == []
    assert p95([length for length, _ in lengths]) <= FUNCTION_P95


def test_no_file_is_longer_than_400_lines_and_19_of_20_have_at_most_250():
    lengths = [(len(path.read_bytes().split(b"\n")) - 1, path.relative_to(ROOT)) for path in measured()]
    assert [f"{path}: {length} lines" for length, path in lengths if length > FILE_MOST] == []
    assert p95([length for length, _ in lengths if length]) <= FILE_P95


def test_no_function_takes_more_than_6_parameters():
    """Unless the linter's rule was lifted there, with its reason (another test sees to that)."""
    assert [
        where for function, where in functions() if parameters(function) > PARAMETERS_MOST and not lifted(where)
    ] == []


def test_no_function_is_harder_to_follow_than_our_review_allows():
    """As complexipy counts: branches and loops, the more the deeper they lie; `forkjoin review` has the same limit."""
    hard = [(path, one) for path in ours("src", "dev.py") for one in file_complexity(str(path)).functions]
    assert len(hard) > 3000, "complexipy found too few functions: it no longer reads our files"
    assert [
        f"{path.relative_to(ROOT)}:{one.line_start} {one.name}: {one.complexity}"
        for path, one in hard
        if one.complexity > COMPLEXITY_MOST
    ] == []


def test_the_measures_see_what_they_should():
    """The three measures themselves, on a function of known size."""
    (function,) = ast.parse("def f(self, a, b=1, *c, d, **e):\n    x = 1\n\n    return x\n").body
    assert isinstance(function, ast.FunctionDef)
    assert lines(function) == 4
    assert parameters(function) == 5
    assert p95(list(range(1, 101))) == 95


def measured() -> list:
    return list(ours("src", "bench", "dev.py"))


def functions() -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    for path in measured():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return len([one for one in named if one.arg not in ("self", "cls")])


def lifted(where: str) -> bool:
    path, line = where.split(" ", maxsplit=1)[0].rsplit(":", 1)
    return "PLR0913" in (ROOT / path).read_text(encoding="utf-8").split("\n")[int(line) - 1]


def p95(values: Sequence[int]) -> int:
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]
