from __future__ import annotations

import pytest

from forkjoin.engine.driving import outside


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner looks for wishes and room at every turn of the loop."""
    monkeypatch.setattr(outside, "_LOOK_S", 0.0)
    monkeypatch.setattr(outside, "_GATE_S", 0.0)
