"""`{{ dir }}` and `{{ file }}` in a task, replaced by the paths the task got."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from forkjoin.errors import PlanError
from forkjoin.model import Task
from forkjoin.planning.matching import WORDS, Kind

_MARK: Final = re.compile(r"\{\{\s*(dir|file)\s*\}\}")
_ANY: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SLIPS: Final = frozenset(("dir", "dirs", "directory", "dirname", "file", "files", "filename", "folder", "path"))
_IN_SHELL: Final = re.compile(r"([\"']?)\{\{(?:dir|file)\}\}(\1)")
_GLUED: Final = re.compile(r"[^\s;&|()]\{\{(?:dir|file)\}\}|\{\{(?:dir|file)\}\}[^\s;&|()]")
_QUOTED: Final = re.compile(r"""\\.|'[^']*'|("(?:\\.|[^"\\])*("|$))""", re.DOTALL)
_RUNS: Final = re.compile(r"\b(?:\w*sh\s+(?:-\w+\s+)*-\w*c|eval)\s")  # whose argument is a shell line once more
_META: Final = re.compile(r"[*?\[\]{}\\]")
_PLAIN_WORD: Final = re.compile(r"[\w./@%+:,-]+")  # a shell takes it as it is
_TEXTS: Final = ("description", "role", "task", "context")
_PATHS: Final = ("reads", "writes", "carry")
_ROWS: Final = ("focus", "resources")


def tidied(task: Task, kind: Kind, *, where: str) -> Task:
    """Return the task with every mark as `{{dir}}`, without blanks, so that one is one word of a command line.

    Raises PlanError for a mark that stands for nothing here.
    """
    for text in _texts(task):
        wrong = next((mark for mark in _ANY.finditer(text) if mark[1] != kind and _is_meant(mark[1])), None)
        if wrong is not None:
            raise PlanError(f"{wrong[0]} stands for nothing here", where=where, next_step=f"write {{{{ {kind} }}}}")

    def plain(text: str) -> str:
        return _MARK.sub(r"{{\1}}", text)

    changes: dict[str, object] = {name: plain(getattr(task, name)) for name in (*_TEXTS, "shell", "cwd")}
    for name in (*_PATHS, *_ROWS, "command"):
        given = getattr(task, name)
        changes[name] = given if given is None else tuple(map(plain, given))
    return replace(task, **changes, env={name: plain(value) for name, value in task.env.items()})


def _is_meant(word: str) -> bool:
    """Whether *word* between braces was meant to be a mark: another word for it, or one mistyped."""
    near = difflib.get_close_matches(
        word.lower()[:20], [mark for mark in ("dir", "file") if word[0].lower() == mark[0]], n=1, cutoff=0.75
    )
    return word.lower() in _SLIPS or bool(near)


