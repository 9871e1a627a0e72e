"""How agents are spoken to: a dialect an agent, an analyser a file, the visible tables, and the law of truth."""

from __future__ import annotations

from forkjoin.agents.coding import Coded, Coding
from forkjoin.agents.dialect import Dialect, Ended, Judgement, Probe, Site
from forkjoin.agents.ending import ended_badly
from forkjoin.agents.environment import DEPTH, child_environ, depth_of, unmarked
from forkjoin.agents.features import Feature, features
from forkjoin.agents.found import FoundAgent, found_agents
from forkjoin.agents.hearing import Meter, less
from forkjoin.agents.providers import provider_of
from forkjoin.agents.replay import Played, ReplayDialect
from forkjoin.agents.said import Action, Said, Trouble
from forkjoin.agents.seeing import Seen, seen_by
from forkjoin.agents.table import cards, coders, dialect, is_known, names
from forkjoin.agents.troubles import dated, limit_of
from forkjoin.agents.truth import findings_schema, truth

EndedAttempt = Ended  # beside the model's event of the same name

__all__ = [
    "DEPTH",
    "Action",
    "Coded",
    "Coding",
    "Dialect",
    "Ended",
    "EndedAttempt",
    "Feature",
    "FoundAgent",
    "Judgement",
    "Meter",
    "Played",
    "Probe",
    "ReplayDialect",
    "Said",
    "Seen",
    "Site",
    "Trouble",
    "cards",
    "child_environ",
    "coders",
    "dated",
    "depth_of",
    "dialect",
    "ended_badly",
    "features",
    "findings_schema",
    "found_agents",
    "is_known",
    "less",
    "limit_of",
    "names",
    "provider_of",
    "seen_by",
    "truth",
    "unmarked",
]
