"""Everything this package raises on purpose; each message says what, where, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
_COMPARED = 2_000  # of more, nobody waits for the nearest
_LONG = 300  # letters of a list that people still read in an error
_FEW = 6


def listed(things: Sequence[T], most: int, *, say: Callable[[T], str] = str, between: str = ", ") -> str:
    """Return the first *most* in words, and how many there are beside them: `a, b, c and 4 more`; "" for none."""
    left = len(things) - most
    return between.join(map(say, things[:most])) + (f" and {left:,} more" if left > 0 else "")


def choices(word: str, known: Sequence[str], *, most: int = 20) -> str:
    """Return what to say instead of *word*: `known: isolate, strict, trust; did you mean 'strict'?`.

    Of a known one with words behind it, `a (Audit)`, only the name is compared. What would fill a screen is cut: the
    words behind the names go first, then the names behind the first few.
    """
    names = [one.partition(" (")[0] for one in known[:_COMPARED]]
    near = _nearest(word.lower()[:60], names)
    shown = listed(known, most)
    if len(shown) > _LONG:
        shown = listed([*names, *known[_COMPARED:]], most)
    if len(shown) > _LONG:
        shown = listed([*names, *known[_COMPARED:]], min(most, _FEW))
    return f"known: {shown}" + (f"; did you mean {near!r}?" if near else "")


def _nearest(word: str, names: Sequence[str]) -> str:
    """Return the name that begins with *word*, else the one most like it; "" for none."""
    import difflib

    if word and (begun := next((name for name in names if name.startswith(word)), "")):
        return begun
    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.6)), "")


class ForkjoinError(Exception):
    """Root of every error this package raises on purpose."""

    exit_code = 2
    word = "usage"


class PlanError(ForkjoinError):
    """A plan, a task or a flag is wrong; nothing was started."""

    word = "plan"

    def __init__(self, why: str, *, where: str = "", next_step: str = "", also: Sequence[PlanError] = ()) -> None:
        said = f"{where}: {why}" if where else why
        said = f"{said}; {next_step}" if next_step else said
        super().__init__("\n".join([said, *(f"also: {other}" for other in also)]))
        self.where, self.why, self.next_step = where, why, next_step
        self.also = tuple(also)  # other mistakes of the same file


class UnknownId(ForkjoinError):
    """A run, task, agent or analyser of that name does not exist; the message lists those that do."""

    word = "unknown-id"

    def __init__(self, kind: str, name: str, known: Sequence[str], *, hint: str = "") -> None:
        said = f"no {kind} {name!r}; {choices(name, known)}" if known else f"no {kind} {name!r}; there is none yet"
        hinted = f"{said} ({hint})" if said.endswith("?") else f"{said}; {hint}"
        super().__init__(hinted if hint else said)
        self.kind, self.name, self.known = kind, name, tuple(known)


class NotIndependent(ForkjoinError):
    """The policy is `strict` and two tasks are not independent; nothing was started."""

    exit_code = 6
    word = "not-independent"


class CannotHere(ForkjoinError):
    """This machine lacks something: an agent, a program, an extra, a wall, git."""

    exit_code = 7
    word = "machine"


class RunClosed(CannotHere):
    """This process has let go of the run's journal already."""


class NoRoom(ForkjoinError):
    """A budget, the disk or the time does not allow it, or a result was not ready in time."""

    exit_code = 5
    word = "limit"


class JournalDamaged(ForkjoinError):
    """A journal cannot be read as it stands; it is left as it is."""

    exit_code = 7
    word = "journal"


class JournalNewer(JournalDamaged):
    """A newer forkjoin wrote the journal: nothing of it is damaged, and nothing of it must be cut off."""


class AboveCeiling(ForkjoinError):
    """More is asked for than whoever set the tools up allows; only a person may raise that."""

    word = "ceiling"


class RunOwned(ForkjoinError):
    """Another process owns the run."""

    word = "owned"


class NothingToJoin(ForkjoinError):
    """A run has no results at all: an error, never an empty success."""

    exit_code = 4
    word = "nothing"


class BadBundle(ForkjoinError):
    """A file is no bundle, or holds what no bundle has; nothing of it was used."""

    word = "bundle"

    def __init__(self, path: object, why: str) -> None:
        super().__init__(f"{path} {why}; a bundle is made with: forkjoin export --bundle run.tar.zst")
