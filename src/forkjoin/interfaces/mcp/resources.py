"""Reports and logs as resources, of the runs that a client knows by their ids."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import quote, unquote

import mcp_types as types
from mcp.shared.exceptions import MCPError

from forkjoin.errors import ForkjoinError, UnknownId
from forkjoin.tools import Host

_SCHEME: Final = "forkjoin://runs/"
_NOT_FOUND: Final = -32002
_MOST_BYTES: Final = 256 * 1024
_LISTED_RUNS: Final = 20

TEMPLATES: Final = (
    types.ResourceTemplate(
        name="report", title="Joined report of a run", uri_template="forkjoin://runs/{run}/report",
        description="Markdown; what it quotes was written by agents.", mime_type="text/markdown",
    ),
    types.ResourceTemplate(
        name="log", title="What a task's program printed", uri_template="forkjoin://runs/{run}/tasks/{task}/log",
        description="The last 256 KiB.", mime_type="text/plain",
    ),
    types.ResourceTemplate(
        name="brief", title="What a task was told", uri_template="forkjoin://runs/{run}/tasks/{task}/brief",
        mime_type="text/markdown",
    ),
    types.ResourceTemplate(
        name="diff", title="What a task changed", uri_template="forkjoin://runs/{run}/tasks/{task}/diff",
        description="A patch, its first 256 KiB.", mime_type="text/x-diff",
    ),
)  # fmt: skip
_MIME: Final = {one.name: str(one.mime_type) for one in TEMPLATES}


async def listed(host: Host) -> list[types.Resource]:
    """Return the reports and logs of the runs that were started or named here, newest first."""
    return await asyncio.to_thread(_listed, host)


async def content(host: Host, uri: str) -> types.TextResourceContents:
    """Return what a resource says; raise MCPError where there is none of that name."""
    try:
        kind, text = await asyncio.to_thread(_content, host, uri)
    except (ForkjoinError, OSError) as error:
        raise MCPError(code=_NOT_FOUND, message=f"Resource not found: {error}", data={"uri": uri}) from error
    return types.TextResourceContents(uri=uri, mime_type=_MIME[kind], text=text)


async def completions(host: Host, params: types.CompleteRequestParams) -> list[str]:
    """Return the runs a client knows, or the tasks of one, that begin as what is being written."""
    wanted, begun = params.argument.name, params.argument.value
    given = params.context.arguments if params.context is not None else None
    if wanted == "run":
        found = host.known()
    elif wanted == "task":
        found = await asyncio.to_thread(_tasks, host, (given or {}).get("run", ""))
    else:
        found = ("task", "directory", "perspective") if wanted == "by" else ()
    return [one for one in found if one.startswith(begun)]


def _listed(host: Host) -> list[types.Resource]:
    found: list[types.Resource] = []
    for name in host.known()[:_LISTED_RUNS]:
        top = f"{_SCHEME}{name}"
        found.append(types.Resource(uri=f"{top}/report", name=f"report of {name}", mime_type=_MIME["report"]))
        found += [
            types.Resource(uri=f"{top}/tasks/{quote(task, safe='')}/log", name=f"log of {task}", mime_type=_MIME["log"])
            for task in _tasks(host, name)
        ]
    return found


def _tasks(host: Host, name: str) -> tuple[str, ...]:
    try:
        with host.run(name) as run:
            return run.tasks
    except UnknownId:  # removed meanwhile, or not named yet
        return ()


def named(uri: str) -> tuple[str, str, str]:
    """Return the run, the task ("" for the run itself) and the kind that a resource's name says; raise UnknownId."""
    match uri.removeprefix(_SCHEME).split("/") if uri.startswith(_SCHEME) else []:
        case [run, "report"]:
            return run, "", "report"
        case [run, "tasks", task, "log" | "brief" | "diff" as kind]:
            return run, unquote(task), kind
    raise UnknownId("resource", uri[:120], [str(one.uri_template) for one in TEMPLATES])


def _content(host: Host, uri: str) -> tuple[str, str]:
    """Return the kind and text of a resource; raises UnknownId."""
    run_name, task, kind = named(uri)
    with host.run(run_name) as run:
        if kind == "report":
            return kind, run.report_text("markdown")
        name = run.task(task).id
        if kind == "log":
            return kind, run.log(name, limit=_MOST_BYTES)
        if kind == "brief":
            return kind, run.brief(name)
        return kind, run.diff(name, size=_MOST_BYTES).decode("utf-8", "replace")
