"""The MCP server as the package's own client sees it, over streams in memory; both eras of the protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client, ClientSession
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp_types import (
    CallToolResult,
    EmptyResult,
    Request,
    RequestParams,
    ResourceUpdatedNotification,
    Result,
    SetLevelRequest,
    SetLevelRequestParams,
    SubscribeRequest,
    SubscribeRequestParams,
    UnsubscribeRequest,
    UnsubscribeRequestParams,
)  # fmt: skip
from pydantic import ConfigDict

from forkjoin.interfaces.mcp.server import made_server
from forkjoin.interfaces.mcp.tasks import EXTENSION
from forkjoin.tools import Ceiling, Host

ECHOES = [{"id": f"t/{n}" if n == 9 else f"t{n}", "shell": f"echo answer {n}", "writes": []} for n in range(3)]
Serving = Callable[..., Any]


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """Run a coroutine with a client of a server under a ceiling."""
    tree = tmp_path / "tree"
    tree.mkdir()
    monkeypatch.chdir(tree)

    def serve(use: Callable[[Client], Awaitable[Any]], *, host: Host | None = None, **more: Any) -> Any:
        async def trial() -> Any:
            names = more.pop("names", "forkjoin")
            async with Client(made_server(host or Host(Ceiling(permission="full")), names=names), **more) as client:
                return await use(client)

        return asyncio.run(trial())

    return serve


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_launch_output_report_and_resources(serving: Serving, mode: str) -> None:
    told: list[tuple[float, float | None]] = []

    async def tell(done: float, of: float | None, what: str | None) -> None:
        told.append((done, of))

    async def use(client: Client) -> None:
        assert "side by side" in (client.instructions or "")
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools)[:3] == ["run_tasks", "check_plan", "task_output"]
        assert tools["task_stop"].annotations.destructive_hint is True
        assert tools["task_output"].annotations.read_only_hint is True
        started = await client.call_tool("run_tasks", {"tasks": ECHOES})
        run = started.structured_content["run"]
        assert f"{run}/t0" in started.content[0].text
        # The client checks structured content against the output schema.
        found = await client.call_tool("task_output", {"task_id": run}, progress_callback=tell)
        assert found.structured_content["retrieval_status"] == "success"
        assert told[-1] == (3, 3)
        listed = [str(one.uri) for one in (await client.list_resources()).resources]
        assert f"forkjoin://runs/{run}/report" in listed
        for uri in listed:
            assert (await client.read_resource(uri)).contents[0].text
        brief = await client.read_resource(f"forkjoin://runs/{run}/tasks/t0/brief")
        assert "# Task" in brief.contents[0].text
        assert len((await client.list_resource_templates()).resource_templates) == 4
        with pytest.raises(MCPError, match="not found"):
            await client.read_resource(f"forkjoin://runs/{run[:-1]}/report")
        with pytest.raises(MCPError, match="not found"):
            await client.read_resource("file:///etc/passwd")

    serving(use, mode=mode)


def test_a_client_of_an_earlier_protocol_may_have_a_log(serving: Serving) -> None:
    logged: list[tuple[str, Any]] = []

    async def keep(params: Any) -> None:
        logged.append((params.level, params.data))

    async def use(client: Client) -> None:
        await client.session.send_request(SetLevelRequest(params=SetLevelRequestParams(level="info")), EmptyResult)
        await client.call_tool("run_tasks", {"tasks": ECHOES[:1], "run_in_background": False})

    serving(use, mode="legacy", logging_callback=keep)
    assert logged[-1] == ("info", "1 of 1 tasks have ended")


def test_what_goes_wrong_in_a_tool_is_a_result_that_a_model_reads(serving: Serving) -> None:
    async def use(client: Client) -> None:
        above = await client.call_tool("run_tasks", {"tasks": ECHOES})
        assert above.is_error
        assert "--max-permission full" in above.content[0].text
        wrong = await client.call_tool("task_output", {"task_id": 3})
        assert wrong.is_error
        assert "task_output.task_id" in wrong.content[0].text
        unknown = await client.call_tool("launch", {})
        assert unknown.is_error
        assert "there are run_tasks" in unknown.content[0].text

    serving(use, host=Host(Ceiling()))


def test_claude_codes_names(serving: Serving) -> None:
    async def use(client: Client) -> None:
        assert [tool.name for tool in (await client.list_tools()).tools] == [
            "Task", "TaskOutput", "TaskStop", "TodoWrite",
        ]  # fmt: skip
        one = {"description": "Say it", "prompt": "echo hello", "subagent_type": "shell", "run_in_background": True}
        started = await client.call_tool("Task", one)
        task = started.structured_content["tasks"][0]["task_id"]
        found = await client.call_tool("TaskOutput", {"task_id": task, "block": True, "timeout": 60_000})
        assert "<output>\nhello" in found.content[0].text

    serving(use, names="claude")


def test_a_client_that_leaves_stops_nothing_and_the_next_finds_all(serving: Serving) -> None:
    async def launch(client: Client) -> str:
        tasks = [{"id": f"t{n}", "shell": f"sleep 1; echo {n}", "writes": []} for n in range(3)]
        return str((await client.call_tool("run_tasks", {"tasks": tasks})).structured_content["run"])

    run = serving(launch)

    async def collect(client: Client) -> list[str]:
        found = await client.call_tool("task_output", {"task_id": run})
        return [task["text"] for task in found.structured_content["tasks"]]

    assert serving(collect) == ["0\n", "1\n", "2\n"]


def test_prompts_teach_and_completions_name_what_is_known(serving: Serving) -> None:
    async def use(client: Client) -> None:
        from mcp_types import PromptReference, ResourceTemplateReference

        assert [one.name for one in (await client.list_prompts()).prompts] == ["fan-out"]
        told = await client.get_prompt("fan-out", {"goal": "Review it", "by": "perspective"})
        assert "ONE call" in told.messages[0].content.text
        for wrong in ({}, {"goal": "x", "by": "luck"}):
            with pytest.raises(MCPError):
                await client.get_prompt("fan-out", wrong)
        kinds = await client.complete(PromptReference(type="ref/prompt", name="fan-out"), {"name": "by", "value": "d"})
        assert kinds.completion.values == ["directory"]
        run = (await client.call_tool("run_tasks", {"tasks": ECHOES})).structured_content["run"]
        log = ResourceTemplateReference(type="ref/resource", uri="forkjoin://runs/{run}/tasks/{task}/log")
        runs = await client.complete(log, {"name": "run", "value": run[:9]})
        assert runs.completion.values == [run]
        tasks = await client.complete(log, {"name": "task", "value": "t"}, context_arguments={"run": run})
        assert tasks.completion.values == ["t0", "t1", "t2"]
        await client.call_tool("task_output", {"task_id": run})

    serving(use)


SLOW = {"id": "slow", "shell": "echo begun; sleep 2; echo done", "writes": []}


def test_a_subscriber_hears_that_a_log_and_a_report_have_changed(serving: Serving) -> None:
    told: list[str] = []

    async def keep(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            told.append(str(message.params.uri))

    async def use(client: Client) -> None:
        run = (await client.call_tool("run_tasks", {"tasks": [SLOW]})).structured_content["run"]
        log, report = f"forkjoin://runs/{run}/tasks/slow/log", f"forkjoin://runs/{run}/report"
        for uri in (log, report, "forkjoin://runs/none/report", "other://x"):  # any name: it may come to be
            await _request(client, SubscribeRequest(params=SubscribeRequestParams(uri=uri)))
        await _request(client, UnsubscribeRequest(params=UnsubscribeRequestParams(uri=report)))
        await client.call_tool("task_output", {"task_id": run})
        await _until(lambda: log in told)

    serving(use, mode="legacy", message_handler=keep)
    assert {uri.rpartition("/")[2] for uri in told} == {"log"}


def test_so_does_who_listens_by_the_newer_protocol(serving: Serving) -> None:
    async def use(client: Client) -> None:
        run = (await client.call_tool("run_tasks", {"tasks": [SLOW]})).structured_content["run"]
        report = f"forkjoin://runs/{run}/report"
        async with client.listen(resource_subscriptions=[report], resources_list_changed=True) as events:
            heard = await asyncio.wait_for(anext(aiter(events)), 60)
            assert heard == ResourceUpdated(uri=report)
            await client.call_tool("run_tasks", {"tasks": ECHOES[:1]})
            while heard != ResourcesListChanged():
                heard = await asyncio.wait_for(anext(aiter(events)), 60)

    serving(use)


async def _request(client: Client, request: Any) -> None:
    await client.session.send_request(request, EmptyResult)


async def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


class _Created(Result):
    """What a server answers that made a task of a call."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    ttl_ms: int | None = None


