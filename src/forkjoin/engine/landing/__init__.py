"""A run's changes brought together on one branch and tried by a gate, or left out with the reason."""

from __future__ import annotations

from forkjoin.engine.landing.asked import LandAsk
from forkjoin.engine.landing.export import ExportedPatches, export_patches
from forkjoin.engine.landing.land import alone, landed

__all__ = ["ExportedPatches", "LandAsk", "alone", "export_patches", "landed"]
