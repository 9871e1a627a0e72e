"""A thread that loads modules lets another one answer first, and never waits for it without end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from forkjoin.interfaces.mcp import giving_way as module
from forkjoin.interfaces.mcp.giving_way import giving_way

NAMES = ("given_way_a", "given_way_b", "given_way_c")


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three modules that say when they ran."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("import time\nran = time.monotonic()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


def test_a_module_is_run_when_the_answer_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 60.0)
    turn, told = threading.Lock(), []
    turn.acquire()

    def answer() -> None:
        assert import_module(NAMES[1]).ran  # who answers may load too, and waits for nobody
        time.sleep(0.1)
        told.append(time.monotonic())
        turn.release()

    answering = threading.Thread(target=answer)
    with giving_way(turn):
        answering.start()
        ran = import_module(NAMES[0]).ran
    answering.join()
    assert told
    assert ran >= told[0]


def test_it_does_not_wait_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 0.05)
    turn = threading.Lock()
    with turn, giving_way(turn):
        began = time.monotonic()
        ran = import_module(NAMES[0]).ran
    assert 0.05 <= ran - began < 30


def test_afterwards_nothing_waits_and_a_module_says_whence_it_came() -> None:
    turn, finders = threading.Lock(), list(sys.meta_path)
    with giving_way(turn):
        loaded = import_module(NAMES[0])
    assert sys.meta_path == finders
    assert Path(loaded.__file__ or "").name == f"{NAMES[0]}.py"
    assert "ran = " in (loaded.__loader__.get_source(NAMES[0]) or "")
    with turn:
        assert import_module(NAMES[2]).ran
