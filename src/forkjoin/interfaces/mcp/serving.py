"""Serving over streamable HTTP, behind the walls."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from forkjoin.errors import CannotHere
from forkjoin.interfaces.mcp.calling import warm_up
from forkjoin.interfaces.mcp.server import made_server
from forkjoin.interfaces.mcp.walls import MOST_BYTES, PATH, Legal, Walls
from forkjoin.tools import Host, Names

_CONNECTIONS = 64
_GRACE_S = 2


def serve_http(
    host: Host,
    *,
    names: Names,
    listener: socket.socket,
    legal: Legal,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve clients at *listener* until the process is told to end; *ready* is called when they may come."""
    application = walled(host, names=names, legal=legal)
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none",
        limit_concurrency=_CONNECTIONS, timeout_graceful_shutdown=_GRACE_S, lifespan="on",
    )  # fmt: skip
    server = _Told(config, ready)
    server.run(sockets=[listener])


def walled(host: Host, *, names: Names, legal: Legal) -> Walls:
    """Return the application that is served over HTTP."""
    application = made_server(host, names=names).streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=legal.most_bytes,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=sorted(legal.hosts),
            allowed_origins=sorted(legal.origins),
        ),
    )
    return Walls(application, legal)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; raise CannotHere where that cannot be had."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_CONNECTIONS)
    except OSError as error:
        made.close()
        other = "; --http 0 takes a free port" if error.errno == errno.EADDRINUSE else ""
        raise CannotHere(f"cannot listen on {host}:{port}: {error.strerror or error}{other}") from error
    return made


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def legal_for(host: str, port: int, *, token: str, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Legal:
    """Return what is let through at an address: its own names, *hosts* and *origins* besides."""
    own = {host, "localhost", "127.0.0.1", "::1"} if is_loopback(host) else {host}
    named = {f"[{one}]:{port}" if ":" in one else f"{one}:{port}" for one in own} | {one.lower() for one in hosts}
    return Legal(
        hosts=frozenset(named),
        origins=frozenset({f"http://{one}" for one in named} | {one.lower() for one in origins}),
        token=token,
        most_bytes=MOST_BYTES,
    )


class _Told(uvicorn.Server):
    """Says when it serves."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        threading.Thread(target=warm_up, daemon=True).start()
        self._ready()
