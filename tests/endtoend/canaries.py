"""Thirty secrets in the environment of a run whose tasks tell all they know; where they are found afterwards.

    .venv/bin/python tests/endtoend/canaries.py

The channels: the journal, kept output, records and briefs, what verbs print, reports in every format, bundles. What
stands in the arguments of processes is looked at while they run.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
NAMES = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "AWS_SECRET_ACCESS_KEY",
         "GITHUB_TOKEN", "GITHUB_PAT", "NPM_CONFIG__AUTH", "SESSION", "TLS_PRIVATE_KEY")  # fmt: skip
COUNT = 30
DOORS = Path(__file__).resolve().parents[1] / "security" / "doors.py"
FORMATS = ("markdown", "json", "sarif", "html", "junit", "trace", "github", "github-summary")
# A program that prints each secret whole, in two writes, in JSON, in JSON within JSON, and on both streams.
TELL = """
import json, os, sys, time
for name, value in sorted(os.environ.items()):
    if name.startswith("CANARY_") or name in sys.argv[1:]:
        print(f"{name}={value}", json.dumps(json.dumps({"v": value})), flush=True)
        print(value, file=sys.stderr, flush=True)
        os.write(1, value[:7].encode()); time.sleep(0.005); os.write(1, value[7:].encode() + b"\\n")
"""
LEAK = "import os,sys; sys.exit('could not: ' + os.environ['CANARY_0_TOKEN'])"


def planted() -> dict[str, str]:
    """Return thirty secrets by name: no two alike, some with what JSON must escape, one of several lines."""
    named = [*NAMES, *(f"CANARY_{n}_TOKEN" for n in range(COUNT - len(NAMES)))]
    found = {name: f"cnry-{secrets.token_hex(12)}" for name in named}
    found["SESSION"] += '"quoted\\'
    found["TLS_PRIVATE_KEY"] = f"-----BEGIN KEY-----\n{secrets.token_hex(24)}\n{secrets.token_hex(24)}"
    return found


def trial(top: Path) -> dict[str, list[str]]:
    """Run it; return what was found by channel: names of secrets, each with the file or verb it was met in."""
    there, tree = planted(), top / "tree"
    tree.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(top), "FORKJOIN_HOME": str(top / "state"), **there}
    told = [sys.executable, "-c", TELL, *NAMES]
    tasks = [
        {"id": "tell", "command": told, "writes": []},
        {"id": "fail", "command": [sys.executable, "-c", LEAK], "writes": []},
        {"id": "prepared", "command": ["true"], "setup": 'echo "$CANARY_1_TOKEN"; false'},
        {"id": "after", "command": told, "after": ["tell"], "writes": []},
    ]
    (top / "plan.json").write_text(json.dumps({"tasks": tasks}))

    arguments = b""
    words = [*FORKJOIN, "run", "-q", "-C", str(tree), str(top / "plan.json")]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        while run.poll() is None:
            arguments += b"".join(line for _, line in looked_at("cmdline"))
            time.sleep(0.05)
        printed = run.communicate()[0]
    found = left(top, environ, ("tell", "fail"), printed)
    assert b"[redacted]" in found["verbs"]["output tell"], found["verbs"]
    found["arguments"] = {"cmdline": arguments}
    return {name: sorted(set(hits(files, there))) for name, files in found.items()}


def left(top: Path, environ: dict[str, str], tasks: Sequence[str], printed: bytes) -> dict[str, dict[str, bytes]]:
    """Return by channel, by name, what the latest run in `top/tree` left, and what verbs say of it and *tasks*."""
    bundle = top / "out.tar.gz"
    asked = [["show", "--json"], ["export", "--bundle", str(bundle)]]
    asked += [[verb, task] for verb in ("output", "log", "show") for task in tasks]
    asked += [["report", "--format", form] for form in FORMATS]
    lines = json.dumps([[*words, "-C", str(top / "tree")] for words in asked])
    doors = subprocess.run([sys.executable, str(DOORS)], input=lines, env=environ,
                           capture_output=True, text=True, check=True)  # fmt: skip
    said = {
        " ".join(words[:3]): text.encode("latin-1") for words, text in zip(asked, json.loads(doors.stdout), strict=True)
    }
    reports = {name: said.pop(name) for name in list(said) if name.startswith("report")}
    kept = {str(path.relative_to(top)): _content(path) for path in (top / "state").rglob("*") if path.is_file()}
    channels = {
        "journal": {name: data for name, data in kept.items() if "journal.db" in name},
        "output": {name: data for name, data in kept.items() if "/std" in name},
        "records": {name: data for name, data in kept.items() if "journal.db" not in name and "/std" not in name},
        "verbs": {"run": printed, **said},
        "reports": reports,
        "bundles": {"bundle": gzip.decompress(bundle.read_bytes())},
    }
    assert all(data for group in ("journal", "output", "bundles", "reports") for data in channels[group].values())
    return channels


def hits(files: dict[str, bytes], there: dict[str, str]) -> Iterator[str]:
    """Yield which of the secrets *there* stands in which file, as it is or as JSON has it."""
    for name, value in there.items():
        parts = [one for one in value.split("\n") if not one.startswith("---")]
        forms = [form for part in parts for form in (part, json.dumps(part)[1:-1])]
        yield from (f"{name} in {file}" for file, data in files.items() if any(f.encode() in data for f in forms))


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name == "journal.db":  # a value may stand across two pages of the file
        rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        for (table,) in rows.execute("select name from sqlite_master where type='table'").fetchall():
            for row in rows.execute(f"select * from {table}"):
                data += b" ".join(one if isinstance(one, bytes) else str(one).encode() for one in row) + b"\n"
        rows.close()
    return data


def looked_at(name: str) -> Iterator[tuple[int, bytes]]:
    """Yield of each process that lives what `/proc/PID/name` holds, with its pid."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / name).read_bytes()
            except OSError:
                continue


def main() -> int:
    """Run one trial and say what it found."""
    with tempfile.TemporaryDirectory() as top:
        found = trial(Path(top))
    print(json.dumps({"canaries": COUNT, "channels": len(found), "hits": found}, indent=2))
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
