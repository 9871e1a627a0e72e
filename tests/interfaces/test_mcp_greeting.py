"""Over stdio a client is greeted before the package is loaded: in the server's own words, and once."""

from __future__ import annotations

import asyncio
import io
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from forkjoin.engine import supervise
from forkjoin.interfaces.mcp.greeting import HANDSHAKES, MODERN, Greeting
from forkjoin.interfaces.mcp.server import made_server
from forkjoin.interfaces.mcp.stdio import Door, _served
from forkjoin.model.text import without_halves
from forkjoin.tools import Ceiling, Host, Names, toolset


def hello(version: str = "2025-06-18", **more: Any) -> dict[str, Any]:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}} | more
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


def asked(number: int | str, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class _Silent(Greeting):
    """Leaves all to the server."""

    def answer(self, line: bytes) -> bytes | None:
        return None


def conversation(greeting: Greeting, host: Host, *lines: dict[str, Any], early: int, names: Names = "forkjoin") -> Any:
    """Return what the lines are answered with, by id; the first *early* are there before the server is."""
    said = io.BytesIO()
    back, forth = os.pipe()
    with os.fdopen(back, "rb") as reading, os.fdopen(forth, "wb", buffering=0) as client:
        door = Door(reading, said, greeting)
        reader = threading.Thread(target=door.read)
        reader.start()

        def until(done: Any) -> None:
            deadline = time.monotonic() + 60
            while not done() and time.monotonic() < deadline:
                time.sleep(0.01)

        for line in lines[:early]:
            client.write(json.dumps(line).encode() + b"\n")
        until(lambda: len(door._early) + said.getvalue().count(b"\n") >= early)

        def rest() -> None:
            for line in lines[early:]:
                client.write(json.dumps(line).encode() + b"\n")
            until(lambda: said.getvalue().count(b"\n") >= sum("id" in line for line in lines))
            client.close()

        teller = threading.Thread(target=rest)
        teller.start()
        asyncio.run(_served(made_server(host, names=names), door))
        teller.join()
        reader.join()
    answers = [json.loads(line) for line in said.getvalue().splitlines()]
    assert len({answer["id"] for answer in answers}) == len(answers)  # nothing is answered twice
    return {answer["id"]: answer for answer in answers}


@pytest.mark.parametrize(
    ("version", "names"),
    [*((version, "forkjoin") for version in (*HANDSHAKES, MODERN, "1999-01-01")), (HANDSHAKES[-1], "claude")],
)
def test_it_says_what_the_server_says(version: str, names: Names, tmp_path: Path) -> None:
    host = Host(Ceiling(roots=(str(tmp_path),)))
    tools = toolset(host=host, names=names)
    lines = (hello(version), INITIALIZED, asked(2, "tools/list"), asked("three", "ping"))
    server = conversation(_Silent(host, tools), host, *lines, early=0, names=names)
    greeting = Greeting(host, tools)
    greeted = {
        line["id"]: json.loads(greeting.answer(json.dumps(line).encode()) or b"") for line in lines if "id" in line
    }
    assert greeted == server
    assert len(server[2]["result"]["tools"]) > 3


def test_so_it_does_to_who_shakes_no_hands(tmp_path: Path) -> None:
    host = Host(Ceiling(roots=(str(tmp_path),)))
    tools = toolset(host=host)
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in (
        ("protocolVersion", MODERN), ("clientCapabilities", {}), ("clientInfo", {"name": "t", "version": "1"}),
    )}  # fmt: skip
    lines = (asked(1, "server/discover", _meta=meta), asked(2, "tools/list", _meta=meta))
    server = conversation(_Silent(host, tools), host, *lines, early=0)
    greeting = Greeting(host, tools)
    assert {line["id"]: json.loads(greeting.answer(json.dumps(line).encode()) or b"") for line in lines} == server
    assert greeting.greeted is None
    older = asked(3, "server/discover", _meta=meta | {"io.modelcontextprotocol/protocolVersion": "1999"})
    assert greeting.answer(json.dumps(older).encode()) is None
    found = conversation(greeting, host, *lines, asked(3, "prompts/list", _meta=meta), early=2)
    assert found[3]["result"]["prompts"][0]["name"] == "fan-out"
    # A client that gave up on the new protocol and shakes hands is greeted as well, and served.
    found = conversation(greeting, host, lines[0], hello() | {"id": 4}, asked(5, "prompts/list"), early=2)
    assert found[5]["result"]["prompts"][0]["name"] == "fan-out"


