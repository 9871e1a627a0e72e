"""CI's share of `hosts.py`: two real programs load what `forkjoin install` puts there, and it all goes away again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from realagents import homes, hosts

SCRIPT = Path(__file__).with_name("hosts.py")


@pytest.mark.slow
@pytest.mark.skipif(homes.programs() is None, reason="the real programs are not here: .ci/agents .agents")
def test_two_programs_load_what_is_installed_and_are_as_they_were_without_it() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--share", "codex", "pi"],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    found = json.loads(done.stdout)
    assert set(found) == {"codex", "pi"}
    assert not any(map(hosts.wrong, found.values())), done.stdout
    assert done.returncode == 0


def test_what_is_not_loaded_or_left_behind_is_told() -> None:
    right = {"as it was": True, "installed": 1, "told": {"a": True}, "listed": {"b": True}, "gone": True}
    assert not hosts.wrong(right)
    for bad in (
        {"as it was": False},
        {"installed": 0},
        {"told": {"a": False}},
        {"listed": {"b": "no"}},
        {"gone": False},
    ):
        assert hosts.wrong(right | bad)
