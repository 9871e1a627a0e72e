"""The verbs, in the groups of the help, and the words people say for them; nothing of a verb is loaded here."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

GROUPS = ("Start", "Follow", "Read", "Land", "Set up")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One verb's line in the help; its module is `verbs.<name>`."""

    group: str
    summary: str


VERBS: dict[str, Line] = {
    "review": Line(group="Start", summary="Review a folder or a file with every offline analyser, side by side"),
    "run": Line(group="Start", summary="Run the tasks of a plan, or prompts, side by side"),
    "each": Line(group="Start", summary="Run one task for each folder or each file, side by side"),
    "check": Line(group="Start", summary="Say which tasks are independent, and in what order they would run"),
    "ls": Line(group="Follow", summary="List the runs of this repository, or the tasks of one"),
    "show": Line(group="Follow", summary="Show a run or a task: state, answer, changes, next command"),
    "watch": Line(group="Follow", summary="Watch a run live, from any terminal"),
    "wait": Line(group="Follow", summary="Wait until a run, or tasks of it, have ended"),
    "send": Line(group="Follow", summary="Tell an ended task's agent something: it goes on in its session"),
    "resume": Line(group="Follow", summary="Go on with a run whose owner is gone"),
    "stop": Line(group="Follow", summary="End tasks with all their processes"),
    "retry": Line(group="Follow", summary="Run ended tasks again"),
    "output": Line(group="Read", summary="Print what tasks answered"),
    "log": Line(group="Read", summary="Print what a task's program wrote"),
    "diff": Line(group="Read", summary="Print what a task changed, as a patch"),
    "path": Line(group="Read", summary="Print the folder a task works in"),
    "report": Line(group="Read", summary="Print the joined report of a run"),
    "explain": Line(group="Read", summary="Say where the time went, and why tasks waited"),
    "todo": Line(group="Read", summary="Print the todo list of a run"),
    "transcripts": Line(group="Read", summary="Say where other agents ran tasks one after another for no reason"),
    "land": Line(group="Land", summary="Bring changes together on a branch, tried by the gate"),
    "export": Line(group="Land", summary="Write a run into one file that anybody can open"),
    "rm": Line(group="Land", summary="Delete runs; unlanded changes are named first"),
    "doctor": Line(group="Set up", summary="Say what this machine has and lacks, and mend what was left behind"),
    "agents": Line(group="Set up", summary="List the agents and analysers found on this machine"),
    "install": Line(group="Set up", summary="Teach other agents' programs to use forkjoin"),
    "mcp": Line(group="Set up", summary="Serve the tools to other agents (Model Context Protocol)"),
}

_NEAR = {
    "status": "show",
    "merge": "land",
    "apply": "land",
    "ps": "ls",
    "list": "ls",
    "logs": "log",
    "tail": "log",
    "cancel": "stop",
    "kill": "stop",
    "rerun": "retry",
    "attach": "watch",
    "continue": "resume",
    "answer": "send",
    "reply": "send",
    "tell": "send",
    "followup": "send",
    "adopt": "resume",
    "follow": "watch",
    "result": "output",
    "why": "explain",
    "results": "output",
    "verify": "check",
    "plan": "check",
    "lint": "review",
    "delete": "rm",
    "remove": "rm",
    "prune": "rm",
    "repair": "doctor",
    "config": "doctor",
    "todos": "todo",
    "start": "run",
    "foreach": "each",
    "map": "each",
    "fanout": "each",
    "exec": "run",
    "serve": "mcp",
    "server": "mcp",
}


def hint(word: str) -> str:
    """Return what to say instead of an unknown verb."""
    near = _NEAR.get(word) or next(iter(difflib.get_close_matches(word, VERBS, n=1)), None)
    return f"did you mean: forkjoin {near}?" if near else "see: forkjoin --help"
