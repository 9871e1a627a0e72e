"""The acts of one file, folded into the jobs it launched. What is kept is bounded, however long the file."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

from forkjoin.transcripts.acts import (
    Accepted,
    Act,
    Began,
    Begun,
    Done,
    Fetched,
    Job,
    Launched,
    Returned,
    Stood,
    Told,
    Touched,
    Worked,
)  # fmt: skip
from forkjoin.transcripts.words import needs, paths, words

_KNOWN = 300_000  # words that are remembered
_HEARD = 20_000  # characters of what is told; a word that is missed makes a task count as dependent
_COMPARED = 50  # earlier jobs that a new one is compared with
_PROMPT = 64_000  # characters of a prompt that are kept


class Session:
    """One file: its jobs in the order they were launched, what its own session touched, and its names."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.names: set[str] = set()
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.whole = True
        self.doubted = 0  # the last line that could not be read: what stood in it may have been anything
        self._known: dict[str, int] = {}
        self._disturbed: set[str] = set()
        self._handles: dict[str, str] = {}  # of launches in the background: handle -> call
        self._lengths: set[int] = set()  # of all handles
        self._newest: dict[str, deque[Job]] = defaultdict(lambda: deque(maxlen=_COMPARED))  # by who launched them

    def add(self, act: Act, line: int) -> None:
        """Take in what *line* says."""
        match act:
            case Launched():
                self._launched(act, line)
            case Began() | Done() | Accepted() | Returned():
                if job := self.jobs.get(act.call):
                    self._went_on(job, act, line)
            case Fetched():
                self._fetched(act, line)
            case Touched():
                self._touched(act)
            case Told() | Worked() | Begun() | Stood():
                self._other(act, line)

    def doubt(self, line: int) -> None:
        """Know that *line* says something that cannot be read."""
        self.doubted = line

    def _other(self, act: Told | Worked | Begun | Stood, line: int) -> None:
        match act:
            case Told():
                self._remember(words(act.text[:_HEARD]), line)
                if act.user:
                    self._disturbed.add("")
            case Worked():
                if not any(self._named(act.names, line)):
                    self._disturbed.add(act.owner)
            case Begun():
                self.names |= {act.session} - {""}
            case Stood():
                self.whole = act.whole

    def _launched(self, act: Launched, line: int) -> None:
        asked = words(act.prompt)
        prompt = act.prompt[:_PROMPT]
        launched = Launched(**{**vars(act), "prompt": prompt})
        job = Job(launched=launched, line=line, named=paths(words(prompt)), background=act.background)
        siblings = self._newest[act.owner]
        job.needs = {
            one.launched.call for one in siblings
            if one.ended_line is not None and needs(prompt, asked, one, self._known)
        }  # fmt: skip
        together = bool(siblings) and siblings[-1].launched.message == act.message
        doubted = bool(siblings) and self.doubted > siblings[-1].line
        job.broken = siblings[-1].broken if together else doubted or act.owner in self._disturbed
        if not together:
            self._disturbed.discard(act.owner)
        if again := self.jobs.get(act.call):  # a record that stands there twice
            self._newest[again.launched.owner] = deque(
                (one for one in self._newest[again.launched.owner] if one is not again), maxlen=_COMPARED
            )
        self.jobs[act.call] = job
        self._newest[act.owner].append(job)
        self._remember(asked, line)

    def _went_on(self, job: Job, act: Began | Done | Accepted | Returned, line: int) -> None:
        match act:
            case Began():
                job.began_line = line
            case Done():
                job.ended_line = line
            case Accepted():
                job.background, job.handles = True, act.handles
                handles = (job.launched.call, *(one for one in act.handles if len(one) > 3))
                self._handles |= dict.fromkeys(handles, act.call)
                self._lengths |= set(map(len, handles))
            case Returned():
                job.ended_line = job.ended_line or line
                job.ended_at, job.taken = act.at, act.seconds
                job.words, job.fetched_line = words(act.text), line

    def _fetched(self, act: Fetched, line: int) -> None:
        for job in self._named(act.names, line, over=act.over, stopped=act.stopped):
            if act.over:
                job.words |= words(act.text)
            if act.over and job.ended_line is None:
                job.ended_line, job.ended_at = line, act.at

    def _named(self, names: Sequence[str], line: int, *, over: bool = True, stopped: bool = False) -> list[Job]:
        """Return the jobs that *names* speak of; where they have ended, their results count as fetched."""
        found = [self.jobs[call] for call in sorted({call for name in names for call in self._meant(name)})]
        for job in found if over or stopped else ():
            job.fetched_line = job.fetched_line or line
        return found

    def _meant(self, name: str) -> set[str]:
        """Return the launches whose handles stand in *name*: its parts are looked up where that is less to do."""
        if len(name) * len(self._lengths) > len(self._handles):
            return {call for handle, call in self._handles.items() if handle in name}
        parts = (name[at : at + length] for length in self._lengths for at in range(len(name) - length + 1))
        return {self._handles[part] for part in parts if part in self._handles}

    def _touched(self, act: Touched) -> None:
        job = self.jobs.get(act.owner)
        if act.owner and job is None:
            return
        reads, writes = (self.reads, self.writes) if job is None else (job.reads, job.writes)
        (writes if act.wrote else reads).add(act.path)

    def _remember(self, found: frozenset[str], line: int) -> None:
        if len(self._known) < _KNOWN:
            for word in found:
                self._known.setdefault(word, line)
