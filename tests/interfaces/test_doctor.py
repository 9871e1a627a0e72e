"""`forkjoin doctor`: what is well, what is not, and how it is mended."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from forkjoin.engine.doctor import examining, runs
from forkjoin.model import Options


def _home() -> Path:
    return Path(os.environ["FORKJOIN_HOME"])


def test_each_fact_has_a_verdict_and_what_is_not_well_a_remedy(forkjoin) -> None:
    said = forkjoin.json("doctor")
    facts = {fact["name"]: fact for fact in said["facts"]}
    assert said["ok"] is True
    assert {"python", "git", "analysers", "state folder", "free space", "open files", "runs", "retention"} <= set(facts)
    assert all(fact["remedy"] for fact in said["facts"] if fact["verdict"] != "ok" and fact["name"] != "system")
    assert "for ever" in facts["retention"]["seen"]
    code, out, _ = forkjoin("doctor")
    assert code == 0
    assert max(map(len, out.split("\n"))) <= 100


def test_a_network_file_system_is_warned_of(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "file_system", lambda _text, _path: "nfs4")
    facts = {fact["name"]: fact for fact in forkjoin.json("doctor")["facts"]}
    assert facts["file system"]["verdict"] == "warning"
    assert "local disk" in facts["file system"]["remedy"]


def test_a_state_folder_that_others_can_write_is_refused(forkjoin) -> None:
    _home().mkdir(parents=True, exist_ok=True)
    _home().chmod(0o777)
    said = forkjoin.json("doctor", code=7)
    assert [fact["name"] for fact in said["facts"] if fact["verdict"] == "bad"] == ["state folder"]


def test_a_state_folder_that_can_be_none_is_said_to_be_not_well(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORKJOIN_HOME", str(forkjoin.tree / ("x" * 300)))
    (fact,) = [fact for fact in forkjoin.json("doctor", code=7)["facts"] if fact["name"] == "state folder"]
    assert (fact["verdict"], fact["remedy"]) == ("bad", "set FORKJOIN_HOME to one of your own")


def test_settings_are_named_with_where_they_came_from(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORKJOIN_RETENTION_DAYS", "30")
    (forkjoin.tree / ".forkjoin.toml").write_text("max_parallel = 3\n")
    found = {one["name"]: (one["value"], one["origin"]) for one in forkjoin.json("doctor", "--settings")["settings"]}
    assert found["retention_days"] == (30, "environment")
    assert found["max_parallel"] == (3, "project")
    assert found["agent"] == (None, "default")
    assert "retention_days  30.0  (environment" in forkjoin("doctor", "--settings")[1]
    assert "30 days" in forkjoin("doctor")[1]
    places = {one["name"]: one["where"] for one in forkjoin.json("doctor", "--settings")["settings"]}
    assert places["max_parallel"] == str(forkjoin.tree / ".forkjoin.toml")
    assert (places["retention_days"], places["agent"]) == ("FORKJOIN_RETENTION_DAYS", "")
    (fact,) = [fact for fact in forkjoin.json("doctor")["facts"] if fact["name"] == "settings"]
    assert f"max_parallel ({places['max_parallel']})" in fact["seen"]


def test_agents_and_extras_are_named_with_the_command_that_adds_what_is_missing(
    forkjoin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forkjoin.engine.doctor import equipment

    facts = {fact["name"]: fact for fact in forkjoin.json("doctor")["facts"]}
    assert "command" in facts["agents"]["seen"]
    assert "review" in facts["extras"]["seen"]
    there = equipment._installed
    monkeypatch.setattr(equipment, "_installed", lambda package: package != "bandit" and there(package))
    (fact,) = [fact for fact in forkjoin.json("doctor")["facts"] if fact["name"] == "extras"]
    assert "review lacks bandit: pip install 'forkjoin[review]'" in fact["remedy"]


def test_no_name_is_cut_at_its_hyphen(forkjoin) -> None:
    assert not [line for line in forkjoin("doctor")[1].split("\n") if line.endswith("-")]


def test_leftovers_are_listed_and_then_removed(forkjoin) -> None:
    for left in ("workspaces/20261123-000000-abab", "unfinished/20261123-000000-cdcd"):
        (_home() / left).mkdir(parents=True)
    assert "2 without a run" in forkjoin("doctor")[1]
    assert forkjoin("doctor", "--fix", "-n")[1].count("would remove") == 2
    assert (_home() / "workspaces" / "20261123-000000-abab").is_dir()
    assert len(forkjoin.json("doctor", "--fix")["removed"]) == 2
    assert not (_home() / "workspaces" / "20261123-000000-abab").exists()
    assert "nothing is left over" in forkjoin("doctor", "--fix")[1]


def test_a_folder_of_somebody_elses_is_no_leftover(forkjoin) -> None:
    """FORKJOIN_HOME may be a folder in which others have a folder of that name."""
    (_home() / "workspaces" / "my-project").mkdir(parents=True)
    assert "leftovers" not in {fact["name"] for fact in forkjoin.json("doctor")["facts"]}
    assert forkjoin.json("doctor", "--fix")["removed"] == []
    assert (_home() / "workspaces" / "my-project").is_dir()


@pytest.mark.slow
def test_a_damaged_journal_is_named_repaired_and_nothing_that_ended_runs_again(forkjoin) -> None:
    log = forkjoin.tree.parent / "log"
    tasks = [{"id": f"t{n}", "shell": f"echo t{n} >> {log}; echo a{n}", "writes": []} for n in range(3)]
    run = forkjoin.json("run", forkjoin.plan(*tasks, max_parallel=1))["run"]
    journal = _home() / "runs" / run / "journal.db"
    db = sqlite3.connect(journal)
    (bad,) = db.execute("SELECT seq FROM event WHERE kind = 'starting' AND task = 't1'").fetchone()
    db.execute("UPDATE event SET body = x'00' WHERE seq = ?", (bad,))
    db.commit()
    db.close()
    code, listed, left_out = forkjoin("ls")
    assert (code, listed) == (0, "")
    assert left_out.startswith(f"run {run} is left out: ")
    assert left_out.endswith(f"forkjoin doctor --repair {run}\n")
    assert f"forkjoin doctor --repair {run}" in forkjoin("show", f"{run}/")[2]
    assert f"the journal of run {run} cannot be read" in forkjoin("doctor")[1]
    said = forkjoin.json("doctor", "--repair", run, "-n")
    assert (said["kept"], said["lost"] > 0) == (bad - 1, True)
    assert forkjoin("show", f"{run}/")[0] != 0
    assert "next: forkjoin resume" in forkjoin("doctor", "--repair", run)[1]
    assert forkjoin("resume", "-q", run)[0] == 0
    assert [task["state"] for task in forkjoin.json("show", f"{run}/")["tasks"]] == ["completed"] * 3
    assert log.read_text().split() == ["t0", "t1", "t2"]
    assert len(list(journal.parent.glob("journal.damaged-*[0-9]"))) == 1


@pytest.mark.slow
def test_a_journal_without_its_plan_is_left_with_what_there_is(forkjoin) -> None:
    run = forkjoin.json("run", "-a", "shell", "-t", "echo x")["run"]
    journal = _home() / "runs" / run / "journal.db"
    db = sqlite3.connect(journal)
    db.execute("UPDATE event SET body = x'00' WHERE seq = 1")
    db.commit()
    db.close()
    code, _, said = forkjoin("doctor", "--repair", run)
    assert code != 0
    assert "the plan, is gone" in said
    assert "output files below" in said
    assert f"remove it: rm -r {journal.parent}; forkjoin doctor --fix" in said


def test_a_run_whose_journal_was_deleted_is_named_with_what_helps(forkjoin) -> None:
    run = forkjoin.json("run", "-a", "shell", "-t", "echo x")["run"]
    own = _home() / "runs" / run
    (own / "journal.db").unlink()
    (fact,) = [fact for fact in forkjoin.json("doctor")["facts"] if fact["name"] == "no journal"]
    assert (str(own) in fact["seen"], f"rm -r {own}" in fact["remedy"]) == (True, True)
    assert "its journal is gone; see: forkjoin doctor" in forkjoin("show", run)[2]


def test_old_runs_are_removed_where_asked_and_at_launch_where_set(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    first = forkjoin.json("run", "-a", "shell", "-t", "true")["run"]
    assert forkjoin("rm", "--older-than", "1h")[2].startswith("nothing to remove")
    assert forkjoin.json("rm", "--older-than", "0s", "-n")["runs"] == [first]
    monkeypatch.setenv("FORKJOIN_RETENTION_DAYS", "0")
    second = forkjoin.json("run", "-a", "shell", "-t", "true")["run"]
    assert [run["run"] for run in forkjoin.json("ls")["runs"]] == [second]
    assert forkjoin("rm")[0] == 2
    assert forkjoin("rm", "--older-than", "1h", second)[0] == 2
    for no_size in ("nan", "-1"):  # which would have everything go
        assert f"--keep-gib: {no_size} is no size" in forkjoin("rm", f"--keep-gib={no_size}")[2]
    assert [run["run"] for run in forkjoin.json("ls")["runs"]] == [second]
    assert forkjoin("doctor", "--fix", "--settings")[0] == 2


def test_a_damaged_file_of_claims_is_named_and_then_removed(forkjoin) -> None:
    damaged = _home() / "claims" / "0123.damaged"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"rubbish")
    (fact,) = [fact for fact in forkjoin.json("doctor")["facts"] if fact["name"] == "claims"]
    assert fact["verdict"] == "warning"
    assert str(damaged) in fact["seen"]
    forkjoin("doctor", "--fix", "-n")
    assert damaged.exists()
    forkjoin("doctor", "--fix")
    assert not damaged.exists()


def test_a_journal_of_a_newer_forkjoin_is_not_called_damaged(forkjoin) -> None:
    run = forkjoin.json("run", "-a", "shell", "-t", "true")["run"]
    db = sqlite3.connect(_home() / "runs" / run / "journal.db")
    db.execute("PRAGMA user_version = 2")
    db.close()
    facts = {fact["name"]: fact for fact in forkjoin.json("doctor")["facts"]}
    assert facts["newer"]["remedy"] == "upgrade forkjoin"
    assert "damaged" not in facts
    assert "upgrade forkjoin" in forkjoin("doctor", "--repair", run)[2]


def test_more_runs_than_there_is_time_for_are_counted(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    forkjoin.json("run", "-a", "shell", "-t", "true")
    monkeypatch.setattr(runs, "_LOOK_S", -1.0)
    facts = {fact["name"]: fact for fact in forkjoin.json("doctor")["facts"]}
    assert facts["runs"]["seen"] == "1; the oldest 1 were not looked at"


def test_little_memory_and_no_git_are_said_with_what_they_mean(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "Options", lambda: Options(memory_floor=1.0))
    monkeypatch.setenv("PATH", str(_home() / "nothing"))
    facts = {fact["name"]: fact for fact in forkjoin.json("doctor")["facts"]}
    assert facts["memory"]["verdict"] == facts["git"]["verdict"] == "warning"
    assert "launches wait below 100%" in facts["memory"]["remedy"]
    assert "install it" in facts["git"]["remedy"]
