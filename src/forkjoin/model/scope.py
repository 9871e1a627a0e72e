"""What of a review counts: the lines changed since a ref, and what was known before."""

from __future__ import annotations

from forkjoin.model.base import Value


class ChangedFile(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A file that differs from the merge base: its changed lines as (first, last), or all of them where it is new."""

    path: str
    lines: tuple[tuple[int, int], ...] = ()
    new: bool = False
    was: str = ""  # its earlier name, where git says that it was renamed


class Since(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What was changed since the merge base of HEAD and `ref`: in commits, in the tree, and files git does not know."""

    ref: str
    base: str
    files: tuple[ChangedFile, ...] = ()


class Known(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A finding that was known before: an entry of a baseline. `agents` are the tasks that saw it."""

    fingerprint: str
    path: str = ""
    rule: str = ""
    title: str = ""
    agents: tuple[str, ...] = ()


class Baseline(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A baseline as it was read: its file, its entries, and files renamed since as (new name, name in it).

    `own` is the file as findings would name it, "" where it lies outside the tree: what it quotes is no source.
    """

    file: str
    own: str = ""
    known: tuple[Known, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()


class Scope(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What of a run's findings its report tells.

    `prefix` is the tree's place in its repository ("src/"): a baseline names files from the repository's top.
    """

    since: Since | None = None
    baseline: Baseline | None = None
    prefix: str = ""


class Narrowing(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What a report leaves out, and why.

    `outside` counts findings on lines not changed since the ref, `known` those of the baseline; `gone` are its entries
    that no longer occur.
    """

    since: str = ""
    base: str = ""
    outside: int = 0
    baseline: str = ""
    known: int = 0
    gone: tuple[Known, ...] = ()
