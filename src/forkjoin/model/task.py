"""One unit of work for one agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from forkjoin.model.base import Ref, TaskId, Value
from forkjoin.model.durations import seconds
from forkjoin.model.sizes import size

Permission = Literal["read-only", "workspace-write", "full"]
Isolation = Literal["auto", "shared", "clone", "worktree"]
OutputKind = Literal["findings", "text", "none"]

# A Python caller may write lists, callables, dialects and classes; `__post_init__` turns them into what is kept.
# The second half is what the journal and the decoder see.
if TYPE_CHECKING:
    Strings: TypeAlias = Sequence[str]
    Function: TypeAlias = str | Callable[..., Any]
    AgentSpec: TypeAlias = Any
    Output: TypeAlias = OutputKind | dict[str, Any] | type
else:
    Strings = tuple[str, ...]
    Function = str
    AgentSpec = str
    Output = OutputKind | dict[str, Any]

_LISTS = (
    "command", "reads", "writes", "focus", "after", "ok_exit", "carry", "keep_ignored", "resources", "pass_env",
)  # fmt: skip
_DURATIONS = ("estimate", "timeout", "idle_timeout")
_SIZES = ("memory", "disk")
# A plan has thousands of tasks, and a journal or a file gives what is kept already: that is seen at one look.
_lists_of, _numbers_of = attrgetter(*_LISTS), attrgetter(*_DURATIONS, *_SIZES)
_put = msgspec.structs.force_setattr
_TUPLES, _NUMBERS = frozenset((tuple, type(None))), frozenset((float, int, type(None)))


class Budget(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What may be spent: US dollars, tokens (in and out together); None where that has no limit."""

    usd: float | None = None
    tokens: int | None = None


class Task(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What one agent is asked to do, what it reads and writes, and its limits.

    Exactly one of `task`, `command`, `shell`, `function` says the work; a `perspective` says it where none does, and
    makes the task one that only reads and answers findings. Durations are seconds, sizes bytes (`memory`
    and `disk` None: a default of the machine's). Paths and globs are relative to the tree. `writes=()` means it
    writes nothing; `None` means it was not said. Tasks of one `alternative` are tries at the same thing by several
    agents: they run side by side whatever they write, and at most one of them is landed.
    """

    id: TaskId = TaskId("")
    description: str = ""
    agent: AgentSpec | None = None
    role: str = ""
    perspective: str = ""
    alternative: str = ""
    task: str = ""
    command: Strings = ()
    shell: str = ""
    function: Function = ""
    context: str = ""
    reads: Strings | None = None
    writes: Strings | None = None
    focus: Strings = ()
    output: Output = "text"
    allow_no_change: bool = False
    after: Strings = ()
    estimate: float | None = None
    timeout: float = 3600.0
    idle_timeout: float | None = None
    cpu: float = 0.0
    memory: int | None = None
    processes: int = 1000
    disk: int | None = None
    retries: int = 0
    permission: Permission | None = None
    isolation: Isolation = "auto"
    sparse: bool = False
    lfs: bool = False
    ok_exit: tuple[int, ...] = (0,)
    carry: Strings = ()
    keep_ignored: Strings = ()
    setup: str = ""
    setup_once: str = ""
    resources: Strings = ()
    env: dict[str, str] = {}  # noqa: RUF012 - msgspec copies an empty default
    pass_env: Strings = ()
    cwd: str = ""
    model: str = ""
    effort: str = ""
    max_turns: int | None = None
    budget: Budget | None = None

    def __post_init__(self) -> None:
        """Take what a Python caller naturally writes: lists, durations as text, callables, classes as schemas."""
        if not _TUPLES.issuperset(map(type, _lists_of(self))):
            _turn(self, _LISTS, list, tuple)
        if not _NUMBERS.issuperset(map(type, _numbers_of(self))):
            _turn(self, _DURATIONS, str, seconds)
            _turn(self, _SIZES, str, size)
        if callable(self.function):
            _put(self, "function", _function_ref(self.function))
        if self.agent is not None and not isinstance(self.agent, str):
            _put(self, "agent", Ref(self.agent.name, self.agent))
        if isinstance(self.output, type):
            _put(self, "output", _schema(self.output))

    @property
    def reads_only(self) -> bool:
        """Whether it may change nothing: said by `permission`, or by an empty `writes`."""
        return self.permission == "read-only" or (self.permission is None and self.writes == ())

    @property
    def may(self) -> Permission:
        """What it is permitted: as said, else what follows from its `writes`."""
        return self.permission or ("read-only" if self.writes == () else "workspace-write")

    @property
    def shares_tree(self) -> bool:
        """Whether it works in the caller's own tree, where nothing it starts from has to be put there first."""
        return self.reads_only and self.isolation in ("auto", "shared") and not (self.setup or self.setup_once)

    def apart_from(self, other: Task) -> bool:
        """Whether the two belong to alternatives of different agents: they never land together."""
        return bool(self.alternative and other.alternative) and self.agent_name != other.agent_name

    @property
    def agent_name(self) -> str:
        """The agent that does it; a command or a function is its own agent. Empty where still to be chosen."""
        if self.agent:
            return str(self.agent)
        if self.command or self.shell:
            return "command"
        return "function" if self.function else ""


def _turn(task: Task, names: Sequence[str], kind: type, into: Callable[[Any], object]) -> None:
    """Put *into* of what is of that kind in its place."""
    for name in names:
        if isinstance(given := getattr(task, name), kind):
            _put(task, name, into(given))


def _function_ref(call: Callable[..., Any]) -> Ref:
    module, name = getattr(call, "__module__", ""), getattr(call, "__qualname__", type(call).__qualname__)
    return Ref(f"{module}:{name}", call)


def _schema(shape: type) -> dict[str, Any]:
    own = getattr(shape, "model_json_schema", None)
    return own() if own is not None else msgspec.json.schema(shape)
