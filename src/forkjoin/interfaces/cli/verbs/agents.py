"""`forkjoin agents`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.talk import data, data_json, line_width, say
from forkjoin.model import TaskResult, Usage, spoken, to_builtins
from forkjoin.model.text import one_line

if TYPE_CHECKING:
    from forkjoin.engine import ExplainedAgent, KnownAgent
    from forkjoin.engine.smoking import Smoke

EXAMPLES = (
    ("forkjoin agents", "what is here, and how to get what is not"),
    ("forkjoin agents --explain claude", "its log-in, what it will read here, what it lacks and what to do about it"),
    ("forkjoin agents --smoke", "ask each one that is logged in a small question (it costs a request each)"),
    ("forkjoin agents --json", "for a program"),
)
_BY = {"program": "its own", "forkjoin": "by forkjoin", "end": "at its end", "none": "no"}
_ANSWER = 60  # characters of an answer that are shown


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """List the agents this version drives, the coding agents found on this machine, analysers, and perspectives.

    A project adds a perspective by .forkjoin/perspectives/NAME.md, a user by perspectives/NAME.md in the settings
    folder: what to look for, in Markdown.

    Exit codes: 0; with --smoke 3 some did not answer, 4 none did, 7 there is nobody to ask.
    """

    names: Annotated[
        list[str] | None, typer.Argument(metavar="AGENT...", help="With --explain, --smoke: these coding agents alone.")
    ] = None
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Of each coding agent: log-in, features, settings, skills, MCP servers, next step."
        ),
    ] = False
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Ask each that is logged in for one word; exit code 0: all did.")
    ] = False


def act(ask: Ask) -> int:
    """List them, explain them, or ask them."""
    if ask.explain and ask.smoke:
        raise PlanError("are two different things", where="--explain, --smoke", next_step="say one of them")
    if ask.names and not (ask.explain or ask.smoke):
        raise PlanError("lists all of them", where="agents", next_step=f"say --explain {' '.join(ask.names)}")
    if ask.smoke:
        return _asked(ask)
    return _explained(ask) if ask.explain else _listed(ask)


def _explained(ask: Ask) -> int:
    from forkjoin.engine import explained_agents

    found = explained_agents(ask.tree, ask.names or ())
    if ask.json:
        data_json({"forkjoin": 1, "agents": [{**to_builtins(one.agent), **_more(one)} for one in found]})
        return 0
    for one in found:
        for line in _page(one, ask.tree):
            data(line)
    return 0


def _more(one: ExplainedAgent) -> dict[str, object]:
    return {"sees": [to_builtins(seen) for seen in one.sees], "next": list(one.next)}


def _page(one: ExplainedAgent, tree: Path) -> Iterator[str]:
    agent = one.agent
    yield f"{agent.name}: " + (f"{agent.version or 'version unknown'}, {agent.path}" if agent.found else "not found")
    if agent.found:
        yield from _row("log-in", agent.how or "none was found")
    for kind in ("settings", "instructions", "skill", "mcp server"):
        seen = [one for one in one.sees if one.kind == kind]
        for word in seen:
            note = f" ({word.trouble})" if word.trouble else ""
            where = "" if kind in ("settings", "instructions") else f"{word.name}: "
            yield from _row(kind, f"{where}{_short(word.file, tree)}{note}")
    for feature in agent.features:
        yield from _row(feature.name, f"{_BY[feature.by]}: {feature.how}")
    for step in one.next:
        yield from _row("next", step)


def _short(file: str, tree: Path) -> str:
    for top, head in ((tree.absolute(), ""), (Path.home(), "~/")):
        if Path(file).absolute().is_relative_to(top):
            return head + Path(file).absolute().relative_to(top).as_posix()
    return file


def _row(name: str, said: str) -> Iterator[str]:
    head = f"  {name:18} "
    lines = wrap(
        said, max(40, line_width()), initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )
    yield from lines or [head.rstrip()]


def _asked(ask: Ask) -> int:
    from forkjoin.engine import smoke

    smoked = smoke(ask.tree, ask.names or ())
    result = smoked.result
    well = sum(task.state == "completed" for task in result.tasks)
    if ask.json:
        tasks = [{"agent": task.id, "ok": task.state == "completed", **to_builtins(task)} for task in result.tasks]
        data_json({"forkjoin": 1, "run": result.run, "smoke": tasks, "ok": well == len(tasks)})
    else:
        _say_answers(smoked)
    return 0 if well == len(result.tasks) else 3 if well else 4


def _say_answers(smoked: Smoke) -> None:
    for task in smoked.result.tasks:
        mark = "ok" if task.state == "completed" else "NO"
        said = f"{_came_back(task)}; {spoken(task.seconds)}, {_spent(task.usage)}"
        _print(_lines(f"{mark:>2}  {task.id}", True, said))
    for name in smoked.left_out:
        say(f"{name} was not asked, for no log-in was found; to ask it all the same: forkjoin agents --smoke {name}")


def _came_back(task: TaskResult) -> str:
    if task.state == "completed":
        return f"answered {one_line(task.answer, _ANSWER)!r}"
    return f"{task.state}: {task.reason}"


def _spent(usage: Usage) -> str:
    tokens = [one for one in (usage.input_tokens, usage.output_tokens) if one is not None]
    cost = "$?" if usage.usd is None else f"${usage.usd:.4f}"
    return f"{sum(tokens):,} tokens, {cost}" if tokens else f"? tokens, {cost}"


def _listed(ask: Ask) -> int:
    from forkjoin.engine import known_agents, known_analysers, known_perspectives

    perspectives = known_perspectives(ask.tree)
    agents, cards = [each for agent in known_agents() for each in _with_alias(agent)], known_analysers()
    if ask.json:
        # every field, those at their default too
        shown = [structs.asdict(card) for card in cards]
        looks = [to_builtins(one) for one in perspectives]
        ours = [to_builtins(agent) for agent in agents]
        data_json({"forkjoin": 1, "agents": ours, "analysers": shown, "perspectives": looks})
        return 0
    _print_agents(agents)
    data("analysers:")
    for card in cards:
        _print(_lines(card.name, card.found, card.description if card.found else card.hint))
    data("perspectives (review -p NAME, perspectives: in a plan):")
    for one in perspectives:
        said = one.description if one.origin == "built in" else f"{one.description} ({one.origin})"
        _print(_lines(one.name, True, said))
    return 0


def _print_agents(agents: Sequence[KnownAgent]) -> None:
    data("agents of this version:")
    for agent in agents:
        if agent.driven:
            _print(_lines(agent.name, agent.found, _about(agent)))
    others = [agent for agent in agents if not agent.driven]
    if others:
        data("other coding agents found here (not driven yet by this version):")
    for agent in others:
        data(f"  {agent.name:20} {agent.path}")


def _about(agent: KnownAgent) -> str:
    """Return what is said of an agent: of a program its version and log-in, or how to get there."""
    if not agent.path or not (agent.version or agent.features):
        return agent.note
    version = agent.version or "version unknown"
    return f"{version}, " + (f"logged in by {agent.how}" if agent.how else f"no log-in was found; {agent.note}")


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        data(line)


def _with_alias(agent: KnownAgent) -> list[KnownAgent]:
    """A command goes by two names: `-a shell` makes shell lines of prompts."""
    if agent.name != "command":
        return [agent]
    return [agent, structs.replace(agent, name="shell", note="the same for -a: each -t PROMPT is a shell line")]


def _lines(name: str, found: bool, note: str) -> Iterator[str]:
    said = note if found else f"not found; {note or 'install its program'}"
    head, width = f"  {name:20} ", line_width()
    yield from wrap(
        said, max(40, width), initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    ) or [head.rstrip()]
