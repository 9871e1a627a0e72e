"""From files, folders and standard input to one plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Plan
from forkjoin.planning import Form, completed, joined, located, plan_from_lines, plan_from_text

_FORMS: dict[str, Form] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
}
_MOST_BYTES = 64 * 1024 * 1024


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """One source as it was read: its name for messages, its bytes, its form, and its plan."""

    where: str
    data: bytes
    form: Form
    plan: Plan


def read_plan(sources: Sequence[str], *, stdin: bytes | None = None, lines: bool = False) -> Plan:
    """Return the plan of files, folders of Markdown tasks, or "-" (standard input); several are joined.

    With *lines* every source is a list of prompts, one a line. Raises PlanError with file, line and field.
    """
    if lines:
        return joined([plan_from_lines(_source(name, stdin), where=_where(name)) for name in sources])
    read = [one for name in sources for one in _read(name, stdin)]
    plan = joined([one.plan for one in read])
    try:
        return completed(plan)
    except PlanError as error:
        raise _placed(error, read) from error


def _placed(error: PlanError, read: Sequence[_Read]) -> PlanError:
    """Return a complaint about the joined plan with the file and line of the task it names."""
    first = 0
    for one in read:
        after = first + len(one.plan.tasks)
        if any(error.where.startswith(f"tasks[{number}]") for number in range(first, after)):
            return located(error, one.data, where=one.where, form=one.form, first=first)
        first = after
    return error


def _read(name: str, stdin: bytes | None) -> list[_Read]:
    if name == "-" or not Path(name).is_dir():
        data = _source(name, stdin)
        form = _FORMS.get(Path(name).suffix.lower()) or _form_of(data)
        return [_one(_where(name), data, form)]
    files = sorted(Path(name).glob("*.md"))
    if not files:
        raise PlanError("holds no Markdown task", where=name, next_step="name a plan file, or a folder of *.md")
    return [_one(str(file), _bytes(file), "markdown") for file in files]


def _one(where: str, data: bytes, form: Form) -> _Read:
    return _Read(where=where, data=data, form=form, plan=plan_from_text(data, where=where, form=form))


def _where(name: str) -> str:
    return "<stdin>" if name == "-" else name


def _source(name: str, stdin: bytes | None) -> bytes:
    return (stdin or b"") if name == "-" else _bytes(Path(name))


def _form_of(data: bytes) -> Form:
    head = data.lstrip()[:4]
    if head.startswith((b"{", b"[")):
        return "json"
    return "markdown" if head.startswith(b"---") and data.count(b"\n---") else "yaml"


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PlanError("is larger than 64 MiB", where=str(path), next_step="split it into several plans")
        return path.read_bytes()
    except OSError as error:
        raise PlanError(
            f"cannot be read: {error.strerror}", where=str(path), next_step="name an existing plan file"
        ) from error
