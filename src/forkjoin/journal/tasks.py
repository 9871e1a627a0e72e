"""One task as the journal's events leave it; `Fold` keeps a `Seen` per task."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from forkjoin.errors import listed
from forkjoin.journal.pauses import spoken_pause
from forkjoin.journal.seen import Seen, summed
from forkjoin.model import (
    Awaited,
    Changes,
    Edge,
    EdgeKind,
    Ended,
    Failed,
    Hold,
    Lost,
    Met,
    Other,
    Pause,
    Progress,
    Running,
    Starting,
    TaskId,
    TaskState,
    TaskView,
    Text,
    Try,
    Usage,
    reason_of,
    state_of,
)
from forkjoin.model.text import spelled

_NO_TEXT, _NO_CHANGES = Text(), Changes()
_NAMED = 3  # predecessors, or paths, named in words; the rest is counted
# Why one task is behind another, with and without the paths it is about.
_KINDS: dict[EdgeKind, tuple[str, str]] = {
    "after": ("after", "after"),
    "output": ("makes {}", "makes what it reads"),
    "write-write": ("writes {} too", "writes the same"),
    "write-read": ("one writes {}, the other reads it", "one reads what the other writes"),
    "resource": ("holds {}", "holds the same resource"),
    "unknown": ("what it writes is not known", "what it writes is not known"),
}


def live(seen: Seen, event: Starting | Running, at: float) -> None:
    """Take note that an attempt is starting, or that its process is there."""
    if seen.others:
        freed(seen, at)
    now, fresh = seen.now, event.attempt > seen.now.attempt
    if fresh:
        first = now.launched is None or seen.ended
        now = replace(
            now, attempt=event.attempt, state="starting", why="", kind="", action="", output_bytes=0, pid=0, ended=None,
            answer=_NO_TEXT, value=_NO_TEXT, changes=_NO_CHANGES, findings=0,
            overlaps=(), halted="", halts=_gone_on(now.halts, at),
            ready=at if now.ready is None else now.ready,
            launched=at if first else now.launched, started=None if first else now.started,
            tries=(*(() if first else now.tries), Try(launched=at)),
        )  # fmt: skip
        seen.note, seen.sent_away, seen.limits = "", False, 0
    if type(event) is Running:
        started = at if now.started is None else now.started
        tries = _last(now.tries, started=at)
        now = replace(now, state="running", started=started, place=event.place or now.place, pid=event.pid, tries=tries)
    seen.put(now)


def awaited(seen: Seen, event: Awaited, at: float) -> None:
    """Take note that a queued task waits for tasks of other runs."""
    if seen.queued:
        freed(seen, at)
        if not event.others:
            return
        seen.others = event.others
        hold = Hold(cause="other run", started=at, detail=_over(event.others))
        seen.put(replace(seen.now, waits=(*seen.now.waits, hold)))


def freed(seen: Seen, at: float) -> None:
    """Take note that a task waits for no other run any more."""
    if seen.others:
        seen.others = ()
        *before, last = seen.now.waits
        seen.put(replace(seen.now, waits=(*before, replace(last, ended=at))))


def progress(seen: Seen, event: Progress) -> None:
    """Take note of what a live attempt last did."""
    if event.attempt == seen.now.attempt and not seen.ended and not seen.queued:
        usage = seen.now.usage if event.usage is None else summed(seen.used, event.usage)
        most = max(event.bytes, seen.now.output_bytes)
        seen.put(replace(seen.now, action=event.text or seen.now.action, output_bytes=most, usage=usage))


def overlapped(seen: Seen, other: TaskId, paths: Sequence[str]) -> None:
    """Take note that a task that runs changed what *other*, which runs too, has changed."""
    if seen.ended or seen.queued:
        return
    met = {one.task: one.paths for one in seen.now.overlaps}
    met[other] = tuple(dict.fromkeys((*met.get(other, ()), *paths)))
    action = f"overlap: {other} changed the same: {listed(paths, _NAMED, say=spelled)}"
    overlaps = tuple(Met(task=task, paths=found) for task, found in met.items())
    seen.put(replace(seen.now, overlaps=overlaps, action=action))


def halted(seen: Seen, why: str, at: float, *, action: str = "") -> None:
    """Take note that a task's processes stand still, and why; "": that they go on."""
    if not seen.ended and not seen.queued and why != seen.now.halted:
        halts = _gone_on(seen.now.halts, at)
        halts += (Hold(cause="overlap", started=at, detail=why),) if why else ()
        seen.put(replace(seen.now, halted=why, action=action, halts=halts))


