"""Where attempts run: processes under shims, calls in the loop."""

from __future__ import annotations

from forkjoin.backends.backend import Backend, Emit, Exited, Job, Output, Signal, Spawned
from forkjoin.backends.identity import Identity, identity
from forkjoin.backends.inprocess import InProcessBackend
from forkjoin.backends.local import LocalBackend, read_exit
from forkjoin.backends.lock import began, locked, shim_of
from forkjoin.backends.masking import Mask
from forkjoin.backends.output import (
    StreamName,
    Tail,
    output_bytes,
    output_lines,
    tail_bytes,
    unchanged,
    whole,
    window_bytes,
)
from forkjoin.backends.processes import stands_still
from forkjoin.backends.segments import kept_segments

__all__ = [
    "Backend",
    "Emit",
    "Exited",
    "Identity",
    "InProcessBackend",
    "Job",
    "LocalBackend",
    "Mask",
    "Output",
    "Signal",
    "Spawned",
    "StreamName",
    "Tail",
    "began",
    "identity",
    "kept_segments",
    "locked",
    "output_bytes",
    "output_lines",
    "read_exit",
    "shim_of",
    "stands_still",
    "tail_bytes",
    "unchanged",
    "whole",
    "window_bytes",
]
