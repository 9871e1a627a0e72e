"""A JSON object with a long list in it is printed as one that was made in one piece, and never held in one."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from typing import Any

import pytest

from forkjoin.interfaces.cli.talk import data_json, data_json_with

MIB = 1024 * 1024


class Sink(io.StringIO):
    """A stdout that only counts."""

    def __init__(self) -> None:
        super().__init__()
        self.length = 0

    def write(self, text: str) -> int:
        self.length += len(text)
        return len(text)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{}],
        [{"a": 1}],
        [{"id": "a\n\x9b", "answer": "x\ny", "l": [1, [2, {"b": []}]]}, {"id": "b"}],
        ["x", 3, None],
    ],
)
def test_the_text_is_the_same(items: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    before, after = {"forkjoin": 1, "run": "r"}, {"account": {"wall_s": 1.5, "lost": []}, "exit": "ok"}
    data_json({**before, "tasks": items, **after})
    whole = capsys.readouterr().out
    data_json_with(before, "tasks", iter(items), after)
    assert capsys.readouterr().out == whole


def test_a_name_that_is_no_utf8_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    data_json_with({"forkjoin": 1}, "tasks", [{"id": "a\udcff"}], {"exit": "ok"})
    assert json.loads(capsys.readouterr().out)["tasks"] == [{"id": "a\udcff"}]


def test_many_long_answers_are_never_held_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Sink()
    monkeypatch.setattr(sys, "stdout", sink)
    tracemalloc.start()
    tasks = ({"id": n, "answer": str(n % 10) * 2 * MIB} for n in range(30))
    data_json_with({"run": "r"}, "tasks", tasks, {"exit": "ok"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sink.length > 60 * MIB
    assert peak < 24 * MIB
