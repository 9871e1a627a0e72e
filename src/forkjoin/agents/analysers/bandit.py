"""bandit: security patterns of Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.batches import batched
from forkjoin.agents.analysers.project import folders_up, tool_table
from forkjoin.agents.analysers.reading import counted, documents, headline, in_tests, records, relative
from forkjoin.agents.analysers.severities import bandit_confidence, bandit_severity, lighter
from forkjoin.model import Claimed

# bandit says 0 for nothing found and 1 for findings; anything else ends the whole (255 stops xargs).
_SCRIPT = '"$@" || [ $? -eq 1 ] || exit 255'
_YAML = ("bandit.yaml", "bandit.yml", ".bandit.yaml", ".bandit.yml")
_REMEDIES = {
    "B101": "raise an exception: asserts are gone under python -O",
    "B102": "avoid exec; look the wanted function up in a table",
    "B105": "read the secret from the environment or a secret store",
    "B106": "read the secret from the environment or a secret store",
    "B107": "read the secret from the environment or a secret store",
    "B108": "use tempfile for a private file or folder",
    "B110": "catch the exception you expect, and log it",
    "B113": "give the request a timeout",
    "B301": "use json or another format that runs no code",
    "B307": "use ast.literal_eval",
    "B311": "use the secrets module where it guards something",
    "B324": "use sha256, or say usedforsecurity=False",
    "B501": "leave certificate checks on",
    "B506": "use yaml.safe_load",
    "B602": "give the arguments as a list, without shell=True",
    "B605": "use subprocess with a list of arguments",
    "B608": "hand the values over as query parameters",
    "B701": "switch autoescape on",
}


@dataclass(frozen=True, kw_only=True)
class Bandit(Anywhere):
    """Every Python file by name, so that ignored and foreign folders are never entered."""

    name: str = "bandit"
    description: str = "Security patterns with bandit"
    perspectives: tuple[str, ...] = ("security",)
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py", ".pyi")
    program: str = "bandit"
    ok_exit: tuple[int, ...] = (0,)

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return bandit over the files, with the configuration at the top of the tree."""
        return batched(look, _SCRIPT, self.name, *program, "-q", "-f", "json", *_configured(look))

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its results, and a finding for each file it could not read."""
        del stderr
        found: list[Claimed] = []
        asserts = 0
        whole = [*documents(stdout, "bandit")]
        for item in records(iter(whole), "results", "bandit"):
            claimed = _claimed(item, root)
            if claimed.rule == "B101" and in_tests(claimed.path):
                asserts += 1
            else:
                found.append(claimed)
        found += [_unread(item, root) for item in records(iter(whole), "errors", "bandit")]
        notes = (f"{counted(asserts, 'assert')} in tests not counted (B101)",) if asserts else ()
        return Parsed(findings=tuple(found), notes=notes)


def _configured(look: Look) -> tuple[str, ...]:
    """Return the options that name the nearest configuration: bandit finds none by itself when files are named."""
    for folder in folders_up(look.root):
        options = _in_folder(folder)
        if options:
            return options
    return ()


def _in_folder(folder: Path) -> tuple[str, ...]:
    yaml = next((folder / name for name in _YAML if (folder / name).is_file()), None)
    # A broken pyproject.toml is named too: bandit says itself what is wrong with it.
    toml = folder / "pyproject.toml" if tool_table(folder / "pyproject.toml", "bandit") is not None else None
    config, ini = yaml or toml, folder / ".bandit"
    options = ("-c", str(config)) if config else ()
    if not ini.is_file():
        return options
    if "[bandit]" in ini.read_text(encoding="utf-8", errors="replace"):
        return (*options, "--ini", str(ini))
    return options or ("-c", str(ini))  # some projects write YAML into that file


def _claimed(item: dict[str, Any], root: str) -> Claimed:
    try:
        lines = [*map(int, item["line_range"])] or [int(item["line_number"])]
        message, rule = str(item["issue_text"]), str(item["test_id"])
        path, severity = relative(item["filename"], root), bandit_severity(item["issue_severity"])
        return Claimed(
            title=headline(message),
            severity=lighter(severity) if in_tests(path) else severity,
            path=path,
            line=min(lines),
            end_line=max(lines),
            rule=rule,
            message=message,
            evidence=_evidence(str(item.get("code", "")), int(item["line_number"])),
            remedy=_REMEDIES.get(rule, ""),
            confidence=bandit_confidence(item["issue_confidence"]),
            perspective="security",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadOutput(str(item), f"bandit printed a result without {error}") from None


def _evidence(code: str, line: int) -> str:
    """Return the line itself out of bandit's numbered lines."""
    for numbered in code.split("\n"):
        number, _, text = numbered.partition(" ")
        if number == str(line):
            return text.strip()[:300]
    return ""


def _unread(item: dict[str, Any], root: str) -> Claimed:
    path, reason = relative(str(item.get("filename", "")), root), str(item.get("reason", "no reason given"))
    return Claimed(
        title="Not looked at by bandit: it could not read the file",
        severity="info",
        path=path,
        rule="invalid-syntax" if "syntax" in reason else "unreadable",
        message=reason,
        remedy="repair the file, or exclude it",
        confidence="high",
        perspective="security",
    )
