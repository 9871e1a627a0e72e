"""The tasks extension: a call that waits becomes a task that its client polls; it is the run, so it outlives us."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from forkjoin.errors import ForkjoinError, UnknownId
from forkjoin.interfaces.mcp.calling import called, launches, result_of, waits
from forkjoin.interfaces.mcp.greeting import EXTENSION
from forkjoin.model import ENDED, RunView
from forkjoin.tools import BoundTool, Host, with_outputs

_MISSING_CAPABILITY: Final = -32021
_POLL_MS: Final = 1000
Context = ServerRequestContext[Any, Any]


class TaskParams(types.RequestParams):
    """What `tasks/get`, `tasks/update` and `tasks/cancel` take; nothing asks for input yet, so no more is read."""

    task_id: str


class Tasks:
    """Creates, shows and cancels tasks; a task's id is its run's."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def serve(self, server: Server[Any]) -> None:
        """Answer the extension's methods."""
        server.add_request_handler("tasks/get", TaskParams, self._get)
        server.add_request_handler("tasks/update", TaskParams, self._update)
        server.add_request_handler("tasks/cancel", TaskParams, self._cancel)

    def wanted(self, ctx: Context, tool: BoundTool, arguments: dict[str, Any]) -> bool:
        """Whether a call is to become a task: it would wait for a run, and its client can poll."""
        return launches(tool.name) and waits(arguments) and _declared(ctx)

    async def created(self, tool: BoundTool, arguments: dict[str, Any]) -> dict[str, Any] | types.CallToolResult:
        """Launch the run, and return its task; what went wrong as any call returns it."""
        made = await called(tool, {**arguments, "run_in_background": True})
        if made["isError"]:
            return types.CallToolResult.model_validate(made)
        return {"resultType": "task", **await asyncio.to_thread(self._task, made["structuredContent"]["run"], False)}

    async def _get(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        return await self._known(ctx, params, whole=True)

    async def _update(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        await self._known(ctx, params, whole=False)
        return {}

    async def _cancel(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        await self._known(ctx, params, whole=False)
        await asyncio.to_thread(self._stop, params.task_id)
        return {}

    async def _known(self, ctx: Context, params: TaskParams, *, whole: bool) -> dict[str, Any]:
        if not _declared(ctx):
            needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
            raise MCPError(code=_MISSING_CAPABILITY, message="Missing required client capability", data=needed)
        try:
            return await asyncio.to_thread(self._task, params.task_id, whole)
        except UnknownId as error:
            raise MCPError(code=types.INVALID_PARAMS, message=str(error)) from error
        except ForkjoinError as error:
            raise MCPError(code=types.INTERNAL_ERROR, message=str(error)) from error

    def _stop(self, name: str) -> None:
        with self._host.run(name) as run:
            run.stop(reason="the client cancelled the task")

    def _task(self, name: str, whole: bool) -> dict[str, Any]:
        """Return a task as the extension has it, with its result where it is over and *whole*."""
        with self._host.run(name) as run:
            view = run.view()
            over = sum(task.state in ENDED for task in view.tasks)
            status = _status(view)
            shown: dict[str, Any] = {
                "taskId": run.id,
                "status": status,
                "statusMessage": f"{over} of {len(view.tasks)} tasks have ended",
                "createdAt": _iso(view.started),
                "lastUpdatedAt": _iso(view.ended or max([task.ended or 0.0 for task in view.tasks] + [view.started])),
                "ttlMs": None,
                "pollIntervalMs": _POLL_MS,
            }
            if whole and status == "completed":
                brought = with_outputs(run, "success")
                shown["result"] = result_of(brought)
            return shown


def _declared(ctx: Context) -> bool:
    """Whether the client says, with this very request, that it has the extension."""
    if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return False
    capabilities = ctx.session.client_capabilities
    return capabilities is not None and EXTENSION in (capabilities.extensions or {})


def _status(view: RunView) -> str:
    if any(task.state not in ENDED for task in view.tasks):
        return "working"
    return "cancelled" if all(task.state in ("stopped", "skipped") for task in view.tasks) else "completed"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
