"""A scripted model: one server on loopback that speaks three wire formats and does what the prompt says.

Anthropic Messages, OpenAI Responses and OpenAI Chat Completions, streaming. A prompt holds directives, a step each:

    [[write path=NAME text=TEXT]] [[bash cmd="LINE"]] [[say TEXT]] [[structured {"a": 1}]]
    [[call TOOL {"an": "argument"}]] [[fail STATUS times=N]] [[delay SECONDS]] [[usage input=N output=N]]

`serving(script)` takes such steps by words of a prompt, for prompts that hold no directives. With `weather` each
request is first asked of it: a status other than 200, and what it says, is the answer.

The step is the number of answers after the newest message of the user that has directives, so any number of agents and
resumed sessions may ask at once. Names of tools and of their arguments are taken from what each request declares.
"""

from __future__ import annotations

import collections
import itertools
import json
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any, TypeAlias

Json = dict[str, Any]
_DIRECTIVE = re.compile(r"\[\[(\w+)\s*(.*?)\]\]", re.DOTALL)
_WRITES, _SHELLS = ("Write", "write"), ("Bash", "bash", "exec_command", "shell_command", "shell", "local_shell")
_KINDS = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
_numbers = itertools.count(1)
Steps: TypeAlias = Sequence[tuple[str, str | dict[str, str]]]
Script: TypeAlias = Mapping[str, Steps]
Weather: TypeAlias = Callable[[], tuple[int, str]]


@dataclass
class Model:
    """What was asked of it: a count of requests by path, and the failures it has still to give."""

    asked: collections.Counter[str] = field(default_factory=collections.Counter)
    failed: collections.Counter[str] = field(default_factory=collections.Counter)
    seen: dict[str, str] = field(default_factory=dict)  # by the newest prompt: the request that it last stood in
    script: Script = field(default_factory=dict)
    weather: Weather | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""


@dataclass(frozen=True)
class Step:
    """One answer: text, or the use of a tool; what it is said to have cost."""

    text: str = ""
    tool: str = ""
    arguments: Json = field(default_factory=dict)
    tokens: tuple[int, int] = (100, 10)


@contextmanager
def serving(script: Script | None = None, *, weather: Weather | None = None) -> Iterator[Model]:
    """Serve on a free port of loopback inside the block."""
    model = Model(script=script or {}, weather=weather)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(model))
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()


