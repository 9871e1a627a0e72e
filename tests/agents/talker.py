"""A stand-in for the program of agent `claude`: it keeps sessions, by folder as that does, and does what it is told.

Lines of its prompt that begin with `> ` are orders: `write NAME TEXT`, `say TEXT`, `later TEXT` (what to say when it is
asked to go on without an order), `deny COMMAND`, `hang`, `refused STATUS` (its provider never answers
otherwise, and it asks again for ever; 0: without a word of that). It says a line of its stream for each thing that
happens.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Play one headless turn."""
    argv = sys.argv[1:]
    if "-p" not in argv and "--resume" in argv:
        print(f"{argv} in {Path.cwd().name} on a terminal: {sys.stdin.isatty()}")
        return
    prompt = sys.stdin.read() if "-p" in argv else ""
    if "--version" in argv:
        print("2.1.330 (Claude Code)")
        return
    resumed = argv[argv.index("--resume") + 1] if "--resume" in argv else ""
    folder = Path(os.environ["HOME"], ".talker", hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:16])
    folder.mkdir(parents=True, exist_ok=True)
    session = resumed or f"session-{time.time_ns()}"
    kept = folder / f"{session}.json"
    if resumed and not kept.exists():
        end(session, f"No conversation found with session ID: {session}", error=True)
        sys.exit(1)
    state = json.loads(kept.read_text()) if resumed else {"turns": 0, "later": []}
    say({"type": "system", "subtype": "init", "session_id": session})
    state["turns"] += 1
    answer, denied = turn(prompt, state, session, kept)
    kept.write_text(json.dumps(state))
    end(session, answer, denied=denied)


def turn(prompt: str, state: dict, session: str, kept: Path) -> tuple[str, list[dict]]:
    """Do what the prompt orders; return the answer, and what was denied."""
    orders = [line[2:].split(" ", 1) for line in prompt.split("\n") if line.startswith("> ")]
    answer, denied = state["later"].pop(0) if not orders and state["later"] else f"turn {state['turns']}", []
    for word, *rest in orders:
        given = rest[0] if rest else ""
        if word == "write":
            name, _, text = given.partition(" ")
            Path(name).write_text(text + "\n")
        elif word == "say":
            answer = given
        elif word == "later":
            state["later"].append(given)
        elif word == "deny":
            denied.append({"tool_name": "Bash", "tool_input": {"command": given}})
        elif word == "hang":
            kept.write_text(json.dumps(state))
            part = {"id": "m", "content": [{"type": "text", "text": "half of it"}]}
            say({"type": "assistant", "session_id": session, "message": part})
            time.sleep(60)
        elif word == "refused":
            refused(int(given), session)
    return answer, denied


def refused(status: int, session: str) -> None:
    """Ask the provider again and again."""
    for number in range(1, 3000):
        if status:
            told = {"attempt": number, "max_retries": 3000, "error_status": status, "error": f"status {status}"}
            say({"type": "system", "subtype": "api_retry", "session_id": session, **told})
        time.sleep(0.2)


def end(session: str, text: str, *, error: bool = False, denied: list[dict] | None = None) -> None:
    """Say the last line."""
    say({
        "type": "result", "subtype": "success", "session_id": session, "is_error": error, "result": text,
        "permission_denials": denied or [], "usage": {"input_tokens": 100, "output_tokens": 10},
        "total_cost_usd": 0.01, "modelUsage": {},
    })  # fmt: skip


def say(line: dict) -> None:
    """Write a line of the stream."""
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
