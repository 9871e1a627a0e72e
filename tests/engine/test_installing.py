"""Installing into other programs: nothing of theirs is lost, twice is once, and it all goes away again."""

from __future__ import annotations

import errno
import json
import os
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from forkjoin.engine import carry_out, found_hosts, planned
from forkjoin.engine.installing.deciding import ASIDE, is_ours, marked
from forkjoin.engine.installing.definitions import NAMES, definitions
from forkjoin.engine.installing.hosts import HOSTS
from forkjoin.engine.installing.installing import plugin_files
from forkjoin.errors import CannotHere, PlanError, UnknownId

SKILL = "skills/forkjoin/SKILL.md"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "me"), "PATH": str(tmp_path / "bin")}


def install(name: str, environ: dict[str, str], *, uninstall: bool = False) -> dict[str, str]:
    """Do it, and return what was done to each file."""
    (one,) = planned([name], environ, uninstall=uninstall)
    carry_out(one)
    return {edit.path: edit.how for edit in one.edits}


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", HOSTS)
def test_installed_twice_is_installed_once_and_goes_away_again(
    name: str, environ: dict[str, str], tmp_path: Path
) -> None:
    theirs = HOSTS[name].folder(environ)
    (theirs / "skills" / "other").mkdir(parents=True)
    (theirs / "skills" / "other" / "SKILL.md").write_text("other")
    before = files_below(tmp_path)
    assert set(install(name, environ).values()) == {"create"}
    there = files_below(tmp_path)
    assert any(path.endswith(SKILL) for path in there)
    assert set(install(name, environ).values()) == {"same"}
    assert files_below(tmp_path) == there
    assert {host.host: host.state for host in found_hosts(environ)}[name] == "installed"
    assert set(install(name, environ, uninstall=True).values()) == {"delete"}
    assert files_below(tmp_path) == before
    assert set(install(name, environ, uninstall=True).values()) == {"absent"}
    assert [path for path in theirs.rglob("*") if path.is_dir()] == [theirs / "skills", theirs / "skills" / "other"]


def test_a_file_that_is_not_ours_is_put_aside_and_comes_back(environ: dict[str, str]) -> None:
    path = HOSTS["claude"].folder(environ) / SKILL
    path.parent.mkdir(parents=True)
    path.write_text("mine\r\n")
    assert install("claude", environ)[SKILL] == "replace"
    assert path.with_name(path.name + ASIDE).read_bytes() == b"mine\r\n"
    path.write_text(path.read_text() + "more\n")  # and it is changed again: neither is lost
    assert install("claude", environ)[SKILL] == "replace"
    assert path.with_name(f"{path.name}{ASIDE}-2").read_text().endswith("more\n")
    assert install("claude", environ, uninstall=True)[SKILL] == "restore"
    assert set(files_below(path.parent)) == {"SKILL.md", f"SKILL.md{ASIDE}-2"}
    assert path.read_bytes() == b"mine\r\n"


def test_an_older_version_of_ours_is_updated_and_one_that_was_changed_is_put_aside(environ: dict[str, str]) -> None:
    install("pi", environ)
    path = HOSTS["pi"].folder(environ) / SKILL
    path.write_text(marked(SKILL, "an older skill\n"))
    assert {host.host: host.state for host in found_hosts(environ)}["pi"] == "another version, or a part"
    assert install("pi", environ)[SKILL] == "update"
    path.write_text(path.read_text().replace("Fan out", "Fan in"))
    assert install("pi", environ, uninstall=True)[SKILL] == "keep"
    assert install("pi", environ)[SKILL] == "replace"
    assert "Fan in" in path.with_name(path.name + ASIDE).read_text()


@pytest.mark.parametrize("name", ["opencode.json", "opencode.jsonc"])
def test_of_a_configuration_one_entry_is_added(name: str, environ: dict[str, str]) -> None:
    path = HOSTS["opencode"].folder(environ) / name
    path.parent.mkdir(parents=True)
    mine = '{\n  // mine\n  "model": "a/b",\n  "mcp": {"other": {"type": "remote", "url": "https://example.org"}},\n}\n'
    path.write_text(mine)
    path.chmod(0o600)
    assert install("opencode", environ)[name] == "update"
    assert '"forkjoin": {' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text(path.read_text().replace("true", "false"))  # a person turned it off, or on
    assert install("opencode", environ)[name] == "same"
    assert install("opencode", environ, uninstall=True)[name] == "update"
    assert path.read_text() == mine


def test_an_entry_of_that_name_with_another_command_stays(environ: dict[str, str]) -> None:
    path = HOSTS["opencode"].folder(environ) / "opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"mcp": {"forkjoin": {"type": "local", "command": ["my-own"]}}}')
    assert install("opencode", environ)["opencode.json"] == "keep"
    assert {one.host: one.state for one in found_hosts(environ)}["opencode"] == "another version, or a part"
    assert install("opencode", environ, uninstall=True)["opencode.json"] == "keep"
    assert "my-own" in path.read_text()


def test_a_broken_configuration_is_said_and_nothing_is_written(environ: dict[str, str], tmp_path: Path) -> None:
    path = HOSTS["opencode"].folder(environ) / "opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"mcp": ')
    with pytest.raises(PlanError, match=r"opencode\.json: cannot be read as JSON: line 1"):
        planned(["claude", "opencode"], environ)
    assert list(files_below(tmp_path)) == ["me/.config/opencode/opencode.json"]


