"""No secret that the environment holds reaches the disk or a terminal: `canaries.py` as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from endtoend.canaries import trial

from forkjoin import Task, attach, launch, run
from forkjoin.errors import PlanError


@pytest.mark.slow
def test_thirty_secrets_are_met_nowhere(tmp_path: Path) -> None:
    found = trial(tmp_path)
    assert len(found) == 7
    assert not any(found.values()), found


def test_what_a_person_says_of_a_task_holds_none_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "h1-Jk2-x9!")
    made = launch([Task(id="a", shell="sleep 30", writes=[])], tree=tmp_path)
    with pytest.raises(PlanError, match=r"holds the value of your \$DEPLOY_TOKEN"):
        made.send("a", "log in with h1-Jk2-x9!")
    made.stop(reason="h1-Jk2-x9! is the wrong one")
    assert made.wait(timeout=60).tasks[0].why == "[redacted] is the wrong one"
    assert b"h1-Jk2" not in b"".join(path.read_bytes() for path in Path(made.folder).rglob("journal.db*"))
    made.close()


def test_what_a_function_returns_or_raises_is_masked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "h1-Jk2-x9!")

    def broken() -> str:
        raise ValueError("cannot log in with h1-Jk2-x9!")

    done = run([Task(id="a", function=lambda: {"v": "h1-Jk2-x9!"}), Task(id="b", function=broken)], tree=tmp_path)
    with attach(done.run, tree=tmp_path) as made:
        assert made.output("a").text == '{"v":"[redacted]"}'
        assert "cannot log in with [redacted]" in done.tasks[1].reason
    assert b"h1-Jk2" not in b"".join(path.read_bytes() for path in Path(made.folder).rglob("journal.db*"))