def _texts(task: Task) -> list[str]:
    rows = [getattr(task, name) or () for name in (*_PATHS, *_ROWS, "command")]
    alone = [getattr(task, name) for name in (*_TEXTS, "shell", "cwd")]
    return [*alone, *(text for row in rows for text in row), *task.env.values()]


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """The paths one task gets; `where` names the fan-out for messages."""

    kind: Kind
    names: tuple[str, ...]
    where: str

    @property
    def mark(self) -> str:
        """What stands for a path in a tidied task."""
        return f"{{{{{self.kind}}}}}"

    def filled(self, task: Task) -> Task:
        """Return a tidied task with its marks replaced.

        In texts by the paths as they are; in paths by globs that match them and nothing else; in a command by one word
        each; in a shell line by one word each, through a variable where the path is not plain. A prompt without a mark
        gets the paths at its end.
        """
        changes: dict[str, object] = {name: self._text(getattr(task, name)) for name in _TEXTS}
        if task.task and self.mark not in task.task:
            changes["task"] = f"{task.task.rstrip()}\n\n{self._listed()}"
        for name in _PATHS:
            changes[name] = self._claims(getattr(task, name))
        for name in _ROWS:
            changes[name] = tuple(self._one(text, name) for text in getattr(task, name))
        env = {name: self._one(value, f"env.{name}") for name, value in task.env.items()}
        changes["cwd"] = self._one(task.cwd, "cwd")
        changes["command"] = tuple(word for given in task.command for word in self._words(given))
        changes["shell"], variables = self._line(task.shell)
        return replace(task, **changes, env=env | variables)

    def globs(self) -> tuple[str, ...]:
        """Return the claims on all of it: a folder with what lies below, or a file."""
        return tuple(_escaped(name) + ("/**" if self.kind == "dir" else "") for name in self.names)

    def _text(self, text: str) -> str:
        return text.replace(self.mark, ", ".join(self.names))

    def _listed(self) -> str:
        word = WORDS[self.kind]
        if len(self.names) == 1:
            return f"This is about the {word} {self.names[0]} alone."
        return "\n".join([f"This is about these {word}s alone:", "", *(f"- {name}" for name in self.names)])

    def _claims(self, paths: Sequence[str] | None) -> tuple[str, ...] | None:
        return None if paths is None else tuple(one for path in paths for one in self._globs(path))

    def _globs(self, path: str) -> list[str]:
        return [path.replace(self.mark, _escaped(name)) for name in self.names] if self.mark in path else [path]

    def _one(self, text: str, field: str) -> str:
        if self.mark in text and len(self.names) > 1:
            raise self._several(field)
        return text.replace(self.mark, self.names[0])

    def _words(self, word: str) -> Sequence[str]:
        if word == self.mark:
            return [_dashed(name) for name in self.names]
        if self.mark in word and len(self.names) > 1:
            raise self._several("command")
        at_front = _dashed(self.names[0]) if word.startswith(self.mark) else self.names[0]
        return [word.replace(self.mark, at_front, 1).replace(self.mark, self.names[0])]

    def _line(self, line: str) -> tuple[str, dict[str, str]]:
        """Return a shell line and the variables it needs.

        A name that is more than a plain word comes as a variable, so that nothing in it is ever run.
        """
        if self.mark not in line:
            return line, {}
        if len(self.names) > 1 and _GLUED.search(line):
            raise self._several("shell")
        variables: dict[str, str] = {}
        words, quoted = list[str](), list[str]()
        inner = r"\"\${}\"" if _RUNS.search(line) else "${{{}}}"
        for number, name in enumerate(map(_dashed, self.names), start=1):
            if _PLAIN_WORD.fullmatch(name):
                words.append(name)
                quoted.append(name)
                continue
            variable = f"FORKJOIN_{self.kind.upper()}" + (f"_{number}" if number > 1 else "")
            variables[variable] = name
            words.append(f'"${variable}"')
            quoted.append(inner.format(variable))
        said = " ".join(words)
        if variables:  # quotes of the caller's around the mark would end ours
            within = " ".join(quoted)
            return _IN_SHELL.sub(lambda mark: within if _in_quotes(line, mark) else said, line), variables
        return line.replace(self.mark, said), {}

    def _several(self, field: str) -> PlanError:
        return PlanError(
            f"a task gets several {WORDS[self.kind]}s, and {{{{ {self.kind} }}}} is a part of a word in {field}",
            where=self.where,
            next_step=f"let it stand alone there, or leave at_most (--at-most) out: one {WORDS[self.kind]} a task",
        )


def _in_quotes(line: str, mark: re.Match[str]) -> bool:
    """Whether a mark is a part of a text in double quotes, where quotes of ours would end those of the caller."""
    if mark[1]:
        return False
    for text in _QUOTED.finditer(line):
        if text[1] and text.start() < mark.start() < text.end():
            before = line[text.start() : mark.start()]
            # In a command substitution quotes begin anew.
            return before.count("$(") <= before.count(")") and before.count("`") % 2 == 0
    return False


def _dashed(name: str) -> str:
    """Return a path that no program takes for a flag."""
    return f"./{name}" if name.startswith("-") else name


def _escaped(name: str) -> str:
    return _META.sub(r"\\\g<0>", name)