def test_a_link_of_theirs_stays_a_link(environ: dict[str, str], tmp_path: Path) -> None:
    folder = HOSTS["opencode"].folder(environ)
    folder.mkdir(parents=True)
    (tmp_path / "dotfiles.json").write_text("{}")
    (folder / "opencode.json").symlink_to(tmp_path / "dotfiles.json")
    install("opencode", environ)
    assert (folder / "opencode.json").is_symlink()
    assert "forkjoin" in (tmp_path / "dotfiles.json").read_text()


def test_what_cannot_be_written_leaves_nothing_half_made_and_says_what_stays(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(self: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy", str(target))

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(CannotHere, match=r"SKILL\.md: Device or resource busy; what was written before it stays"):
        install("pi", environ)
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("claude", "CLAUDE_CONFIG_DIR"),
        ("codex", "CODEX_HOME"),
        ("pi", "PI_CODING_AGENT_DIR"),
        ("opencode", "XDG_CONFIG_HOME"),
    ],
)
def test_a_program_that_was_told_another_folder_is_installed_into_there(
    name: str, variable: str, environ: dict[str, str], tmp_path: Path
) -> None:
    install(name, environ | {variable: str(tmp_path / "else where")})
    assert not (tmp_path / "me").exists()
    assert any((tmp_path / "else where").rglob("SKILL.md"))


def test_an_unknown_program_is_told_those_that_are_known(environ: dict[str, str]) -> None:
    with pytest.raises(UnknownId, match="did you mean 'claude'"):
        planned(["claud"], environ)


def test_a_folder_where_a_file_should_be_is_said(environ: dict[str, str]) -> None:
    (HOSTS["pi"].folder(environ) / SKILL).mkdir(parents=True)
    with pytest.raises(CannotHere, match=r"SKILL\.md: Is a directory"):
        planned(["pi"], environ)


def test_programs_are_found_on_the_path(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "codex").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "codex").chmod(0o755)
    found = {host.host: bool(host.program) for host in found_hosts(environ)}
    assert found == {name: name == "codex" for name in HOSTS}


# --- the plugin folder ----------------------------------------------------------------------------------------------


def test_every_manifest_says_this_version_and_what_is_there() -> None:
    files = plugin_files()
    for name in (".claude-plugin/plugin.json", ".codex-plugin/plugin.json", "gemini-extension.json", "package.json"):
        manifest = json.loads(files[name])
        assert (manifest["version"], manifest["name"].partition("-")[0]) == (version("forkjoin"), "forkjoin")
    assert json.loads(files[".codex-plugin/plugin.json"])["skills"] == "./skills/"
    assert json.loads(files["package.json"])["pi"] == {"skills": ["./skills"]}
    top = json.loads((Path(__file__).parents[2] / ".claude-plugin" / "marketplace.json").read_text())
    assert (Path(__file__).parents[2] / top["plugins"][0]["source"] / ".claude-plugin" / "plugin.json").is_file()


def test_the_skill_keeps_the_rules_of_skills() -> None:
    text = plugin_files()[SKILL]
    for there in (text, marked(SKILL, text)):
        head = yaml.safe_load(there.split("---\n")[1])
        assert set(head) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
        assert head["name"] == Path(SKILL).parent.name
        assert 0 < len(head["description"]) <= 1024
        assert len(head["compatibility"]) <= 500
        assert head["metadata"] == {"forkjoin": version("forkjoin")}
        assert len(there.split("\n")) < 500
    assert is_ours(SKILL, marked(SKILL, text), text)
    assert not is_ours(SKILL, marked(SKILL, text) + "\n", text)


def test_the_agents_of_the_plugin_folder_are_those_of_the_perspectives() -> None:
    """With FORKJOIN_GOLDEN=update they are written anew."""
    folder = Path(__file__).parents[2] / "src" / "forkjoin" / "plugin" / "agents"
    for name, text in definitions("claude").items():
        if os.environ.get("FORKJOIN_GOLDEN") == "update":
            (folder / name).write_text(text)
        assert (folder / name).read_text() == text
    assert sorted(path.name for path in folder.iterdir()) == sorted(definitions("claude"))


def test_each_form_of_an_agent_can_be_read_by_its_program() -> None:
    for form in ("claude", "opencode"):
        for text in definitions(form).values():
            head = yaml.safe_load(text.split("---\n")[1])
            assert head["description"]
            assert form == "opencode" or (head["name"].startswith("forkjoin-") and "Write" not in head["tools"])
            assert form == "claude" or head["permission"] == {"edit": "deny", "bash": "deny"}
    for name, text in definitions("codex").items():
        read = tomllib.loads(text)
        assert (read["name"], read["sandbox_mode"]) == (name.removesuffix(".toml"), "read-only")
        assert "Answer with JSON alone" in read["developer_instructions"]
    assert len(definitions("codex")) == len(NAMES) == 4


def test_a_private_configuration_is_open_to_nobody_while_it_is_written(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = HOSTS["opencode"].folder(environ) / "opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    path.chmod(0o600)
    seen: list[int] = []
    write = Path.write_bytes

    def spied(self: Path, data: bytes) -> int:
        count = write(self, data)
        if self.parent == path.parent:
            seen.append(self.stat().st_mode & 0o777)
        return count

    monkeypatch.setattr(Path, "write_bytes", spied)
    install("opencode", environ)
    assert seen
    assert set(seen) == {0o600}
