"""Signals at moments of chance; the long form is `python tests/crash/signals.py --trials 300`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from crash.forms import told_by

SCRIPT = Path(__file__).with_name("signals.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_whatever_signal_comes_nothing_lives_on_and_what_was_done_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How quickly the second Ctrl-C ends it is measured in the long form: here other tests run beside it.
    monkeypatch.setitem(os.environ, "FORKJOIN_SECOND_S", "20")
    said = told_by(SCRIPT, tmp_path / "told.json", "--trials", "12", "--seed", "7")
    assert (said["broken"], said["skipped"]) == ([], {})
    assert said["landed"] >= 4
