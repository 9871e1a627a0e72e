"""`forkjoin agents`: who has which feature, what each will see here, and a small question to each."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

AGENTS = ("claude", "codex", "opencode", "pi")
# Programs that know their version, and answer as the real ones do where a key stands in the environment.
CLAUDE = """#!/bin/sh
case "$1" in --version) echo '2.1.330 (Claude Code)'; exit;; esac
cat >/dev/null
echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"ready","session_id":"s","total_cost_usd":0.01,
"usage":{"input_tokens":100,"output_tokens":10}}' | tr -d '\\n'
echo
"""
CODEX = """#!/bin/sh
case "$1" in --version) echo 'codex-cli 0.169.0'; exit;; esac
cat >/dev/null
echo '{"type":"thread.started","thread_id":"t"}'
echo '{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized"}}'
exit 1
"""


@pytest.fixture
def here(forkjoin, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with `claude` and `codex` alone, both with a key; returns the tree."""
    programs = forkjoin.tree.parent / "bin"
    programs.mkdir()
    for name, text in (("claude", CLAUDE), ("codex", CODEX)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    for name in ("ANTHROPIC_API_KEY", "CODEX_API_KEY", "IS_SANDBOX"):
        monkeypatch.setenv(name, "made-up")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "PI_CODING_AGENT_DIR", "OPENCODE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    tree: Path = forkjoin.tree
    return tree


def test_each_coding_agent_says_of_each_feature_whose_it_is(forkjoin, here: Path) -> None:
    said = {one["name"]: one["features"] for one in forkjoin.json("agents")["agents"]}
    assert {len(said[name]) for name in AGENTS} == {11}
    assert said["command"] == []
    by = {(name, one["name"]): one["by"] for name in AGENTS for one in said[name]}
    assert (by["claude", "turns"], by["codex", "turns"], by["pi", "turns"]) == ("program", "forkjoin", "forkjoin")
    assert (by["claude", "JSON by schema"], by["opencode", "JSON by schema"]) == ("program", "forkjoin")
    assert (by["codex", "budget in dollars"], by["codex", "budget in tokens"]) == ("none", "end")
    assert {one["how"] != "" for name in AGENTS for one in said[name]} == {True}


def test_what_each_will_see_is_named_with_its_file_and_no_value(forkjoin, here: Path) -> None:
    subprocess.run(["git", "init", "-q", str(here)], check=True)
    own = Path(os.environ["HOME"])
    for path, text in {
        own / ".claude" / "skills" / "deploy" / "SKILL.md": "x",
        own / ".claude.json": json.dumps({"mcpServers": {"mail": {"env": {"KEY": "hidden"}}}}),
        own / ".codex" / "config.toml": '[mcp_servers.db]\ncommand = "x"\n[mcp_servers.off]\nenabled = false\n',
        own / "config" / "opencode" / "opencode.json": json.dumps({"mcp": {"web": {}}}),  # XDG_CONFIG_HOME
        own / ".pi" / "agent" / "settings.json": "{}",
        here / ".mcp.json": json.dumps({"mcpServers": {"tickets": {}}}),
        here / ".claude" / "settings.json": "{broken",
        here / ".claude" / "settings.local.json": "{}",
        here / ".gitignore": ".claude/settings.local.json\n",
        here / "CLAUDE.md": "x", here / "AGENTS.md": "x",
    }.items():  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    said = {one["name"]: one for one in forkjoin.json("agents", "--explain")["agents"]}
    seen = {name: {(one["kind"], one["name"]) for one in said[name]["sees"]} for name in AGENTS}
    assert {
        ("skill", "deploy"),
        ("mcp server", "mail"),
        ("mcp server", "tickets"),
        ("instructions", "CLAUDE.md"),
    } < seen["claude"]
    assert seen["codex"] == {("settings", "config.toml"), ("mcp server", "db"), ("mcp server", "off"),
                             ("instructions", "AGENTS.md")}  # fmt: skip
    assert (seen["opencode"], seen["pi"]) == (set(), set())  # they are not here
    assert "hidden" not in json.dumps(said)
    steps = " ".join(said["claude"]["next"])
    assert f"repair {here / '.claude' / 'settings.json'}: cannot be read" in steps
    assert "carry: [.claude/settings.local.json]" in steps
    assert said["pi"]["next"] == ["install it: npm install -g @earendil-works/pi-coding-agent (Node 22 or later)"]
    page = forkjoin("agents", "--explain", "claude", "codex")[1]
    assert "  mcp server         off: ~/.codex/config.toml (turned off there)\n" in page
    assert "  turns              by forkjoin: counted while it runs" in page
    assert "opencode:" not in page


def test_the_places_of_those_that_are_elsewhere_are_theirs_too(
    forkjoin, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(here / "elsewhere"))
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "config.toml").write_text("mcp_servers = 3")
    (here / ".mcp.json").write_text("[1, 2]")
    said = {one["name"]: one for one in forkjoin.json("agents", "--explain")["agents"]}
    assert [one["file"] for one in said["codex"]["sees"]] == [str(here / "elsewhere" / "config.toml")]
    assert said["claude"]["sees"] == []


