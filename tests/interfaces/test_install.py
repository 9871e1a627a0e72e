"""`forkjoin install` as people and programs see it: the diff first, then what was done."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def me(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose OpenCode has a configuration, and whose Pi has a skill of that name."""
    folder = tmp_path / "me"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "PI_CODING_AGENT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: object() if name == "mcp" else None)
    mine = folder / ".config" / "opencode" / "opencode.json"
    mine.parent.mkdir(parents=True)
    mine.write_text('{\n  // which model\n  "model": "a/b",\n  "mcp": {\n    "other": {"type": "remote"}\n  }\n}\n')
    skill = folder / ".pi" / "agent" / "skills" / "forkjoin" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("My own words about forkjoin.\n")
    return folder


@pytest.mark.parametrize("host", ["claude", "codex", "gemini", "opencode", "pi"])
def test_the_diff_is_golden(forkjoin, golden, me: Path, host: str) -> None:
    before = sorted(me.rglob("*"))
    code, out, err = forkjoin("install", "--dry-run", "-v", host)
    assert (code, err, sorted(me.rglob("*"))) == (0, "", before)
    _, short, _ = forkjoin("install", "--dry-run", host)
    diff, _, told = out.rpartition(f"{host}: in ")
    assert short.endswith(told)  # a new file is one line there; what changes in one that was there is shown
    assert short.count("+++ ") == diff.count("+++ ") - diff.count("--- /dev/null")
    assert len(short) < (1500 if host not in ("opencode", "pi") else 15_000)
    golden(f"install-{host}.diff", out.replace(str(me), "~"))


def test_it_is_shown_and_done_and_shown_and_undone(forkjoin, golden, me: Path) -> None:
    told = []
    for flags in ((), (), ("--uninstall", "-n"), ("--uninstall",), ("--uninstall",)):
        code, out, err = forkjoin("install", "opencode", "pi", *flags)
        assert (code, err) == (0, "")
        lines = out.replace(str(me), "~").split("\n")
        at = next(number for number, line in enumerate(lines) if line.startswith("opencode: "))  # behind the diff
        told += [f"$ forkjoin install opencode pi {' '.join(flags)}".rstrip(), *lines[at:]]
    golden("install.txt", "\n".join(told))
    assert "My own words" in (me / ".pi/agent/skills/forkjoin/SKILL.md").read_text()


def test_without_a_host_it_lists_what_it_found(forkjoin, golden, me: Path) -> None:
    forkjoin("install", "claude")
    code, out, _ = forkjoin("install")
    assert code == 0
    golden("install-found.txt", out.replace(str(me), "~"))
    hosts = forkjoin.json("install")["hosts"]
    assert [(host["host"], host["state"]) for host in hosts][:2] == [
        ("claude", "installed"),
        ("codex", "not installed"),
    ]


def test_json_has_each_file_with_its_diff(forkjoin, me: Path) -> None:
    said = forkjoin.json("install", "opencode", "-n")
    assert (said["dry_run"], said["uninstall"], len(said["hosts"])) == (True, False, 1)
    config = said["hosts"][0]["files"][-1]
    assert (config["path"], config["how"]) == ("opencode.json", "update")
    assert '+    "forkjoin": {' in config["diff"]
    assert not (me / ".config" / "opencode" / "skills").exists()
    assert {one["how"] for one in forkjoin.json("install", "opencode")["hosts"][0]["files"]} == {"create", "update"}


@pytest.mark.parametrize("flags", [("--dry-run",), ("--uninstall",)])
def test_a_flag_without_a_program_is_a_mistake(forkjoin, me: Path, flags: tuple[str, ...]) -> None:
    code, _, err = forkjoin("install", *flags)
    assert (code, "name the programs" in err) == (2, True)
