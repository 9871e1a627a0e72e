"""Who wants to hear that a report or a log has changed, and the looking for it, which goes on while anybody does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourcesListChanged, ResourceUpdated

from forkjoin.errors import ForkjoinError
from forkjoin.interfaces.mcp.resources import named
from forkjoin.model import RunView
from forkjoin.tools import Host

_LOOK_S: Final = 1.0
_MOST: Final = 256  # subscriptions of one server; above it the oldest is forgotten
Context = ServerRequestContext[Any, Any]
Tell = Callable[[str], Awaitable[None]]
Stamp = tuple[Hashable, ...]


def client_of(ctx: Context) -> str:
    """Return by what a client is known from one request to the next: its session over HTTP, "" over stdio."""
    return "" if ctx.request is None else str(ctx.request.headers.get("mcp-session-id", ""))


class Watching:
    """Tells subscribers of resources that have changed. Every name may be watched: a run of it may still come."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._tells: dict[tuple[str, str], Tell] = {}  # by client and name of the resource
        self._seen: dict[str, Stamp] = {}
        self._known: frozenset[str] = frozenset()
        self._looking: asyncio.Task[None] | None = None
        self._bus = InMemorySubscriptionBus()
        self._listening = ListenHandler(self._bus, max_subscriptions=_MOST)

    async def subscribe(self, ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        """Tell this client of a resource from here on (protocols that shake hands)."""
        await self._add(client_of(ctx), [str(params.uri)], ctx.session.send_resource_updated)
        return types.EmptyResult()

    async def unsubscribe(self, ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        """Tell it no more."""
        self._tells.pop((client_of(ctx), str(params.uri)), None)
        return types.EmptyResult()

    async def listen(
        self, ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell this client for as long as it holds the request open (the protocol without handshakes)."""
        uris = [str(uri) for uri in params.notifications.resource_subscriptions or ()]
        mine = f"listens {id(params)}"

        async def publish(uri: str) -> None:
            await self._bus.publish(ResourceUpdated(uri=uri))

        await self._add(mine, uris, publish)
        try:
            return await self._listening(ctx, params)
        finally:
            for uri in uris:
                self._tells.pop((mine, uri), None)

    async def listed(self) -> None:
        """Tell those who listen that there are more resources, where runs have come to be known since the last time."""
        if (known := frozenset(self._host.known())) != self._known:
            self._known = known
            await self._bus.publish(ResourcesListChanged())

    async def _add(self, client: str, uris: Iterable[str], tell: Tell) -> None:
        for uri in uris:
            if uri not in self._watched():
                self._seen[uri] = await asyncio.to_thread(self._stamp, uri)
            self._tells.pop((client, uri), None)
            self._tells[client, uri] = tell
        while len(self._tells) > _MOST:
            del self._tells[next(iter(self._tells))]
        if self._tells and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())

    def _watched(self) -> set[str]:
        return {uri for _, uri in self._tells}

    async def _look(self) -> None:
        while watched := self._watched():
            await asyncio.sleep(_LOOK_S)
            for uri in watched:
                await self._look_at(uri)
            self._seen = {uri: stamp for uri, stamp in self._seen.items() if uri in self._watched()}

    async def _look_at(self, uri: str) -> None:
        stamp = await asyncio.to_thread(self._stamp, uri)
        if stamp == self._seen.get(uri):
            return
        self._seen[uri] = stamp
        for tell in [tell for (_, one), tell in self._tells.items() if one == uri]:
            await tell(uri)

    def _stamp(self, uri: str) -> Stamp:
        """Return what differs when the resource does; () where there is none."""
        try:
            run_name, task, kind = named(uri)
            with self._host.run(run_name) as run:
                wanted = run.task(task).id if task else ""
                return _stamp_of(run.view(), wanted, kind)
        except (ForkjoinError, OSError):
            return ()


def _stamp_of(view: RunView, wanted: str, kind: str) -> Stamp:
    if kind == "report":
        return tuple((task.state, task.attempt, task.findings) for task in view.tasks)
    (task,) = (task for task in view.tasks if task.task.id == wanted)
    return (task.attempt, task.state if kind != "brief" else "", task.output_bytes if kind == "log" else 0)
