"""What the tools take: each class is a tool's JSON Schema, and reads what a caller gave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from forkjoin.errors import PlanError
from forkjoin.model import Permission, Policy, Todo, Value

Given = TypeVar("Given", bound=msgspec.Struct)
MOST_CHARS = 160_000

Text: TypeAlias = str | UnsetType
Texts: TypeAlias = list[str] | UnsetType
_Isolation = Literal["auto", "shared", "clone", "none", "worktree"]
_RUN = "The run's id, as run_tasks returned it."
_DIRECTORY = "The folder to work on, from the server's first root; default: that root."


class TaskAsk(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One task. Every key of a task in a plan file is taken; the usual ones are listed."""

    prompt: Annotated[Text, Meta(description="All that the agent is told to do: it sees nothing of this talk.")] = UNSET
    description: Annotated[Text, Meta(description="Three to five words, for lists.")] = UNSET
    id: Annotated[Text, Meta(description="A short name, unique in the call; made up where absent.")] = UNSET
    agent: Annotated[Text, Meta(description="claude, codex, opencode, pi ...: see the tool agents.")] = UNSET
    subagent_type: Annotated[Text, Meta(description="An agent, or the role that is played.")] = UNSET
    perspective: Annotated[
        Text, Meta(description="Instead of a prompt: security, performance, testing, architecture or one of your own.")
    ] = UNSET
    role: Annotated[Text, Meta(description="Who the agent is: backend engineer.")] = UNSET
    context: Annotated[Text, Meta(description="What it has to know besides.")] = UNSET
    focus: Annotated[Texts, Meta(description="What to look at above all.")] = UNSET
    reads: Annotated[Texts, Meta(description="Files and globs it reads.")] = UNSET
    writes: Annotated[
        Texts, Meta(description="Files and globs it may change; [] for none. Two tasks must not share one.")
    ] = UNSET
    after: Annotated[Texts, Meta(description="Ids of tasks whose result it needs.")] = UNSET
    output: Annotated[
        Literal["findings", "text", "none"] | dict[str, Any] | UnsetType,
        Meta(description="What it answers: text (default), findings (joined into the report), or a JSON Schema."),
    ] = UNSET
    permission: Permission | UnsetType = UNSET
    isolation: Annotated[
        _Isolation | UnsetType, Meta(description="Who may write works in a tree of its own anyway.")
    ] = UNSET
    model: Text = UNSET
    effort: Text = UNSET
    timeout: Annotated[float | str | UnsetType, Meta(description="Seconds, or 90s, 10m, 2h; default 1h.")] = UNSET
    run_in_background: Annotated[bool | UnsetType, Meta(description="Taken, and always so.")] = UNSET


