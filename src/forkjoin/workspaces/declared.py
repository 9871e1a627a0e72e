"""Changed paths against what a task declared, and the files whose change runs by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

# Code that editors, agents, shells, package managers, test runners or CI start without being told to.
RUNS: Final = (
    ".github/workflows/**", ".github/actions/**", ".gitlab-ci.yml", ".circleci/**", ".buildkite/**", "Jenkinsfile",
    "azure-pipelines.yml", "**/.claude/**", "**/.codex/**", "**/.cursor/**", "**/.gemini/**", "**/.opencode/**",
    "**/.pi/**", "**/.agents/**", "**/.mcp.json", "**/opencode.json", "**/opencode.jsonc", "**/CLAUDE.md",
    "**/AGENTS.md", "**/GEMINI.md", "**/.vscode/**", "**/.idea/**", "**/.devcontainer/**", "**/.zed/**",
    "**/.husky/**", "**/.githooks/**", "**/.pre-commit-config.yaml", "**/.pre-commit-hooks.yaml", "**/lefthook.yml",
    "**/.gitattributes", "**/.gitmodules", "**/.gitconfig", "**/.envrc", "**/.direnv/**", "**/.npmrc", "**/.yarnrc.yml",
    "**/package.json", "**/.pnpmfile.cjs", "**/setup.py", "**/setup.cfg", "**/pyproject.toml", "**/tox.ini",
    "**/noxfile.py", "**/conftest.py", "**/sitecustomize.py", "**/usercustomize.py", "**/*.pth", "**/pyvenv.cfg",
    "**/Makefile", "**/makefile", "**/GNUmakefile", "**/*.mk", "**/CMakeLists.txt", "**/justfile", "**/Justfile",
    "**/Taskfile.yml", "**/Rakefile", "**/Gemfile", "**/*.gemspec", "**/build.rs", "**/.cargo/config.toml",
    "**/.cargo/config", "**/build.gradle", "**/build.gradle.kts", "**/settings.gradle", "**/gradlew", "**/mvnw",
    "**/Dockerfile", "**/docker-compose.yml", "**/compose.yaml", "**/*.csproj", "**/.forkjoin.toml",
)  # fmt: skip
_MOST: Final = 1000  # alternatives that the braces of one glob may stand for
_GROUP: Final = re.compile(r"(?<!\\)\{((?:[^{}\\]|\\.)*)\}", re.DOTALL)


def covered(globs: Sequence[str], *, folds_case: bool = False) -> Callable[[str], bool]:
    """Return a test whether a path, relative to the tree, is covered by one of the globs.

    `*`, `?` and `[...]` stay within a name, `**` crosses folders, `{a,b}` is either, a backslash takes the next
    character as it is; a glob without any of these is a file, or a folder with everything below it.
    """
    ends, folders, forms = set[str](), set[str](), list[re.Pattern[str]]()
    for one in (one for glob in globs for one in alternatives(glob)):
        match _names(one, folds_case):  # most are one of the first two, which need no expression of their own
            case ["**", name] if _is_plain(name):
                ends.add(name)
            case ["**", name, "**"] if _is_plain(name):
                folders.add(name)
            case _:
                forms.append(_pattern(one, folds_case))

    def covers(path: str) -> bool:
        text = _plain(path, folds_case)
        above = text[:-1].rpartition("/")[0].split("/")  # of a folder named with its slash, too
        return (
            text.rpartition("/")[2] in ends
            or not folders.isdisjoint(above)
            or any(form.fullmatch(text) for form in forms)
        )

    return covers


@lru_cache(maxsize=1)
def _runs() -> Callable[[str], bool]:
    return covered(RUNS, folds_case=True)


def runs_by_itself(path: str) -> bool:
    """Say whether a change of this file is a change of what runs unasked."""
    return _runs()(path)


def alternatives(glob: str) -> tuple[str, ...]:
    """Return the globs without braces that a glob stands for; beyond 1,000 the rest is dropped and covers nothing."""
    done: list[str] = []
    todo = [glob]
    while todo and len(done) + len(todo) <= _MOST:
        text = todo.pop()
        group = next((g for g in _GROUP.finditer(text) if _choices(g[1])), None)
        if group is None:
            done.append(text)
            continue
        todo += [text[: group.start()] + choice + text[group.end() :] for choice in _choices(group[1])]
    return tuple(dict.fromkeys(done))


def _choices(inner: str) -> list[str]:
    parts = re.split(r"(?<!\\),", inner)
    return parts if len(parts) > 1 else []


@lru_cache(maxsize=4096)
def _pattern(glob: str, folds_case: bool) -> re.Pattern[str]:
    names = _names(glob, folds_case)
    form = ""
    for number, name in enumerate(names):
        last = number == len(names) - 1
        if name == "**":
            form += ".+" if last else "(?:[^/]+/)*"
        else:
            form += _name(name) + ("" if last else "/")
    if not any(name == "**" or _is_wild(name) for name in names):
        form += "(?:/.*)?" if form else ".*"
    return re.compile(form, re.DOTALL)


def _names(glob: str, folds_case: bool) -> list[str]:
    return [name for name in _plain(glob, folds_case).split("/") if name not in ("", ".")]


def _is_plain(name: str) -> bool:
    """Whether a name of a glob stands for itself alone."""
    return re.search(r"[*?\[\\]", name) is None


def _is_wild(name: str) -> bool:
    return re.search(r"[*?\[]", re.sub(r"\\.", "", name)) is not None


def _name(name: str) -> str:
    """Return the expression of one name of a glob."""
    form, at = "", 0
    while at < len(name):
        char = name[at]
        if char == "\\" and at + 1 < len(name):
            form += re.escape(name[at + 1])
            at += 1
        elif char == "*":
            form += "[^/]*"
        elif char == "?":
            form += "[^/]"
        elif char == "[" and (group := re.match(r"\[([!^]?)(\]?(?:[^\]\\]|\\.)*)\]", name[at:])):
            form += _characters(group[2], negated=bool(group[1]))
            at += group.end() - 1
        else:
            form += re.escape(char)
        at += 1
    return form


def _characters(inner: str, *, negated: bool) -> str:
    kept = "".join(f"\\{c}" if c in "[]^&~|" else c for c in inner)
    form = f"[{'^/' if negated else ''}{kept}]"
    try:
        re.compile(form)
    except re.error:
        return "(?!)"  # such a range ([z-a]) has no character: it covers nothing
    return form if negated else f"(?!/){form}"


def _plain(text: str, folds_case: bool) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", text.casefold()) if folds_case else text