def test_a_small_question_says_who_answers_and_why_not(forkjoin, here: Path) -> None:
    code, out, _ = forkjoin("agents", "--smoke")
    assert code == 3
    assert "ok  claude" in out
    assert "answered 'ready'" in out
    assert "110 tokens, $0.0100" in out
    assert "NO  codex" in out
    assert "log in with the agent's own program" in " ".join(out.split())
    said = forkjoin.json("agents", "--smoke", "claude")
    assert [(one["agent"], one["ok"], one["answer"]) for one in said["smoke"]] == [("claude", True, "ready")]
    assert forkjoin.json("agents", "--smoke", "codex", code=4)["ok"] is False


def test_who_has_no_log_in_is_not_asked_and_said_so(forkjoin, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEX_API_KEY")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    code, out, err = forkjoin("agents", "--smoke")
    assert (code, "codex" in out) == (0, False)
    assert "codex was not asked, for no log-in was found; to ask it all the same: forkjoin agents --smoke codex" in err


@pytest.mark.parametrize(
    ("agent", "file", "text", "how"),
    [
        ("codex", ".codex/config.toml", 'model_provider = "g"\n[model_providers.g]\nenv_key = "GATE"', "key (GATE)"),
        ("codex", ".codex/config.toml", 'model_provider = "g"\n[model_providers.g]\nname = "g"', "key (its settings)"),
        ("codex", ".codex/config.toml", 'model_provider = "g"\n[model_providers.g]\nenv_key = "UNSET"', ""),
        ("codex", ".codex/config.toml", "[model_providers.g]\nname = 1\nbroken", ""),
        ("opencode", "config/opencode/opencode.json",
         '{"provider": {"g": {"options": {"apiKey": "{env:GATE}"}}}}', "key (GATE)"),
        ("opencode", "config/opencode/opencode.json", '{"provider": {"g": {"options": {"apiKey": "x"}}}}',
         "key (its settings)"),
        ("pi", ".pi/agent/models.json", '{"providers": {"g": {"apiKey": "GATE"}}}', "key (GATE)"),
        ("pi", ".pi/agent/models.json", '{"providers": {"g": {"apiKey": "sk-x"}}}', "key (its settings)"),
        ("pi", ".pi/agent/models.json", '{"providers": 3}', ""),
    ],
)  # fmt: skip
def test_a_key_that_an_agents_own_settings_name_is_its_log_in(
    forkjoin, here: Path, monkeypatch: pytest.MonkeyPatch, agent: str, file: str, text: str, how: str
) -> None:
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATE", "made-up")
    for name in ("opencode", "pi"):
        (here.parent / "bin" / name).symlink_to("codex")
    path = Path(os.environ["HOME"], file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (said,) = forkjoin.json("agents", "--explain", agent)["agents"]
    assert said["how"] == how
    steps = " ".join(said["next"])
    assert ("no log-in was found" in steps) == (how == "")
    # Its tasks get no variable that nobody knows to be its own, unless they are told to pass it.
    assert ("give it by pass_env: [GATE]" in steps) == (how == "key (GATE)")


def test_nobody_to_ask_is_exit_7_with_the_way_to_install_each(
    forkjoin, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    code, _, err = forkjoin("agents", "--smoke")
    assert code == 7
    assert err.count("npm install -g") == 4
    for line in (
        ("run", "-t", "do it"),
        ("each", "--files", "*.py", "do it"),
        ("run", forkjoin.plan({"task": "do it"})),
    ):
        (here / "a.py").touch()
        code, _, err = forkjoin(*line)
        assert (code, "no coding agent is on this machine" in err, "forkjoin agents" in err) == (7, True, True), err


def test_what_it_may_cost_is_said_only_of_what_starts(forkjoin, here: Path) -> None:
    subprocess.run(["git", "init", "-q", str(here)], check=True)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "a"],
                   cwd=here, check=True)  # fmt: skip
    code, _, err = forkjoin("run", "-a", "pi", "-t", "do it")
    assert (code, "the program of agent pi is not here" in err, "cost" in err) == (7, True, False), err
    _, _, err = forkjoin("run", "-a", "claude", "-t", "do it")
    assert "1 task that cost: 1 by claude" in err


def test_doctor_has_a_line_for_each_that_is_here(forkjoin, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEX_API_KEY")
    facts = {fact["name"]: fact for fact in forkjoin.json("doctor")["facts"]}
    assert facts["claude"]["seen"] == "logged in by key (ANTHROPIC_API_KEY)"
    assert (facts["codex"]["verdict"], facts["codex"]["remedy"]) == (
        "warning",
        "run `codex login`, or set CODEX_API_KEY",
    )
    assert "pi" not in facts


@pytest.mark.parametrize(
    "words", [("claude",), ("--explain", "--smoke"), ("--explain", "nobody"), ("--smoke", "command")]
)
def test_misuse_is_exit_2(forkjoin, here: Path, words: tuple[str, ...]) -> None:
    assert forkjoin("agents", *words)[0] == 2
