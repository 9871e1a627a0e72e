"""ruff, once for each perspective: the same program with other groups of its rules."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.reading import counted, documents, headline, in_tests, records, relative
from forkjoin.agents.analysers.ruff_config import configured, ignored_by_path
from forkjoin.agents.analysers.severities import is_security, lighter, ruff_confidence, ruff_severity
from forkjoin.model import Claimed


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rules of one perspective: stable ones, and those that say something rather than ask for another style."""

    perspective: str
    description: str
    rules: tuple[str, ...]


GROUPS: tuple[Group, ...] = (
    Group(perspective="security", description="Security patterns with ruff", rules=("S",)),
    Group(
        perspective="performance",
        description="Slow patterns with ruff",
        rules=("PERF", "C4", "ASYNC2", "B019", "RUF015", "RUF017", "PLC0206"),
    ),
    Group(
        perspective="testing",
        description="Weak tests with ruff",
        rules=("PT008", "PT010", "PT011", "PT012", "PT014", "PT015", "PT017", "PT019", "PT020", "PT025", "PT026",
               "PT030", "PT031", "B011", "B015", "B017", "F631", "PLW0129", "RUF018", "RUF030", "RUF043"),
    ),
    Group(
        perspective="architecture",
        description="Structure and interfaces with ruff",
        rules=("TID", "PLR0911", "PLR0912", "PLR0913", "PLR0915", "PLW0603", "PLW0406", "SLF001", "A005", "F403",
               "E402", "B024", "B027"),
    ),
    Group(
        perspective="correctness",
        description="Likely bugs with ruff",
        rules=("E9", "E722", "F", "B", "PLE", "YTT", "T100", "ASYNC1", "PIE794", "PIE796", "LOG",
               "PLW0120", "PLW0127", "PLW0128", "PLW0129", "PLW0131", "PLW0133", "PLW0177", "PLW0211", "PLW0245",
               "PLW0602", "PLW0604", "PLW0642", "PLW0711", "PLW1501", "PLW1507", "PLW1508", "PLW1509", "PLW1510",
               "PLW2101", "RUF006", "RUF008", "RUF009", "RUF012", "RUF013", "RUF016", "RUF018", "RUF024", "RUF026",
               "RUF032", "RUF033", "RUF034", "RUF040"),
    ),
    Group(perspective="docs", description="Docstrings with ruff", rules=("D101", "D402", "D417", "D419")),
)  # fmt: skip
_REMEDIES = {
    "S101": "raise an exception: asserts are gone under python -O",
    "S105": "read the secret from the environment or a secret store",
    "S106": "read the secret from the environment or a secret store",
    "S107": "read the secret from the environment or a secret store",
    "S110": "catch the exception you expect, and log it",
    "S113": "give the request a timeout",
    "S301": "use json or another format that runs no code",
    "S307": "use ast.literal_eval",
    "S324": "use sha256, or say usedforsecurity=False",
    "S501": "leave certificate checks on",
    "S506": "use yaml.safe_load",
    "S602": "give the arguments as a list, without shell=True",
    "S605": "use subprocess with a list of arguments",
    "S608": "hand the values over as query parameters",
    "F821": "define or import the name",
    "invalid-syntax": "repair the file, or exclude it",
}


@dataclass(frozen=True, kw_only=True)
class Ruff(Anywhere):
    """It walks by itself, for it knows the project's own excludes; `noqa` and per-file-ignores hold."""

    group: Group
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py", ".pyi", ".pyw", ".ipynb")
    program: str = "ruff"
    ok_exit: tuple[int, ...] = (0, 1)

    @property
    def name(self) -> str:
        return f"ruff-{self.group.perspective}"

    @property
    def description(self) -> str:
        return self.group.description

    @property
    def perspectives(self) -> tuple[str, ...]:
        return (self.group.perspective,)

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return ruff with the group's rules, without a cache, a fix, or an output of the project's choosing."""
        configs = configured(look)
        rules = self.group.rules
        if self.group.perspective == "docs" and any(config.docs for config in configs):
            rules = ("D",)
        options = ["--no-cache", "--no-fix", "--no-fix-only", "--no-show-fixes", "--force-exclude", "--quiet"]
        # E902 is a file ruff could not read: without it such a file would be passed over in silence.
        options += ["--output-format", "json", "--select", ",".join((*rules, "E902"))]
        if ignores := ignored_by_path(configs):
            options += ["--config", f"lint.extend-per-file-ignores = {_inline(ignores)}"]
        for folder in look.excludes:
            options += ["--extend-exclude", "".join("?" if char in "*?[]{}," else char for char in folder)]
        return Launch(argv=(*program, "check", *options, "--", *look.targets), env={"RUFF_NO_CACHE": "true"})

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its findings; a file it cannot parse is one too."""
        del stderr
        found: list[Claimed] = []
        asserts = 0
        for item in records(documents(stdout, "ruff"), "", "ruff"):
            claimed = _claimed(item, root, self.group.perspective)
            if claimed.rule == "S101" and in_tests(claimed.path):
                asserts += 1
            else:
                found.append(claimed)
        notes = (f"{counted(asserts, 'assert')} in tests not counted (S101)",) if asserts else ()
        return Parsed(findings=tuple(found), notes=notes)


def _inline(table: dict[str, tuple[str, ...]]) -> str:
    """Return a table as TOML on one line: JSON's strings and lists are TOML's."""
    entries = (f"{json.dumps(k, ensure_ascii=False)} = {json.dumps(v)}" for k, v in table.items())
    return "{" + ", ".join(entries) + "}"


def _claimed(item: dict[str, Any], root: str, perspective: str) -> Claimed:
    try:
        code, message = item["code"] or "invalid-syntax", str(item["message"])
        fix = item.get("fix") or {}
        path, severity = relative(str(item["filename"]), root), ruff_severity(code, message)
        return Claimed(
            title="Not looked at by ruff: it could not read the file" if code == "E902" else headline(message),
            severity=lighter(severity) if is_security(code) and in_tests(path) else severity,
            path=path,
            line=int(item["location"]["row"]),
            end_line=int(item["end_location"]["row"]),
            rule=code,
            message=message,
            remedy=_REMEDIES.get(code) or fix.get("message") or "",
            confidence=ruff_confidence(code),
            perspective=perspective,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadOutput(str(item), f"ruff printed a finding without {error}") from None
