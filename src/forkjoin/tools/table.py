"""The tools, a row each, and the names under which Claude Code knows some of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

from forkjoin.tools import answers, asks
from forkjoin.tools.launching import check_plan, run_tasks
from forkjoin.tools.reading import agents, report, task_output
from forkjoin.tools.steering import land, task_send, task_stop
from forkjoin.tools.texts import DESCRIPTIONS
from forkjoin.tools.todos import todo_read, todo_write

Names = Literal["forkjoin", "claude"]
Acts = Literal["reads", "adds", "ends"]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool: what it takes and returns, who does it, and whether it reads, adds, or ends what goes on."""

    name: str
    title: str
    takes: type[msgspec.Struct]
    returns: type[msgspec.Struct]
    does: Callable[..., Awaitable[Any]]  # (host, what was taken, as it was given, whom to tell of progress)
    acts: Acts = "reads"

    @property
    def description(self) -> str:
        """What a model is told of it."""
        return DESCRIPTIONS[self.name]

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        return asks.schema(self.takes)

    @property
    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of what it returns."""
        return asks.schema(self.returns)


TOOLS: Final[tuple[Tool, ...]] = (
    Tool(name="run_tasks", title="Run tasks side by side", takes=asks.RunTasks, returns=answers.Started,
         does=run_tasks, acts="adds"),
    Tool(name="check_plan", title="Check tasks for independence", takes=asks.RunTasks, returns=answers.Checked,
         does=check_plan),
    Tool(name="task_output", title="Retrieve what tasks brought", takes=asks.TaskOutput, returns=answers.Outputs,
         does=task_output),
    Tool(name="task_stop", title="Stop tasks", takes=asks.TaskStop, returns=answers.Stopped, does=task_stop,
         acts="ends"),
    Tool(name="task_send", title="Tell an ended task more", takes=asks.TaskSend, returns=answers.Sent, does=task_send,
         acts="adds"),
    Tool(name="todo_read", title="Read the todo list", takes=asks.TodoRead, returns=answers.Todos, does=todo_read),
    Tool(name="todo_write", title="Write the todo list", takes=asks.TodoWrite, returns=answers.TodosWritten,
         does=todo_write, acts="adds"),
    Tool(name="report", title="Join results into a report", takes=asks.ReportAsk, returns=answers.Reported,
         does=report),
    Tool(name="land", title="Land changes on a branch", takes=asks.LandRun, returns=answers.Landed, does=land,
         acts="adds"),
    Tool(name="agents", title="List agents", takes=asks.AgentsAsk, returns=answers.Agents, does=agents),
)  # fmt: skip

_BY_NAME: Final = MappingProxyType({tool.name: tool for tool in TOOLS})
CLAUDE: Final[tuple[Tool, ...]] = (
    replace(_BY_NAME["run_tasks"], name="Task", takes=asks.TaskCall),
    replace(_BY_NAME["task_output"], name="TaskOutput"),
    replace(_BY_NAME["task_stop"], name="TaskStop", takes=asks.TaskStopCall),
    replace(_BY_NAME["todo_write"], name="TodoWrite"),
)
NAMED: Final = MappingProxyType({"forkjoin": TOOLS, "claude": CLAUDE})
