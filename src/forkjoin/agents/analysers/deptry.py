"""deptry: dependencies that a Python project declares and does not use, or uses and does not declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.project import toml_of
from forkjoin.agents.analysers.reading import documents, headline, in_tests, records, relative
from forkjoin.model import MIB, Claimed, Severity

# It writes its report into a file, and talks on stderr. 1 = it found something.
_SCRIPT = 'out=$1; shift; rm -f "$out"; "$@" >&2 || [ $? -eq 1 ] || exit 2; cat "$out" || exit 2'
_SEVERITY: dict[str, Severity] = {"DEP001": "medium", "DEP002": "low", "DEP003": "low", "DEP004": "medium"}
_REMEDIES = {
    "DEP001": "declare it in the project's dependencies",
    "DEP002": "take it out of the dependencies, or name it in [tool.deptry] where it is used otherwise",
    "DEP003": "declare it: it is here only because another dependency needs it",
    "DEP004": "move it from the development dependencies to those of the project",
    "DEP005": "take it out: it belongs to the standard library",
}


@dataclass(frozen=True, kw_only=True)
class Deptry(Anywhere):
    """It looks at the project as a whole: of a part alone nobody can say what is unused."""

    name: str = "deptry"
    description: str = "Project dependencies with deptry"
    perspectives: tuple[str, ...] = ("architecture",)
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py", ".ipynb")
    program: str = "deptry"
    ok_exit: tuple[int, ...] = (0,)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether the project declares dependencies at all."""
        del files
        pyproject = toml_of(Path(root) / "pyproject.toml")
        if pyproject == "broken":
            return True  # deptry says itself what is wrong with it
        tools = pyproject.get("tool") if pyproject else None
        poetry = isinstance(tools, dict) and ("poetry" in tools or "pdm" in tools)
        return bool(pyproject and "project" in pyproject) or poetry or (Path(root) / "requirements.txt").is_file()

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return deptry over the project, its report in the scratch folder."""
        report = str(Path(look.scratch) / "deptry.json")
        excludes = [word for folder in look.excludes for word in ("--extend-exclude", f"{re.escape(folder)}/")]
        words = (*program, ".", "--no-ansi", "--json-output", report, *excludes)
        return Launch(argv=("/bin/sh", "-c", _SCRIPT, self.name, report, *words))

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its issues; one about a declaration at the line that declares it."""
        del stderr
        return Parsed(
            findings=tuple(_claimed(item, root) for item in records(documents(stdout, "deptry"), "", "deptry"))
        )


def _claimed(item: dict[str, Any], root: str) -> Claimed:
    try:
        code, message, module = str(item["error"]["code"]), str(item["error"]["message"]), str(item["module"])
        place = item["location"]
        path = relative(str(place["file"]), root)
        return Claimed(
            title=headline(message),
            severity="info" if in_tests(path) else _SEVERITY.get(code, "low"),
            path=path,
            line=int(place["line"] or 0) or _declared_at(Path(root) / path, module),
            rule=code,
            message=message,
            remedy=_REMEDIES.get(code, ""),
            confidence="medium",
            perspective="architecture",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadOutput(str(item), f"deptry printed an issue without {error}") from None


def _declared_at(file: Path, package: str) -> int:
    """Return the first line of a file that names a package as one declares it, 0 where none does."""
    name = re.sub(r"[-_.]+", "[-_.]+", re.escape(package).replace(r"\-", "-"))
    declared = re.compile(rf"""^\s*["']?(?:[^#]*["'])?{name}(?![\w-])""", re.IGNORECASE)
    try:
        lines = file.read_bytes()[:MIB].decode("utf-8", "replace").split("\n")
    except OSError:
        return 0
    return next((number for number, line in enumerate(lines, 1) if declared.match(line)), 0)
