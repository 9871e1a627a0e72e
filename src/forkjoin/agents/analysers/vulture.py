"""vulture: code of Python that nothing uses."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.project import folders_up, tool_table
from forkjoin.agents.analysers.reading import counted, lines, relative, text_of
from forkjoin.agents.analysers.scope import argument
from forkjoin.agents.analysers.severities import unused_severity
from forkjoin.agents.ending import last_line
from forkjoin.model import Claimed

_FOUND = re.compile(
    r"(?P<path>.+?):(?P<line>\d+): (?P<what>(?:unused|unreachable|unsatisfiable|redundant) .+)"
    r" \((?P<percent>\d+)% confidence(?:, [^)]*)?\)"
)
_UNREAD = re.compile(
    r"Error: Could not read file (?P<file>.+?) -.*|(?P<path>.+?\.py):(?:(?P<line>\d+|None):)? (?P<why>.+)"
)
_ADVICE = "Try to change the encoding to UTF-8."  # its second line after "Could not read file"
_LEFT_OUT = "forkjoin: "
_SAY = 'printf "%s\\n" "$1" >&2; shift; exec "$@"'
_MINIMUM = 60
_MINIMUM_IN_A_PART = 80  # of a part, for what the rest of the project uses looks unused there
_ENV = {"PYTHONWARNINGS": "ignore"}  # else Python's own warnings about the files it parses stand among its complaints


@dataclass(frozen=True, kw_only=True)
class Vulture(Anywhere):
    """All Python files at once, for what one file defines another may use."""

    name: str = "vulture"
    description: str = "Unused code with vulture"
    perspectives: tuple[str, ...] = ("dead-code",)
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py",)
    program: str = "vulture"
    ok_exit: tuple[int, ...] = (0, 1, 3)  # 3 = unused code; 1 = a file it could not read, each named on stderr

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return vulture with the project's settings and our list of files, both in a file of the scratch folder."""
        pyproject, settings = _settings(look.root)
        if settings is None:
            return Launch(argv=(*program, "--config", str(pyproject), "."), env=_ENV)  # it says itself what is wrong
        paths = [*map(argument, look.files)]
        if look.whole and pyproject.parent == Path(look.root) and settings.get("paths"):
            paths = settings["paths"]
        named = [path for path in paths if _nameable(path)]
        config = Path(look.scratch) / "vulture.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        ours = {"min_confidence": _MINIMUM if look.whole else _MINIMUM_IN_A_PART}
        config.write_text(_toml(ours | settings | {"paths": named}), encoding="utf-8")
        argv = (*program, "--config", str(config))
        if left := len(paths) - len(named):
            said = f"{_LEFT_OUT}{counted(left, 'file')} not looked at: a line break or invalid UTF-8 in their names"
            argv = ("/bin/sh", "-c", _SAY, "vulture", said, *argv)
        return Launch(argv=argv, env=_ENV)

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its lines, of which every one must match, and a finding for each file it could not read."""
        found = [_claimed(line, root) for line in lines(stdout, self.name) if line]
        notes: list[str] = []
        complaints = text_of(stderr).split("\n")
        if any(line.startswith("Traceback (") for line in complaints):
            raise BadOutput(last_line(stderr), "vulture broke down")
        for line in complaints:
            if line.startswith(_LEFT_OUT):
                notes.append(line.removeprefix(_LEFT_OUT))
            elif line.strip() and line != _ADVICE:
                found.append(_unread(line, root))
        return Parsed(findings=tuple(found), notes=tuple(notes))


def _settings(root: str) -> tuple[Path, dict[str, Any] | None]:
    """Return the nearest pyproject.toml with `[tool.vulture]` and that table, None where it cannot be written again."""
    for folder in folders_up(root):
        pyproject = folder / "pyproject.toml"
        table = tool_table(pyproject, "vulture")
        if table is None:
            continue
        if table == "broken" or not all(_plain(value) for value in table.values()):
            return pyproject, None
        return pyproject, {**table, "verbose": False, "make_whitelist": False}
    return Path(root) / "pyproject.toml", {}


def _plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, bool | int | str)


def _toml(table: dict[str, Any]) -> str:
    # JSON's strings, lists, booleans and integers are TOML's, once everything but ASCII is escaped as it stands.
    lines = [f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "[tool.vulture]\n" + "\n".join(lines).replace("\x7f", "\\u007f") + "\n"


def _nameable(path: str) -> bool:
    return "\n" not in path and "\r" not in path and not any("\ud800" <= char <= "\udfff" for char in path)


def _claimed(line: str, root: str) -> Claimed:
    match = _FOUND.fullmatch(line)
    if match is None:
        raise BadOutput(line, "vulture printed a line that is none of its findings")
    severity, confidence = unused_severity(int(match["percent"]))
    kind = re.match(r"unused \w+", match["what"])
    return Claimed(
        title=match["what"][0].upper() + match["what"][1:],
        severity=severity,
        path=relative(match["path"], root),
        line=int(match["line"]),
        rule=kind[0].replace(" ", "-") if kind else "unreachable-code",
        message=f"{match['what']} ({match['percent']}% confidence)",
        remedy="remove it, or name it in a whitelist where it is used from outside",
        confidence=confidence,
        perspective="dead-code",
    )


def _unread(line: str, root: str) -> Claimed:
    match = _UNREAD.fullmatch(line)
    if match is None:
        raise BadOutput(line, "vulture complained")
    return Claimed(
        title="Not looked at by vulture: it could not read the file",
        severity="info",
        path=relative(match["path"] or match["file"], root),
        line=int(match["line"]) if (match["line"] or "").isdigit() else 0,
        rule="invalid-syntax" if match["path"] else "unreadable",
        message=match["why"] or line,
        remedy="repair the file, or exclude it",
        confidence="high",
        perspective="dead-code",
    )
