"""From an ended attempt to its record: judged, harvested, held against the law of truth. Never raises."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from forkjoin.agents import Dialect, EndedAttempt, Judgement, ReplayDialect, truth
from forkjoin.backends import Exited, Mask, output_bytes, output_lines, whole
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import ForkjoinError
from forkjoin.failpoints import reached
from forkjoin.model import (
    MIB,
    Changes,
    Completed,
    Ended,
    Exit,
    Failed,
    Lost,
    NeedsInput,
    Outcome,
    Place,
    Ref,
    Task,
    Value,
    to_json,
)

Harvest = Callable[[Task, int, Place], Changes]
_V = TypeVar("_V", bound=Value)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """An ended attempt with its whole answer and value, before these are put into the journal.

    `again`: it is tried again whatever `retries` says, for nothing of it has run. `unneeded`: its workspace holds
    nothing that is not in the base, and may go once the record is committed.
    """

    ended: Ended
    answer: str = ""
    value: bytes = b""
    again: bool = False
    unneeded: bool = False


def settled(
    folder: RunFolder,
    task: Task,
    exited: Exited,
    place: Place | None,
    harvest: Harvest,
    judgement: Judgement | None = None,
) -> Result:
    """Return the record of an attempt that has ended; *judgement* is what `judged` made of it, where that was asked."""
    judgement = judgement or judged(folder, task, exited, place)
    reached("settle.judged")
    recorded = judgement.changes
    changes, trouble = (recorded, "") if recorded is not None else harvested(task, exited.attempt, place, harvest)
    reached("settle.harvested")
    outcome, value = _true(task, judgement, changes)
    if trouble and isinstance(outcome, Completed | NeedsInput):
        where = place.root if place is not None else "its workspace"
        outcome = Failed(kind="workspace", reason=f"what it changed could not be taken ({trouble}); it lies in {where}")
    ended = Ended(
        task=task.id,
        attempt=exited.attempt,
        outcome=outcome,
        usage=judgement.usage,
        changes=changes,
        exit=judgement.exit or exited.exit,
        place=_recorded_place(task, exited.attempt) or place,
        session=judgement.session,
        limit=judgement.limit if isinstance(outcome, Failed) else None,
        findings=_findings(task, value),
        repair=recorded is None and _repairable(task, outcome),
    )
    return Result(ended=ended, answer=judgement.answer, value=value, unneeded=unneeded(place, changes))


def unneeded(place: Place | None, changes: Changes) -> bool:
    """Whether a workspace holds nothing that is not in the base: a note may tell of what could not be taken."""
    return place is not None and place.kind != "shared" and not changes.commit and not changes.notes


def _recorded_place(task: Task, attempt: int) -> Place | None:
    """Return where a replayed attempt really was, so that a replay of this replay reads its output as this one did."""
    playing = getattr(task.agent, "target", None) if isinstance(task.agent, Ref) else None
    if not isinstance(playing, ReplayDialect):
        return None
    recorded = playing.attempts[min(attempt, len(playing.attempts)) - 1].ended
    if recorded is None or recorded.place is None:
        return None
    return replace(recorded.place, kind="shared")


def masked(result: Result, mask: Mask) -> Result:
    """Return *result* with no known secret in it: what a call returned, or an error quotes, was masked by no shim."""
    ended = result.ended
    clean = replace(
        ended, outcome=_clean(ended.outcome, mask), exit=None if ended.exit is None else _clean(ended.exit, mask)
    )
    answer = mask.whole(result.answer.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    return replace(result, ended=clean, answer=answer, value=mask.whole(result.value))


def _clean(value: _V, mask: Mask) -> _V:
    raw = to_json(value)
    clean = mask.whole(raw)
    return value if clean is raw else msgspec.json.decode(clean, type=type(value))


def said(error: Exception) -> str:
    """Return an error in a line: its message where it is ours, else with its type."""
    return str(error) if isinstance(error, ForkjoinError) else f"{type(error).__name__}: {error}"


def judged(folder: RunFolder, task: Task, exited: Exited, place: Place | None) -> Judgement:
    """Return what the agent's dialect makes of an attempt that has ended: its output is read for that."""
    if exited.exit is None:
        return Judgement(outcome=Lost(reason="its process went without leaving a record"))
    try:
        judgement = speaker(task).judge(task, _seen(folder, task, exited, exited.exit, place))
    except Exception as error:  # a dialect may be anybody's code
        return Judgement(outcome=Failed(kind="parse", reason=f"its end could not be read: {said(error)}"))
    if isinstance(judgement.outcome, Completed | NeedsInput) and not _kept(folder, task, exited.attempt, exited.exit):
        why = exited.exit.error or "the disk holds less than was written"
        lost = Failed(kind="parse", reason=f"its output could not be kept whole ({why})")
        return dataclasses.replace(judgement, outcome=lost)
    return judgement


def _kept(folder: RunFolder, task: Task, attempt: int, ended: Exit) -> bool:
    """Whether all of the output that an answer stands on was kept, but for the middle of what is above the cap."""
    if task.function or task.output == "none":
        return True
    return whole(folder.attempt(task.id, attempt), "stdout", ended)


def _seen(folder: RunFolder, task: Task, exited: Exited, exit_: Exit, place: Place | None) -> EndedAttempt:
    """Return what there is of an ended attempt; a call in this process leaves no output in its folder."""
    if task.function:
        return EndedAttempt(exit=exit_, returned=exited.returned)
    own = folder.attempt(task.id, exited.attempt)
    # A command's answer is its output up to a bound of its own; what another agent prints may all be for reading.
    limit = 2 * MIB if task.output == "text" or task.agent_name == "command" else 64 * MIB
    return EndedAttempt(
        exit=exit_,
        stdout=output_bytes(own, "stdout", limit=limit),
        stderr=output_bytes(own, "stderr", limit=MIB),
        returned=exited.returned,
        place=place,
        stream=lambda: output_lines(own, "stdout"),
        attempt=exited.attempt,
    )


def harvested(task: Task, attempt: int, place: Place | None, harvest: Harvest) -> tuple[Changes, str]:
    """Return the changes, and why they could not be taken."""
    if place is None or place.kind == "shared":
        return Changes(), ""
    try:
        return harvest(task, attempt, place), ""
    except Exception as error:
        note = f"what it changed could not be taken ({said(error)}); it lies in {place.root}"
        return Changes(notes=(note,)), said(error)


def _true(task: Task, judgement: Judgement, changes: Changes) -> tuple[Outcome, bytes]:
    if not isinstance(judgement.outcome, Completed):
        return judgement.outcome, b""
    try:
        dialect: Dialect = speaker(task)
        return truth(task, judgement, changes, answers=dialect.answers)
    except Exception as error:
        return Failed(kind="parse", reason=f"its answer could not be checked: {said(error)}"), b""


def _repairable(task: Task, outcome: Outcome) -> bool:
    """Whether an agent that answers may say once more, in the form asked for, what it said."""
    return isinstance(outcome, Failed) and outcome.kind == "contract" and speaker(task).answers


def _findings(task: Task, value: bytes) -> int:
    """Return how many findings a value holds, as the schema says them or as SARIF."""
    if task.output != "findings" or not value:
        return 0
    try:
        said = msgspec.json.decode(value)
        return len(said["findings"]) if "findings" in said else sum(len(run["results"]) for run in said["runs"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return 0