def _gone_on(halts: tuple[Hold, ...], at: float) -> tuple[Hold, ...]:
    """Return the times in which it stood still, none of them lasting beyond *at*."""
    if halts and halts[-1].ended is None:
        return (*halts[:-1], replace(halts[-1], ended=max(at, halts[-1].started)))
    return halts


def again(seen: Seen, event: Ended, at: float) -> None:
    """Take note that an attempt ended and another follows; what it left is shown until that begins."""
    said = f": {event.limit.reason or event.limit.kind}" if event.limit is not None else f" {_words(event)}"
    seen.note, seen.sent_away = f"attempt {event.attempt}{said}", event.limit is not None
    now = _left(seen, event, at, _ended(event, at, seen))
    seen.put(replace(now, state="queued", pid=0, why="", ready=None if seen.waiting else now.ready))


def end(seen: Seen, event: Ended, at: float) -> None:
    """Take note of the task's end. One that settles a task between two attempts keeps what the last one left."""
    if seen.others:
        freed(seen, at)
    outcome, ended = event.outcome, _ended(event, at, seen)
    now = _left(seen, event, at, ended) if event.attempt else seen.now
    seen.note, seen.stopping, seen.sent_away = "", "", False
    kind = outcome.kind if type(outcome) is Failed else ""
    started = now.started
    if started is None and event.exit is not None and event.exit.how != "setup":
        started = ended - event.exit.wall_s  # it ran, though nobody was there to write that down
    state, why = state_of(outcome), reason_of(outcome)
    seen.put(replace(now, state=state, why=why, kind=kind, started=started, ended=ended, pid=0))


def _left(seen: Seen, event: Ended, at: float, ended: float) -> TaskView:
    """Return the task with what an attempt left that *ended* then, and what all its attempts used."""
    now = _began(seen, event, ended)
    seen.used = summed(seen.used, event.usage)
    return replace(
        now, halted="", halts=_gone_on(now.halts, ended), attempt=max(event.attempt, now.attempt),
        place=event.place or now.place, answer=event.answer,
        value=event.value, usage=seen.used, changes=event.changes, findings=event.findings,
        session=event.session or now.session,
        tries=_last(now.tries, ended=ended, recorded=at),
    )  # fmt: skip


def _began(seen: Seen, event: Ended, ended: float) -> TaskView:
    """Return the task with its last attempt begun when its process says so: an owner may have written it down late."""
    now = seen.now
    if event.exit is None or event.exit.how == "setup" or not event.exit.wall_s or not now.tries:
        return now
    last = now.tries[-1]
    began = max(last.launched, ended - event.exit.wall_s)
    if last.started is None or last.started <= began:
        return now
    started = began if now.started == last.started else now.started
    return replace(now, started=started, tries=_last(now.tries, started=began))


def _ended(event: Ended, at: float, seen: Seen) -> float:
    """Return when its process ended: its owner may have been away, and written that down later.

    One that left no record ended, as far as anybody knows, when its owner was last heard of. Not before it was
    launched: its shim's clock may have been set since.
    """
    now, known = seen.now, seen.sign if type(event.outcome) is Lost else 0.0
    known = event.exit.ended_at if event.exit is not None else known
    launched = now.tries[-1].launched if now.tries else now.launched or 0.0
    return known if 0 < known < at and launched <= known else at


