"""The server itself, whatever it is reached by: tools, resources, prompts, and tasks for clients that have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from forkjoin.interfaces.mcp.calling import called, failed
from forkjoin.interfaces.mcp.greeting import EXTENSION, SERVER, described, instructions
from forkjoin.interfaces.mcp.prompting import PROMPTS, prompt
from forkjoin.interfaces.mcp.resources import TEMPLATES, completions, content, listed
from forkjoin.interfaces.mcp.tasks import Tasks
from forkjoin.interfaces.mcp.watching import Watching, client_of
from forkjoin.model.version import VERSION
from forkjoin.tools import BoundTool, Host, Names, toolset

_CLIENTS = 256  # whose wish for a log is remembered, over HTTP
Context = ServerRequestContext[Any, Any]


def made_server(host: Host, *, names: Names = "forkjoin") -> Server[Any]:
    """Return the server of *host*'s tools under these *names*."""
    hands = _Hands(host, toolset(host=host, names=names))
    server: Server[Any] = Server(
        SERVER,
        version=VERSION,
        title=SERVER,
        instructions=instructions(host),
        on_list_tools=hands.list_tools,
        on_call_tool=hands.call_tool,
        on_list_resources=hands.list_resources,
        on_list_resource_templates=hands.list_templates,
        on_read_resource=hands.read_resource,
        on_subscribe_resource=hands.watching.subscribe,
        on_unsubscribe_resource=hands.watching.unsubscribe,
        on_subscriptions_listen=hands.watching.listen,
        on_list_prompts=hands.list_prompts,
        on_get_prompt=hands.get_prompt,
        on_completion=hands.complete,
    )
    server.extensions[EXTENSION] = {}
    hands.tasks.serve(server)
    # Of earlier protocols; the constructor's argument for it warns, for newer ones have no log.
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, hands.set_level)
    return server


class _Hands:
    """What is done for each request."""

    def __init__(self, host: Host, tools: Sequence[BoundTool]) -> None:
        self._host = host
        self._tools = {tool.name: tool for tool in tools}
        self._listed = [types.Tool.model_validate(described(tool)) for tool in tools]
        self.tasks = Tasks(host)
        self.watching = Watching(host)
        self._logs: dict[str, None] = {}  # clients that want a log

    async def list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self._listed)

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> Any:
        """Return what a tool answers; what went wrong in it is a result too, so that a model reads it."""
        tool = self._tools.get(params.name)
        if tool is None:
            # A result, as of all that goes wrong in a call: models read those, and many clients keep errors from them.
            why = f"no tool {params.name[:60]!r}; there are {', '.join(self._tools)}"
            return types.CallToolResult.model_validate(failed(why))

        async def tell(done: int, of: int, what: str) -> None:
            await ctx.session.report_progress(done, of, what)
            if client_of(ctx) in self._logs and ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
                said = types.LoggingMessageNotificationParams(level="info", logger="forkjoin", data=what)
                await ctx.session.send_notification(types.LoggingMessageNotification(params=said), ctx.request_id)

        arguments = dict(params.arguments or {})
        try:
            if self.tasks.wanted(ctx, tool, arguments):
                return await self.tasks.created(tool, arguments)
            return types.CallToolResult.model_validate(await called(tool, arguments, tell=tell))
        finally:
            await self.watching.listed()

    async def set_level(self, ctx: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
        """Say what is waited for in the client's log, too, where it wants lines of level info."""
        self._logs.pop(client_of(ctx), None)
        if params.level in ("debug", "info"):
            self._logs[client_of(ctx)] = None
        while len(self._logs) > _CLIENTS:
            del self._logs[next(iter(self._logs))]
        return types.EmptyResult()

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=await listed(self._host))

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read_resource(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return types.ReadResourceResult(contents=[await content(self._host, str(params.uri))])

    async def list_prompts(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=list(PROMPTS))

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        return prompt(params.name, params.arguments or {})

    async def complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        found = await completions(self._host, params)
        return types.CompleteResult(completion=types.Completion(values=found[:100], total=len(found)))
