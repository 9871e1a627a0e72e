"""One small question to each coding agent, asked as any task is: whether it works here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from forkjoin.engine.api import run
from forkjoin.engine.known import explained_agents
from forkjoin.errors import CannotHere
from forkjoin.model import Plan, RunResult, Task, TaskId

_QUESTION = "This is a test of your connection. Do nothing; answer with the one word: ready"
_LONGEST_S = 180.0


class Smoke(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the questions; `left_out` are agents that are here and were not asked, for want of a log-in."""

    result: RunResult
    left_out: tuple[str, ...] = ()


def smoke(tree: Path, asked: Sequence[str] = ()) -> Smoke:
    """Ask the agents that are here and logged in (or those *asked* for) in *tree*, side by side, read-only.

    Raises CannotHere where there is nobody to ask, UnknownId for a name that is no coding agent's.
    """
    known = [one.agent for one in explained_agents(tree, asked)]
    there = [agent.name for agent in known if agent.found and (asked or agent.how)]
    if not there:
        what = ", ".join(f"{agent.name}: {agent.note}" for agent in known)
        raise CannotHere(f"no coding agent is here and logged in, so nobody was asked; {what}")
    tasks = [
        Task(id=TaskId(name), agent=name, description="Smoke call", task=_QUESTION, writes=[], timeout=_LONGEST_S)
        for name in there
    ]
    left_out = tuple(agent.name for agent in known if agent.found and agent.name not in there)
    return Smoke(result=run(Plan(name="smoke", tasks=tasks), tree=tree), left_out=left_out)
