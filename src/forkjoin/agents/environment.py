"""The environment of a child: the caller's, less the marks of a surrounding agent, plus our own."""

from __future__ import annotations

from collections.abc import Mapping

from forkjoin.failpoints import VARIABLE

RUN, TASK, DEPTH = "FORKJOIN_RUN", "FORKJOIN_TASK", "FORKJOIN_DEPTH"

# Marks by which a program knows that it runs inside an agent's session. Settings and log-ins (CLAUDE_CONFIG_DIR,
# CLAUDE_CODE_USE_BEDROCK, CLAUDE_CODE_OAUTH_TOKEN, CODEX_HOME, PI_CODING_AGENT_DIR, API keys) are the user's and stay.
MARKERS: frozenset[str] = frozenset(
    (
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_SSE_PORT",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_CODE_PARENT_SESSION_ID",
        "CLAUDE_CODE_REMOTE_SESSION_ID",
        "CLAUDE_CODE_SESSION_ACCESS_TOKEN",
        "CLAUDE_CODE_EXECPATH",
        "CLAUDE_CODE_AGENT_ID",
        "CLAUDE_CODE_AGENT_NAME",
        "CLAUDE_CODE_TEAM_NAME",
        "CLAUDE_CODE_TASK_LIST_ID",
        "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_AGENT_SDK_VERSION",
        "CLAUDE_ENV_FILE",
        "CLAUDE_PROJECT_DIR",
        "CODEX_SANDBOX",
        "CODEX_SANDBOX_NETWORK_DISABLED",
        "CODEX_THREAD_ID",
        "CODEX_CI",
        "CODEX_INTERNAL_ORIGINATOR_OVERRIDE",
        "OPENCODE",
        "OPENCODE_PID",
        "OPENCODE_CALLER",
        "OPENCODE_CLIENT",
        "OPENCODE_SESSION_ID",
        "OPENCODE_RUN_ID",
        "OPENCODE_PROCESS_ROLE",
        "PI_CODING_AGENT",
        "PI_SESSION_ID",
        "GEMINI_CLI",
        "QWEN_CODE",
        "CURSOR_AGENT",
        "CURSOR_TRACE_ID",
        "COPILOT_CLI",
        "AMP_CURRENT_THREAD_ID",
        "GOOSE_TERMINAL",
        "AI_AGENT",
        "AGENT",
    )
)


def unmarked(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* without the marks of a surrounding agent's session, and without what trials set."""
    return {name: value for name, value in environ.items() if name not in MARKERS and name != VARIABLE}


def child_environ(environ: Mapping[str, str], *, run: str, task: str, depth: int) -> dict[str, str]:
    """Return the complete environment of one task's child; *depth* is how deep a run started in there would be."""
    return unmarked(environ) | {RUN: run, TASK: task, DEPTH: str(depth)}


def depth_of(environ: Mapping[str, str]) -> int:
    """Return how deep a run started in *environ* is nested: 0 where no run is around it."""
    said = environ.get(DEPTH, "")
    if said.isascii() and said.isdigit():
        return min(int(said[:6]), 1000)
    return 1 if environ.get(RUN) else 0
