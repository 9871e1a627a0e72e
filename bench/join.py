"""10,000 findings of five agents joined into one report: counts, CPU seconds, and how they grow with the number.

    python bench/join.py [--findings 10000] [--shapes heap ...] [--json]

Aim: under 2 s for 10,000 of every shape, and near-linear. `spread` is what agents bring; the others are the worst a
merge can meet: all at one line (`heap`), all the same words (`echo`: at one line; `echoes`: spread), all in one file
(`file`), a task for each finding (`tasks`), 10 kB of text in each (`long`), nowhere (`nowhere`: no file, no line).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time

from forkjoin.model import Claimed, Report, Task, TaskId, to_json
from forkjoin.synthesis import TaskResult, render_markdown, report
from forkjoin.testing import a_view

AGENTS = ("ruff-security", "bandit", "vulture", "claude", "codex")
RULES = ("101", "105", "110", "301", "324", "506", "602", "603", "607", "608")
WORDS = (
    "query", "shell", "password", "hash", "timeout", "loop", "retry", "cache", "lock", "thread", "parser", "header",
    "token", "session", "socket", "buffer", "index", "path", "file", "user", "request", "response", "schema", "table",
)  # fmt: skip
SHAPES = ("spread", "heap", "echo", "echoes", "file", "tasks", "long", "nowhere")
LONG = 10_000  # characters


def main() -> int:
    """Print a row for each size and shape; exit 1 above the aim."""
    options = arguments()
    sizes = (options.findings // 10, options.findings)
    rows = [row(shape, size) for shape in options.shapes or SHAPES for size in sizes]
    if options.json:
        print(json.dumps({"forkjoin": 1, "rows": rows}))
    else:
        for each in rows:
            print("  ".join(f"{name}: {value}" for name, value in each.items()))
    return 0 if all(each["cpu_s"] < 2.0 for each in rows) else 1


def row(shape: str, size: int) -> dict[str, object]:
    """Join *size* claims and measure the CPU: decoding, merging, ranking, rendering."""
    results = results_of(shape, size)
    began = time.process_time()
    made = joined(results)
    joined_s = time.process_time() - began
    text = render_markdown(made)
    return {
        "shape": shape,
        "claims": sum(task.findings for task in made.tasks),
        "findings": len(made.findings),
        "several_witnesses": sum(len(finding.sources) > 1 for finding in made.findings),
        "cpu_s": round(time.process_time() - began, 3),
        "of_which_rendering": round(time.process_time() - began - joined_s, 3),
        "markdown_chars": len(text),
    }


def results_of(shape: str, size: int) -> list[TaskResult]:
    """Return *size* claims of five agents, a task for each agent; of `tasks` one for each claim."""
    by_agent = [(agent, claims(agent, size // len(AGENTS), shape)) for agent in AGENTS]
    if shape != "tasks":
        return [result(agent, agent, found) for agent, found in by_agent]
    return [result(f"{agent}-{at}", agent, [one]) for agent, found in by_agent for at, one in enumerate(found)]


def claims(agent: str, count: int, shape: str) -> list[Claimed]:
    """Return claims as that agent would make them: twins share numbers, agents word what they see in their own way."""
    chance = random.Random(7 if agent in ("ruff-security", "bandit") else agent)
    return [claim(agent, chance, shape, number) for number in range(count)]


def claim(agent: str, chance: random.Random, shape: str, number: int) -> Claimed:
    """Return one claim of a shape."""
    rule, words = chance.choice(RULES), " ".join(chance.sample(WORDS, 5))
    path, line = f"src/file{chance.randrange(400)}.py", chance.randrange(1, 800)
    if shape in ("heap", "echo", "tasks"):
        path, line = "src/one.py", 1
    elif shape == "file":
        path = "src/one.py"
    elif shape == "nowhere":
        path, line = "", 0
    if shape in ("echo", "echoes"):
        words, number = "query", 0
    code = {"ruff-security": f"S{rule}", "bandit": f"B{rule}"}.get(agent, "")
    message = f"{words} number {number}"
    if shape == "long":
        message += "".join(f" {word}{chance.randrange(10**6)}" for word in chance.choices(WORDS, k=LONG // 12))
    return Claimed(title=f"Trouble with {words}", message=message, rule=code, path=path, line=line)


def result(name: str, agent: str, found: list[Claimed]) -> TaskResult:
    """Return a completed task with these claims as its value."""
    task = Task(id=TaskId(name), task="look", output="findings")
    return TaskResult(task=task, state="completed", agent=agent, value=to_json({"findings": found}))


def joined(results: list[TaskResult]) -> Report:
    """Return the report."""
    return report(a_view(name="bench"), results)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--shapes", nargs="*", choices=SHAPES)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
