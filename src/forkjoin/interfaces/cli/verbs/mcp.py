"""`forkjoin mcp`."""

from __future__ import annotations

import os
import re
import secrets
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import CannotHere, PlanError, choices
from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.spending import spendable
from forkjoin.interfaces.cli.talk import data_json, say

if TYPE_CHECKING:
    from forkjoin.tools import Ceiling, Host

EXAMPLES = (
    ("forkjoin mcp", "over stdio: claude mcp add forkjoin -- forkjoin mcp"),
    ("forkjoin mcp --names claude", "as Task, TaskOutput, TaskStop, TodoWrite"),
    ("forkjoin mcp --max-tasks 20 --budget 5usd --roots .", "what callers get at most"),
    ("forkjoin mcp --http 8765", "streamable HTTP on this machine, with a token"),
    ("forkjoin mcp --json", "the tools with their schemas; serves nothing"),
)
_NAMES = ("forkjoin", "claude")
_TOKEN_VARIABLE = "FORKJOIN_MCP_TOKEN"  # noqa: S105 - the name of a variable
_SHORTEST_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Serve forkjoin's tools to other agents by the Model Context Protocol: over stdio, or over HTTP with --http.

    One call launches all tasks and returns their ids at once; they go on when the client leaves, and whoever has an id
    finds them again. What callers get at most is said here and nowhere else. No wall holds a command or a shell line:
    such tasks need --max-permission full. Over HTTP every request needs the token: that of --token-file or
    FORKJOIN_MCP_TOKEN, else one that is made and printed at the start.

    Exit codes: 0 the client left, 2 usage, 7 the extra is not installed, or the address is taken.
    """

    http: Annotated[
        str,
        typer.Option(
            "--http", metavar="[HOST:]PORT", help="Serve over HTTP there; HOST is 127.0.0.1, PORT 0 any free."
        ),
    ] = ""
    names: Annotated[
        str, typer.Option("--names", metavar="WHOSE", help="forkjoin (default), or claude: Task, TaskOutput and so on.")
    ] = "forkjoin"
    max_permission: Annotated[
        str,
        typer.Option("--max-permission", metavar="PERM", help="read-only, workspace-write (default) or full."),
    ] = "workspace-write"
    max_tasks: Annotated[
        int, typer.Option("--max-tasks", metavar="N", help="At most N tasks that have not ended (default 8).")
    ] = 8
    budget: Annotated[
        str, typer.Option("--budget", metavar="USD", help="What all runs of this server may spend: 5usd, 0.50.")
    ] = ""
    roots: Annotated[
        list[str] | None,
        typer.Option("--roots", metavar="DIR", help="Work in this folder only (default: the current); repeat it."),
    ] = None
    token_file: Annotated[
        str, typer.Option("--token-file", metavar="FILE", help="With --http: the token, in a file only you can read.")
    ] = ""
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME:PORT", help="With --http: served under this name too; repeat it."),
    ] = None
    allow_origin: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", metavar="URL", help="With --http: pages of this origin may ask; repeat it."),
    ] = None


def act(ask: Ask) -> int:
    """Serve."""
    from forkjoin.tools import Host

    if ask.names not in _NAMES:
        raise PlanError(f"no names {ask.names!r}", where="--names", next_step=choices(ask.names, _NAMES))
    host = Host(_ceiling(ask))
    if ask.json:
        _describe(ask, host)
        return 0
    if find_spec("mcp") is None:
        raise CannotHere("the MCP server needs the extra mcp: pip install 'forkjoin[mcp]'")
    say(f"forkjoin mcp: callers get at most {host.ceiling.said()}")
    return _over_http(ask, host) if ask.http else _over_stdio(ask, host)


def _over_stdio(ask: Ask, host: Host) -> int:
    from forkjoin.interfaces.mcp.stdio import serve_stdio

    if ask.token_file or ask.allow_host or ask.allow_origin:
        raise PlanError("goes with --http only", where="--token-file, --allow-host, --allow-origin")
    serve_stdio(host, names="claude" if ask.names == "claude" else "forkjoin")
    return 0


def _over_http(ask: Ask, host: Host) -> int:
    from forkjoin.interfaces.mcp.serving import is_loopback, legal_for, listening, serve_http

    address, port = _address(ask.http)
    made = not (ask.token_file or os.environ.get(_TOKEN_VARIABLE))
    token = secrets.token_urlsafe(32) if made else _token(ask)
    everywhere = address in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound by us
    if everywhere and not ask.allow_host:
        raise PlanError(
            f"{address} has no name of its own", where="--http", next_step="say under which: --allow-host NAME:PORT"
        )
    _check_names(ask)
    listener = listening(address, port)
    port = listener.getsockname()[1]
    legal = legal_for(address, port, token=token, hosts=ask.allow_host or (), origins=ask.allow_origin or ())
    if not is_loopback(address):
        say(f"warning: {address} can be reached from other machines, and nothing is encrypted: put TLS before it")
    shown = f"[{address}]" if ":" in address else address

    def ready() -> None:
        say(f"serving at http://{shown}:{port}/mcp" + (f"; token: {token}" if made else ""))

    with listener:
        serve_http(
            host, names="claude" if ask.names == "claude" else "forkjoin", listener=listener, legal=legal, ready=ready
        )
    return 0


def _describe(ask: Ask, host: Host) -> None:
    from forkjoin.tools import toolset

    tools = toolset(host=host, names="claude" if ask.names == "claude" else "forkjoin")
    shown = [
        {"name": one.name, "title": one.title, "description": one.description, "input_schema": one.input_schema,
         "output_schema": one.output_schema}
        for one in tools
    ]  # fmt: skip
    data_json({"forkjoin": 1, "ceiling": host.ceiling, "tools": shown})


def _ceiling(ask: Ask) -> Ceiling:
    from forkjoin.tools import PERMISSIONS, Ceiling

    permission = next((one for one in PERMISSIONS if one == ask.max_permission), None)
    if permission is None:
        why = f"no permission {ask.max_permission!r}"
        raise PlanError(why, where="--max-permission", next_step=choices(ask.max_permission, PERMISSIONS))
    if ask.max_tasks < 1:
        raise PlanError(f"{ask.max_tasks} is too few", where="--max-tasks", next_step="give 1 or more")
    roots = tuple(str(Path(root).expanduser().absolute()) for root in ask.roots or [str(ask.tree)])
    for root in roots:
        if not Path(root).is_dir():
            raise PlanError("is no folder", where=f"--roots {root}", next_step="name an existing one")
    allowed = spendable(ask.budget, "")
    usd = None if allowed is None else allowed.usd
    return Ceiling(permission=permission, tasks=ask.max_tasks, budget=usd, roots=roots)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65535:
        raise PlanError(f"{text!r} is no address", where="--http", next_step="write 8765, or 127.0.0.1:8765")
    return host, int(port)


def _check_names(ask: Ask) -> None:
    """Refuse a name or an origin that no client sends so: it would let nobody in, and nobody would know why."""
    for host in ask.allow_host or ():
        if not re.fullmatch(r"[^\s/*,]+", host):
            why = f"{host!r} is no name of a server"
            raise PlanError(why, where="--allow-host", next_step="write NAME:PORT, as clients call it")
    for origin in ask.allow_origin or ():
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/*,]+", origin.lower()):
            why = f"{origin!r} is no origin"
            raise PlanError(
                why, where="--allow-origin", next_step="write https://NAME[:PORT], each one by itself, no path"
            )


def _token(ask: Ask) -> str:
    """Return the token that was given; refuse one that others can read, or guess."""
    where = f"--token-file {ask.token_file}" if ask.token_file else _TOKEN_VARIABLE
    token = os.environ.get(_TOKEN_VARIABLE, "")
    if ask.token_file:
        path = Path(ask.token_file)
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise PlanError("can be read by others", where=where, next_step=f"chmod 600 {ask.token_file}")
            token = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PlanError(f"cannot be read: {error}", where=where) from error
    token = token.strip()
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or any(char.isspace() for char in token):
        raise PlanError(
            f"holds no token of {_SHORTEST_TOKEN} or more plain characters", where=where,
            next_step="make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )  # fmt: skip
    return token
