"""Which rules of different analysers say the same thing: a visible table.

A *kind* is the name such rules share. ruff's S rules are bandit's tests under the same numbers (checked against
`ruff rule --all` and bandit 1.9: every S number that ruff has stands for the same test in bandit); the rest are listed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from forkjoin.model import Finding

_CODE = re.compile(r"[A-Z]{1,6}\d{1,5}")

# Kind -> the rules that stand for it, as `tool rule`. A tool that names no rules is known by the words of its message.
TWINS: dict[str, tuple[str, ...]] = {
    "unused-import": ("ruff F401", "vulture unused-import", "pylint W0611", "flake8 F401", "pyflakes F401"),
    "unused-variable": ("ruff F841", "ruff RUF059", "vulture unused-variable", "pylint W0612", "flake8 F841"),
    "unused-argument": (
        "ruff ARG001", "ruff ARG002", "ruff ARG003", "ruff ARG004", "ruff ARG005",
        "vulture unused-argument", "pylint W0613",
    ),
    "unreachable-code": ("ruff PLW0101", "vulture unreachable-code", "pylint W0101"),
    "complex-function": ("ruff C901", "ruff PLR0912", "complexipy CC001", "pylint R1260", "flake8 C901"),
    "syntax-error": ("ruff E999", "ruff E902", "pylint E0001", "flake8 E999", "mypy syntax", "* invalid-syntax"),
    "unreadable-file": ("* unreadable",),
    "undefined-name": ("ruff F821", "pylint E0602", "flake8 F821", "mypy name-defined"),
    "redefined-while-unused": ("ruff F811", "pylint W0404", "flake8 F811", "mypy no-redef"),
    "mutable-default": ("ruff B006", "pylint W0102", "flake8 B006"),
    "bare-except": ("ruff E722", "pylint W0702", "flake8 E722"),
    "call-with-shell": ("ruff S604", "bandit B604", "ruff S602", "bandit B602"),
    "bidirectional-text": ("ruff PLE2502", "bandit B613"),
    "mark-safe": ("ruff S308", "bandit B308", "bandit B703"),
}  # fmt: skip

# Kinds whose findings name what they are about: two of them on one line are the same only if the names meet ...
NAMED = frozenset(("unused-import", "unused-variable", "unused-argument", "undefined-name", "redefined-while-unused"))
# ... or where one tool calls it by its alias.
ALIASED = frozenset(("unused-import",))
# Kinds that are about a whole file: the line is only where a tool gave up.
WHOLE_FILE = frozenset(("syntax-error", "unreadable-file"))

# Rules that say something of a file as a whole, though they name its first line.
_OF_A_FILE = frozenset(("D100", "D104", "INP001", "A005", "N999"))

# Their rules are codes of their own: two that are not twins are two findings.
ANALYSERS = frozenset(
    ("ruff", "bandit", "vulture", "complexipy", "typos", "mypy", "pylint", "flake8", "pyflakes", "deptry",
     "import-linter", "coverage", "eslint", "golangci-lint", "clippy")
)  # fmt: skip

_KIND_OF = {rule: kind for kind, rules in TWINS.items() for rule in rules}
_BANDIT_NUMBER = {"ruff": re.compile(r"S(\d{3})"), "bandit": re.compile(r"B(\d{3})")}


@lru_cache(maxsize=4096)
def kind_of(agent: str, rule: str) -> str:
    """Return the kind a rule of *agent* (an analyser's name, maybe with more words) stands for, "" if unknown."""
    tool = tool_of(agent)
    if tool not in ANALYSERS or not rule:
        return ""
    known = _KIND_OF.get(f"{tool} {rule}") or _KIND_OF.get(f"* {rule}")
    number = _BANDIT_NUMBER[tool].fullmatch(rule) if tool in _BANDIT_NUMBER else None
    return known or (f"bandit-{number[1]}" if number else f"{tool} {rule}")


@lru_cache(maxsize=4096)
def tool_of(agent: str) -> str:
    """Return the analyser's name in an agent's (`ruff` for `ruff-security`), any other agent's name as it is."""
    first = agent.partition("-")[0]
    return first if first in ANALYSERS and agent not in ANALYSERS else agent


@lru_cache(maxsize=4096)
def is_code(rule: str) -> bool:
    """Whether a rule is a program's code (`S602`, `W0611`) rather than words of an agent."""
    return _CODE.fullmatch(rule) is not None


def about_the_file(finding: Finding) -> bool:
    """Whether a finding is about its file as a whole: a docstring that lacks, a name, a file that cannot be read."""
    if not finding.line or finding.rule in _OF_A_FILE:
        return True
    return any(kind_of(source.agent, source.rule) in WHOLE_FILE for source in finding.sources)
