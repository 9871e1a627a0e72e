"""The offline analysers behind agent `static`: one file each, one line each in the visible table."""

from __future__ import annotations

from forkjoin.agents.analysers.analyser import Analyser, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.table import ANALYSERS, analyser, cards

__all__ = ["ANALYSERS", "Analyser", "BadOutput", "Launch", "Look", "Parsed", "analyser", "cards"]