def _handler(model: Model) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"model": model})


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; `model` is set by the class that `_handler` makes."""

    protocol_version = "HTTP/1.1"
    model: Model

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List the one model."""
        self._json(200, {"object": "list", "data": [{"id": "mock-model", "object": "model"}], "models": []})

    def do_POST(self) -> None:
        """Do the next step of the prompt."""
        path = self.path.partition("?")[0]
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        with self.model.lock:
            self.model.asked[path] += 1
        form = _FORMS.get(path.rpartition("/v1/")[2])
        if form is not None:
            self._answer(form, body)
        elif path.endswith("/count_tokens"):
            self._json(200, {"input_tokens": 10})
        else:
            self._json(404, {"error": {"message": f"no {path}"}})

    def _answer(self, form: Messages | Responses | Chat, body: Json) -> None:
        prompt, step = _newest(form.messages(body), ("[[", *self.model.script))
        self.model.seen[prompt] = json.dumps(body)
        directives = next((steps for words, steps in self.model.script.items() if words in prompt), None)
        directives = _directives(prompt) if directives is None else directives
        status, said = self.model.weather() if self.model.weather else (200, "")
        if status == 200 and (failing := _failure(self.model, prompt, directives)) is not None:
            status, said = failing, f"mock failure {failing}"
        if status != 200:
            kind = _KINDS.get(status, "api_error")
            self._json(status, {"type": "error", "error": {"message": said, "type": kind, "code": kind}})
            return
        time.sleep(sum(float(str(words)) for name, words in directives if name == "delay"))
        answer = _step(directives, step, form.tools(body), schema=form.schema(body))
        if body.get("stream"):
            self._stream(form.events(answer))
        else:
            self._json(200, form.whole(answer))

    def _json(self, status: int, value: Json) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _stream(self, events: Iterator[tuple[str, Json | str]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for name, value in events:
            head = f"event: {name}\n" if name else ""
            data = value if isinstance(value, str) else json.dumps(value)
            self.wfile.write(f"{head}data: {data}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True


def _directives(prompt: str) -> list[tuple[str, str]]:
    return [(name, words.strip()) for name, words in _DIRECTIVE.findall(prompt)]


def _failure(model: Model, prompt: str, directives: Steps) -> int | None:
    for name, words in directives:
        if name != "fail" or not isinstance(words, str):
            continue
        status, _, times = words.partition(" times=")
        with model.lock:
            model.failed[prompt] += 1
            if not times or model.failed[prompt] <= int(times):
                return int(status)
    return None


def _step(directives: Steps, step: int, tools: dict[str, Json], *, schema: bool) -> Step:
    """Return what answer number *step* is; behind the last directive it is a word that says so."""
    tokens = next((_tokens(str(words)) for name, words in directives if name == "usage"), (100, 10))
    acts = [one for one in directives if one[0] in ("write", "bash", "say", "structured", "loop", "call")]
    if not acts:
        return Step(text="{}" if schema else "OK", tokens=tokens)
    name, words = acts[min(step, len(acts) - 1)]
    if isinstance(words, dict) or name == "write":
        said = words if isinstance(words, dict) else dict(word.partition("=")[::2] for word in shlex.split(words))
        return _write(said["path"], said.get("text", ""), tools, tokens)
    if name == "call":
        return _call(*words.partition(" ")[::2], tools, tokens)
    if name in ("bash", "loop"):
        return _shell(dict(word.partition("=")[::2] for word in shlex.split(words))["cmd"], tools, tokens)
    if name == "structured" and "StructuredOutput" in tools and step < len(acts):
        return Step(tool="StructuredOutput", arguments=json.loads(words), tokens=tokens)
    return Step(text=words, tokens=tokens)


def _call(word: str, arguments: str, tools: dict[str, Json], tokens: tuple[int, int]) -> Step:
    """Use the tool whose name ends so: programs put the name of its MCP server before it."""
    name = next((one for one in tools if one == word or one.endswith(f"_{word}")), word)
    return Step(tool=name, arguments=json.loads(arguments), tokens=tokens)


def _tokens(words: str) -> tuple[int, int]:
    said = dict(word.partition("=")[::2] for word in words.split())
    return int(said.get("input", 100)), int(said.get("output", 10))


def _write(path: str, text: str, tools: dict[str, Json], tokens: tuple[int, int]) -> Step:
    name = next((one for one in _WRITES if one in tools), "")
    if not name:
        folder = shlex.quote(str(PurePosixPath(path).parent))
        return _shell(f"mkdir -p {folder} && printf %s {shlex.quote(text)} > {shlex.quote(path)}", tools, tokens)
    keys = tools[name].get("properties", {})
    where = next((key for key in ("file_path", "filePath", "path") if key in keys), "path")
    return Step(tool=name, arguments={where: path, "content": text}, tokens=tokens)


def _shell(line: str, tools: dict[str, Json], tokens: tuple[int, int]) -> Step:
    name = next((one for one in _SHELLS if one in tools), "bash")
    keys = tools.get(name, {}).get("properties", {})
    key = "cmd" if "cmd" in keys else "command"
    listed = keys.get(key, {}).get("type") == "array"
    arguments: Json = {key: ["bash", "-lc", line] if listed else line}
    return Step(
        tool=name, arguments=arguments | ({"description": "scripted"} if "description" in keys else {}), tokens=tokens
    )


def _id(kind: str) -> str:
    return f"{kind}_mock{next(_numbers):06d}"


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))


def _newest(messages: list[tuple[str, str]], marks: Sequence[str]) -> tuple[str, int]:
    """Return the newest user text that holds one of *marks*, and how many answers stand behind it."""
    told = (n for n in reversed(range(len(messages))) if messages[n][0] == "user")
    at = next((n for n in told if any(mark in messages[n][1] for mark in marks)), None)
    if at is None:
        return "", 0
    return messages[at][1], sum(role == "assistant" for role, _ in messages[at + 1 :])


class Messages:
    """Anthropic Messages."""

    def messages(self, body: Json) -> list[tuple[str, str]]:
        return [(one["role"], _text_of(one["content"])) for one in body.get("messages", [])]

    def tools(self, body: Json) -> dict[str, Json]:
        return {one["name"]: one.get("input_schema", {}) for one in body.get("tools", []) if "name" in one}

    def schema(self, body: Json) -> bool:
        return "format" in (body.get("output_config") or {}) or "output_format" in body

    def whole(self, step: Step) -> Json:
        block = {"type": "text", "text": step.text}
        if step.tool:
            block = {"type": "tool_use", "id": _id("toolu"), "name": step.tool, "input": step.arguments}  # type: ignore[dict-item]
        return {
            "id": _id("msg"), "type": "message", "role": "assistant", "model": "mock-model", "content": [block],
            "stop_reason": "tool_use" if step.tool else "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": step.tokens[0], "output_tokens": step.tokens[1]},
        }  # fmt: skip

    def events(self, step: Step) -> Iterator[tuple[str, Json | str]]:
        message = self.whole(step)
        block, usage = message["content"][0], message["usage"]
        empty = {**block, "input": {}} if step.tool else {**block, "text": ""}
        delta: Json = {"type": "text_delta", "text": step.text}
        if step.tool:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(step.arguments)}
        start = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
        yield "message_start", {"type": "message_start", "message": start}
        yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": empty}
        yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        yield "message_delta", {"type": "message_delta", "delta": end, "usage": usage}
        yield "message_stop", {"type": "message_stop"}


