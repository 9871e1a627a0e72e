"""The defects that sessions show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from forkjoin.errors import listed
from forkjoin.model import TranscriptFinding, TranscriptReport, TranscriptTask
from forkjoin.transcripts.acts import Job
from forkjoin.transcripts.folding import Session
from forkjoin.transcripts.reading import Reading
from forkjoin.transcripts.through import plan_of
from forkjoin.transcripts.words import Earlier


def judged(readings: Sequence[Reading]) -> TranscriptReport:
    """Return what the files show, read together: one may hold what an agent did that another launched."""
    _joined([reading.session for reading in readings])
    found = [one for reading in readings for one in _of(reading.path, reading.session)]
    found.sort(key=lambda one: -(one.lost_s or 0.0))
    return TranscriptReport(files=tuple(reading.file for reading in readings), findings=tuple(found))


def _joined(sessions: Sequence[Session]) -> None:
    """Give each job what its own file says it touched."""
    jobs = {handle: job for session in sessions for job in session.jobs.values() for handle in job.handles}
    for session in sessions:
        for job in {id(job): job for name in session.names if (job := jobs.get(name))}.values():
            job.reads |= session.reads
            job.writes |= session.writes


def _of(path: str, session: Session) -> Iterator[TranscriptFinding]:
    owners: dict[str, list[Job]] = defaultdict(list)
    for job in session.jobs.values():
        owners[job.launched.owner].append(job)
    for jobs in owners.values():
        for batches in _serial(jobs):
            yield _serial_finding(path, batches)
        yield from _two_writers(path, jobs)
    if session.whole:
        for job in session.jobs.values():
            if job.background and job.handles and job.fetched_line is None and session.doubted < job.line:
                yield _never_fetched(path, job)


# --- one after another ----------------------------------------------------------------------------------------------

Batches = list[list[Job]]


def _serial(jobs: Sequence[Job]) -> Iterator[Batches]:
    """Yield stretches of jobs that ran one batch after another, though no later one needed an earlier one."""
    batches: Batches = []
    earlier = Earlier()
    for job in jobs:
        if batches and not _is_after(job, batches[-1]):
            batches[-1].append(job)
        elif batches and (job.broken or earlier.is_needed_by(job)):
            yield from [batches] if len(batches) > 1 else ()
            batches, earlier = [[job]], Earlier()
        else:
            batches.append([job])
        earlier.add(job)
    yield from [batches] if len(batches) > 1 else ()


def _is_after(job: Job, batch: Sequence[Job]) -> bool:
    """Return whether *job* started when all of *batch* had ended."""
    return all(_was_over(one, job) for one in batch)


def _was_over(earlier: Job, later: Job) -> bool:
    if earlier.ended_line is None:
        return False
    if earlier.launched.message == later.launched.message:
        # Calls of one message are made at once, unless it is told that one began when the other had ended.
        begun = later.began_line
        return later.line < earlier.ended_line and begun is not None and begun > earlier.ended_line
    if earlier.ended_at is not None and later.launched.at is not None and later.launched.at < earlier.ended_at:
        return False
    return earlier.ended_line < later.line or earlier.line == earlier.ended_line


def _serial_finding(path: str, batches: Batches) -> TranscriptFinding:
    jobs = [job for batch in batches for job in batch]
    times = [[job.seconds for job in batch] for batch in batches]
    lost = None
    if all(one is not None for batch in times for one in batch):
        longest = [max(one for one in batch if one is not None) for batch in times]
        lost = round(sum(longest) - max(longest), 3)
    return TranscriptFinding(
        rule="serial-fan-out", path=path, line=jobs[0].line, tasks=_tasks(jobs), lost_s=lost, plan=plan_of(jobs),
        message=f"{len(jobs)} tasks ran one after another, and none speaks of another's result: {_why(batches)}",
    )  # fmt: skip


def _why(batches: Batches) -> str:
    jobs = [job for batch in batches for job in batch]
    if len({job.launched.message for job in jobs}) == 1:
        return "they were launched in one message, whose calls this agent makes one after another"
    front = any(not job.background for job in jobs)
    how = "not in the background, and" if front else "in the background, but"
    return f"launched in separate messages, {how} each had ended before the next was launched"


# --- results that nobody read, and files that two wrote ---------------------------------------------------------------


def _never_fetched(path: str, job: Job) -> TranscriptFinding:
    return TranscriptFinding(
        rule="never-retrieved", path=path, line=job.line, tasks=_tasks([job]), plan=plan_of([job]),
        message=f"launched in the background as {job.handles[0]}; nothing after it retrieves its result",
    )  # fmt: skip


def _two_writers(path: str, jobs: Sequence[Job]) -> Iterator[TranscriptFinding]:
    """Yield the tasks that wrote one file while another of them lived; files of the same tasks are one finding."""
    files: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, wrote in sorted(_writers(jobs).items()):
        beside = [job for job in wrote if any(_side_by_side(job, other) for other in wrote)]
        files[tuple(job.launched.call for job in beside)].append(name)
    files.pop((), None)
    known = {job.launched.call: job for job in jobs}
    for calls, names in files.items():
        both = [known[call] for call in calls]
        yield TranscriptFinding(
            rule="two-writers", path=path, line=both[1].line, tasks=_tasks(both), files=tuple(names),
            plan=plan_of(both), message=f"{len(both)} tasks that ran side by side wrote {listed(names, 5)}",
        )  # fmt: skip


def _writers(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    writers: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        for name in job.writes:
            writers[name].append(job)
    return writers


def _side_by_side(one: Job, other: Job) -> bool:
    return one is not other and not _was_over(one, other) and not _was_over(other, one)


def _tasks(jobs: Iterable[Job]) -> tuple[TranscriptTask, ...]:
    return tuple(
        TranscriptTask(
            line=job.line, description=job.launched.description or _head(job.launched.prompt), call=job.launched.call,
            seconds=None if job.seconds is None else round(job.seconds, 3),
        )
        for job in jobs
    )  # fmt: skip


def _head(prompt: str) -> str:
    line = prompt.strip().partition("\n")[0]
    return line if len(line) <= 60 else f"{line[:57]}..."