class _Loose(Result):
    model_config = ConfigDict(extra="allow")


class _LooseParams(RequestParams):
    model_config = ConfigDict(extra="allow")


async def _asked(session: ClientSession, method: str, task: str) -> dict[str, Any]:
    request = Request[Any, str](method=method, params=_LooseParams.model_validate({"taskId": task}))
    found = await session.send_request(request, _Loose)
    return found.model_dump(by_alias=True)


class _Polling(ClientExtension):
    """A client that has tasks: it polls until one is over, or cancels it."""

    identifier = EXTENSION

    def __init__(self, *, cancels: bool = False) -> None:
        self.cancels, self.seen = cancels, list[str]()

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return (ResultClaim(result_type="task", model=_Created, resolve=self._resolve),)

    async def _resolve(self, made: _Created, ctx: ClaimContext) -> CallToolResult:
        self.seen.append(made.status)
        await _asked(ctx.session, "tasks/update", made.task_id)
        if self.cancels:
            await _asked(ctx.session, "tasks/cancel", made.task_id)
        until = time.monotonic() + 60
        while (found := await _asked(ctx.session, "tasks/get", made.task_id))["status"] == "working":
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
        self.seen.append(found["status"])
        with pytest.raises(MCPError, match="no run"):
            await _asked(ctx.session, "tasks/get", "none")
        return CallToolResult.model_validate(found.get("result") or {"content": []})


