"""A run in one file: no secrets, the same bytes again, opened anywhere, read-only."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from forkjoin import Plan, Task, attach, run
from forkjoin.engine.bundles.archive import read_archive
from forkjoin.engine.bundles.naming import bundle_named
from forkjoin.engine.bundles.reading import opened
from forkjoin.engine.bundles.redaction import Redaction, secret_values
from forkjoin.engine.bundles.writing import export
from forkjoin.engine.owner import RunOwner
from forkjoin.engine.records.kept import KeptRun
from forkjoin.engine.run import Run
from forkjoin.errors import CannotHere, NoRoom, PlanError
from forkjoin.model import Each

KEY = "sk-ant-" + "a1B2" * 8
pytestmark = pytest.mark.slow


@pytest.fixture
def made(repository: Path):
    """A run with secrets, changes, a failure, and an answer too long to lie in its event."""
    tasks = [
        Task(id="says", shell=f"echo key {KEY}; echo $OWN; echo oops >&2", env={"OWN": "hunter2hunter2"}, writes=[]),
        Task(id="writes", shell="echo new > made.txt", writes=["made.txt"]),
        Task(id="fails", shell="exit 3", writes=[]),
        Task(id="long", shell="yes word | head -3000", writes=[]),
    ]
    done = run(Plan(name="four", tasks=tasks), tree=repository)
    with attach(done.run, tree=repository) as found:
        yield found


def whole(bundle: Path) -> bytes:
    return b"\n".join(name.encode() + b"\n" + data for name, data in read_archive(bundle))


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz"])
def test_the_same_run_gives_the_same_bytes(made, tmp_path: Path, suffix: str) -> None:
    first, again = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    export(made, first, environ={})
    export(made, again, environ={})
    assert first.read_bytes() == again.read_bytes()
    assert first.stat().st_mode & 0o777 == 0o600


def test_it_is_read_where_nothing_else_of_the_run_is(made, tmp_path: Path) -> None:
    bundle = tmp_path / "odd name -x\n.tar.zst"
    export(made, bundle, patches=True, environ={})
    before = made.result_parts()
    answer, diff, brief = made.output("long", timeout=0).text, made.diff("writes"), made.brief("says")
    shutil.rmtree(made.folder)
    with opened(bundle) as found:
        after = found.result_parts()
        assert [task["state"] for task in after.tasks] == ["completed", "completed", "failed", "completed"]
        assert after.after["account"] == before.after["account"]
        assert found.output("long", timeout=0).text == answer
        assert found.log("says", stream="stderr") == "oops\n"
        assert found.diff("writes") == diff
        assert b"made.txt" in diff
        assert len(found.brief("says")) == len(brief)
        assert found.report().coverage.failed == ("fails",)
        unpacked = found.folder
    del found
    assert not unpacked.exists()


def test_no_secret_leaves(made, tmp_path: Path) -> None:
    bundle = tmp_path / "run.tar.gz"
    wrote = export(made, bundle, patches=True, environ={"SOME_TOKEN": "yes word\nyes word", "HOME": "/anything"})
    text = whole(bundle)
    assert KEY.encode() not in text
    assert b"hunter2hunter2" not in text
    assert wrote.masked >= 4
    with opened(bundle) as found:
        assert found.planned.plan.tasks[0].env == {"OWN": "[redacted]"}
        assert found.log("says").startswith("key [redacted]***")
        assert len(found.log("says")) == len(made.log("says"))


def test_patches_come_along_only_where_asked_for(made, tmp_path: Path) -> None:
    export(made, tmp_path / "run.tar.gz", environ={})
    with opened(tmp_path / "run.tar.gz") as found:
        assert found.diff("writes") == b""
        assert [change.path for change in found.task("writes").changes.files] == ["made.txt"]
    assert b"changes.patch" not in whole(tmp_path / "run.tar.gz")


def test_nothing_of_it_can_be_done(made, tmp_path: Path) -> None:
    """What can be done with a run is what a run out of a bundle does not have; the verbs say so (`in_hand`)."""
    export(made, tmp_path / "run.tar.gz", environ={})
    found = opened(tmp_path / "run.tar.gz")
    doing = {name for name in {*vars(Run), *vars(RunOwner)} - set(vars(KeptRun)) if not name.startswith("_")}
    assert {"stop", "retry", "send", "resume", "own", "drive", "remove", "land", "terminal", "path", "jot"} <= doing
    assert [name for name in sorted(doing) if hasattr(found, name)] == []


def test_a_run_that_still_runs_is_as_it_stood(repository: Path, tmp_path: Path) -> None:
    from forkjoin import launch

    lives = launch([Task(id="stays", shell="echo begun; sleep 30", writes=[])], tree=repository)
    try:
        while "begun" not in lives.log("stays"):
            pass
        export(lives, tmp_path / "run.tar.gz", environ={})
    finally:
        lives.stop(reason="seen enough", how="kill")
        lives.wait(timeout=30)
    with opened(tmp_path / "run.tar.gz") as found:
        assert found.view().ended is None
        assert found.log("stays") == "begun\n"
        with pytest.raises(NoRoom, match="had not ended"):
            found.wait(timeout=0.1)


def test_a_file_that_is_there_is_not_written_over_and_a_failure_leaves_nothing(made, tmp_path: Path) -> None:
    there = tmp_path / "run.tar.gz"
    there.write_bytes(b"mine")
    with pytest.raises(PlanError, match="exists already"):
        export(made, there, environ={})
    assert there.read_bytes() == b"mine"
    with pytest.raises(PlanError, match="end its name in"):
        export(made, tmp_path / "run.zip", environ={})
    with pytest.raises(PlanError, match="no folder"):
        export(made, tmp_path / "none" / "run.tar.gz", environ={})
    assert sorted(tmp_path.glob("**/*.part")) == []


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz"])
def test_names_of_bundles(suffix: str) -> None:
    assert bundle_named(f"a/b{suffix}") == (Path(f"a/b{suffix}"), "")
    assert bundle_named(f"a/b{suffix}/task") == (Path(f"a/b{suffix}"), "task")
    assert bundle_named("20261128-220741-r5hn/task") is None


def test_a_bundle_is_told_by_its_content(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(made, tmp_path / "run.tar.zst", environ={})
    export(made, tmp_path / "run.tar.gz", environ={})
    (tmp_path / "run.tar.gz").rename(tmp_path / "renamed")
    (tmp_path / "run.tar.zst").rename(tmp_path / "wrong.tar.gz")
    (tmp_path / "plain").write_text("no bundle")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    assert bundle_named("renamed/says") == (Path("renamed"), "says")
    assert bundle_named("plain") is None
    assert bundle_named("pipe") is None  # and nobody waits for it
    for name in ("renamed", "wrong.tar.gz"):
        with opened(Path(name)) as found:
            assert found.id == made.id


def test_a_python_without_zstd_says_what_to_do(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good.tar.zst"
    export(made, good, environ={})
    for name in ("backports", "compression"):
        monkeypatch.setitem(sys.modules, name, None)
    for way in (lambda: export(made, tmp_path / "run.tar.zst", environ={}), lambda: opened(good)):
        with pytest.raises(CannotHere, match=r"which \.tar\.zst needs; use \.tar\.gz"):
            way()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith((".", "run"))] == []


SECRETS = [
    "ghp_" + "a" * 36, "AKIA" + "A1" * 8, "xoxb-" + "1" * 12, "AIza" + "b" * 35, "glpat-" + "c" * 20,
    "eyJ" + "a" * 20 + "." + "b" * 20 + "." + "c" * 20,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE KEY-----",
]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_known_patterns_are_masked_and_keep_their_length_and_lines(secret: str) -> None:
    text = f"before {secret} after\n".encode()
    masked = Redaction(()).raw(text)
    assert secret.encode() not in masked
    assert len(masked) == len(text)
    assert masked.count(b"\n") == text.count(b"\n")
    assert masked.startswith(b"before [redacted]")
    assert masked.endswith(b" after\n")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (b"Authorization: Bearer abcdef0123456789", b"abcdef0123456789"),
        (b"https://user:hunter2!@example.org/x", b"hunter2!"),
        (b'{"api_key": "0123456789abcdef"}', b"0123456789abcdef"),
        (b"PASSWORD=correct-horse", b"correct-horse"),
    ],
)
def test_what_stands_behind_a_telling_word_is_masked(text: bytes, secret: bytes) -> None:
    masked = Redaction(()).raw(text)
    assert secret not in masked
    assert masked[:5] == text[:5]
    assert Redaction(()).raw(masked) == masked


@pytest.mark.parametrize("deep", [1, 2])
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc==\n-----END PRIVATE KEY-----", "MIIEvQ"),
        ('{"password": "hunter2hunter2"}', "hunter2hunter2"),
        ('"authorization": "token abcdefgh1234"', "abcdefgh1234"),
        ('say pa"ss\\wörd1', "rd1"),
    ],
)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_secrets_are_masked_in_streams_of_json_too(text: str, secret: str, deep: int, *, ascii_only: bool) -> None:
    for _ in range(deep):
        text = json.dumps({"text": text}, ensure_ascii=ascii_only)
    masked = Redaction(['pa"ss\\wörd1']).raw(text.encode())
    assert secret.encode() not in masked
    assert len(masked) == len(text.encode())
    json.loads(masked)


def test_ids_states_and_short_values_stay() -> None:
    values = secret_values([{"MODE": "fast", "A_TOKEN": "abcd", "LONG": "completed!"}], {"X_SECRET": "completed1"})
    assert values == {"abcd", "completed!", "completed1"}
    redaction = Redaction({"completed"}, ids=("completed",))
    event = {"kind": "ended", "task": "completed", "outcome": {"state": "completed"}, "text": "it was completed"}
    assert redaction.value(event) == event | {"text": "it was [redacted"}


def test_paths_of_a_fan_out_are_no_secrets(repository: Path, tmp_path: Path) -> None:
    for name in ("one and more", "two, too"):
        (repository / "all of it" / name).mkdir(parents=True)
        (repository / "all of it" / name / "a.txt").write_text("a")
    done = run(Plan(each=[Each(dirs="all of it/*", task=Task(shell="ls {{ dir }}", writes=[]))]), tree=repository)
    with attach(done.run, tree=repository) as ended:
        export(ended, tmp_path / "run.tar.gz", environ={})
    with opened(tmp_path / "run.tar.gz") as found:
        tasks = found.planned.plan.tasks
    assert {task.env["FORKJOIN_DIR"] for task in tasks} == {"all of it/one and more", "all of it/two, too"}
    assert all("all of it/" in task.description for task in tasks)


def test_temporary_folders_are_the_only_trace(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "tmp"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    export(made, tmp_path / "run.tar.gz", environ={})
    found = opened(tmp_path / "run.tar.gz")
    assert [entry.stat().st_mode & 0o777 for entry in room.iterdir()] == [0o700]
    found.close()
    del found
    assert list(room.iterdir()) == []
