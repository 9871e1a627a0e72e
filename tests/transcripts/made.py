"""Transcripts made up of the same story in the words of each agent: what one message launches, what comes back, when.

The lines have the shape of those that the real programs write; see tests/data/agents for recorded ones.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

START = 1_790_000_000.0


class Story:
    """A transcript in the making; `lines` are its records, `at` is the clock."""

    agent = ""
    background = False  # every launch of it is one

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.at = START
        self.messages = 0
        self.launches: dict[str, tuple[str, str]] = {}
        self.begin()

    @property
    def lines(self) -> bytes:
        return b"".join(json.dumps(one).encode() + b"\n" for one in self.records)

    def later(self, seconds: float) -> None:
        self.at += seconds

    @property
    def iso(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).isoformat().replace("+00:00", "Z")

    @property
    def ms(self) -> int:
        return int(self.at * 1000)

    def put(self, **record: Any) -> None:
        self.records.append(record)

    # What an agent's own class says:
    def begin(self) -> None: ...
    def user(self, text: str) -> None: ...
    def launch(self, *tasks: tuple[str, str], background: bool = False) -> None: ...
    def ended(self, name: str, text: str) -> None: ...
    def work(self) -> None: ...
    def end(self) -> None: ...


class ClaudeStream(Story):
    agent = "claude"

    def line(self, kind: str, content: Any, *, owner: str | None = None, **more: Any) -> None:
        self.messages += 1
        message = {"id": f"msg_{more.pop('message', self.messages)}", "role": kind, "content": content}
        self.put(type=kind, message=message, parent_tool_use_id=owner, session_id="s-1", timestamp=self.iso, **more)

    def begin(self) -> None:
        self.put(type="system", subtype="init", session_id="s-1", tools=["Task"])

    def user(self, text: str) -> None:
        self.line("user", text)

    def launch(self, *tasks: tuple[str, str], background: bool = False) -> None:
        self.messages += 1
        shared = f"launch{self.messages}"
        for name, prompt in tasks:
            given = {"description": f"Look into {name}", "prompt": prompt, "subagent_type": "general-purpose"}
            given |= {"run_in_background": True} if background else {}
            self.launches[name] = (f"toolu_{name}", f"agent{name}")
            block = {"type": "tool_use", "id": f"toolu_{name}", "name": "Task", "input": given}
            self.line("assistant", [block], message=shared)
        if background:
            for name, _ in tasks:
                self.result(f"toolu_{name}", "Async agent launched successfully.", self.accepted(name))

    def accepted(self, name: str) -> dict[str, str]:
        file = f"/tmp/tasks/{self.launches[name][1]}.output"
        return {"status": "async_launched", "agentId": self.launches[name][1], "outputFile": file}

    def result(self, call: str, text: str, result: dict[str, Any] | None = None) -> None:
        block = {"type": "tool_result", "tool_use_id": call, "content": [{"type": "text", "text": text}]}
        self.line("user", [block], **({"tool_use_result": result} if result else {}))

    def ended(self, name: str, text: str) -> None:
        self.result(self.launches[name][0], text, {"status": "completed"})

    def call(self, tool: str, result: str, owner: str | None = None, **given: Any) -> None:
        name = f"toolu_c{len(self.records)}"
        self.line("assistant", [{"type": "tool_use", "id": name, "name": tool, "input": given}], owner=owner)
        block = {"type": "tool_result", "tool_use_id": name, "content": result}
        self.line("user", [block], owner=owner)

    def fetched(self, name: str, text: str) -> None:
        said = f"<retrieval_status>success</retrieval_status>\n<output>{text}</output>"
        self.call("TaskOutput", said, task_id=self.launches[name][1], block=True)

    def wrote(self, name: str, path: str) -> None:
        self.call("Write", "File created", owner=self.launches[name][0], file_path=path, content="x")

    def work(self) -> None:
        self.call("Bash", "ok", command="pytest -q")

    def end(self) -> None:
        self.put(type="result", subtype="success", session_id="s-1", result="DONE", is_error=False)


class ClaudeSession(ClaudeStream):
    def line(self, kind: str, content: Any, *, owner: str | None = None, **more: Any) -> None:
        super().line(kind, content, **more)
        record = self.records[-1]
        for key in ("parent_tool_use_id", "session_id"):
            record.pop(key, None)
        if "tool_use_result" in record:
            record["toolUseResult"] = record.pop("tool_use_result")
        record |= {"sessionId": "s-1", "isSidechain": bool(owner), "uuid": f"u{len(self.records)}", "cwd": "/w"}

    def begin(self) -> None:
        self.put(type="file-history-snapshot", messageId="m", snapshot={})

    def end(self) -> None: ...


class CodexStream(Story):
    agent = "codex"
    background = True

    def begin(self) -> None:
        self.put(type="thread.started", thread_id="t-main")
        self.put(type="turn.started")

    def item(self, state: str, **item: Any) -> None:
        self.put(type=f"item.{state}", item=item)

    def together(self, tool: str, **more: Any) -> None:
        self.messages += 1
        item = {"id": f"item_{self.messages}", "type": "collab_tool_call", "tool": tool, "sender_thread_id": "t-main"}
        item |= {"receiver_thread_ids": [], "prompt": None, "agents_states": {}}
        self.item("started", **item, status="in_progress")
        self.item("completed", **(item | more), status="completed")

    def launch(self, *tasks: tuple[str, str], background: bool = False) -> None:
        for name, prompt in tasks:
            self.launches[name] = ("", f"thread-{name}")
            self.together("spawn_agent", prompt=prompt, receiver_thread_ids=[f"thread-{name}"])

    def ended(self, name: str, text: str) -> None:
        thread = self.launches[name][1]
        states = {thread: {"status": "completed", "message": text}}
        self.together("wait", receiver_thread_ids=[thread], agents_states=states)

    fetched = ended

    def work(self) -> None:
        self.messages += 1
        item = {"id": f"item_{self.messages}", "type": "command_execution", "command": "/bin/bash -lc 'pytest -q'"}
        self.item("started", **item, aggregated_output="", exit_code=None, status="in_progress")
        self.item("completed", **item, aggregated_output="ok", exit_code=0, status="completed")

    def end(self) -> None:
        self.put(type="turn.completed", usage={"input_tokens": 1})


class CodexSession(Story):
    agent = "codex"
    background = True

    def begin(self) -> None:
        self.put(timestamp=self.iso, type="session_meta", payload={"id": "t-main", "cwd": "/w"})

    def item(self, **payload: Any) -> None:
        self.put(timestamp=self.iso, type="response_item", payload=payload)

    def user(self, text: str) -> None:
        self.item(type="message", role="user", content=[{"type": "input_text", "text": text}])
        self.put(timestamp=self.iso, type="event_msg", payload={"type": "user_message", "message": text})

    def call(self, name: str, given: dict[str, Any]) -> str:
        self.messages += 1
        self.item(type="function_call", name=name, arguments=json.dumps(given), call_id=f"call_{self.messages}")
        return f"call_{self.messages}"

    def result(self, call: str, output: Any) -> None:
        self.item(type="function_call_output", call_id=call, output=json.dumps(output))

    def launch(self, *tasks: tuple[str, str], background: bool = False) -> None:
        calls = {name: self.call("spawn_agent", {"message": prompt, "agent_type": "worker"}) for name, prompt in tasks}
        for name, call in calls.items():
            self.launches[name] = (call, f"0199-{name}")
            self.result(call, {"agent_id": f"0199-{name}", "nickname": name})

    def ended(self, name: str, text: str) -> None:
        thread = self.launches[name][1]
        call = self.call("wait", {"ids": [thread], "timeout_ms": 60000})
        self.result(call, {"status": {thread: {"completed": text}}, "timed_out": False})

    fetched = ended

    def work(self) -> None:
        self.result(self.call("exec_command", {"cmd": "pytest -q"}), "ok")


class OpenCodeStream(Story):
    """Lines come when a call has ended: a message's launches are held until then."""

    agent = "opencode"

    def begin(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def part(self, kind: str, **part: Any) -> None:
        part |= {"messageID": part.get("messageID", f"msg_{self.messages}"), "sessionID": "ses_1"}
        self.put(type=kind, timestamp=self.ms, sessionID="ses_1", part=part)

    def launch(self, *tasks: tuple[str, str], background: bool = False) -> None:
        self.messages += 1
        self.part("step_start", type="step-start")
        for name, prompt in tasks:
            given = {"description": f"Look into {name}", "prompt": prompt, "subagent_type": "general"}
            self.held[name] = {"messageID": f"msg_{self.messages}", "input": given, "start": self.ms}

    def ended(self, name: str, text: str) -> None:
        held = self.held.pop(name)
        state = {"status": "completed", "input": held["input"], "output": text, "title": name,
                 "metadata": {"sessionId": f"ses_{name}"},
                 "time": {"start": held["start"], "end": self.ms}}  # fmt: skip
        self.part("tool_use", type="tool", tool="task", callID=f"call_{name}", messageID=held["messageID"], state=state)

    def work(self) -> None:
        self.messages += 1
        state = {
            "status": "completed",
            "input": {"command": "pytest -q"},
            "output": "ok",
            "time": {"start": 1, "end": 2},
        }
        self.part("tool_use", type="tool", tool="bash", callID=f"call_{self.messages}", state=state)

    def end(self) -> None:
        self.part("step_finish", type="step-finish", reason="stop")


class OpenCodeExport(OpenCodeStream):
    def user(self, text: str) -> None:
        self.messages += 1
        self.put(type="user", part={"type": "text", "text": text, "messageID": f"msg_{self.messages}"})

    @property
    def lines(self) -> bytes:
        messages = [
            {"info": {"id": one["part"]["messageID"], "role": "user" if one["type"] == "user" else "assistant"},
             "parts": [one["part"]]}
            for one in self.records
        ]  # fmt: skip
        return json.dumps({"info": {"id": "ses_1"}, "messages": messages}, indent=2).encode()


class PiStream(Story):
    agent = "pi"

    def begin(self) -> None:
        self.put(type="session", version=3, id="p-1", timestamp=self.iso, cwd="/w")
        self.put(type="agent_start")

    def message(self, role: str, content: Any, **more: Any) -> None:
        self.put(type="message_end", message={"role": role, "content": content, "timestamp": self.ms, **more})

    def user(self, text: str) -> None:
        self.message("user", [{"type": "text", "text": text}])

    def call(self, *calls: tuple[str, str, dict[str, Any]]) -> None:
        parts = [{"type": "toolCall", "id": id_, "name": name, "arguments": given} for id_, name, given in calls]
        self.message("assistant", parts)

    def result(self, call: str, text: str) -> None:
        self.message("toolResult", [{"type": "text", "text": text}], toolCallId=call, toolName="subagent")

    def launch(self, *tasks: tuple[str, str], background: bool = False) -> None:
        self.call(*((f"call_{name}", "subagent", {"agent": "worker", "task": prompt}) for name, prompt in tasks))

    def ended(self, name: str, text: str) -> None:
        self.result(f"call_{name}", text)

    def work(self) -> None:
        self.messages += 1
        self.call((f"call_w{self.messages}", "bash", {"command": "pytest -q"}))
        self.result(f"call_w{self.messages}", "ok")

    def end(self) -> None:
        self.put(type="agent_settled")


class PiSession(PiStream):
    def begin(self) -> None:
        self.put(type="session", version=3, id="p-1", timestamp=self.iso, cwd="/w")

    def message(self, role: str, content: Any, **more: Any) -> None:
        message = {"role": role, "content": content, "timestamp": self.ms, **more}
        self.put(type="message", id=str(len(self.records)), parentId=None, timestamp=self.iso, message=message)

    def end(self) -> None: ...


STORIES = (ClaudeStream, ClaudeSession, CodexStream, CodexSession, OpenCodeStream, OpenCodeExport, PiStream, PiSession)
