"""The MCP conformance suite against `forkjoin mcp --http`, and against a bare server with one tool.

    npm install --prefix .conformance @modelcontextprotocol/conformance@0.1.16 node@22
    .venv/bin/python bench/mcp_conformance.py .conformance

Needs Node 22. A scenario counts as passed where at least one check of it succeeded and none failed. The suite cannot
send a token, so it asks a forwarder on loopback that adds one; all else of a request goes through as it came.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from interfaces.mcp_trial import TOKEN, http_server

BARE = """
import sys, uvicorn, mcp_types as types
from mcp.server.lowlevel.server import Server
async def tools(ctx, params):
    one = types.Tool(name="one", description="One tool.", input_schema={"type": "object"})
    return types.ListToolsResult(tools=[one])
async def call(ctx, params):
    return types.CallToolResult(content=[types.TextContent(type="text", text="one")])
server = Server("bare", version="1", on_list_tools=tools, on_call_tool=call)
uvicorn.run(server.streamable_http_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""


@contextmanager
def forwarder(url: str) -> Iterator[str]:
    """Pass requests on to *url* with the token added; names of hosts are those that the server expects or was sent."""
    place = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
            asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            own = f":{self.server.server_address[1]}"
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "authorization"):
                    # What was meant for the forwarder is meant for the server.
                    asked.putheader(
                        name, value.replace(own, f":{place.port}") if name.lower() in ("host", "origin") else value
                    )
            asked.putheader("Authorization", f"Bearer {TOKEN}")
            asked.endheaders(body or None)
            answer = asked.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(OSError, http.client.HTTPException):
                while part := answer.read1(65536):
                    self.wfile.write(part)
                    self.wfile.flush()
            self.close_connection = True

        do_POST = do_GET = do_DELETE = pass_on  # noqa: N815 - as the base class calls them

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{place.path}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def bare() -> Iterator[str]:
    """Serve one tool with the same package and nothing else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.terminate()
        server.wait(timeout=30)


def scenarios(suite: list[str], url: str) -> dict[str, dict[str, int]]:
    """Return, by scenario, how many checks succeeded and how many failed."""
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as kept:
        subprocess.run(
            [*suite, "server", "--url", url, "--suite", "all", "-o", kept],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900, check=False,
        )  # fmt: skip
        for path in Path(kept).rglob("checks.json"):
            checks: list[dict[str, Any]] = json.loads(path.read_text())
            name = path.parent.name.removeprefix("server-")
            name = name[: name.index("-20")] if "-20" in name else name
            found[name] = {
                "ok": sum(check["status"] == "SUCCESS" for check in checks),
                "failed": sum(check["status"] == "FAILURE" for check in checks),
            }
    return found


def passed(found: dict[str, dict[str, int]]) -> list[str]:
    """Return the scenarios with a check that succeeded and none that failed."""
    return sorted(name for name, checks in found.items() if checks["ok"] and not checks["failed"])


def main() -> None:
    """Print both servers' scenarios as JSON."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path, help="where npm put the suite and node")
    top = asked.parse_args().folder.resolve()
    node = os.environ.get("NODE") or str(top / "node_modules" / "node" / "bin" / "node")
    if not Path(node).is_file() and not shutil.which(node):
        sys.exit("no Node 22 here: name one by NODE=...")
    suite = [node, str(top / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js")]
    with tempfile.TemporaryDirectory() as work:
        environ = dict(os.environ) | {"FORKJOIN_HOME": f"{work}/state"}
        (Path(work) / "tree").mkdir()
        with http_server(Path(work) / "tree", environ) as url, forwarder(url) as forwarded:
            ours = scenarios(suite, forwarded)
    with bare() as url:
        theirs = scenarios(suite, url)
    mine, other = passed(ours), passed(theirs)
    print(json.dumps({
        "forkjoin": {"passed": len(mine), "of": len(ours), "names": mine},
        "bare": {"passed": len(other), "of": len(theirs), "names": other},
        "not passed": {name: ours[name] for name in sorted(set(ours) - set(mine))},
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
