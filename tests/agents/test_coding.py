"""How the four coding agents are started: what they are told, what they may, and what of the environment they get."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from forkjoin.agents import Site, dialect
from forkjoin.agents.coding import allowing
from forkjoin.agents.streaming import StreamDialect
from forkjoin.agents.strict import strict
from forkjoin.agents.troubles import trouble
from forkjoin.model import Place, Process, Task
from forkjoin.model.task import Budget

CODING = ("claude", "codex", "opencode", "pi")
CALLER = {
    "PATH": "/bin", "HOME": "/home/me", "LANG": "C", "ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "CODEX_HOME": "c",
    "PI_OFFLINE": "1", "DATABASE_URL": "secret", "AWS_SECRET_ACCESS_KEY": "aws", "GITHUB_TOKEN": "g",
    "XDG_CONFIG_HOME": "/x", "PIP_PASSWORD": "p", "FORKJOIN_TASK": "t", "MY_OWN": "mine",
}  # fmt: skip


def started(agent: str, session: str = "", **keys: object) -> Process:
    place = Place(kind="clone", root="/w", cwd="/w/sub")
    site = Site(place=place, brief="/b/brief.md", scratch="/s", environ=dict(CALLER), home="/h", session=session)
    made = dialect(agent).invocation(Task(id="t", agent=agent, task="x", **keys), site)  # type: ignore[arg-type]
    assert isinstance(made, Process)
    return made


@pytest.mark.parametrize("agent", CODING)
def test_the_brief_comes_on_stdin_and_nothing_of_it_in_argv(agent: str) -> None:
    made = started(agent)
    assert (made.stdin, made.cwd, made.argv[0]) == ("/b/brief.md", "/w/sub", agent)
    assert "x" not in made.argv


# The variables that each sets: a test pins them, for log-ins and settings are the user's.
SETS = {
    "claude": {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_MAX_RETRIES": "4"},
    "codex": {},
    "opencode": {
        "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DB": "/h/opencode.db",
        "OPENCODE_PERMISSION": json.dumps(
            {"external_directory": {"*": "deny", "/tmp/*": "allow"}, "question": "deny"}
        ),
    },
    "pi": {"PI_SKIP_VERSION_CHECK": "1"},
}  # fmt: skip
GETS = {
    "claude": {"ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY"},
    "codex": {"OPENAI_API_KEY", "CODEX_HOME"},
    "opencode": {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"},
    "pi": {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "PI_OFFLINE"},
}
ALL = {"PATH", "HOME", "LANG", "XDG_CONFIG_HOME", "FORKJOIN_TASK"}


@pytest.mark.parametrize("agent", CODING)
def test_what_of_the_environment_it_gets_and_what_is_set(agent: str) -> None:
    env = started(agent).env
    assert {name: value for name, value in env.items() if name not in CALLER} == SETS[agent]
    assert set(env) & set(CALLER) == ALL | GETS[agent]
    assert env["HOME"] == "/home/me"
    more = started(agent, pass_env=("DATABASE_URL", "MY_*"), env={"EXTRA": "1"}).env
    assert (more["DATABASE_URL"], more["MY_OWN"], more["EXTRA"]) == ("secret", "mine", "1")


@pytest.mark.parametrize("agent", CODING)
def test_what_the_caller_has_set_stays(agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETS[agent]:
        monkeypatch.setitem(CALLER, name, "theirs")
    env = started(agent).env
    kept = {name for name in SETS[agent] if name != "OPENCODE_PERMISSION"}
    assert {name: env[name] for name in kept} == dict.fromkeys(kept, "theirs")


def test_words_of_a_task_become_words_of_its_program() -> None:
    claude = started("claude", model="m", effort="high", max_turns=7, budget=Budget(usd=2.5), session="s").argv
    for words in (("--model", "m"), ("--effort", "high"), ("--max-turns", "7"), ("--max-budget-usd", "2.5"),
                  ("--resume", "s")):  # fmt: skip
        assert words in list(pairwise(claude))
    codex = started("codex", model="m", effort="high", session="s").argv
    assert codex[-3:] == ("resume", "s", "-")
    assert 'model_reasoning_effort="high"' in codex
    assert started("opencode", session="s").argv[-2:] == ("--session", "s")
    assert started("pi", effort="low", session="s").argv[-4:] == ("--thinking", "low", "--session", "s")


@pytest.mark.parametrize("agent", CODING)
def test_permissions_go_from_less_to_more(agent: str) -> None:
    said = [
        (made.argv, made.env.get("OPENCODE_PERMISSION", ""))
        for permission in ("read-only", "workspace-write", "full")
        for made in (started(agent, permission=permission),)
    ]
    assert len(set(said)) == (2 if agent == "pi" else 3)  # pi has no permissions: only tools can be taken away
    reads = started(agent, writes=())
    assert (reads.argv, reads.env.get("OPENCODE_PERMISSION", "")) == said[0]


@pytest.mark.parametrize("agent", CODING)
def test_what_each_permission_is_for_a_program_can_be_said(agent: str) -> None:
    spoken = dialect(agent)
    assert isinstance(spoken, StreamDialect)
    for permission in ("read-only", "workspace-write", "full"):
        made = started(agent, permission=permission)
        given = f"{' '.join(made.argv)} OPENCODE_PERMISSION={made.env.get('OPENCODE_PERMISSION', '')}"
        said = spoken.permits[permission].replace("--auto, with ", "")
        said = said.replace("WORKSPACE", "/w").replace("TMPDIR", "/tmp")
        assert said in given or said == "all its tools: it has no permissions"


def test_who_may_write_the_workspace_may_write_temporary_files_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(CALLER, "TMPDIR", "/scratch/")
    argv = started("claude").argv
    rules = argv[argv.index("--allowedTools") + 1].split(",")
    assert [rule for rule in rules if rule.startswith(("Edit", "Write", "NotebookEdit"))] == [
        "Edit(//w/**)", "Edit(//scratch/**)",
    ]  # fmt: skip
    assert argv[argv.index("--permission-mode") + 1] == "acceptEdits"
    outside = json.loads(started("opencode").env["OPENCODE_PERMISSION"])["external_directory"]
    assert list(outside.items()) == [("*", "deny"), ("/scratch/*", "allow")]  # the last that matches counts
    assert json.loads(started("opencode", writes=()).env["OPENCODE_PERMISSION"])["external_directory"] == "deny"


@pytest.mark.parametrize("odd", ["/a,Bash(x)", "/a),Edit(//**", "/st*r", "/a]b"])
def test_the_name_of_a_folder_makes_no_rule(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CALLER, "TMPDIR", odd)
    argv = started("claude").argv
    assert argv[argv.index("--allowedTools") + 1] == "Bash,WebFetch,WebSearch,Edit(//w/**)"
    monkeypatch.setitem(CALLER, "TMPDIR", '/a"b')
    assert '/a"b/*' in json.loads(started("opencode").env["OPENCODE_PERMISSION"])["external_directory"]


def test_an_agent_that_runs_alone_asks_nobody_and_needs_no_repository() -> None:
    claude, codex, opencode, pi = (started(agent).argv for agent in CODING)
    refused = claude[claude.index("--disallowedTools") + 1].split(",")
    assert {"AskUserQuestion", "EnterPlanMode", "ExitPlanMode"} <= {*refused}
    assert ("-c", 'approval_policy="never"') in list(pairwise(codex))
    assert "--skip-git-repo-check" in codex
    assert json.loads(started("opencode").env["OPENCODE_PERMISSION"])["question"] == "deny"
    assert ("--title", "t") in list(pairwise(opencode))  # else it asks its model for one
    assert pi[:4] == ("pi", "-p", "--mode", "json")


def test_who_may_only_read_gets_no_tool_that_writes() -> None:
    claude, codex, _, pi = (started(agent, writes=()) for agent in CODING)
    tools = claude.argv[claude.argv.index("--tools") + 1].split(",")
    assert not {"Bash", "Edit", "Write", "NotebookEdit"} & {*tools}
    assert 'sandbox_mode="read-only"' in codex.argv
    assert ("--tools", "read,grep,find,ls") in list(pairwise(pi.argv))


def test_what_would_allow_a_refused_tool_is_the_next_permission() -> None:
    assert "--permission workspace-write" in allowing("read-only")
    assert "--permission full" in allowing("workspace-write")
    assert "--permission" not in allowing("full")


def test_a_person_opens_a_session_by_the_programs_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENCODE_DB", raising=False)
    opened = {agent: dialect(agent).terminal("s", "/h") for agent in CODING}  # type: ignore[attr-defined]
    assert opened == {
        "claude": (("claude", "--resume", "s"), {}),
        "codex": (("codex", "resume", "--no-daemon", "s"), {}),  # its server would keep the session from `send`
        "opencode": (("opencode", "--session", "s"), {"OPENCODE_DB": "/h/opencode.db"}),
        "pi": (("pi", "--session", "s"), {}),
    }


def test_a_schema_is_handed_to_those_that_take_one() -> None:
    assert "--json-schema" in started("claude", output="findings").argv
    codex = started("codex", output="findings")
    (path,) = codex.files
    assert path in codex.argv
    made = json.loads(codex.files[path])
    assert made["required"] == ["findings"]
    assert "--output-schema" not in started("codex", output={"type": "object"}).argv  # free keys: it cannot be strict


def test_a_strict_schema_requires_all_and_nothing_else() -> None:
    schema = {
        "type": "object", "properties": {"a": {"type": "string", "minLength": 2}, "b": {"type": "integer"}},
        "required": ["a"],
    }  # fmt: skip
    assert strict(schema) == {
        "type": "object", "required": ["a", "b"], "additionalProperties": False,
        "properties": {"a": {"type": "string"}, "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
    }  # fmt: skip
    assert strict({"type": "array", "items": {"type": "string"}}) is None
    assert strict({"type": "object", "properties": {}, "additionalProperties": True}) is None


@pytest.mark.parametrize(
    ("message", "status", "kind"),
    [
        ("Claude AI usage limit reached|1795400000", None, "quota"),
        ("You've hit your usage limit. Try again in 3 days 2 hours 5 minutes.", 429, "quota"),
        ("Your credit balance is too low", 400, "quota"),
        ("exceeded retry limit, last status: 429 Too Many Requests", None, "rate"),
        ("rate_limit", 429, "rate"),
        ("Overloaded", 529, "overload"),
        ("We're currently experiencing high demand", None, "overload"),
        ("fetch failed", None, "overload"),
        ("Invalid API key · Please run /login", None, "login"),
        ("nope", 403, "login"),
        ("prompt is too long", 400, "other"),
        ("", None, "other"),
    ],
)
def test_errors_of_providers_are_told_apart(message: str, status: int | None, kind: str) -> None:
    assert trouble(message, status=status).kind == kind


def test_when_an_error_passes_is_read_where_it_is_said() -> None:
    assert trouble("usage limit reached|1795400000").resets_at == 1_795_400_000
    assert trouble("Try again in 3 days 2 hours 5 minutes.").after_s == 3 * 86_400 + 2 * 3_600 + 300
    assert trouble("rate limited, retry after 20 s").after_s == 20
    assert trouble("nothing of the kind").after_s is None
    assert trouble(f"retry after {'9' * 400} s").after_s is None


def test_the_repository_holds_a_stream_for_each() -> None:
    streams = Path(__file__).resolve().parents[1] / "data" / "agents"
    assert {folder.name for folder in streams.iterdir() if folder.is_dir()} == set(CODING)
