"""Write the pages of this folder from the code: plan fields, exit codes, and the shapes of `--json`.

    .venv/bin/python docs/reference/make.py            write them
    .venv/bin/python docs/reference/make.py --check    say which are stale, exit 1 where one is

The shapes are those of real commands on a small run in a folder of its own; nothing outside that is touched.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from forkjoin import errors
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.main import answered
from forkjoin.model import Each, Plan, Task
from forkjoin.planning import keys, viewing

HERE = Path(__file__).parent
MADE = "<!-- made by docs/reference/make.py: change the code, then run it -->"


def pages() -> dict[str, str]:
    """Return each page's name and text."""
    return {"plan-fields.md": plan_fields(), "exit-codes.md": exit_codes(), "json.md": shapes()}


def plan_fields() -> str:
    """Return the keys of plan files with their types and defaults."""
    own = keys.PLAN - {"tasks", "each", "perspectives"}
    parts = [
        "# Plan fields", MADE,
        "Types and defaults; what each key means is in [docs/plan.md](../plan.md). Durations may be text (`90s`, "
        "`10m`), and so may sizes (`64KiB`).",
        "## Of a plan", table(Plan, own),
        "Also `tasks` (a list), `each` (a mapping or a list of them), `perspectives` (a list of names), and every key "
        "of a task but `id`, as a default of all tasks.",
        "## Of a task", table(Task, keys.TASK),
        "## Of a fan-out (`each`)", table(Each, keys.EACH), "Also every key of a task but `id` and `files`.",
        "## Of a perspective's file (front matter)", ", ".join(f"`{key}`" for key in sorted(viewing.KEYS)) + ".",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def table(kind: type[msgspec.Struct], named: Any) -> str:
    """Return the table of the fields of *kind* that are *named*."""
    rows = ["| key | type | default |", "| --- | --- | --- |"]
    for field in msgspec.structs.fields(kind):
        if field.name in named:
            said = "" if field.default in (None, "", ()) or field.default is msgspec.NODEFAULT else field.default
            rows.append(f"| `{field.name}` | {spelt(msgspec.inspect.type_info(field.type))} | {json_text(said)} |")
    return "\n".join(rows)


def json_text(value: Any) -> str:
    """Return a default as JSON in a code span, "" where nothing is said."""
    return "" if value == "" else f"`{msgspec.json.encode(value).decode()}`"


WORDS_OF = {
    msgspec.inspect.StrType: "text", msgspec.inspect.BoolType: "true or false", msgspec.inspect.IntType: "number",
    msgspec.inspect.FloatType: "number",
}  # fmt: skip


def spelt(kind: Any) -> str:
    """Return a type in plain words."""
    match kind:
        case msgspec.inspect.LiteralType():
            return ", ".join(f"`{value}`" for value in kind.values)
        case msgspec.inspect.VarTupleType():
            return f"list of {spelt(kind.item_type)}"
        case msgspec.inspect.UnionType():
            return " or ".join(spelt(one) for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
        case msgspec.inspect.StructType():
            return "mapping of " + ", ".join(f"`{field.name}`" for field in kind.fields)
        case _:
            return WORDS_OF.get(type(kind), "mapping")


def exit_codes() -> str:
    """Return the exit codes: of errors before a start, and of how runs end, as the code decides them."""
    ends = {
        "all tasks completed": Ending(states=["completed"]),
        "the same, with findings at or above `--fail-on`": Ending(states=["completed"], findings=1),
        "some tasks did not complete": Ending(states=["completed", "failed"]),
        "no task completed": Ending(states=["failed", "lost"]),
        "a budget, the time or the disk stopped it, or it was not ready in time": Ending(limited=True),
        "Ctrl-C": Ending(interrupted="int"),
        "it was asked to end (SIGTERM)": Ending(interrupted="term"),
    }
    rows = [f"| {exit_code(end)} | `{WORDS[exit_code(end)]}` | {said} |" for said, end in ends.items()]
    graded = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ForkjoinError)]
    refused = [
        f"| {one.exit_code} | `{one.word}` | {(one.__doc__ or '').strip().splitlines()[0]} |"
        for one in sorted(graded, key=lambda one: (one.exit_code, one.word))
        if one is not errors.ForkjoinError
    ]
    head = "| code | word | when |\n| --- | --- | --- |\n"
    return "\n\n".join((
        "# Exit codes", MADE,
        "`--json` says the same as a word: `exit` where a run ended, `error.word` where nothing was started.",
        "## How a run ends", head + "\n".join(rows),
        "The first that applies of 130, 143, 5, 4, 3, 1, 0.",
        "## What refuses a command", head + "\n".join(refused),
        f"A wrong command line is 2 (`usage`), a bug of forkjoin's is 70 (`{WORDS[70]}`).",
    )) + "\n"  # fmt: skip


