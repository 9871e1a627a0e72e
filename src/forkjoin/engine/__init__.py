"""The only room where mind and hands meet; what interfaces and the library use.

Names are loaded when first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forkjoin.agents import found_agents
    from forkjoin.engine.bundles.naming import bundle_named
    from forkjoin.engine.bundles.reading import opened
    from forkjoin.engine.bundles.replaying import DEMO, replay_prepared
    from forkjoin.engine.bundles.writing import Exported, export
    from forkjoin.engine.claims import with_others
    from forkjoin.engine.doctor.examining import clear, examined
    from forkjoin.engine.doctor.repairing import repair
    from forkjoin.engine.finding import attach, runs
    from forkjoin.engine.installing.installing import FoundHost, Installation, carry_out, found_hosts, planned
    from forkjoin.engine.known import (
        ExplainedAgent,
        KnownAgent,
        agent_names,
        explained_agents,
        known_agents,
        known_analysers,
    )
    from forkjoin.engine.landing import ExportedPatches, LandAsk, export_patches
    from forkjoin.engine.launching.estimates import with_estimates
    from forkjoin.engine.launching.launching import launch
    from forkjoin.engine.launching.money import Money, money
    from forkjoin.engine.launching.permitting import Permitted, permitted
    from forkjoin.engine.launching.refusing import refusal, refuse_dependent, refuse_unlandable
    from forkjoin.engine.preparing.baselines import (
        DEFAULT_BASELINE,
        Written,
        may_be_written,
        prune_baseline,
        write_baseline,
    )
    from forkjoin.engine.preparing.looking import Looking, look_prepared
    from forkjoin.engine.preparing.perspectives import known_perspectives
    from forkjoin.engine.preparing.prepare import Overrides, Prepared, prepared, prompts_plan, review_prepared
    from forkjoin.engine.preparing.reading import read_plan
    from forkjoin.engine.preparing.scoping import Narrow, scope_json
    from forkjoin.engine.records.rendering import EVERY, FORMATS
    from forkjoin.engine.records.touching import Touched, touched
    from forkjoin.engine.resolving import land_and_resolve
    from forkjoin.engine.retention import retire
    from forkjoin.engine.run import Run, TaskOutput
    from forkjoin.engine.settings import Settings, settings_from
    from forkjoin.engine.smoking import smoke
    from forkjoin.engine.transcripts import read_transcripts
    from forkjoin.planning import agents_in, check_json, plan_to_yaml

_HOME = {
    "found_agents": "forkjoin.agents",
    "FoundHost": "forkjoin.engine.installing.installing",
    "Installation": "forkjoin.engine.installing.installing",
    "carry_out": "forkjoin.engine.installing.installing",
    "found_hosts": "forkjoin.engine.installing.installing",
    "planned": "forkjoin.engine.installing.installing",
    "bundle_named": "forkjoin.engine.bundles.naming",
    "opened": "forkjoin.engine.bundles.reading",
    "Exported": "forkjoin.engine.bundles.writing",
    "export": "forkjoin.engine.bundles.writing",
    "KnownAgent": "forkjoin.engine.known",
    "ExplainedAgent": "forkjoin.engine.known",
    "explained_agents": "forkjoin.engine.known",
    "smoke": "forkjoin.engine.smoking",
    "agent_names": "forkjoin.engine.known",
    "known_agents": "forkjoin.engine.known",
    "known_analysers": "forkjoin.engine.known",
    "DEFAULT_BASELINE": "forkjoin.engine.preparing.baselines",
    "Written": "forkjoin.engine.preparing.baselines",
    "may_be_written": "forkjoin.engine.preparing.baselines",
    "prune_baseline": "forkjoin.engine.preparing.baselines",
    "write_baseline": "forkjoin.engine.preparing.baselines",
    "Narrow": "forkjoin.engine.preparing.scoping",
    "scope_json": "forkjoin.engine.preparing.scoping",
    "Looking": "forkjoin.engine.preparing.looking",
    "look_prepared": "forkjoin.engine.preparing.looking",
    "known_perspectives": "forkjoin.engine.preparing.perspectives",
    "ExportedPatches": "forkjoin.engine.landing",
    "LandAsk": "forkjoin.engine.landing",
    "land_and_resolve": "forkjoin.engine.resolving",
    "export_patches": "forkjoin.engine.landing",
    "attach": "forkjoin.engine.finding",
    "launch": "forkjoin.engine.launching.launching",
    "runs": "forkjoin.engine.finding",
    "Overrides": "forkjoin.engine.preparing.prepare",
    "Prepared": "forkjoin.engine.preparing.prepare",
    "prepared": "forkjoin.engine.preparing.prepare",
    "prompts_plan": "forkjoin.engine.preparing.prepare",
    "read_plan": "forkjoin.engine.preparing.reading",
    "read_transcripts": "forkjoin.engine.transcripts",
    "refusal": "forkjoin.engine.launching.refusing",
    "refuse_dependent": "forkjoin.engine.launching.refusing",
    "refuse_unlandable": "forkjoin.engine.launching.refusing",
    "review_prepared": "forkjoin.engine.preparing.prepare",
    "examined": "forkjoin.engine.doctor.examining",
    "clear": "forkjoin.engine.doctor.examining",
    "EVERY": "forkjoin.engine.records.rendering",
    "FORMATS": "forkjoin.engine.records.rendering",
    "DEMO": "forkjoin.engine.bundles.replaying",
    "replay_prepared": "forkjoin.engine.bundles.replaying",
    "retire": "forkjoin.engine.retention",
    "repair": "forkjoin.engine.doctor.repairing",
    "Run": "forkjoin.engine.run",
    "TaskOutput": "forkjoin.engine.run",
    "Settings": "forkjoin.engine.settings",
    "settings_from": "forkjoin.engine.settings",
    "Touched": "forkjoin.engine.records.touching",
    "touched": "forkjoin.engine.records.touching",
    "Money": "forkjoin.engine.launching.money",
    "money": "forkjoin.engine.launching.money",
    "Permitted": "forkjoin.engine.launching.permitting",
    "permitted": "forkjoin.engine.launching.permitting",
    "with_estimates": "forkjoin.engine.launching.estimates",
    "with_others": "forkjoin.engine.claims",
    "agents_in": "forkjoin.planning",
    "check_json": "forkjoin.planning",
    "plan_to_yaml": "forkjoin.planning",
}

__all__ = [
    "DEFAULT_BASELINE",
    "DEMO",
    "EVERY",
    "FORMATS",
    "ExplainedAgent",
    "Exported",
    "ExportedPatches",
    "FoundHost",
    "Installation",
    "KnownAgent",
    "LandAsk",
    "Looking",
    "Money",
    "Narrow",
    "Overrides",
    "Permitted",
    "Prepared",
    "Run",
    "Settings",
    "TaskOutput",
    "Touched",
    "Written",
    "agent_names",
    "agents_in",
    "attach",
    "bundle_named",
    "carry_out",
    "check_json",
    "clear",
    "examined",
    "explained_agents",
    "export",
    "export_patches",
    "found_agents",
    "found_hosts",
    "known_agents",
    "known_analysers",
    "known_perspectives",
    "land_and_resolve",
    "launch",
    "look_prepared",
    "may_be_written",
    "money",
    "opened",
    "permitted",
    "plan_to_yaml",
    "planned",
    "prepared",
    "prompts_plan",
    "prune_baseline",
    "read_plan",
    "read_transcripts",
    "refusal",
    "refuse_dependent",
    "refuse_unlandable",
    "repair",
    "replay_prepared",
    "retire",
    "review_prepared",
    "runs",
    "scope_json",
    "settings_from",
    "smoke",
    "touched",
    "with_estimates",
    "with_others",
    "write_baseline",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
