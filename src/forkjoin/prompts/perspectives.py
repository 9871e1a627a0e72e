"""The perspectives a tree is looked at from: one line of the table each."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from forkjoin.prompts import reviews


class Perspective(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks, what at, the perspective in one line, and the prompt of a task that looks from it."""

    role: str
    description: str
    focus: tuple[str, ...]
    task: str


PERSPECTIVES: Final = MappingProxyType({
    "security": Perspective(
        role="security engineer",
        description="what an attacker could use",
        focus=(
            "untrusted input that reaches a shell, a query, a path, a template or a deserialiser",
            "authentication, sessions, permissions, and checks that can be gone around",
            "secrets in code, in logs and in error messages",
            "weak or misused cryptography",
        ),
        task=reviews.SECURITY,
    ),
    "performance": Perspective(
        role="performance engineer",
        description="where time and memory go",
        focus=(
            "work that grows faster than its input",
            "repeated I/O, queries or allocation inside loops",
            "blocking calls where others wait",
            "unbounded caches, queues and buffers",
        ),
        task=reviews.PERFORMANCE,
    ),
    "testing": Perspective(
        role="test engineer",
        description="what could break without a test going red",
        focus=(
            "behaviour without a test, above all error paths and limits",
            "tests that cannot fail, or that test the double",
            "tests that depend on time, order, network or leftovers",
        ),
        task=reviews.TESTING,
    ),
    "architecture": Perspective(
        role="software architect",
        description="how the parts hang together",
        focus=(
            "dependencies that point the wrong way, and cycles",
            "one thing known in several places",
            "modules that do several jobs, and names that hide it",
            "interfaces that force their callers to know too much",
        ),
        task=reviews.ARCHITECTURE,
    ),
    "correctness": Perspective(
        role="senior engineer",
        description="what does not do what it says",
        focus=(
            "wrong results, above all at limits and for empty input",
            "errors that are swallowed or turned into success",
            "races, and state that is left half changed",
            "resources that are not given back",
        ),
        task=reviews.CORRECTNESS,
    ),
    "dead-code": Perspective(
        role="maintainer",
        description="what nothing uses any more",
        focus=("functions, parameters, branches and files that nothing reaches", "flags and settings without effect"),
        task=reviews.DEAD_CODE,
    ),
    "complexity": Perspective(
        role="maintainer",
        description="what is harder to follow than it must be",
        focus=("functions with many branches or deep nesting", "logic that says the same thing twice"),
        task=reviews.COMPLEXITY,
    ),
    "spelling": Perspective(
        role="copy editor",
        description="misspelt words in code and text",
        focus=("misspelt names that others import or call", "misspelt words in what users read"),
        task=reviews.SPELLING,
    ),
    "docs": Perspective(
        role="technical writer",
        description="what the documentation does not say, or says wrongly",
        focus=(
            "statements that the code contradicts",
            "public names and settings without a word of explanation",
            "examples that do not run",
        ),
        task=reviews.DOCS,
    ),
})  # fmt: skip
