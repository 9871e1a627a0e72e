"""golangci-lint: Go by the linters that the project has chosen."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.batches import in_each, parts
from forkjoin.agents.analysers.project import homes
from forkjoin.agents.analysers.reading import documents, headline, relative
from forkjoin.model import Claimed, Severity

_HOME = ("go.mod",)
# How JSON is asked for changed with version 2. Issues must not look like a failure: their exit code is 0.
_LINE = (
    'case "$({program} version 2>&1)" in *"version 1."*|*"version v1."*) form="--out-format json";; '
    '*) form="--output.json.path stdout --show-stats=false";; esac; '
    "{program} run --issues-exit-code 0 --allow-parallel-runners $form ./..."
)
_PERSPECTIVES = {
    "gosec": "security", "misspell": "spelling", "unused": "dead-code", "deadcode": "dead-code",
    "gocyclo": "complexity", "gocognit": "complexity", "cyclop": "complexity", "funlen": "complexity",
    "depguard": "architecture", "prealloc": "performance", "perfsprint": "performance", "godot": "docs",
    "testifylint": "testing",
}  # fmt: skip
_SEVERITY: dict[str, Severity] = {
    "critical": "critical", "high": "high", "error": "high", "medium": "medium", "warning": "medium", "low": "low",
    "info": "low", "note": "low", "": "medium",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GolangciLint(Anywhere):
    """It runs in each folder with a `go.mod`, by that project's configuration, and downloads nothing."""

    name: str = "golangci-lint"
    description: str = "Go with golangci-lint"
    perspectives: tuple[str, ...] = ("correctness",)
    languages: tuple[str, ...] = ("go",)
    suffixes: tuple[str, ...] = (".go",)
    program: str = "golangci-lint"
    ok_exit: tuple[int, ...] = (0,)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether there is a module."""
        return bool(homes(root, files, _HOME))

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return it over each module, in JSON, its caches in the scratch folder."""
        caches = {name: str(Path(look.scratch) / name.lower()) for name in ("GOLANGCI_LINT_CACHE", "GOCACHE")}
        offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
        line = _LINE.format(program=shlex.join(program))
        return in_each(homes(look.root, look.files, _HOME), line, env=caches | offline)

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its issues; raise BadOutput where it says that it failed."""
        del stderr
        return Parsed(
            findings=tuple(
                _claimed(issue, folder, root)
                for folder, said in parts(stdout, "golangci-lint")
                for report in documents(said, "golangci-lint")
                for issue in _issues(report)
            )
        )


def _issues(report: Any) -> list[Any]:
    if not isinstance(report, dict) or "Issues" not in report:
        raise BadOutput(str(report)[:200], "golangci-lint printed JSON without its Issues")
    told = report.get("Report")
    failed = told.get("Error") if isinstance(told, dict) else ""
    if failed:
        raise BadOutput(str(failed), "golangci-lint failed")
    issues = report["Issues"] or []  # null = none
    if not isinstance(issues, list):
        raise BadOutput(str(report)[:200], "golangci-lint printed Issues that are no list")
    return issues


def _claimed(issue: Any, folder: str, root: str) -> Claimed:
    try:
        linter, said, place = str(issue["FromLinter"]), str(issue["Text"]), issue["Pos"]
        file = str(place["Filename"])
        path = relative(file if file.startswith("/") else posixpath.join(folder, file), root)
        line, span = int(place["Line"]), issue.get("LineRange") or {}
        broken = linter == "typecheck"
        return Claimed(
            title=headline(said),
            severity="high" if broken else _SEVERITY.get(str(issue.get("Severity", "")).lower(), "medium"),
            path=path,
            line=line,
            end_line=int(span.get("To") or line),
            rule=linter,
            message=said,
            evidence="\n".join(map(str, issue.get("SourceLines") or ()))[:300],
            confidence="high" if broken else "medium",
            perspective=_PERSPECTIVES.get(linter, "correctness"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadOutput(str(issue)[:200], f"golangci-lint printed an issue without {error}") from None
