"""What a nursery is asked for: an attempt's program, and the terms on which it runs."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec

from forkjoin.backends import processes
from forkjoin.model import MIB, Process
from forkjoin.model.secrets import spelled_secrets

LEASE = "lease"
MEMORY_SHARE, DISK = 0.75, 64 * 1024 * MIB  # what an attempt may use that says nothing: of the machine's; bytes written
MARK = "FORKJOIN_ATTEMPT"  # in the environment of an attempt's program: its folder


def _signature() -> str:
    return f"{processes.written(os.getpid())} {secrets.token_hex(8)}\n"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all attempts of one owner; `owner` is what it signs its lease with."""

    run_folder: Path
    detached: bool
    lease_s: float
    grace_s: float
    owner: str = msgspec.field(default_factory=_signature)

    def request(self, number: int, process: Process, folder: str) -> dict[str, Any]:
        """Return the request for an attempt that has *folder*; ValueError where a word of it holds a NUL byte."""
        return {
            "id": number,
            "argv": [_plain(word) for word in process.argv],
            "cwd": _plain(process.cwd),
            "env": {_plain(name): _plain(value) for name, value in {**process.env, MARK: folder}.items()},
            "stdin": _plain(process.stdin),
            "folder": folder,
            "timeout": float(process.timeout),
            "idle_timeout": process.idle_timeout,
            "cap": process.cap,
            "secrets": spelled_secrets({**os.environ, **process.env}),
            "memory": process.memory or int(MEMORY_SHARE * _machine_memory()),
            "processes": process.processes,
            "disk": process.disk or DISK,
            "lease_s": self.lease_s,
            "grace_s": self.grace_s,
            "detached": self.detached,
            "owner": self.owner,
            "lease": str(self.run_folder / LEASE),
        }

    def write_lease(self) -> None:
        """Tell the shims of earlier owners who has the run now. Raises OSError."""
        new = self.run_folder / f"{LEASE}.new"
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, self.owner.encode("ascii"))
        finally:
            os.close(fd)
        new.replace(self.run_folder / LEASE)


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _plain(text: str) -> bytes:
    raw = os.fsencode(text)
    if b"\0" in raw:
        raise ValueError(f"{text[:80]!r} holds a NUL byte")
    return raw
