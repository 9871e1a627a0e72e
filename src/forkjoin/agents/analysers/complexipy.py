"""complexipy: cognitive complexity of Python functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.batches import batched
from forkjoin.agents.analysers.project import folders_up, toml_of, tool_table
from forkjoin.agents.analysers.reading import documents, records, relative, text_of
from forkjoin.agents.analysers.severities import complexity_severity
from forkjoin.model import Claimed

# It writes its report into a file, and talks on stdout. 1 = a function is too complex, or a file was not readable.
_SCRIPT = 'out=$1; shift; rm -f "$out"; "$@" >&2 || [ $? -eq 1 ] || exit 255; cat "$out" || exit 255'
_CONFIGS = ("complexipy.toml", ".complexipy.toml")
_SCORE = re.compile(
    r"Function '(?P<name>.*)' has a cognitive complexity of (?P<score>\d+), which exceeds .* (?P<allowed>\d+)\."
)
_TALK = re.compile(
    r"Results saved at [^\n]*\n?"
    r"|error: Failed to process (?P<path>.+?) - Please check file/folder exists or check syntax\n?",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Complexipy(Anywhere):
    """The functions above the project's limit (its own default where the project sets none).

    It walks by itself over a whole tree, for it leaves out what the project excludes only where it walks.
    """

    name: str = "complexipy"
    description: str = "Complex functions with complexipy"
    perspectives: tuple[str, ...] = ("complexity",)
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py",)
    program: str = "complexipy"
    ok_exit: tuple[int, ...] = (0,)

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return complexipy over the tree or the files, its cache and its report in the scratch folder."""
        report, cache = str(Path(look.scratch) / "complexipy.sarif"), str(Path(look.scratch) / "complexipy")
        config, excluded = _configured(look.root)
        words = [report, *program, "--quiet", "--failed", "--color", "no", "--output-format", "sarif"]
        words += ["--output", report, "--cache-dir", cache, *config]
        if not look.whole:
            return batched(look, _SCRIPT, self.name, *words)
        if look.excludes:  # said on the command line they replace those of the project
            ours = (f"{_literal(folder)}/**" for folder in look.excludes)
            words += [word for pattern in (*excluded, *ours) for word in ("--exclude", pattern)]
        return Launch(argv=("/bin/sh", "-c", _SCRIPT, self.name, *words, "."))

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its SARIF results, and a finding for each file it could not read."""
        runs = records(documents(stdout, "complexipy"), "runs", "complexipy")
        found = [_claimed(item, root) for item in records(runs, "results", "complexipy")]
        return Parsed(findings=(*found, *_unread(text_of(stderr), root)))


def _configured(root: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the option that names a configuration above the tree (its own it finds itself), and what that excludes."""
    for folder in folders_up(root):
        tables = [(folder / name, toml_of(folder / name)) for name in _CONFIGS]
        tables.append((folder / "pyproject.toml", tool_table(folder / "pyproject.toml", "complexipy")))
        path, table = next(((path, table) for path, table in tables if table is not None), (folder, None))
        if table is not None:
            return () if folder == Path(root) else ("--config", str(path)), _excluded(table)
    return (), ()


def _excluded(table: object) -> tuple[str, ...]:
    listed = table.get("exclude", []) if isinstance(table, dict) else []
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _literal(folder: str) -> str:
    return "".join(f"[{char}]" if char in "*?[]{}" else char for char in folder)


def _claimed(item: dict[str, Any], root: str) -> Claimed:
    try:
        place = item["locations"][0]["physicalLocation"]
        said = _SCORE.fullmatch(item["message"]["text"])
        if said is None:
            raise BadOutput(item["message"]["text"], "complexipy worded a result in a way we do not know")
        return Claimed(
            title=f"Function `{said['name']}` is hard to follow",
            severity=complexity_severity(int(said["score"])),
            path=relative(unquote(place["artifactLocation"]["uri"], errors="surrogateescape"), root),
            line=int(place["region"]["startLine"]),
            end_line=int(place["region"]["endLine"]),
            rule=item["ruleId"],
            message=f"Cognitive complexity {said['score']}, {said['allowed']} allowed",
            remedy="split it, and let odd cases leave early",
            confidence="high",
            perspective="complexity",
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadOutput(str(item), f"complexipy printed a result without {error}") from None


def _unread(talk: str, root: str) -> list[Claimed]:
    """Return a finding for each file named on stderr; raise BadOutput for anything else it says there."""
    found, at = [], 0
    while at < len(talk.rstrip()):
        said = _TALK.match(talk, at)
        if said is None:
            raise BadOutput(talk[at:].strip().split("\n")[0], "complexipy complained")
        at = said.end()
        if said["path"]:
            found.append(
                Claimed(
                    title="Not looked at by complexipy: it could not read the file",
                    severity="info",
                    path=relative(said["path"], root),
                    rule="invalid-syntax",
                    remedy="repair the file, or exclude it",
                    confidence="high",
                    perspective="complexity",
                )
            )
    return found
