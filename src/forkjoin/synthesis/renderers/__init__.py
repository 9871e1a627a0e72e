"""A report in every form it is wanted in."""

from __future__ import annotations

from forkjoin.synthesis.renderers.given import Detail, Given
from forkjoin.synthesis.renderers.table import RENDERERS, rendered

__all__ = ["RENDERERS", "Detail", "Given", "rendered"]