class Responses:
    """OpenAI Responses."""

    def messages(self, body: Json) -> list[tuple[str, str]]:
        said = body.get("input", [])
        return [("user", said)] if isinstance(said, str) else [self._message(one) for one in said]

    def _message(self, item: Json) -> tuple[str, str]:
        if item.get("type") in ("function_call", "custom_tool_call", "local_shell_call"):
            return "assistant", ""
        return str(item.get("role", "tool")), _text_of(item.get("content"))

    def tools(self, body: Json) -> dict[str, Json]:
        # Those of an MCP server stand in a namespace of its name: they are called mcp__SERVER__TOOL here.
        given = body.get("tools", [])
        spaced = [(f"{one['name']}__", inner) for one in given for inner in one.get("tools", [])]
        flat = [("", one) for one in given if one.get("type") != "namespace"]
        return {f"{space}{one['name']}": one.get("parameters", {}) for space, one in flat + spaced if "name" in one}

    def schema(self, body: Json) -> bool:
        return "format" in (body.get("text") or {})

    def whole(self, step: Step) -> Json:
        item: Json = {
            "type": "message", "id": _id("msg"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": step.text, "annotations": []}],
        }  # fmt: skip
        if step.tool:
            item = {
                "type": "function_call", "id": _id("fc"), "call_id": _id("call"), "name": step.tool,
                "arguments": json.dumps(step.arguments), "status": "completed",
            }  # fmt: skip
            space, _, name = step.tool.rpartition("__")
            if space.startswith("mcp__"):
                item |= {"namespace": space, "name": name}
        read, written = step.tokens
        usage = {
            "input_tokens": read, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": read + written,
        }  # fmt: skip
        return {
            "id": _id("resp"), "object": "response", "status": "completed", "model": "mock-model", "output": [item],
            "usage": usage,
        }  # fmt: skip

    def events(self, step: Step) -> Iterator[tuple[str, Json | str]]:
        response = self.whole(step)
        item = response["output"][0]
        started = {**response, "status": "in_progress", "output": [], "usage": None}
        yield "response.created", {"type": "response.created", "response": started}
        yield "response.output_item.added", {"type": "response.output_item.added", "output_index": 0, "item": item}
        if not step.tool:
            said = {"item_id": item["id"], "output_index": 0, "content_index": 0, "delta": step.text}
            yield "response.output_text.delta", {"type": "response.output_text.delta", **said}
        yield "response.output_item.done", {"type": "response.output_item.done", "output_index": 0, "item": item}
        yield "response.completed", {"type": "response.completed", "response": response}


class Chat:
    """OpenAI Chat Completions."""

    def messages(self, body: Json) -> list[tuple[str, str]]:
        return [(one["role"], _text_of(one.get("content"))) for one in body.get("messages", [])]

    def tools(self, body: Json) -> dict[str, Json]:
        functions = [one["function"] for one in body.get("tools") or [] if "function" in one]
        return {one["name"]: one.get("parameters", {}) for one in functions}

    def schema(self, body: Json) -> bool:
        return "response_format" in body

    def whole(self, step: Step) -> Json:
        message: Json = {"role": "assistant", "content": step.text or None}
        if step.tool:
            call = {"name": step.tool, "arguments": json.dumps(step.arguments)}
            message["tool_calls"] = [{"id": _id("call"), "type": "function", "function": call}]
        read, written = step.tokens
        return {
            "id": _id("chatcmpl"), "object": "chat.completion", "created": 0, "model": "mock-model",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if step.tool else "stop"}],
            "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        }  # fmt: skip

    def events(self, step: Step) -> Iterator[tuple[str, Json | str]]:
        whole = self.whole(step)
        choice = whole["choices"][0]
        delta = dict(choice["message"])
        if step.tool:
            delta["tool_calls"] = [{"index": 0, **delta["tool_calls"][0]}]
        head = {key: whole[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
        yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield "", {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
        yield "", {**head, "choices": [], "usage": whole["usage"]}
        yield "", "[DONE]"


_FORMS: dict[str, Messages | Responses | Chat] = {
    "messages": Messages(), "responses": Responses(), "chat/completions": Chat(),
}  # fmt: skip
