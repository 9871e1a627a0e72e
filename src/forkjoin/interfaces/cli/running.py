"""What `run` and `each` share: the flags of a plan that is run, and how it is prepared, saved and started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from forkjoin.errors import CannotHere, PlanError, choices
from forkjoin.interfaces.cli.asking import complete_agent
from forkjoin.interfaces.cli.landings import print_landing
from forkjoin.interfaces.cli.saving import refuse_ending, save
from forkjoin.interfaces.cli.starting import Starting, start, surrounding_agent
from forkjoin.interfaces.cli.talk import data, say
from forkjoin.model import OnOverlap, Permission

if TYPE_CHECKING:
    from forkjoin.engine import Prepared, Run
    from forkjoin.model import Plan


@dataclass(frozen=True, kw_only=True)
class Running(Starting):
    """What every verb takes that runs a plan of the caller's."""

    agent: Annotated[
        str | None,
        typer.Option(
            "-a",
            "--agent",
            metavar="AGENT",
            help="Who does tasks that name nobody; claude,codex: they take turns.",
            autocompletion=complete_agent,
        ),
    ] = None
    compare: Annotated[
        str,
        typer.Option(
            "--compare", metavar="AGENTS", help="Give each task to each of claude,codex and compare what they bring."
        ),
    ] = ""
    permission: Annotated[
        str,
        typer.Option(
            "--permission", metavar="WORD", help="Of tasks that say none: read-only, workspace-write or full."
        ),
    ] = ""
    policy: Annotated[
        str, typer.Option("--policy", metavar="POLICY", help="What to do about conflicts: isolate, strict or trust.")
    ] = ""
    on_overlap: Annotated[
        str,
        typer.Option("--on-overlap", metavar="WORD", help="When running tasks change one file: note, pause or stop."),
    ] = "note"
    base: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="BASE",
            help="What writers start from: snapshot (default), HEAD or a ref. With -a replay: what to play.",
        ),
    ] = "snapshot"
    land: Annotated[
        bool, typer.Option("--land", help="When all is over, bring the changes together on a branch: forkjoin land.")
    ] = False
    apply: Annotated[bool, typer.Option("--apply", help="With --land: then fast-forward the current branch.")] = False
    save: Annotated[
        str, typer.Option("--save", metavar="FILE", help="Also write the plan to FILE, new, .yaml or .json.")
    ] = ""


def prepared_for(plan: Plan, asked: Running) -> Prepared:
    """Return the plan prepared as the flags say; nothing is started."""
    from forkjoin.engine import prepared

    if asked.save:
        refuse_ending(asked.save)
    flags = asked.overrides(
        agent=asked.agent,
        compare=_compared(asked),
        permission=_permission(asked.permission),
        policy=policy(asked.policy),
        base=asked.base,
        on_overlap=_on_overlap(asked.on_overlap),
    )
    return prepared(plan, settings=asked.settings, tree=asked.tree, overrides=flags)


def _permission(text: str) -> Any:
    known = get_args(Permission)
    if text and text not in known:
        raise PlanError(f"no permission {text!r}", where="--permission", next_step=choices(text, known))
    return text or None


def _compared(asked: Running) -> tuple[str, ...]:
    from forkjoin.engine import agents_in

    if not asked.compare:
        return ()
    if asked.agent:
        raise PlanError("says who does the tasks already", where="--compare", next_step="leave -a out")
    return agents_in(asked.compare, where="--compare")


def begun(ready: Prepared, asked: Running) -> int:
    """Save the plan where that was asked, start it, and return the exit code."""
    if asked.save:
        save(ready.plan, asked.save)
    if asked.land:
        return _begun_and_landed(ready, asked)
    if asked.apply:
        raise PlanError("lands nothing", where="--apply", next_step="say --land --apply")
    return start(ready, asked, settings=asked.settings, detach=_detach(asked))


def _begun_and_landed(ready: Prepared, asked: Running) -> int:
    """Run it here to its end, then land it; the exit code is the run's where that is not 0, else the landing's."""
    from forkjoin.engine import LandAsk, refuse_unlandable

    settings = asked.settings
    if asked.detach:
        raise PlanError("cannot go with --detach", where="--land", next_step="wait for it, then: forkjoin land")
    landing = LandAsk(apply=asked.apply, prefix=settings.branch_prefix or "forkjoin")
    if not asked.dry_run:
        refuse_unlandable(ready, prefix=landing.prefix)

    def land(run: Run | None) -> int:
        if run is None:
            say("nothing was landed, for the run did not come to its end here; later: forkjoin land")
            return 0
        if not run.view().unlanded:
            return 0
        return print_landing(run.land(landing, say=say), to=say if asked.json or asked.jsonl else data)

    return start(ready, asked, settings=settings, after=land)


def _on_overlap(text: str) -> Any:
    known = get_args(OnOverlap)
    if text not in known:
        raise PlanError(f"no such word {text!r}", where="--on-overlap", next_step=choices(text, known))
    return text


def policy(text: str) -> Any:
    """Return a policy's word, None where none was said; raise PlanError that lists them."""
    known = ("isolate", "strict", "trust")
    if text and text not in known:
        raise PlanError(f"no policy {text!r}", where="--policy", next_step=choices(text, known))
    return text or None


def _detach(asked: Running) -> bool:
    if asked.detach is not None or asked.dry_run:
        return bool(asked.detach)
    around = surrounding_agent(os.environ)
    if around:
        say(f"inside {around} without a terminal: the run goes on in the background (--attach stays with it)")
    return bool(around)


def nobody(shell: str) -> CannotHere:
    """Return what is said where prompts name no agent and none can be chosen; *shell* is what -a shell would mean."""
    from forkjoin.engine import found_agents

    here, todo = "no coding agent is on this machine", "install one, name one with -a"
    if found_agents():
        here, todo = "not exactly one coding agent is here and logged in", "name one with -a"
    return CannotHere(f"nobody was named to do it, and {here}: {todo}, or say -a shell ({shell}); see: forkjoin agents")
