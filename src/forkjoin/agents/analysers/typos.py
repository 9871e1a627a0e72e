"""typos: misspelt words in any text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.reading import lines, relative
from forkjoin.model import Claimed

_PROSE = re.compile(r".*\.(?:md|rst|txt|adoc|html?|tex)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Typos(Anywhere):
    """It walks by itself, for it knows what git ignores and which files are no text."""

    name: str = "typos"
    description: str = "Misspelt words with typos"
    perspectives: tuple[str, ...] = ("spelling",)
    languages: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    program: str = "typos"
    ok_exit: tuple[int, ...] = (0, 2)

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return typos over the tree; its `--exclude` adds to the project's own."""
        excludes = [word for folder in look.excludes for word in ("--exclude", f"/{_literal(folder)}/")]
        options = ("--format", "json", "--color", "never", "--sort", "--force-exclude")
        return Launch(argv=(*program, *options, *excludes, "--", *look.targets))

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its lines of JSON, each of which must be known."""
        del stderr
        found: list[Claimed] = []
        notes: list[str] = []
        for line in lines(stdout, self.name):
            if not line.strip():
                continue
            item = _item(line)
            if item.get("type") == "typo":
                found.append(_claimed(item, line, root))
            elif item.get("type") == "error":
                notes.append(f"typos: {item.get('message', line)}")
            elif item.get("type") != "binary_file":
                raise BadOutput(line, "typos printed a line of a kind we do not know")
        return Parsed(findings=tuple(found), notes=tuple(notes))


def _literal(folder: str) -> str:
    return re.sub(r"([\\*?\[\]{}!#])", r"\\\1", folder)


def _item(line: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        raise BadOutput(line, "typos printed a line that is no JSON object")
    return item


def _claimed(item: dict[str, Any], line: str, root: str) -> Claimed:
    try:
        wrong, right = str(item["typo"]), [str(word) for word in item["corrections"]]
        path = relative(str(item["path"]), root)
        number = int(item.get("line_num", 0))
    except (KeyError, TypeError, ValueError):
        raise BadOutput(line, "typos printed a typo without its word, corrections or path") from None
    advice = " or ".join(f"`{word}`" for word in right[:4])
    where = "" if number else " (in the file's name)"
    return Claimed(
        title=f"`{wrong}` should be {advice}{where}" if advice else f"`{wrong}` is no word{where}",
        severity="low" if _PROSE.fullmatch(path) and number else "info",
        path=path,
        line=number,
        rule="typo",
        remedy=f"write {advice}" if advice else "",
        confidence="medium",
        perspective="spelling",
    )
