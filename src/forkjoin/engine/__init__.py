"""The only room where mind and hands meet; what interfaces and the library use.

Names are loaded when first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forkjoin.agents import found_agents
    from forkjoin.engine.baselines import DEFAULT_BASELINE, Written, may_be_written, prune_baseline, write_baseline
    from forkjoin.engine.bundles.reading import opened
    from forkjoin.engine.bundles.unpacking import bundle_named
    from forkjoin.engine.bundles.writing import Exported, export
    from forkjoin.engine.claims import with_others
    from forkjoin.engine.estimates import with_estimates
    from forkjoin.engine.examining import clear, examined
    from forkjoin.engine.known import KnownAgent, known_agents, known_analysers
    from forkjoin.engine.landing import ExportedPatches, LandAsk, export_patches, land_and_resolve
    from forkjoin.engine.launching import attach, launch, runs
    from forkjoin.engine.looking import Looking, look_prepared
    from forkjoin.engine.perspectives import known_perspectives
    from forkjoin.engine.prepare import Overrides, Prepared, prepared, prompts_plan, review_prepared
    from forkjoin.engine.reading import read_plan
    from forkjoin.engine.refusing import refuse_dependent, refuse_unlandable
    from forkjoin.engine.rendering import FORMATS
    from forkjoin.engine.repairing import repair
    from forkjoin.engine.replaying import DEMO, replay_prepared
    from forkjoin.engine.retention import retire
    from forkjoin.engine.run import Run, TaskOutput
    from forkjoin.engine.scoping import Narrow, scope_json
    from forkjoin.engine.settings import Settings, settings_from
    from forkjoin.engine.touching import Touched, touched
    from forkjoin.planning import check_json, plan_to_yaml

_HOME = {
    "found_agents": "forkjoin.agents",
    "bundle_named": "forkjoin.engine.bundles.unpacking",
    "opened": "forkjoin.engine.bundles.reading",
    "Exported": "forkjoin.engine.bundles.writing",
    "export": "forkjoin.engine.bundles.writing",
    "KnownAgent": "forkjoin.engine.known",
    "known_agents": "forkjoin.engine.known",
    "known_analysers": "forkjoin.engine.known",
    "DEFAULT_BASELINE": "forkjoin.engine.baselines",
    "Written": "forkjoin.engine.baselines",
    "may_be_written": "forkjoin.engine.baselines",
    "prune_baseline": "forkjoin.engine.baselines",
    "write_baseline": "forkjoin.engine.baselines",
    "Narrow": "forkjoin.engine.scoping",
    "scope_json": "forkjoin.engine.scoping",
    "Looking": "forkjoin.engine.looking",
    "look_prepared": "forkjoin.engine.looking",
    "known_perspectives": "forkjoin.engine.perspectives",
    "ExportedPatches": "forkjoin.engine.landing",
    "LandAsk": "forkjoin.engine.landing",
    "land_and_resolve": "forkjoin.engine.landing",
    "export_patches": "forkjoin.engine.landing",
    "attach": "forkjoin.engine.launching",
    "launch": "forkjoin.engine.launching",
    "runs": "forkjoin.engine.launching",
    "Overrides": "forkjoin.engine.prepare",
    "Prepared": "forkjoin.engine.prepare",
    "prepared": "forkjoin.engine.prepare",
    "prompts_plan": "forkjoin.engine.prepare",
    "read_plan": "forkjoin.engine.reading",
    "refuse_dependent": "forkjoin.engine.refusing",
    "refuse_unlandable": "forkjoin.engine.refusing",
    "review_prepared": "forkjoin.engine.prepare",
    "examined": "forkjoin.engine.examining",
    "clear": "forkjoin.engine.examining",
    "FORMATS": "forkjoin.engine.rendering",
    "DEMO": "forkjoin.engine.replaying",
    "replay_prepared": "forkjoin.engine.replaying",
    "retire": "forkjoin.engine.retention",
    "repair": "forkjoin.engine.repairing",
    "Run": "forkjoin.engine.run",
    "TaskOutput": "forkjoin.engine.run",
    "Settings": "forkjoin.engine.settings",
    "settings_from": "forkjoin.engine.settings",
    "Touched": "forkjoin.engine.touching",
    "touched": "forkjoin.engine.touching",
    "with_estimates": "forkjoin.engine.estimates",
    "with_others": "forkjoin.engine.claims",
    "check_json": "forkjoin.planning",
    "plan_to_yaml": "forkjoin.planning",
}

__all__ = [
    "DEFAULT_BASELINE",
    "DEMO",
    "FORMATS",
    "Exported",
    "ExportedPatches",
    "KnownAgent",
    "LandAsk",
    "Looking",
    "Narrow",
    "Overrides",
    "Prepared",
    "Run",
    "Settings",
    "TaskOutput",
    "Touched",
    "Written",
    "attach",
    "bundle_named",
    "check_json",
    "clear",
    "examined",
    "export",
    "export_patches",
    "found_agents",
    "known_agents",
    "known_analysers",
    "known_perspectives",
    "land_and_resolve",
    "launch",
    "look_prepared",
    "may_be_written",
    "opened",
    "plan_to_yaml",
    "prepared",
    "prompts_plan",
    "prune_baseline",
    "read_plan",
    "refuse_dependent",
    "refuse_unlandable",
    "repair",
    "replay_prepared",
    "retire",
    "review_prepared",
    "runs",
    "scope_json",
    "settings_from",
    "touched",
    "with_estimates",
    "with_others",
    "write_baseline",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
