"""What transcripts of coding agents show of their fan-outs: read as acts, folded into jobs, judged. No I/O."""

from __future__ import annotations

from forkjoin.transcripts.judging import judged
from forkjoin.transcripts.reading import Reading

__all__ = ["Reading", "judged"]
