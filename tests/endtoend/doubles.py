"""Programs called as the four coding agents are, which speak as they do: for pages that are run where none is here.

Each does for a prompt what `realagents.example` says, for any other what a prompt of the guides asks for: `Write FILE`.
`npm` takes the packages that the dialects name, and no other. What is asked of the real programs is in realagents/.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from realagents.example import script
from realagents.homes import PINNED

AGENT = """#!{python} -IS
import json, os, re, sys
me = os.path.basename(sys.argv[0])
if "--version" in sys.argv:
    print({versions}[me])
    sys.exit()
prompt = sys.stdin.read()
steps = next((steps for words, steps in {steps}.items() if words in prompt), None)
if steps is None:
    named = re.search(r"Write ([A-Z]+[.]md)", prompt)
    steps = [["write", {{"path": named[1], "text": "Done by " + me}}]] if named else []
    steps.append(["say", "ready" if "the one word: ready" in prompt else "Done."])
wrote = []
for what, about in steps:
    if what == "write":
        os.makedirs(os.path.dirname(about["path"]) or ".", exist_ok=True)
        open(about["path"], "w").write(about["text"])
        wrote.append(about["path"])
answer = steps[-1][1]
usage = {{"input_tokens": 900, "output_tokens": 100}}
said = {{
    "claude": [
        {{"type": "system", "subtype": "init", "session_id": "s"}},
        {{"type": "result", "is_error": False, "result": answer, "session_id": "s", "usage": usage,
          "total_cost_usd": 0.01, **({{"structured_output": json.loads(answer)}} if answer[0] == "{{" else {{}})}},
    ],
    "codex": [
        {{"type": "thread.started", "thread_id": "s"}},
        {{"type": "item.completed", "item": {{"type": "agent_message", "text": answer}}}},
        {{"type": "turn.completed", "usage": usage}},
    ],
    "opencode": [
        {{"type": "text", "sessionID": "s", "part": {{"text": answer, "messageID": "m"}}}},
        {{"type": "step_finish", "sessionID": "s",
          "part": {{"reason": "stop", "cost": 0.002, "tokens": {{"input": 900, "output": 100}}}}}},
    ],
    "pi": [
        {{"type": "session", "id": "s"}},
        {{"type": "message_end", "message": {{"role": "assistant", "content": [{{"type": "text", "text": answer}}],
          "stopReason": "stop", "usage": {{"input": 900, "output": 100, "cost": {{"total": 0.003}}}}}}}},
        {{"type": "agent_settled"}},
    ],
}}
for line in said[me]:
    print(json.dumps(line), flush=True)
"""
NPM = """#!/bin/sh
case "$*" in
{known}) ;;
*) echo "npm: $* is not among the programs that this version was tried with" >&2; exit 1;;
esac
"""


def made(folder: Path) -> Path:
    """Make the programs in *folder*; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    named = ("claude", "codex", "opencode", "pi")
    versions = dict(zip(named, (package.rpartition("@")[2] for package in PINNED), strict=False))
    text = AGENT.format(python=sys.executable, versions=versions, steps=json.loads(json.dumps(script())))
    known = "|".join(f"'install -g {package}'" for package in PINNED)
    for name, program in {**dict.fromkeys(named, text), "npm": NPM.format(known=known)}.items():
        (folder / name).write_text(program)
        (folder / name).chmod(0o755)
    return folder
