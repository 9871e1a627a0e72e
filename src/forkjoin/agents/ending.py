"""How any process ended, and what it left: shared by all dialects that start one."""

from __future__ import annotations

import re
from signal import Signals
from typing import assert_never

from forkjoin.model import MIB, Exit, Failed, Outcome, Stopped, Stream, TimedOut, Usage, spoken, spoken_size

ANSWER_BYTES = MIB  # of an answer that is kept whole; of a longer one its head and tail
_LINE = 200
_CONTROLS = re.compile(
    r"\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?"  # OSC: titles, links, clipboard
    r"|\x1b[PX^_][^\x1b]{0,4096}(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def ended_badly(exit_: Exit) -> Outcome | None:
    """Return the outcome where the end itself was not clean, None where the program ended by itself with a code."""
    match exit_.how:
        case "exited":
            bad = exit_.code is None and not exit_.error
            return Failed(kind="exit", reason=_killed(exit_.signal)) if bad else None
        case "timeout" | "idle":
            return TimedOut(after_s=exit_.wall_s, reason=exit_.reason or _late(exit_))
        case "stopped":
            return Stopped(reason=exit_.reason or "stopped")
        case "lease":
            return Stopped(reason=exit_.reason or "its owner was gone for longer than the lease, and nobody took over")
        case "setup":
            return Failed(kind="setup", reason=exit_.error or exit_.reason or "it could not be started")
        case "memory" | "processes" | "disk" | "cap":
            return Failed(kind="limit", reason=exit_.reason or _too_much(exit_))
        case _:
            assert_never(exit_.how)


def exit_reason(exit_: Exit, stderr: bytes, *, program: str = "") -> str:
    """Return `exit code 2: <last meaningful line of stderr>`."""
    said = last_line(stderr)
    head = f"{program} ended with exit code {exit_.code}" if program else f"exit code {exit_.code}"
    return f"{head}: {said}" if said else head


def usage_of(exit_: Exit) -> Usage:
    """Return the seconds of CPU and the peak memory its shim counted."""
    return Usage(cpu_s=exit_.cpu_s, max_rss=exit_.max_rss)


def last_line(stderr: bytes) -> str:
    """Return the last line that says something, cleaned; "" where none does."""
    for line in reversed(stderr[-65536:].split(b"\n")):
        said = one_line(line)
        if re.search(r"\w", said):
            return said
    return ""


def one_line(raw: bytes | str, *, limit: int = _LINE) -> str:
    """Return *raw* as one printable line of at most *limit* characters: no control characters, no terminal codes."""
    text = raw[: 32 * limit].decode("utf-8", errors="replace") if isinstance(raw, bytes) else raw[: 32 * limit]
    plain = " ".join(_CONTROLS.sub("", text).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def answer_text(stdout: bytes, stream: Stream) -> str:
    """Return the kept output as text: whole up to 1 MiB, else its head and tail with a line that names the gap."""
    if was_cut(stdout, stream):
        at = min(stream.cut_at, len(stdout)) if stream.cut else len(stdout)
        head, tail, gone = stdout[:at], stdout[at:], max(stream.bytes - len(stdout), stream.cut)
    elif len(stdout) <= ANSWER_BYTES:
        return stdout.decode("utf-8", errors="replace")
    else:
        head, tail, gone = stdout, b"", 0
    return _ends(head, tail, gone)


def was_cut(output: bytes, stream: Stream) -> bool:
    """Whether *output* is less than what the program wrote."""
    return stream.cut > 0 or len(output) < stream.bytes


def _ends(head: bytes, tail: bytes, gone: int) -> str:
    half = ANSWER_BYTES // 2
    first = head[:half]
    last = (head[half:] + tail)[-half:] if not gone else (tail or head[half:])[-half:]
    left_out = gone + len(head) + len(tail) - len(first) - len(last)
    mark = f"\n[... {left_out} bytes left out ...]\n" if left_out else ""
    return first.decode("utf-8", errors="replace") + mark + last.decode("utf-8", errors="replace")


def _late(exit_: Exit) -> str:
    if exit_.how == "idle":
        long = f" of {spoken(exit_.limit)}" if exit_.limit is not None else ""
        return f"no sign of life for longer than its idle_timeout{long}"
    return f"not done after {spoken(exit_.wall_s if exit_.limit is None else exit_.limit)}"


def _too_much(exit_: Exit) -> str:
    used, limit = exit_.used or 0.0, exit_.limit or 0.0
    if exit_.how == "processes":
        return f"it had {used:.0f} processes, and its limit is {limit:.0f}; for more: processes: N"
    did = "used" if exit_.how == "memory" else "wrote"
    what = " of memory" if exit_.how == "memory" else ""
    return f"it {did} {spoken_size(used)}{what}, and its limit is {spoken_size(limit)}; for more: {exit_.how}: SIZE"


def _killed(number: int | None) -> str:
    if number is None:
        return "it ended without an exit code"
    try:
        name = Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"killed by {name}" + (" (out of memory, or somebody ended it)" if name == "SIGKILL" else "")