def test_who_was_greeted_is_served_and_not_answered_twice(tmp_path: Path) -> None:
    host = Host(Ceiling(roots=(str(tmp_path),)))
    greeting = Greeting(host, toolset(host=host))
    lines = (hello(), INITIALIZED, asked(2, "tools/list"), asked(3, "prompts/list"), asked(4, "ping"),
             asked(5, "tools/call", name="task_output", arguments={}))  # fmt: skip
    found = conversation(greeting, host, *lines, early=4)
    assert greeting.greeted == 1
    assert found[3]["result"]["prompts"][0]["name"] == "fan-out"
    assert found[4]["result"] == {}
    assert found[5]["result"]["isError"] is True


TWO = [{"id": name, "shell": f"echo {name}", "writes": []} for name in ("a", "b")]


def _modern(number: int, method: str, **params: Any) -> dict[str, Any]:
    said = {"protocolVersion": MODERN, "clientCapabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in said.items()}
    return asked(number, method, **params, _meta=meta)


@pytest.mark.parametrize("version", [*HANDSHAKES, MODERN])
def test_a_launch_is_answered_at_once_as_the_server_answers_it(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "spawn", lambda folder, lock: lock.release())  # nothing starts: all stays as it was
    host = Host(Ceiling(permission="full", tasks=None, roots=(str(tmp_path),)))
    tools = toolset(host=host)
    ask = _modern if version == MODERN else asked
    first = _modern(1, "server/discover") if version == MODERN else hello(version)
    lines = (
        first, ask(2, "tools/call", name="run_tasks", arguments={"tasks": TWO}),
        ask(3, "tools/call", name="run_tasks", arguments={"tasks": [{**TWO[0], "after": ["c"]}]}),
        ask(4, "tools/call", name="run_tasks", arguments={"tasks": "all"}),
    )  # fmt: skip
    server = conversation(_Silent(host, tools), host, *lines, early=0)
    greeting = Greeting(host, tools)
    greeted = {line["id"]: json.loads(greeting.answer(json.dumps(line).encode()) or b"") for line in lines}
    runs = [said[2]["result"]["structuredContent"]["run"] for said in (server, greeted)]
    assert runs[0] != runs[1]
    renamed = json.loads(json.dumps([*greeted.values()]).replace(runs[1], runs[0]))
    assert {said["id"]: said for said in renamed} == server
    assert [greeted[number]["result"]["isError"] for number in (2, 3, 4)] == [False, True, True]


def test_what_waits_or_is_odd_is_the_server_s_which_finds_what_was_launched(tmp_path: Path) -> None:
    host = Host(Ceiling(permission="full", roots=(str(tmp_path),)))
    greeting = Greeting(host, toolset(host=host))
    launch = asked(2, "tools/call", name="run_tasks", arguments={"tasks": TWO})
    assert greeting.answer(json.dumps(launch).encode()) is None  # before anybody said who he is
    greeting.answer(json.dumps(hello()).encode())
    for line in (
        asked(3, "tools/call", name="task_output", arguments={"task_id": "x"}),
        asked(4, "tools/call", name="run_tasks", arguments={"tasks": TWO, "run_in_background": False}),
        asked(5, "tools/call", name="run_tasks", arguments={"tasks": TWO}, task={"ttl": 1}),
        asked(6, "tools/call", name="run_tasks"),
        asked(7, "tools/call", name=["run_tasks"], arguments={}),
        asked(8, "tools/call"),
    ):
        assert greeting.answer(json.dumps(line).encode()) is None
    run = json.loads(greeting.answer(json.dumps(launch).encode()) or b"")["result"]["structuredContent"]["run"]
    told = asked(3, "tools/call", name="task_output", arguments={"task_id": run})
    found = conversation(_Silent(host, ()), host, hello(), INITIALIZED, told, early=0)
    assert [task["text"] for task in found[3]["result"]["structuredContent"]["tasks"]] == ["a\n", "b\n"]


def test_half_a_character_is_no_reason_to_leave_a_call_without_an_answer(tmp_path: Path) -> None:
    """Texts that were cut by UTF-16 hold it, and the package drops a line for it."""
    host = Host(Ceiling(permission="full", roots=(str(tmp_path),)))
    check = {"tasks": [{"shell": "true", "description": "cut \ud83d", "writes": []}]}
    early = asked(2, "tools/call", name="run_tasks", arguments=check)
    late = asked(3, "tools/call", name="check_plan", arguments=check)
    said = conversation(Greeting(host, toolset(host=host)), host, hello(), INITIALIZED, early, late, early=3)
    started = said[2]["result"]["structuredContent"]["tasks"]
    assert [task["description"] for task in started] == ["cut \N{REPLACEMENT CHARACTER}"]
    assert said[3]["result"]["structuredContent"]["runnable"]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (rb'"\ud83d\ude00 \ud83dx \ude00 \uDBFF"', "\N{GRINNING FACE} \N{REPLACEMENT CHARACTER}x "
         "\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"),
        (rb'"\\ud83d \\\ud83d"', "\\ud83d \\\N{REPLACEMENT CHARACTER}"),
        (rb'"\ud7ff \ue000 plain"', "\ud7ff \ue000 plain"),
    ],
)  # fmt: skip
def test_only_halves_are_mended(line: bytes, read: str) -> None:
    assert json.loads(without_halves(line)) == read


