"""The only room where mind and hands meet; what interfaces and the library use.

Names are loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forkjoin.agents import found_agents as found_agents
    from forkjoin.engine.bundles.naming import bundle_named as bundle_named
    from forkjoin.engine.bundles.reading import opened as opened
    from forkjoin.engine.bundles.replaying import DEMO as DEMO
    from forkjoin.engine.bundles.replaying import replay_prepared as replay_prepared
    from forkjoin.engine.bundles.writing import Exported as Exported
    from forkjoin.engine.bundles.writing import export as export
    from forkjoin.engine.claims import with_others as with_others
    from forkjoin.engine.doctor.examining import clear as clear
    from forkjoin.engine.doctor.examining import examined as examined
    from forkjoin.engine.doctor.repairing import repair as repair
    from forkjoin.engine.finding import attach as attach
    from forkjoin.engine.finding import runs as runs
    from forkjoin.engine.installing.installing import FoundHost as FoundHost
    from forkjoin.engine.installing.installing import Installation as Installation
    from forkjoin.engine.installing.installing import carry_out as carry_out
    from forkjoin.engine.installing.installing import found_hosts as found_hosts
    from forkjoin.engine.installing.installing import planned as planned
    from forkjoin.engine.known import ExplainedAgent as ExplainedAgent
    from forkjoin.engine.known import KnownAgent as KnownAgent
    from forkjoin.engine.known import agent_names as agent_names
    from forkjoin.engine.known import explained_agents as explained_agents
    from forkjoin.engine.known import is_agent as is_agent
    from forkjoin.engine.known import known_agents as known_agents
    from forkjoin.engine.known import known_analysers as known_analysers
    from forkjoin.engine.landing import ExportedPatches as ExportedPatches
    from forkjoin.engine.landing import LandAsk as LandAsk
    from forkjoin.engine.landing import export_patches as export_patches
    from forkjoin.engine.launching.estimates import with_estimates as with_estimates
    from forkjoin.engine.launching.launching import launch as launch
    from forkjoin.engine.launching.money import Money as Money
    from forkjoin.engine.launching.money import money as money
    from forkjoin.engine.launching.permitting import Permitted as Permitted
    from forkjoin.engine.launching.permitting import permitted as permitted
    from forkjoin.engine.launching.refusing import refusal as refusal
    from forkjoin.engine.launching.refusing import refuse_dependent as refuse_dependent
    from forkjoin.engine.launching.refusing import refuse_unlandable as refuse_unlandable
    from forkjoin.engine.preparing.baselines import DEFAULT_BASELINE as DEFAULT_BASELINE
    from forkjoin.engine.preparing.baselines import Written as Written
    from forkjoin.engine.preparing.baselines import may_be_written as may_be_written
    from forkjoin.engine.preparing.baselines import prune_baseline as prune_baseline
    from forkjoin.engine.preparing.baselines import write_baseline as write_baseline
    from forkjoin.engine.preparing.looking import Looking as Looking
    from forkjoin.engine.preparing.looking import look_prepared as look_prepared
    from forkjoin.engine.preparing.perspectives import known_perspectives as known_perspectives
    from forkjoin.engine.preparing.prepare import Overrides as Overrides
    from forkjoin.engine.preparing.prepare import Prepared as Prepared
    from forkjoin.engine.preparing.prepare import prepared as prepared
    from forkjoin.engine.preparing.prepare import prompts_plan as prompts_plan
    from forkjoin.engine.preparing.prepare import review_prepared as review_prepared
    from forkjoin.engine.preparing.reading import read_plan as read_plan
    from forkjoin.engine.preparing.scoping import Narrow as Narrow
    from forkjoin.engine.preparing.scoping import scope_json as scope_json
    from forkjoin.engine.records.kept import KeptRun as KeptRun
    from forkjoin.engine.records.kept import TaskOutput as TaskOutput
    from forkjoin.engine.records.rendering import EVERY as EVERY
    from forkjoin.engine.records.rendering import FORMATS as FORMATS
    from forkjoin.engine.records.touching import Touched as Touched
    from forkjoin.engine.records.touching import touched as touched
    from forkjoin.engine.resolving import land_and_resolve as land_and_resolve
    from forkjoin.engine.retention import retire as retire
    from forkjoin.engine.run import Run as Run
    from forkjoin.engine.run import Taking as Taking
    from forkjoin.engine.settings import Settings as Settings
    from forkjoin.engine.settings import settings_from as settings_from
    from forkjoin.engine.smoking import smoke as smoke
    from forkjoin.engine.transcripts import read_transcripts as read_transcripts
    from forkjoin.planning import agents_in as agents_in
    from forkjoin.planning import check_json as check_json
    from forkjoin.planning import plan_to_yaml as plan_to_yaml
else:
    from forkjoin.lazily import lazily

    __getattr__, __all__ = lazily(__spec__)
