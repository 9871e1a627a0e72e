"""A check for people: tasks, verdicts, the order and its reasons, waves, and when not to fan out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forkjoin.errors import CannotHere, ForkjoinError, listed
from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.spending import caps_line, money_line
from forkjoin.interfaces.cli.talk import data_json, data_lines, say
from forkjoin.model.durations import spoken
from forkjoin.model.text import one_line, spelled

if TYPE_CHECKING:
    from forkjoin.engine import Prepared
    from forkjoin.model import Check, Claims, Pair, Share, Task

_SHOWN, _NAMED = 50, 8


def print_check(ready: Prepared, *, as_json: bool, refusal: ForkjoinError | None) -> int:
    """Print what was found about a plan, and why it would not start; return the exit code.

    What is wrong with the plan ends a look at it as it would end the run. What this machine lacks is only said: plans
    are looked at on other machines than the one that runs them.
    """
    code = 0 if refusal is None or isinstance(refusal, CannotHere) else refusal.exit_code
    if as_json:
        from forkjoin.engine import check_json, money, permitted, scope_json
        from forkjoin.model import to_builtins

        more = {
            "scope": scope_json(ready.scope),
            "shares": to_builtins(_shares(ready)),
            "limits": to_builtins(ready.options.limits),
            "permissions": to_builtins(permitted(ready)),
            "money": to_builtins(money(ready)),
        }
        if refusal is not None:
            more["refused"] = {"word": refusal.word, "message": str(refusal)}
        more = {key: value for key, value in more.items() if value}
        data_json({**check_json(ready.check), **more, "exit": WORDS[code]})
    else:
        data_lines(check_lines(ready))
    if refusal is not None:
        say(f"error: {refusal}" if code else f"note: it would not start here: {refusal}")
    return code


def check_lines(ready: Prepared) -> Iterator[str]:
    """Yield what a person reads of a check."""
    plan, check = ready.plan, ready.check
    yield f"{_short(plan.name or 'plan')}: {_many(len(plan.tasks), 'task')}, policy {plan.policy}"
    yield ""
    claims = {claim.id: claim for claim in check.tasks}
    shares = {share.task: share for share in ready.shares}
    width = max((len(task.id) for task in plan.tasks), default=0)
    for number, task in enumerate(plan.tasks[:_SHOWN], 1):
        yield f"{number:>5}  {task.id:{width}}  {_task(task, claims.get(task.id))}{_size(shares.get(task.id))}"
    yield from _left_out(len(plan.tasks), "tasks")
    yield from _pairs(check, clonable=ready.clonable)
    yield from _others(check)
    yield from _order(check)
    yield from _estimates(check)
    yield from _gain(check)
    yield from _bounds(ready)
    for note in dict.fromkeys((*check.advice, *ready.notes)):
        yield f"note: {note}"
    for what in ready.not_looked_at:
        yield f"not looked at: {what}"


def _task(task: Task, claims: Claims | None) -> str:
    what = " ".join(task.command) or task.shell or task.description or task.task
    said = f"{task.agent_name:8} {_short(what)}"
    if claims is None or task.reads_only:
        return f"{said}  [writes nothing]"
    if not claims.bounded:
        return f"{said}  [writes: unknown]"
    return f"{said}  [writes {_short(', '.join(spelled(claim.path) for claim in claims.writes) or 'nothing', 60)}]"


def _shares(ready: Prepared) -> tuple[Share, ...]:
    """Return the shares of the tasks that are in the plan: -k may have left some out."""
    kept = {task.id for task in ready.plan.tasks}
    return tuple(share for share in ready.shares if share.task in kept)


def _size(share: Share | None) -> str:
    """Say how large the share of a fan-out's task is."""
    if share is None:
        return ""
    from forkjoin.model import spoken_size

    several = f"{len(share.of)} of them, " if len(share.of) > 1 else ""
    return f"  {several}{_many(share.files, 'file')}, {spoken_size(share.bytes)}"


def _pairs(check: Check, *, clonable: bool) -> Iterator[str]:
    if not check.pairs and not check.unknown:
        if len(check.tasks) > 1:
            yield ""
            yield f"All {len(check.tasks)} tasks are independent."
        return
    # What was declared by `after` is no conflict: it stands under the order.
    conflicts = [pair for pair in check.pairs if pair.verdict == "conflict" and pair.kind != "after"]
    if conflicts or check.unknown or check.pairs_left_out:
        yield ""
    yield from map(_pair, conflicts[:_SHOWN])
    yield from _left_out(len(conflicts) + check.pairs_left_out, "conflicts")
    if check.unknown:
        settled = "each works in a clone of its own" if clonable else "no clone can be made here, so they are ordered"
        yield f"unknown: what {listed(check.unknown, _NAMED)} will write cannot be told; {settled}"
        yield "         declare writes: [...] to know before"


def _pair(pair: Pair) -> str:
    return f"conflict: {pair.a} and {pair.b} ({pair.kind}): {pair.evidence}\n          remedy: {pair.remedy}"


def _others(check: Check) -> Iterator[str]:
    """Yield how tasks stand to those of other runs at this moment."""
    if check.others:
        yield ""
    for pair in check.others[:_SHOWN]:
        yield f"other run: {pair.task}: {pair.evidence}; {'it waits for that' if pair.waits else 'side by side'}"
    yield from _left_out(len(check.others), "of other runs")


def _order(check: Check) -> Iterator[str]:
    if check.edges:
        yield ""
        for edge in check.edges[:_SHOWN]:
            why = edge.reason or edge.kind
            yield f"order: {edge.first} before {edge.then}: {why}"
        yield from _left_out(len(check.edges), "orders")
    if len(check.waves) > 1:
        yield ""
        for number, wave in enumerate(check.waves[:_SHOWN], 1):
            yield f"wave {number}: {listed(wave, _NAMED)}"
        yield from _left_out(len(check.waves), "waves")


def _estimates(check: Check) -> Iterator[str]:
    """Yield what past runs say of how long tasks take, a line for all that comes from one place."""
    if check.estimates:
        yield ""
    sources: dict[str, list[str]] = {}
    for one in check.estimates:
        sources.setdefault(one.source, []).append(f"{one.task} {spoken(one.seconds)}")
    for source, told in list(sources.items())[:_SHOWN]:
        yield f"estimate: {source}: {listed(told, _NAMED)}"
    yield from _left_out(len(sources), "sources of estimates")


def _gain(check: Check) -> Iterator[str]:
    if check.tasks:
        yield ""
        yield f"ideal speed-up: {check.ideal_speedup:.1f}x"


def _bounds(ready: Prepared) -> Iterator[str]:
    """Yield how many may run at once, and what it may cost."""
    from forkjoin.engine import money, permitted

    for one in permitted(ready):
        yield f"permission: {one.agent}, {one.permission}: {one.told}"
    if said := caps_line(ready.options.limits):
        yield f"at once: {said}"
    if (found := money(ready)) is not None:
        yield f"money: {money_line(found)}"


def _left_out(total: int, what: str) -> Iterator[str]:
    if total > _SHOWN:
        yield f"       … {total - _SHOWN} more {what}; all of them: --json"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _short(text: str, width: int = 48) -> str:
    return one_line(text, width)
