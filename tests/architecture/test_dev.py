"""dev.py sets up once, again when something changed or was killed half-way, and never empties a folder of others."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import subprocess
import sys
import threading

import pytest
from architecture.house import ROOT


@pytest.fixture
def dev(monkeypatch):
    """Return dev.py as a module whose two slow steps only write down that they were done."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.steps = []
    monkeypatch.setattr(module, "make_venv", lambda venv: (module.steps.append("venv"), (venv / "bin").mkdir()))
    monkeypatch.setattr(module, "install", lambda venv, group: module.steps.append(group))
    monkeypatch.setattr(module, "say", lambda text: None)
    return module


def test_a_set_up_is_done_once(dev, tmp_path):
    dev.set_up(tmp_path / "v", group="review")
    dev.set_up(tmp_path / "v", group="review")
    assert dev.steps == ["venv", "review"]


def test_the_development_tools_are_added_to_what_is_there_and_hold_all_of_it(dev, tmp_path):
    dev.set_up(tmp_path / "v", group="review")
    dev.set_up(tmp_path / "v", group="dev")
    dev.set_up(tmp_path / "v", group="review")
    assert dev.steps == ["venv", "review", "dev"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_makes_it_anew(dev, tmp_path, monkeypatch, name):
    for copied in ("pyproject.toml", "constraints.txt", "dev.py"):
        (tmp_path / copied).write_bytes((ROOT / copied).read_bytes())
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    dev.set_up(tmp_path / "v", group="review")
    (tmp_path / name).write_text("# changed\n", encoding="utf-8")
    (tmp_path / "v" / "old").touch()
    dev.set_up(tmp_path / "v", group="review")
    assert dev.steps == ["venv", "review"] * 2
    assert not (tmp_path / "v" / "old").exists()


def test_another_place_is_another_environment(dev, tmp_path):
    """The programs in it name its path, so a moved one is of no use."""
    assert dev.key_of(tmp_path / "a") != dev.key_of(tmp_path / "b")


def test_what_was_killed_half_way_is_made_anew(dev, tmp_path, monkeypatch):
    def killed(venv, group):
        (venv / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dev, "install", killed)
        with pytest.raises(KeyboardInterrupt):
            dev.set_up(tmp_path / "v", group="review")
    dev.set_up(tmp_path / "v", group="review")
    assert dev.steps == ["venv", "venv", "review"]
    assert not (tmp_path / "v" / "half").exists()


def test_a_folder_that_something_else_made_is_left_alone(dev, tmp_path):
    (tmp_path / "precious").touch()
    with pytest.raises(dev.CannotSetUp, match=r"left alone.*FORKJOIN_VENV"):
        dev.set_up(tmp_path, group="review")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_place_that_cannot_be_written_is_said_with_the_remedy(dev, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(dev.CannotSetUp, match=r"cannot write .*FORKJOIN_VENV=DIR"):
        dev.set_up(tmp_path / "file" / "v", group="review")


def test_a_torn_state_file_means_make_it_anew(dev, tmp_path):
    dev.set_up(tmp_path / "v", group="review")
    (tmp_path / "v" / dev.STATE).write_text('{"key": "', encoding="utf-8")
    dev.set_up(tmp_path / "v", group="review")
    assert dev.steps == ["venv", "review"] * 2


def test_two_at_once_set_up_once(dev, tmp_path):
    """The second waits at the lock, and finds all done."""
    venv, waiting = tmp_path / "v", threading.Event()
    dev.say = lambda text: waiting.set() if "waiting" in text else None
    with dev.locked(venv):
        second = threading.Thread(target=dev.set_up, args=(venv,), kwargs={"group": "review"})
        second.start()
        assert waiting.wait(10)
        dev.write_state(venv, dev.key_of(venv), ("review",))
    second.join(10)
    assert dev.steps == []


def test_a_program_that_outlives_us_keeps_the_next_set_up_waiting(dev, tmp_path):
    with dev.locked(tmp_path / "v"):
        orphan = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with (tmp_path / "v" / dev.LOCK).open("w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        orphan.communicate(b"\n")
    with (tmp_path / "v" / dev.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("fails", "tried"),
    [
        ((), ["bare venv", "pip from outside"]),
        (("pip from outside",), ["bare venv", "pip from outside", "venv with pip"]),
        (("pip from outside", "venv with pip"), ["bare venv", "pip from outside", "venv with pip", "lent pip"]),
    ],
)
def test_a_pip_is_put_into_the_environment_only_where_none_works_from_outside(dev, tmp_path, monkeypatch, fails, tried):
    def failure(command):
        words = [*map(str, command)]
        kind = (
            "bare venv" if "--without-pip" in words else "pip from outside" if "--python" in words else "venv with pip"
        )
        done.append(kind)
        return "why" if kind in fails else ""

    done: list[str] = []
    monkeypatch.undo()
    monkeypatch.setattr(dev, "failure", failure)
    monkeypatch.setattr(dev, "lend_pip", lambda venv: done.append("lent pip"))
    dev.make_venv(tmp_path)
    assert done == tried


def test_the_pip_in_the_environment_goes_before_the_one_outside(dev, tmp_path):
    python = str(tmp_path / "bin" / "python")
    assert dev.pip_for(tmp_path) == [sys.executable, "-m", "pip", "--python", python]
    (tmp_path / "lib" / "python3.11" / "site-packages" / "pip").mkdir(parents=True)
    assert dev.pip_for(tmp_path) == [python, "-m", "pip"]


def test_a_failed_install_shows_the_end_of_what_pip_said_and_what_to_do(dev, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(dev, "failure", lambda command: "  ERROR: no matching distribution")
    with pytest.raises(dev.CannotSetUp, match=r"(?s)no matching distribution.*PIP_INDEX_URL"):
        dev.install(tmp_path, "review")


def test_settings_that_would_send_packages_elsewhere_do_not_reach_pip(dev, monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    environ = json.loads(
        subprocess.run(
            [sys.executable, "-c", script], env=dev.clean_environ(), stdout=subprocess.PIPE, check=True
        ).stdout
    )
    assert "PIP_TARGET" not in environ
    assert "PYTHONPATH" not in environ
    assert environ["PIP_USER"] == "0"


def test_every_requirement_is_pinned(dev):
    """A constraint stands for each requirement of ours, so that all machines test the same."""
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
        if "==" in line
    }
    needed = {dev_name(one) for one in dev.requirements("dev")}
    assert needed - pinned == set()
    assert "pip" not in pinned


def dev_name(requirement: str) -> str:
    """Return the project's name of a requirement string."""
    return requirement.partition(">=")[0].partition("[")[0].strip().lower().replace("_", "-")


def test_usage_goes_to_stdout_and_no_command_is_misuse(dev, capsys):
    assert dev.main(["--help"]) == 0
    assert "python3 dev.py review ." in capsys.readouterr().out
    assert dev.main([]) == 2
    assert dev.main(["ci", "now"]) == 2


@pytest.mark.parametrize("arguments", [["-n", "0"], ["-n0"], ["-nauto"], ["--numprocesses=2"], ["--pdb"], ["-x", "-s"]])
def test_who_says_how_tests_run_or_wants_the_terminal_gets_it(dev, arguments):
    assert dev.side_by_side(arguments) == ()


@pytest.mark.parametrize("arguments", [[], ["tests/planning", "-k", "no"], ["-m", "not slow"], ["--no-header"]])
def test_tests_run_side_by_side_where_nothing_else_is_said(dev, arguments):
    assert dev.side_by_side(arguments) == ("-n", "5", "--dist", "worksteal")


@pytest.mark.parametrize("verb", ["test", "ci"])
def test_both_ways_to_the_tests_run_them_side_by_side(dev, tmp_path, monkeypatch, verb):
    started = []

    def become(*command):
        started.append(command)
        raise SystemExit

    monkeypatch.setattr(dev, "become", become)
    monkeypatch.setattr(dev, "passes", lambda name, command: started.append(tuple(command)) or True)
    monkeypatch.chdir(tmp_path)  # it goes to its own folder, and the tests after this one are where they were
    with contextlib.suppress(SystemExit):
        dev.run(tmp_path, verb, ["-x"])
    python = str(tmp_path / "bin" / "python")
    assert started[-1] == (python, "-m", "pytest", *dev.side_by_side([]), "-x")
