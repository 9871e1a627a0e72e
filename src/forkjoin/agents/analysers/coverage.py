"""Coverage data that a project's tests left: which lines no test runs. Nothing is measured here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.cobertura import cobertura
from forkjoin.agents.analysers.reading import counted, documents, in_tests, relative, text_of
from forkjoin.model import Claimed

_REPORTS = (
    "coverage.xml", "cobertura.xml", "coverage.lcov", "lcov.info", "coverage/lcov.info",
    "coverage/cobertura-coverage.xml",
)  # fmt: skip
# The data are copied first, for the program combines and deletes what lies beside them.
_SCRIPT = 'cp -- "$1" "$2" || exit 2; data=$2; shift 2; COVERAGE_FILE="$data" "$@"'
_CHANGED = "forkjoin: changed since it was measured: "


@dataclass(frozen=True, kw_only=True)
class CoverageData(Anywhere):
    """The `.coverage` of coverage.py, read by coverage.py: its configuration and its `pragma: no cover` hold."""

    name: str = "coverage"
    description: str = "Untested lines from .coverage"
    perspectives: tuple[str, ...] = ("testing",)
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py",)
    program: str = "coverage"
    ok_exit: tuple[int, ...] = (0,)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether there is a data file."""
        del files
        return (Path(root) / ".coverage").is_file()

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return coverage's JSON report of a copy of the data."""
        data = Path(look.root) / ".coverage"
        words = (*program, "json", "-q", "-i", "--fail-under=0", "-o", "-")
        argv = ("/bin/sh", "-c", _SCRIPT, self.name, str(data), str(Path(look.scratch) / "coverage-data"), *words)
        return _with_changed(argv, look, data)

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return a finding for each block of lines that no test runs."""
        (report, *_) = documents(stdout, "coverage")
        try:
            files = {str(path): _hits(file) for path, file in report["files"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise BadOutput(str(report)[:200], f"coverage printed a report without {error}") from None
        return _uncovered({relative(path, root): hits for path, hits in files.items()}, stderr, root)


@dataclass(frozen=True, kw_only=True)
class CoverageReport(Anywhere):
    """A report in the form of Cobertura (coverage.xml) or lcov, of whatever language and tool."""

    name: str = "coverage-report"
    description: str = "Untested lines from coverage reports"
    perspectives: tuple[str, ...] = ("testing",)
    languages: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    program: str = "cat"
    ok_exit: tuple[int, ...] = (0,)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether there is a report at one of the places where tools put it."""
        del files
        return bool(_report(root))

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return what prints the report."""
        report = _report(look.root)
        return _with_changed((*program, "--", report), look, Path(look.root) / report)

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return a finding for each block of lines that no test runs, in files that are there."""
        read = cobertura(stdout, root) if stdout.lstrip().startswith(b"<") else _lcov(stdout, root)
        return _uncovered(read, stderr, root)


def _report(root: str) -> str:
    """Return the newest report, "" where there is none."""
    there = [name for name in _REPORTS if (Path(root) / name).is_file()]
    return max(there, key=lambda name: (Path(root) / name).stat().st_mtime, default="")


def _with_changed(argv: tuple[str, ...], look: Look, data: Path) -> Launch:
    """Return the launch, with the files that were changed after the data named on stderr: their lines have moved."""
    measured = data.stat().st_mtime
    changed = [path for path in look.files if "\n" not in path and _mtime(Path(look.root) / path) > measured]
    said = "".join(f"{_CHANGED}{path}\n" for path in changed)
    file = Path(look.scratch) / "changed"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(os.fsencode(said))
    return Launch(argv=("/bin/sh", "-c", 'cat "$1" >&2; shift; "$@"', "coverage", str(file), *argv))


def _mtime(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _hits(file: Mapping[str, Any]) -> dict[int, int]:
    return dict.fromkeys(map(int, file["executed_lines"]), 1) | dict.fromkeys(map(int, file["missing_lines"]), 0)


def _lcov(stdout: bytes, root: str) -> dict[str, dict[int, int]]:
    """Return the hits of each line of each file of an lcov report; raise BadOutput where it breaks off."""
    found: dict[str, dict[int, int]] = {}
    path, ended = "", True
    for line in text_of(stdout).split("\n"):
        kind, _, rest = line.strip().partition(":")
        if kind == "SF":
            path, ended = relative(rest, root), False
        elif kind == "DA":
            try:
                number, hits = (int(float(part)) for part in rest.split(",")[:2])
            except ValueError:
                raise BadOutput(line, "the coverage report has a line that is none of its records") from None
            lines = found.setdefault(path, {})
            lines[number] = max(hits, lines.get(number, 0))
        elif kind == "end_of_record":
            ended = True
    if not ended or not found:
        raise BadOutput(
            "", "the coverage report ends in the middle of a file" if found else "the coverage report has no lines"
        )
    return found


def _uncovered(measured: Mapping[str, Mapping[int, int]], stderr: bytes, root: str) -> Parsed:
    """Return the findings of the files that are there and were not changed since; the others are counted in notes."""
    files = {
        path: hits for path, hits in measured.items() if not path.startswith("/") and (Path(root) / path).is_file()
    }
    said = text_of(stderr).split("\n")
    changed = {line.removeprefix(_CHANGED) for line in said if line.startswith(_CHANGED)} & set(files)
    findings = tuple(
        claim for path, hits in sorted(files.items()) if path not in changed and not in_tests(path)
        for claim in _of_file(path, hits)
    )  # fmt: skip
    absent = len(measured) - len(files)
    notes = [f"{counted(len(changed), 'file')} changed since coverage was measured, not counted"] if changed else []
    notes += [f"{counted(absent, 'file')} that coverage was measured for not found here"] if absent else []
    return Parsed(findings=findings, notes=tuple(notes))


def _of_file(path: str, hits: Mapping[int, int]) -> Iterator[Claimed]:
    """Yield a finding for each run of lines without a hit; one for a file in which no line has one."""
    if hits and not any(hits.values()):
        yield _claimed(path, sorted(hits), "No line of this file is run by a test", whole=True)
        return
    block: list[int] = []
    for number in [*sorted(hits), 0]:
        if number and not hits[number]:
            block.append(number)
        elif block:
            yield _claimed(path, block, "No test runs this", whole=False)
            block = []


def _claimed(path: str, lines: Sequence[int], title: str, *, whole: bool) -> Claimed:
    span = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
    return Claimed(
        title=title,
        severity="low" if whole else "info",
        path=path,
        line=lines[0],
        end_line=lines[-1],
        rule="uncovered",
        message=f"{counted(len(lines), 'statement')} without a test ({span})",
        remedy="write a test that gets there",
        confidence="high",
        perspective="testing",
    )