def waiting(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"tasks": list(tasks), "run_in_background": False, "timeout": 20_000}


def test_a_client_with_the_tasks_extension_gets_a_task_and_polls(serving: Serving) -> None:
    polling = _Polling()

    async def use(client: Client) -> None:
        found = await client.call_tool("run_tasks", waiting(*ECHOES))
        texts = [one["text"] for one in found.structured_content["outputs"]["tasks"]]
        assert texts == [f"answer {n}\n" for n in range(3)]

    serving(use, extensions=[polling])
    assert polling.seen == ["working", "completed"]


def test_a_launch_that_is_refused_is_no_task_and_its_reason_is_read(serving: Serving) -> None:
    async def use(client: Client) -> None:
        found = await client.call_tool("run_tasks", waiting({"prompt": "x", "agent": "nosuch"}))
        assert (found.is_error, "no agent 'nosuch'" in found.content[0].text) == (True, True)

    polling = _Polling()
    serving(use, extensions=[polling])
    assert polling.seen == []


def test_a_cancelled_task_ends(serving: Serving) -> None:
    polling = _Polling(cancels=True)

    async def use(client: Client) -> None:
        with pytest.raises(RuntimeError, match="structured content"):  # a cancelled task has no result
            await client.call_tool("run_tasks", waiting({"shell": "sleep 60", "writes": []}))

    serving(use, extensions=[polling])
    assert polling.seen == ["working", "cancelled"]


def test_a_client_without_it_gets_the_plain_answer(serving: Serving) -> None:
    async def use(client: Client) -> None:
        found = await client.call_tool("run_tasks", waiting(*ECHOES))
        assert found.structured_content["outputs"]["retrieval_status"] == "success"
        with pytest.raises(MCPError, match="Missing required client capability"):
            await _asked(client.session, "tasks/get", found.structured_content["run"])

    serving(use)
