"""`forkjoin mcp` as a program: over stdio and HTTP, what it lets in, and how it starts and ends."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from interfaces import mcp_trial

from forkjoin.interfaces.mcp.serving import is_loopback, legal_for
from forkjoin.interfaces.mcp.walls import refusal

TOKEN = "t" * 32
LEGAL = legal_for("127.0.0.1", 8765, token=TOKEN)
JSON = "application/json"

HOSTS = ("127.0.0.1:8765", "localhost:8765", "[::1]:8765", "127.0.0.1", "127.0.0.1:80", "evil.example:8765",
         "127.0.0.1.evil.example:8765", "127.0.0.1:8765@evil.example", "")  # fmt: skip
ORIGINS = (
    None,
    "http://127.0.0.1:8765",
    "http://localhost:8765",
    "https://127.0.0.1:8765",
    "http://evil.example",
    "null",
    "",
)
TOKENS = (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ",
          TOKEN, None)  # fmt: skip
METHODS = ("POST", "GET", "DELETE", "PUT", "OPTIONS", "HEAD")


def test_of_all_requests_one_class_passes() -> None:
    passed = []
    tried = 0
    for host, origin, token, method, path in itertools.product(HOSTS, ORIGINS, TOKENS, METHODS, ("/mcp", "/")):
        headers = [(b"host", host.encode()), (b"content-type", JSON.encode())]
        headers += [(b"origin", origin.encode())] if origin is not None else []
        headers += [(b"authorization", token.encode())] if token is not None else []
        tried += 1
        if refusal(LEGAL, method, path, headers) is None:
            passed.append((host, origin, token, method, path))
    assert tried == 9 * 7 * 8 * 6 * 2
    assert set(passed) == set(itertools.product(HOSTS[:3], ORIGINS[:3], TOKENS[:2], METHODS[:3], ("/mcp",)))


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ([(b"content-type", b"text/plain")], 415),
        ([(b"content-type", b"application/json; charset=utf-8")], None),
        ([(b"content-type", b"application/jsonx")], 415),
        ([(b"content-type", JSON.encode()), (b"content-length", b"4194305")], 413),
        ([(b"content-type", JSON.encode()), (b"content-length", b"4194304")], None),
        ([(b"content-type", JSON.encode()), (b"content-length", b"-1")], 400),
        ([(b"content-type", JSON.encode()), (b"Host", b"127.0.0.1:8765")], 400),
        ([(b"content-type", JSON.encode()), (b"Authorization", b"Bearer x")], 400),
    ],
)
def test_bodies_are_json_of_a_bounded_size_and_headers_stand_once(more: list[tuple[bytes, bytes]], status: int) -> None:
    headers = [(b"host", b"127.0.0.1:8765"), (b"authorization", f"Bearer {TOKEN}".encode()), *more]
    found = refusal(LEGAL, "POST", "/mcp", headers)
    assert (found.status if found else None) == status


def test_other_names_and_origins_only_where_they_are_said() -> None:
    legal = legal_for("192.0.2.1", 80, token=TOKEN, hosts=["Forkjoin.example:443"], origins=["https://App.example"])
    assert legal.hosts == {"192.0.2.1:80", "forkjoin.example:443"}
    assert "https://app.example" in legal.origins
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.0.2.1", "x")))


HELLO = json.dumps({
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
})  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server."""
    top = tmp_path_factory.mktemp("served")
    (top / "tree").mkdir()
    own = {"FORKJOIN_HOME": str(top / "state"), "HOME": str(top), "XDG_CONFIG_HOME": str(top / "config")}
    with mcp_trial.http_server(top / "tree", dict(os.environ) | own) as url:
        yield url


@pytest.mark.slow
def test_a_real_server_answers_one_class_of_250_requests(address: str) -> None:
    place = urlsplit(address)
    right = f"Bearer {mcp_trial.TOKEN}"
    hosts = (place.netloc, f"localhost:{place.port}", "evil.example", f"evil.example:{place.port}", "127.0.0.1")
    origins = (None, f"http://{place.netloc}", "http://evil.example", "null", "https://127.0.0.1")
    tokens = (right, None, "Bearer wrong", "Basic " + mcp_trial.TOKEN, right + "x")
    answered: set[tuple[Any, ...]] = set()
    cases = list(itertools.product(hosts, origins, tokens, ("POST", "GET")))
    for host, origin, token, method in cases:
        status, body = asked(place.port or 0, method, host=host, origin=origin, token=token)
        assert status < 500
        if status == 200:
            assert b"serverInfo" in body
            answered.add((host, origin, token, method))
    assert len(cases) == 250
    assert answered == set(itertools.product(hosts[:2], origins[:2], (right,), ("POST",)))


def asked(
    port: int, method: str, *, host: str, origin: str | None, token: str | None, body: str = HELLO
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, "/mcp", skip_host=True)
    said = {"Host": host, "Origin": origin, "Authorization": token, "Content-Type": JSON,
            "Accept": f"{JSON}, text/event-stream" if method == "POST" else JSON,
            "Content-Length": str(len(body)) if method == "POST" else None}  # fmt: skip
    for name, value in said.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body.encode() if method == "POST" else None)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.slow
def test_a_body_without_an_end_and_a_heap_of_headers_are_cut_off(address: str) -> None:
    place = urlsplit(address)
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {mcp_trial.TOKEN}\r\n"
        f"Content-Type: {JSON}\r\nAccept: {JSON}, text/event-stream\r\n"
    ).encode()
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    assert b" 413 " in said_to(place.port or 0, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, times=80)
    assert b" 4" in said_to(place.port or 0, head, b"X-Much: " + b"x" * 8000 + b"\r\n", times=20)[:20]
    status, _ = asked(place.port or 0, "POST", host=place.netloc, origin=None, token=f"Bearer {mcp_trial.TOKEN}")
    assert status == 200  # it serves on


def said_to(port: int, head: bytes, more: bytes, *, times: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as stream:
        try:
            stream.sendall(head)
            for _ in range(times):
                stream.sendall(more)
        except OSError:  # it has stopped listening: what it said before is there
            pass
        try:
            return stream.recv(4096)
        except ConnectionResetError:
            return b"HTTP/1.1 413 reset"


@pytest.mark.slow
def test_five_tasks_are_launched_in_one_call_left_and_collected_by_another_process(tmp_path: Path) -> None:
    environ = dict(os.environ) | {"FORKJOIN_HOME": str(tmp_path / "state")}
    found = mcp_trial.trial(tmp_path, environ, "at once")
    assert found["texts"] == [f"answer {n}\n" for n in range(mcp_trial.TASKS)]
    assert found["states"] == ["completed"] * mcp_trial.TASKS
    assert found["run_s"] < found["sum_s"] * 0.9  # side by side: never one after another
    assert found["ids_s"] < mcp_trial.SECONDS


@pytest.mark.slow
def test_ctrl_c_ends_the_server_though_its_client_still_holds_the_pipe(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [*mcp_trial.PROGRAM, "mcp"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{HELLO}\n".encode())
        server.stdin.flush()
        server.stdout.readline()  # it serves
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == -signal.SIGINT


@pytest.mark.slow
def test_a_client_that_closes_the_pipe_ends_the_server_and_stdout_is_the_protocol_s(tmp_path: Path) -> None:
    done = subprocess.run(
        [*mcp_trial.PROGRAM, "mcp"],
        input=HELLO + "\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["result"]["serverInfo"]["name"] == "forkjoin"
    assert f"at most workspace-write, 8 tasks at a time, no budget, in {tmp_path}" in done.stderr
