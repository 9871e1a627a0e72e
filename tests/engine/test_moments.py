from __future__ import annotations

import time

import pytest

from forkjoin.engine.driving.moments import Moments


@pytest.mark.parametrize("jump_s", [-40 * 86400.0, 3600.0, 40 * 86400.0])
def test_a_wall_clock_that_is_set_moves_no_moment(jump_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = Moments()
    before = moments.now()
    assert abs(before - time.time()) < 1
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump_s)
    assert 0 <= moments.now() - before < 60


def test_what_the_machine_slept_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = 100.0
    name = "clock_gettime" if hasattr(time, "CLOCK_BOOTTIME") else "monotonic"
    monkeypatch.setattr(time, name, lambda *_: passed)
    moments = Moments()
    before = moments.now()
    passed += 3600.0
    assert moments.now() - before == 3600.0
