"""Events added up, one at a time: an event costs its own task's edges, never the tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias

from msgspec.structs import replace

from forkjoin.errors import JournalDamaged
from forkjoin.journal.pauses import limited, spoken_pause, with_pause
from forkjoin.journal.seen import Seen
from forkjoin.journal.tasks import (
    again,
    awaited,
    end,
    freed,
    halted,
    live,
    overlapped,
    progress,
    requeue,
    shown,
)
from forkjoin.model import (
    Awaited,
    BaseTaken,
    Blocked,
    Closed,
    Continued,
    Edge,
    Ended,
    Event,
    Exported,
    Freed,
    Halted,
    Held,
    Hold,
    Joined,
    LandBegun,
    Landed,
    Lifted,
    Limited,
    Limits,
    Overlapped,
    Owned,
    Pause,
    Paused,
    Planned,
    Progress,
    Recorded,
    Released,
    RetryAsked,
    Running,
    RunView,
    Starting,
    StoodStill,
    StopAsked,
    TaskId,
    TaskView,
    waits_at,
)

_NEVER_RAN = ("blocked", "skipped")
_OF_ANYBODY = (StopAsked, RetryAsked, LandBegun, Landed, Exported)  # events that need no owner
_MOST = frozenset((Starting, Running, Progress, Ended))  # what nearly all events of a long run are: signs of its owner
_GONE = "it was gone, and nobody drove the run"
_STOOD = "it was stopped, or held up, and nobody drove the run"
_RESTED = "over, until a person asked for more"
_COMES_S = 10.0  # how long a new owner is waited for, before nobody drives the run
_OfTask: TypeAlias = (
    Starting | Running | Progress | Limited | Overlapped | Halted | Continued | Ended
    | StopAsked | RetryAsked | Awaited | Freed
)  # fmt: skip


class Fold:
    """The run so far. `apply` the journal's events in their order; `view` at any time. Not for two threads at once."""

    def __init__(self) -> None:
        self._run: RunView | None = None
        self._tasks: list[Seen] = []
        self._numbers: dict[TaskId, int] = {}
        self._holds: list[Hold] = []
        self._pauses: list[Pause] = []
        self._rests: list[Hold] = []
        self._sign = 0.0  # of the owner, the last
        self._coming = True  # an owner is about to take the run
        self._seq = 0

    def apply(self, recorded: Recorded) -> None:
        """Add one event. Events before the plan, about unknown tasks, or told twice change nothing but `seq`."""
        self._seq = max(self._seq, recorded.seq)
        event, at = recorded.event, recorded.at
        if self._run is None:
            if isinstance(event, Planned):
                self._plan(event, at)
        elif (kind := type(event)) in _MOST:
            self._sign, self._coming = at, False
            if (number := self._numbers.get(event.task)) is not None:  # type: ignore[union-attr] # _MOST all have one
                self._of_kind[kind](self, self._tasks[number], event, at)
        else:
            self._apply(self._run, recorded)

    def view(self) -> RunView:
        """Return the run as it stands; raise JournalDamaged before its plan was seen. Costs the tasks."""
        if self._run is None:
            raise JournalDamaged("no plan is in this journal: the run never began; remove it with: forkjoin rm RUN")
        open_holds = {hold.cause: hold.detail for hold in self._holds if hold.ended is None}
        held = "; ".join(f"{cause}: {detail}" if detail else cause for cause, detail in sorted(open_holds.items()))
        causes = " and ".join(sorted(open_holds))
        paused = {pause.provider: pause for pause in self._pauses if pause.ended is None}
        held = "; ".join(filter(None, (held, *(f"limit: {spoken_pause(pause)}" for pause in paused.values()))))
        tasks = tuple(shown(seen, self._tasks, causes, paused.get(seen.now.provider)) for seen in self._tasks)
        return replace(
            self._run,
            tasks=tasks,
            seq=self._seq,
            held=held,
            holds=tuple(self._holds),
            pauses=tuple(self._pauses),
            rests=tuple(self._rests),
        )

    def _plan(self, event: Planned, at: float) -> None:
        plan = event.plan
        whose = event.providers
        self._tasks = [
            Seen(now=TaskView(
                task=task, number=number, provider=whose.get(waits_at(task.agent_name, task.model), "") if whose else ""
            ))
            for number, task in enumerate(plan.tasks, 1)
        ]  # fmt: skip
        self._numbers = {task.id: number for number, task in enumerate(plan.tasks)}
        self._order(event.edges)
        self._sign = at
        for seen in self._tasks:
            if not seen.waiting:
                seen.put(replace(seen.now, ready=at))
        self._run = RunView(
            run=event.run, name=plan.name, goal=plan.goal, state="queued", started=at, ended=None, tree=event.tree,
            repository=event.repository, tasks=(), edges=event.edges, seq=0, detached=event.options.detached,
            notes=event.notes, unknown=tuple(claims.id for claims in event.claims if not claims.bounded),
            slots=_slots(event), cores=event.options.cores, limits=_limits(event), budget=event.options.budget,
            kin=event.kin,
        )  # fmt: skip

    def _order(self, edges: Sequence[Edge]) -> None:
        for edge in edges:
            first, then = self._numbers.get(edge.first), self._numbers.get(edge.then)
            if first is not None and then is not None:
                self._tasks[first].behind.append(then)
                self._tasks[then].before.append((first, edge))
                self._tasks[then].waiting += 1

    def _apply(self, run: RunView, recorded: Recorded) -> None:
        heard = self._sign
        self._signed(run, recorded)
        match recorded.event:
            case Held() | Released() | StoodStill() | Paused() | Lifted():
                self._held(recorded.event, recorded.at)
            case BaseTaken(base=base):
                self._run = replace(run, notes=(*run.notes, base.note)) if base.note else run
            case Joined(findings=findings, lines=lines):
                self._run = replace(run, joined=True, findings=findings, lines=lines)
            case Closed():
                self._closed(run, recorded.event, recorded.at)
            case StopAsked(task="", reason=reason) if run.ended is None:
                self._run = replace(run, reason=f"stop asked: {reason}" if reason else "stop asked")
            case Owned():  # a hold is what one owner saw: the next looks for itself
                self._let_go(recorded.at)
                self._unpause(heard)
            case Landed() | Exported():
                self._landed(recorded.event)
            case Planned() | LandBegun():
                pass
            case event:
                self._of_a_task(event, recorded.at)

    def _signed(self, run: RunView, recorded: Recorded) -> None:
        """Take note when an owner was last heard of, and of the time in which nobody drove the run."""
        event, at = recorded.event, recorded.at
        if isinstance(event, _OF_ANYBODY):
            return
        if isinstance(event, Owned) and run.ended is None and at > self._sign + (_COMES_S if self._coming else 0.0):
            self._holds.append(Hold(cause="owner", started=self._sign, ended=at, detail=_GONE))
            for seen in self._tasks:
                seen.sign = self._sign
        self._sign, self._coming = at, False

    def _held(self, event: Held | Released | StoodStill | Paused | Lifted, at: float) -> None:
        if isinstance(event, StoodStill):
            self._holds.append(Hold(cause="owner", started=event.since, ended=event.until, detail=_STOOD))
            return
        if isinstance(event, Paused | Lifted):
            self._pauses = with_pause(self._pauses, event, at)
            return
        self._let_go(at, event.cause)
        if isinstance(event, Held):
            self._holds.append(Hold(cause=event.cause, started=at, detail=event.detail))

    def _landed(self, event: Landed | Exported) -> None:
        """Take note where changes are; a task that has been run again since has others."""
        where = event.where if isinstance(event, Landed) else event.folder
        for one in event.tasks:
            if (number := self._numbers.get(one.task)) is None:
                continue
            seen = self._tasks[number]
            if seen.now.attempt != one.attempt or not seen.now.changes.files:
                continue
            if isinstance(event, Exported) and seen.now.landed_as:  # on a branch is more than in a folder
                seen.put(replace(seen.now, landed_without=()))
            else:
                now = replace(seen.now, landed=where, landed_as=one.commit)
                seen.put(replace(now, landed_without=one.without, landed_parts=one.parts))

    def _unpause(self, heard: float) -> None:
        """What stood still goes on without its owner, who was *heard* of last then."""
        for seen in self._tasks:
            halted(seen, "", heard)

    def _overlapped(self, seen: Seen, event: Overlapped, _: float) -> None:
        overlapped(seen, event.first, event.paths)
        if (number := self._numbers.get(event.first)) is not None:
            overlapped(self._tasks[number], event.task, event.paths)

    def _halted(self, seen: Seen, event: Halted, at: float) -> None:
        halted(seen, event.reason, at, action=event.reason)

    def _continued(self, seen: Seen, event: Continued, at: float) -> None:
        halted(seen, "", at, action=event.reason)

    def _progress(self, seen: Seen, event: Progress, _: float) -> None:
        progress(seen, event)

    def _limited(self, seen: Seen, event: Limited, at: float) -> None:
        limited(seen, event, at)

    def _awaited(self, seen: Seen, event: Awaited, at: float) -> None:
        awaited(seen, event, at)

    def _freed(self, seen: Seen, event: Freed, at: float) -> None:
        freed(seen, at)
        self._say(event.note)

    def _stop(self, seen: Seen, event: StopAsked, _: float) -> None:
        if not seen.ended:
            seen.stopping, seen.shown = event.reason or "no reason given", None

    def _let_go(self, at: float, cause: str = "") -> None:
        """Take note that launches are held no more, for that cause or any."""
        ended = (
            replace(hold, ended=at) if hold.ended is None and cause in ("", hold.cause) else hold
            for hold in self._holds
        )
        self._holds = [hold for hold in ended if hold.ended is None or hold.ended > hold.started]

    def _say(self, note: str) -> None:
        run = self._run
        if note and run is not None and note not in run.notes:
            self._run = replace(run, notes=(*run.notes, note))

    def _closed(self, run: RunView, event: Closed, at: float) -> None:
        """Believe it where all tasks have ended: a retry may have been asked just before it was written."""
        if all(seen.ended for seen in self._tasks):
            self._run = replace(run, state=event.state, reason=event.reason, ended=at)

    def _of_a_task(self, event: _OfTask, at: float) -> None:
        if (number := self._numbers.get(event.task)) is not None:
            self._of_kind[type(event)](self, self._tasks[number], event, at)

    def _live(self, seen: Seen, event: Starting | Running, at: float) -> None:
        if event.attempt < 1 or seen.past(event.attempt):
            return
        if seen.ended:
            self._reopen(seen)
        live(seen, event, at)
        self._go_on(at)

    def _ended(self, seen: Seen, event: Ended, at: float) -> None:
        if seen.ended or seen.past(event.attempt):
            return
        if event.attempt == 0 and type(event.outcome) is Blocked and not self._still_blocked(seen, event.outcome):
            return
        if event.attempt:
            self._go_on(at)
        if event.again:
            again(seen, event, at)
            return
        end(seen, event, at)
        for number in seen.behind:
            then = self._tasks[number]
            then.waiting -= 1
            ready = at if not then.waiting and then.queued and then.now.ready is None else then.now.ready
            then.put(replace(then.now, ready=ready))

    def _still_blocked(self, seen: Seen, outcome: Blocked) -> bool:
        """Whether the record tells the truth: somebody may have asked for a retry just before it was written."""
        first = [self._tasks[number] for task in outcome.by if (number := self._numbers.get(task)) is not None]
        return seen.queued and any(one.ended and one.now.state != "completed" for one in first)

    def _retry(self, seen: Seen, event: RetryAsked, at: float) -> None:
        if not seen.ended or (seen.now.state == "completed" and not event.force):
            return
        todo = [seen]
        for one in todo:  # grows while it is read: the task, then what never ran behind it
            if not one.ended:
                continue
            todo += [then for number in one.behind if (then := self._tasks[number]).now.state in _NEVER_RAN]
            self._reopen(one)
            requeue(one, at, fresh=event.fresh)
        self._go_on(at)
        if event.budget is not None and self._run is not None:
            self._run = replace(self._run, budget=event.budget)

    def _reopen(self, seen: Seen) -> None:
        for number in seen.behind:
            then = self._tasks[number]
            then.waiting += 1
            then.put(replace(then.now, ready=None) if then.queued else then.now)

    def _go_on(self, at: float) -> None:
        """The run is under way, or again: what was said of its end holds no more."""
        run = self._run
        if run is not None and run.ended is not None:
            self._rests.append(Hold(cause="rest", started=run.ended, ended=at, detail=_RESTED))
            self._sign, self._coming = at, True
        if run is not None and run.state != "running":
            self._run = replace(run, state="running", ended=None, reason="", joined=False, findings=(), lines=None)

    # By an event's own class: nearly all events of a long run go through this.
    _of_kind: ClassVar[dict[type[Event], Callable[[Fold, Seen, Any, float], None]]] = {
        Starting: _live,
        Running: _live,
        Progress: _progress,
        Ended: _ended,
        Limited: _limited,
        Overlapped: _overlapped,
        Halted: _halted,
        Continued: _continued,
        StopAsked: _stop,
        RetryAsked: _retry,
        Awaited: _awaited,
        Freed: _freed,
    }


def _limits(event: Planned) -> Limits | None:
    """Return the caps by agent, model and provider, None where there are none."""
    return event.options.limits if event.options.limits != Limits() else None


def _slots(event: Planned) -> int | None:
    """Return how many tasks may run at once, None for no cap."""
    asked = event.options.max_parallel
    return event.plan.max_parallel if asked is None else asked
