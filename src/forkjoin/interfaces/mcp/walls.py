"""What a request over HTTP must be like before anything of it is read: where to, from where, by whom, of what size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
MOST_BYTES = 4 * 1024 * 1024
_METHODS = ("POST", "GET", "DELETE")
_ONCE = (b"host", b"origin", b"authorization", b"content-type", b"content-length")


@dataclass(frozen=True, kw_only=True)
class Legal:
    """What is let through: hosts and origins exactly as a client sends them, one token, so many bytes."""

    hosts: frozenset[str]
    origins: frozenset[str]
    token: str
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A status and why; `challenge` where a token is asked for."""

    status: int
    why: str
    challenge: bool = False


def refusal(legal: Legal, method: str, path: str, headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
    """Return why a request is turned away, None where it may come in. Nothing is said of what would be right."""
    counts = Counter(name.lower() for name, _ in headers)
    if any(counts[name] > 1 for name in _ONCE):
        return Refusal(status=400, why="a header stands twice")
    said = {name.lower(): value.decode("latin-1").strip() for name, value in headers}
    if said.get(b"host", "").lower() not in legal.hosts:
        return Refusal(status=421, why="not served under this name")
    if b"origin" in said and said[b"origin"].lower() not in legal.origins:
        return Refusal(status=403, why="not served to this origin")
    scheme, _, token = said.get(b"authorization", "").partition(" ")
    # Compared even where the scheme is wrong, and as bytes: what is told is the same in the same time.
    known = compare_digest(token.strip().encode("latin-1"), legal.token.encode("latin-1"))
    if not known or scheme.lower() != "bearer":
        return Refusal(status=401, why="a bearer token is needed", challenge=True)
    return _misplaced(method, path) or (_body_refusal(legal, said) if method == "POST" else None)


def _misplaced(method: str, path: str) -> Refusal | None:
    if path != PATH:
        return Refusal(status=404, why="nothing is here")
    return None if method in _METHODS else Refusal(status=405, why="not done here")


def _body_refusal(legal: Legal, said: dict[bytes, str]) -> Refusal | None:
    kind = said.get(b"content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return Refusal(status=415, why="a body is JSON")
    length = said.get(b"content-length", "0")
    if not length.isdecimal():
        return Refusal(status=400, why="the length is no number")
    if int(length) > legal.most_bytes:
        return Refusal(status=413, why="the body is too large")
    return None


class Walls:
    """Turns requests away before the application hears of them."""

    def __init__(self, app: ASGIApp, legal: Legal) -> None:
        self._app, self._legal = app, legal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a websocket: nothing of ours
            await send({"type": "websocket.close", "code": 1008})
            return
        wrong = refusal(self._legal, scope["method"], scope["path"], scope["headers"])
        if wrong is None:
            await self._app(scope, receive, send)
            return
        await send(_start(wrong))
        await send({"type": "http.response.body", "body": f"{wrong.why}\n".encode()})


def _start(wrong: Refusal) -> dict[str, Any]:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff"),
               (b"connection", b"close")]  # fmt: skip
    if wrong.challenge:
        headers.append((b"www-authenticate", b'Bearer realm="forkjoin"'))
    return {"type": "http.response.start", "status": wrong.status, "headers": headers}