def _last(tries: tuple[Try, ...], **times: float) -> tuple[Try, ...]:
    return (*tries[:-1], replace(tries[-1], **times)) if tries else ()


def requeue(seen: Seen, at: float, *, fresh: bool = False) -> None:
    """Take note that an ended task is to run again: only its plan, number, attempts and usage are left of it."""
    now = seen.now
    seen.note, seen.stopping, seen.sent_away = "", "", False
    ready = None if seen.waiting else at
    used = seen.used or Usage()
    seen.put(TaskView(
        task=now.task, number=now.number, attempt=now.attempt, place=now.place, ready=ready, usage=used,
        provider=now.provider, earlier=(*now.earlier, *now.tries), limits=now.limits, halts=now.halts,
        session="" if fresh else now.session,
    ))  # fmt: skip


def shown(seen: Seen, tasks: Sequence[Seen], held: str, pause: Pause | None) -> TaskView:
    """Return the task with its waiting in words; *held* names what launches wait for, *pause* is its provider's."""
    if seen.shown is None or (seen.queued and seen.shown_held != (held, pause)):
        seen.shown, seen.shown_held = _worded(seen, tasks, held, pause), (held, pause)
    return seen.shown


def _worded(seen: Seen, tasks: Sequence[Seen], held: str, pause: Pause | None) -> TaskView:
    stop = f"stop asked: {seen.stopping}" if seen.stopping and not seen.ended else ""
    if not seen.queued:
        return replace(seen.now, why=stop) if stop else seen.now
    open_edges = _open_edges(seen, tasks)
    pause = None if open_edges or seen.others else pause
    behind = _named(list(open_edges.values())) or ("" if seen.others else _launches(held, pause))
    waits = stop or (f"waits for {behind}" if behind else "")
    others = tuple(f"{other.run}/{other.task}" for other in seen.others)
    queued = replace(seen.now, state="queued", waits_for=tuple(open_edges), waits_for_others=others, until=None)
    if pause is None:
        return replace(queued, why=_all_said(seen.note, waits, "" if stop else _over(seen.others)))
    state: TaskState = "limited" if seen.sent_away else "queued"
    return replace(queued, state=state, why=_all_said(waits, seen.note), until=pause.until)


def _open_edges(seen: Seen, tasks: Sequence[Seen]) -> dict[TaskId, Edge]:
    """Return what a task still waits for, the first edge from each."""
    found: dict[TaskId, Edge] = {}
    for number, edge in seen.before if seen.waiting else ():
        if not tasks[number].ended:
            found.setdefault(edge.first, edge)
    return found


def _all_said(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _launches(held: str, pause: Pause | None) -> str:
    return " and ".join(filter(None, (held, spoken_pause(pause) if pause is not None else ""))) or "a slot"


def _over(others: Sequence[Other]) -> str:
    """Return with whom a task of ours is in conflict, and over what: `conflict with RUN/TASK: src/app.py`."""
    said = listed(others, _NAMED, say=lambda other: f"{other.run}/{other.task}" if other.task else f"run {other.run}")
    paths = tuple(dict.fromkeys(path for other in others[:_NAMED] for path in other.paths))
    about = f": {', '.join(map(spelled, paths[:_NAMED]))}" if paths else ""
    return f"conflict with {said}{about}" if others else ""


def _named(edges: Sequence[Edge]) -> str:
    return listed(edges, _NAMED, say=lambda edge: f"{edge.first} ({_reason(edge)})")


def _reason(edge: Edge) -> str:
    if edge.reason:
        return edge.reason
    with_paths, without = _KINDS[edge.kind]
    if not edge.paths:
        return without
    return with_paths.replace(
        "{}", ", ".join(map(spelled, edge.paths[:_NAMED])) + (", ..." if len(edge.paths) > _NAMED else "")
    )


def _words(event: Ended) -> str:
    state, reason = state_of(event.outcome).replace("_", " "), reason_of(event.outcome)
    return f"{state}: {reason}" if reason else state
