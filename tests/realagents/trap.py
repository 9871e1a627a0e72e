"""A network of its own, where that is allowed: nothing but loopback, and every DNS look-up is counted.

`enter` becomes the same program in namespaces of its own (user, network, mount); there, `counting` brings loopback up,
puts itself in the place of the machine's name servers, and answers every question with "no such name".
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

INSIDE = "REALAGENTS_TRAPPED"
_UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--mount")
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 1


def allowed() -> bool:
    """Whether this machine gives us a network of our own."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def enter(script: Sequence[str]) -> None:
    """Become this Python with *script* in namespaces of its own; return at once where that was done or is forbidden."""
    if os.environ.get(INSIDE) or not allowed():
        return
    os.environ[INSIDE] = "1"
    os.execvp(_UNSHARE[0], [*_UNSHARE, "--", sys.executable, *script])


@contextmanager
def counting() -> Iterator[list[str] | None]:
    """Yield the names that were looked up so far; None where we are in no namespace of our own."""
    if not os.environ.get(INSIDE):
        yield None
        return
    _loopback_up()
    asked: list[str] = []
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf, socket.socket(type=socket.SOCK_DGRAM) as server:
        conf.write("nameserver 127.0.0.1\n")
        conf.flush()
        Path(conf.name).chmod(0o644)
        real = Path("/etc/resolv.conf").resolve()
        subprocess.run(["mount", "--bind", conf.name, str(real)], check=True)
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=_serve, args=(server, asked), daemon=True).start()
        try:
            yield asked
        finally:
            subprocess.run(["umount", str(real)], check=False)


def _loopback_up() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def _serve(server: socket.socket, asked: list[str]) -> None:
    while True:
        try:
            question, sender = server.recvfrom(4096)
        except OSError:
            return
        asked.append(_name(question))
        # The question again, as an answer that says: no such name (RFC 1035, 4.1.1).
        server.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:], sender)


def _name(question: bytes) -> str:
    parts, at = [], 12
    while at < len(question) and (size := question[at]):
        parts.append(question[at + 1 : at + 1 + size].decode("latin-1"))
        at += 1 + size
    return ".".join(parts)