class _Deaf(io.BytesIO):
    """A client that reads no more."""

    def write(self, _: Any) -> int:
        raise BrokenPipeError


def test_a_client_that_hears_nothing_any_more_has_left(tmp_path: Path) -> None:
    host = Host(Ceiling(roots=(str(tmp_path),)))
    said = (json.dumps(hello()) + "\n" + json.dumps(asked(2, "prompts/list")) + "\n").encode()
    back, forth = os.pipe()
    with os.fdopen(back, "rb") as reading, os.fdopen(forth, "wb", buffering=0) as client:
        client.write(said)  # and it leaves this end open
        door = Door(reading, _Deaf(), Greeting(host, ()))
        door.read()  # comes to an end
        served = asyncio.run(asyncio.wait_for(_served(made_server(host), door), 60))
    assert served is None


@pytest.mark.parametrize(
    "line",
    [
        hello(clientInfo={"name": "t"}),
        hello(protocolVersion=3),
        hello() | {"jsonrpc": "1.0"},
        hello() | {"id": True},
        {key: value for key, value in hello().items() if key != "id"},
        asked(2, "ping"),  # before anybody said who he is
        asked(2, "server/discover"),
        [hello()],
        "x",
    ],
)
def test_what_is_odd_is_for_the_server_to_answer(line: Any, tmp_path: Path) -> None:
    host = Host(Ceiling(roots=(str(tmp_path),)))
    greeting = Greeting(host, ())
    assert greeting.answer(json.dumps(line).encode()) is None
    assert greeting.answer(b"{no json") is None
    assert greeting.answer(b"[" * 100_000) is None  # nested without end
    assert greeting.answer(json.dumps(hello()).encode())
    assert greeting.answer(json.dumps(hello()).encode()) is None  # a second one is the server's
    assert greeting.answer(json.dumps(asked(3, "tools/list", cursor="x")).encode()) is None
