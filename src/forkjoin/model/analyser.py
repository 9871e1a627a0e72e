"""An offline analyser as the rooms see it: what it can look at, and whether it is here."""

from __future__ import annotations

from forkjoin.model.base import Value


class AnalyserCard(Value, frozen=True, kw_only=True, omit_defaults=True):
    """`languages` empty = any text. `found` False: `hint` says how to get it.

    `applies` False: the tree that was asked about has not what it works from: a configuration, data.
    `estimate` is in seconds, and good for the order of starts alone.
    """

    name: str
    description: str
    perspectives: tuple[str, ...]
    languages: tuple[str, ...] = ()
    found: bool = True
    applies: bool = True
    hint: str = ""
    estimate: float = 1.0