class RunTasks(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What run_tasks and check_plan take."""

    tasks: Annotated[list[TaskAsk], Meta(description="All tasks of the fan-out, in one list.")]
    name: Annotated[str, Meta(description="What the run is called.")] = ""
    goal: Annotated[str, Meta(description="What all tasks together are for.")] = ""
    agent: Annotated[Text, Meta(description="The agent of tasks that name none.")] = UNSET
    policy: Annotated[
        Policy,
        Meta(description="isolate: what conflicts runs one behind the other; strict: it is refused; trust: only after"),
    ] = "isolate"
    max_parallel: Annotated[int | UnsetType, Meta(description="At most so many at a time.")] = UNSET
    directory: Annotated[str, Meta(description=_DIRECTORY)] = "."
    fail_fast: Annotated[bool, Meta(description="Start no more after the first failure.")] = False
    budget_usd: Annotated[float | UnsetType, Meta(description="What all tasks together may spend.")] = UNSET
    gate: Annotated[str, Meta(description="The shell line that the combination must pass to be landed.")] = ""
    run_in_background: Annotated[
        bool, Meta(description="Return at once (default). False waits, at most timeout, for all of them.")
    ] = True
    timeout: Annotated[float, Meta(ge=0, description="Milliseconds to wait where not in the background.")] = 30_000


class TaskCall(RunTasks, frozen=True, kw_only=True, omit_defaults=True):
    """What Task takes: a list, or one task as Claude Code writes it."""

    tasks: Annotated[list[TaskAsk], Meta(description="All tasks of the fan-out, in one list.")] = []  # noqa: RUF012 - msgspec copies an empty default
    description: Annotated[Text, Meta(description="Of a single task: three to five words.")] = UNSET
    prompt: Annotated[Text, Meta(description="Of a single task: all that the agent is told.")] = UNSET
    subagent_type: Annotated[Text, Meta(description="Of a single task: an agent, or the role.")] = UNSET
    model: Annotated[Text, Meta(description="Of a single task.")] = UNSET
    isolation: Annotated[_Isolation | UnsetType, Meta(description="Of a single task.")] = UNSET


class TaskOutput(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What task_output takes."""

    task_id: Annotated[
        str | list[str],
        Meta(description="RUN/TASK as run_tasks returned it, a list of them, or RUN for all its tasks."),
    ]
    block: Annotated[bool, Meta(description="Wait for tasks that have not ended.")] = True
    timeout: Annotated[
        float,
        Meta(ge=0, description="Milliseconds to wait at most; 45000 is the most that one call waits. Call again."),
    ] = 30_000
    mode: Annotated[
        Literal["answer", "tail", "full"],
        Meta(description="answer: what it brought back; tail, full: what its program printed."),
    ] = "answer"
    max_chars: Annotated[int, Meta(ge=1, le=MOST_CHARS, description="Characters of all texts together.")] = 32_000
    offset: Annotated[int, Meta(ge=0, description="Begin here: next_offset of the call before.")] = 0


class TaskStop(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What task_stop takes."""

    task_id: Annotated[str | list[str], Meta(description="RUN/TASK, a list of them, or RUN for all its tasks.")]
    reason: Annotated[str, Meta(min_length=1, description="Why: it is kept in the record.")]


class TaskSend(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What task_send takes."""

    task_id: Annotated[str, Meta(description="RUN/TASK of a task that has ended.")]
    message: Annotated[str, Meta(min_length=1, description="What its agent is told, in the session it had.")]


class TaskStopCall(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What TaskStop takes."""

    task_id: Annotated[str | list[str], Meta(description="The task, or a list of them.")] = ""
    shell_id: Annotated[str, Meta(description="The same by its old name.")] = ""
    reason: Annotated[str, Meta(description="Why: it is kept in the record.")] = "stopped by the caller"


class TodoRead(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What todo_read takes."""

    run: Annotated[str, Meta(description=f"{_RUN} Absent: the newest run started here, or your own list.")] = ""


class TodoAsk(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One item, as Claude Code writes it; what other programs add to theirs is passed over."""

    content: Annotated[str, Meta(description="What is to be done.")]
    status: Literal["pending", "in_progress", "completed"]
    active_form: Annotated[str, Meta(description="The same while in progress; default: content.")] = msgspec.field(
        default="", name="activeForm"
    )

    def todo(self) -> Todo:
        """Return it as a line of the list."""
        return Todo(content=self.content, status=self.status, active_form=self.active_form.strip() or self.content)


class TodoWrite(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What todo_write takes: Claude Code's shape."""

    todos: Annotated[list[TodoAsk], Meta(description="Your items, in the place of those before.")]
    run: Annotated[str, Meta(description=f"{_RUN} Absent: the newest run started here, or a list of its own.")] = ""
    mode: Annotated[
        Literal["parallel", "sequential"],
        Meta(description="parallel: several may be in progress; sequential: one."),
    ] = "parallel"


class ReportAsk(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What report takes."""

    run: Annotated[str, Meta(description=_RUN)]
    format: Annotated[str, Meta(description="markdown, json, sarif, html, junit, github, github-summary, trace.")] = (
        "markdown"
    )
    max_findings: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType, Meta(description="At most so many, worst first; 0: all.")
    ] = UNSET
    max_chars: Annotated[int, Meta(ge=1, le=MOST_CHARS, description="Characters of the text.")] = 32_000
    offset: Annotated[int, Meta(ge=0, description="Begin here: next_offset of the call before.")] = 0


class LandRun(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What land takes: it makes a branch, and nothing else moves."""

    run: Annotated[str, Meta(description=_RUN)]
    tasks: Annotated[list[str], Meta(description="Only these tasks, and what they stand on.")] = []  # noqa: RUF012 - as above
    dry_run: Annotated[bool, Meta(description="Only say what would land.")] = False


class AgentsAsk(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What agents takes."""

    directory: Annotated[str, Meta(description=_DIRECTORY)] = "."


def sound(arguments: Mapping[str, Any], *, tool: str) -> dict[str, Any]:
    """Return what a caller gave with U+FFFD for halves of characters, as texts hold that were cut by UTF-16.

    Raises PlanError where it is nested without end.
    """
    try:
        return {key: _sound(value) for key, value in arguments.items()}
    except RecursionError:
        raise PlanError("is nested too deep", where=tool, next_step="flatten it") from None


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sound(key): _sound(one) for key, one in value.items()}
    return [_sound(one) for one in value] if isinstance(value, list) else value


def read(kind: type[Given], arguments: Mapping[str, Any], *, tool: str) -> Given:
    """Return what a caller gave, as *kind*; raise PlanError that names the place where it does not fit."""
    try:
        return msgspec.convert(dict(arguments), kind)
    except msgspec.ValidationError as error:
        why, _, place = str(error).partition(" - at `$")
        place = place.rstrip("`")
        words = _words_at(schema(kind), re.findall(r"\w+", place.replace("[...]", "[0]")))
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        next_step = f"it is one of {', '.join(words)}" if words else f"{tool} takes {known}"
        raise PlanError(why[:300], where=tool + place, next_step=next_step) from error


def _words_at(part: Mapping[str, Any], place: Sequence[str]) -> tuple[str, ...]:
    """Return the words that a schema knows at a place; () where it is not a choice of words."""
    for step in place:
        part = part.get("items", {}) if step.isdecimal() else part.get("properties", {}).get(step, {})
    choices = [part, *part.get("anyOf", ())]
    return tuple(word for one in choices for word in one.get("enum", ()) if isinstance(word, str))


def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of *kind* in one piece: some clients follow no references."""
    made = msgspec.json.schema(kind)
    whole: dict[str, Any] = _whole(made, made.get("$defs", {}))
    return {key: value for key, value in whole.items() if key not in ("$defs", "title", "description")}


def _whole(part: Any, named: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_whole(one, named) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return {**_whole(named[part["$ref"].removeprefix("#/$defs/")], named), **beside}
    return {key: _whole(value, named) for key, value in part.items() if key not in ("title", "$defs")}