COMMANDS = (
    "check plan.json", "each -n -a shell true --dirs *", "run -q plan.json", "run --detach plan.json", "wait",
    "ls", "ls RUN", "show", "show good", "output good", "log good", "diff writer", "path writer", "report", "explain",
    "todo", "resume", "stop --reason done good", "agents", "rm -n --older-than 1h",
    "transcripts other.jsonl", "install", "install -n pi",
)  # fmt: skip
PLAN = {
    "name": "shapes",
    "tasks": [
        {"id": "good", "shell": """echo '{"findings": [{"title": "weak hash", "path": "a/f", "line": 1}]}'""",
         "writes": [], "output": "findings"},
        {"id": "writer", "shell": "echo new > made", "writes": ["made"]},
        {"id": "later", "shell": "true", "writes": [], "after": ["writer"]},
    ],
}  # fmt: skip

OTHER = [  # two tasks that another agent launched one after another
    {"type": kind, "sessionId": "s", "timestamp": f"2026-01-01T00:00:0{number}Z",
     "message": {"id": f"{number}", "content": [block]}}
    for number, (kind, block) in enumerate(
        (kind, {"type": "tool_use", "name": "Task", "id": name, "input": {"prompt": f"Review {name}"}})
        if kind == "assistant" else (kind, {"type": "tool_result", "tool_use_id": name, "content": "Fine."})
        for name in ("auth", "billing") for kind in ("assistant", "user")
    )
]  # fmt: skip


def shapes() -> str:
    """Return the shape of what each verb prints under `--json`."""
    parts = [
        "# JSON shapes", MADE,
        "What verbs print on stdout under `--json`, as a small run shows it: the type of each value, and the shape "
        "of a list's items. Every object has `forkjoin: 1`; a key may be added without another number, none is taken "
        "away. "
        "Where two types are named, both occur. An error is `{\"forkjoin\": 1, \"error\": {\"word\", \"message\"}}`.",
    ]  # fmt: skip
    for command, value in answers():
        parts += [f"## `forkjoin {command} --json`", f"```json\n{json.dumps(shape(value), indent=2)}\n```"]
    return "\n\n".join(parts) + "\n"


def answers() -> Iterator[tuple[str, Any]]:
    """Yield each command and what it prints, in a folder of its own."""
    with tempfile.TemporaryDirectory() as top, contextlib.chdir(top):
        tree, kept = Path(top) / "tree", dict(os.environ)
        (tree / "a").mkdir(parents=True)
        (tree / "a" / "f").write_text("x\n")
        (tree / "plan.json").write_text(json.dumps(PLAN))
        (tree / "other.jsonl").write_text("\n".join(map(json.dumps, OTHER)))
        os.environ.update(FORKJOIN_HOME=f"{top}/home", HOME=top, XDG_CONFIG_HOME=f"{top}/config")
        os.chdir(tree)
        try:
            run = ""
            for command in COMMANDS:
                value = answer([run if word == "RUN" else word for word in command.split()])
                run = value.get("run", run) if isinstance(value, dict) else run
                yield command, value
        finally:
            os.chdir(top)
            os.environ.clear()
            os.environ.update(kept)


def answer(words: list[str]) -> Any:
    """Return what one command prints as JSON."""
    out, talk = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(talk):
        code = answered([*words, "--json"])
    if code not in (0, 1, 3):
        raise SystemExit(f"forkjoin {' '.join(words)}: exit code {code}: {talk.getvalue()}")
    return json.loads(out.getvalue())


def shape(value: Any) -> Any:
    """Return types in place of values; of a list the shape that its items have together."""
    if isinstance(value, dict):
        return {key: 1 if key == "forkjoin" else shape(one) for key, one in value.items()}
    if isinstance(value, list):
        items = [shape(one) for one in value]
        return [merged(items)] if items else []
    names = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}
    return names[type(value)]


def merged(shapes: list[Any]) -> Any:
    """Return one shape that holds for all."""
    if all(isinstance(one, dict) for one in shapes):
        found: dict[str, list[Any]] = {}
        for one in shapes:
            for key, inner in one.items():
                found.setdefault(key, []).append(inner)
        return {key: merged(inner) for key, inner in found.items()}
    if all(isinstance(one, list) for one in shapes):
        items = [one[0] for one in shapes if one]
        return [merged(items)] if items else []
    said = sorted({one if isinstance(one, str) else json.dumps(one) for one in shapes})
    return shapes[0] if len(said) == 1 else " or ".join(said)


def main() -> int:
    """Write the pages, or under --check say which differ."""
    stale = []
    for name, text in pages().items():
        path = HERE / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    print("stale: " + ", ".join(stale) if stale else "all pages are as the code says")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
