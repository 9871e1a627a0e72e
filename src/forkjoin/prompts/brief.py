"""The prompt of one task, under six headings that never change."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from forkjoin.errors import listed
from forkjoin.model import Claim, Task, TaskId
from forkjoin.prompts import texts
from forkjoin.prompts.perspectives import PERSPECTIVES

HEADINGS: Final = ("ROLE", "Task", "Context", "Files", "Output format", "Focus areas")
MAX_SIBLINGS: Final = 20
MAX_CLAIMS: Final = 50
_FENCE_RUN: Final = re.compile(r"`{3,}")
_CODE: Final = re.compile(r"(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)[ \t]*$|\Z))", re.M | re.S)
_HEADING: Final = re.compile(r"^(#+)(?=\s)", re.M)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a predecessor answered; `cut` is how many characters were left out at its end."""

    task: TaskId
    text: str
    cut: int = 0


class Sibling(msgspec.Struct, frozen=True, kw_only=True):
    """A task that runs beside this one."""

    task: TaskId
    description: str


class BriefSite(msgspec.Struct, frozen=True, kw_only=True):
    """What a brief says beside the task: where it works, who works beside it, and what is known.

    `root` is the absolute path the agent is told; `base` is one line on what the tree holds. `writes` and `reads` are
    inferred claims: a help, never a fence.
    """

    root: str
    kind: Literal["shared", "clone", "copy", "worktree"] = "shared"
    base: str = ""
    siblings: tuple[Sibling, ...] = ()
    answers: tuple[Answer, ...] = ()
    writes: tuple[Claim, ...] = ()
    reads: tuple[Claim, ...] = ()


def brief(task: Task, *, site: BriefSite) -> str:
    """Return the prompt of a task in Markdown, under the six `HEADINGS` (`# ROLE` and so on), in their order.

    No text from outside can add or close a heading of this level or the quotes around an answer.
    """
    parts = (_role(task), _task(task), _context(task, site), _files(task, site), output_format(task), _focus(task))
    return "\n\n".join(f"# {heading}\n\n{part}" for heading, part in zip(HEADINGS, parts, strict=True)) + "\n"


def _role(task: Task) -> str:
    role = " ".join(task.role.split())
    known = PERSPECTIVES.get(role)
    who = known.role if known else role
    article = "an" if who[:1].lower() in ("a", "e", "i", "o", "u") else "a"
    said = f"You are {article} {who} specialist for this task." if who else "You are a specialist for this task."
    if re.search(r"specialist|engineer|expert|architect|writer|editor|maintainer|reviewer|developer", who, re.I):
        said = f"You are {article} {who}, the specialist for this task."
    return f"{said}\n{texts.ALONE}"


def _task(task: Task) -> str:
    if task.task:
        return _lowered(task.task.strip("\n"))
    work = task.shell or " ".join(task.command) or f"call {task.function!s}"
    return f"{_lowered(task.description)}\n\nThis is run for it:\n\n{quoted(work)}".lstrip("\n")


def _context(task: Task, site: BriefSite) -> str:
    parts = [_where(site)]
    if task.context.strip():
        parts.append(_lowered(task.context.strip("\n")))
    if site.siblings:
        shown = [f"- {one.task}: {' '.join(one.description.split())}" for one in site.siblings[:MAX_SIBLINGS]]
        more = len(site.siblings) - MAX_SIBLINGS
        shown += [f"- and {more} more"] if more > 0 else []
        parts.append("\n".join([texts.BESIDE, "", *shown]))
    parts += [_answer(answer) for answer in site.answers]
    return "\n\n".join(parts)


def _where(site: BriefSite) -> str:
    said = f"You work in `{site.root}`."
    if site.kind != "shared":
        said += f" It is a {site.kind} of the tree, made for this task alone; stay inside it."
    return f"{said}\n{site.base}" if site.base else said


def _answer(answer: Answer) -> str:
    cut = f"\n({answer.cut:,} more characters were left out.)" if answer.cut else ""
    return f"The answer of the task {answer.task}, which came before. {texts.DATA}\n\n{quoted(answer.text)}{cut}"


def _files(task: Task, site: BriefSite) -> str:
    lines: list[str] = []
    if task.reads:
        lines.append(f"Read: {_listed(task.reads)}")
    elif site.reads:
        lines.append(f"Probably worth reading: {_listed([claim.path for claim in site.reads])}")
    if task.reads_only:
        return "\n".join([*lines, texts.READ_ONLY])
    if task.writes:
        lines.append(f"You may write: {_listed(task.writes)}")
        lines.append("Change nothing else: a change outside these paths makes the task fail.")
    elif site.writes:
        lines.append(f"Probably to be changed: {_listed([claim.path for claim in site.writes])}")
        lines.append("Change other files only where the task cannot be done without.")
    else:
        lines.append("You may write anything in the tree; change only what the task needs.")
    return "\n".join([*lines, texts.COMMIT])


def output_format(task: Task) -> str:
    """Return how the agent is asked to answer."""
    if isinstance(task.output, dict):
        return f"{texts.SCHEMA}\n\n{quoted(json.dumps(task.output, indent=2, ensure_ascii=False), 'json')}"
    return {"findings": texts.FINDINGS, "text": texts.TEXT, "none": texts.NONE}[str(task.output)]


def _focus(task: Task) -> str:
    items: list[str] = []
    for one in task.focus:
        known = PERSPECTIVES.get(one)
        items += known.focus if known else (" ".join(one.split()),)
    if not items:
        known = PERSPECTIVES.get(task.role.strip().lower())
        items = list(known.focus if known else texts.FOCUS_READING if task.reads_only else texts.FOCUS_WRITING)
    return "\n".join(f"- {item}" for item in items)


def _listed(paths: Sequence[str]) -> str:
    return listed(paths, MAX_CLAIMS, say=lambda path: f"`{path}`")


def quoted(text: str, language: str = "") -> str:
    """Put a text between fences that are longer than any run of backticks in it, so that it cannot close them."""
    longest = max((len(run) for run in _FENCE_RUN.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}"


def _lowered(text: str) -> str:
    """Put headings of a text one level below ours; in code between fences a `#` is a comment and stays."""
    parts = _CODE.split(text)
    return "".join(part if number % 2 else _HEADING.sub(r"#\1", part) for number, part in enumerate(parts))
