"""The law of truth: what an attempt's clean end is worth, once its answer and its changes are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forkjoin.agents.answers import NoJson, claimed_from, findings_schema, instance_from, sarif_from
from forkjoin.agents.asking import asks
from forkjoin.agents.coding import allowing
from forkjoin.agents.dialect import Judgement
from forkjoin.errors import listed
from forkjoin.model import Changes, Completed, Failed, NeedsInput, Outcome, Task, to_json
from forkjoin.model.text import spelled

__all__ = ["findings_schema", "truth"]
_NAMED = 5


def truth(task: Task, judgement: Judgement, changes: Changes, *, answers: bool) -> tuple[Outcome, bytes]:
    """Return the final outcome, and the JSON of the structured answer (b"" where there is none).

    *answers* says that an agent did it (an empty answer is a failure, changing nothing needs a word); it is false for
    `command`, `function` and `static`. Findings come out as `{"findings": [...]}`, or as the SARIF they were said in.
    """
    if not isinstance(judgement.outcome, Completed):
        return judgement.outcome, b""
    if changes.violations:
        return Failed(kind="violation", reason=_violation(task, changes.violations)), judgement.value
    if answers and task.output != "none" and not judgement.answer.strip():
        return Failed(kind="agent", reason="it ended cleanly and answered nothing"), b""
    met = _contract(task, judgement)
    if isinstance(met, Failed):
        return met, b""
    rests = _rests(task, judgement, changes) if answers else None
    return rests or judgement.outcome, met


def _violation(task: Task, paths: tuple[str, ...]) -> str:
    """Return which files it changed that it may not, why it may not, and what can be done about it."""
    shared = [path for path in paths if ".git" in path.split("/")]  # of a worktree: nothing of it is landed
    rest = [path for path in paths if path not in shared]
    parts = []
    if shared:
        parts.append(
            f"changed {_shown(shared)} in your own repository, where it holds for your checkout too: look at it"
        )
    take = f"the changes are kept: forkjoin land --accept {task.id} takes them"
    if rest and task.writes is None:  # then it may change all of its tree, and this is none of it
        parts.append(f"changed files outside the folder it was given: {_shown(rest)}; {take}")
    elif rest and task.writes:
        allowed = ", ".join(task.writes)
        parts.append(f"changed files outside its declared writes ({allowed}): {_shown(rest)}; {take}")
    elif rest:
        parts.append(f"changed files though it was to write nothing (writes: []): {_shown(rest)}; {take}")
    return "; and it ".join(parts)


def _shown(paths: Sequence[str]) -> str:
    return listed(paths, _NAMED, say=spelled)


def _contract(task: Task, judgement: Judgement) -> bytes | Failed:
    """Return the value the output contract asks for, or what is wrong with the answer."""
    try:
        if task.output == "findings":
            sarif = sarif_from(judgement.answer, judgement.value)
            if sarif is not None:
                return to_json(sarif)
            return to_json({"findings": claimed_from(judgement.answer, judgement.value)})
        if isinstance(task.output, dict):
            return _checked(task.output, judgement)
    except NoJson as why:
        return Failed(kind="contract", reason=str(why))
    return judgement.value


def _checked(schema: dict[str, Any], judgement: Judgement) -> bytes | Failed:
    from forkjoin.agents.schema import complaint

    instances = instance_from(judgement.answer, judgement.value)
    complaints = []
    for instance in instances:
        wrong = complaint(instance, schema)
        if not wrong:
            return to_json(instance)
        complaints.append(wrong)
    return Failed(kind="contract", reason=f"the answer does not meet its JSON Schema: {complaints[0]}")


def _rests(task: Task, judgement: Judgement, changes: Changes) -> NeedsInput | Failed | None:
    if task.output == "none" or task.allow_no_change or changes.files:
        return None
    if task.output == "text" and asks(judgement.answer):
        return NeedsInput(reason="its answer asks the caller to decide, and it changed nothing")
    if judgement.walled and not task.reads_only:
        kept = f"it changed nothing, and its sandbox kept it from: {listed(judgement.walled, _NAMED, between='; ')}"
        return Failed(kind="permission", reason=f"{kept}; {allowing(task.may)}")
    if not task.reads_only:
        return NeedsInput(reason="it may write and changed nothing (allow_no_change: true accepts that)")
    return None
