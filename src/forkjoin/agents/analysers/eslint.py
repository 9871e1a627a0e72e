"""eslint: JavaScript and TypeScript by the project's own configuration."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.batches import in_each, parts
from forkjoin.agents.analysers.project import homes
from forkjoin.agents.analysers.reading import documents, headline, records, relative
from forkjoin.model import Claimed

_CONFIGS = tuple(f"eslint.config.{end}" for end in ("js", "mjs", "cjs", "ts", "mts", "cts")) + tuple(
    f".eslintrc{end}" for end in (".js", ".cjs", ".json", ".yml", ".yaml", "")
)
_PROGRAM = "node_modules/.bin/eslint"
_SECURITY = ("security/", "no-eval", "no-implied-eval", "no-new-func", "no-script-url", "no-unsanitized/")


@dataclass(frozen=True, kw_only=True)
class Eslint(Anywhere):
    """It runs where a configuration lies, with the project's own eslint before the machine's; it changes no file.

    A configuration is a program of the project's: it is run.
    """

    name: str = "eslint"
    description: str = "JavaScript and TypeScript with eslint"
    perspectives: tuple[str, ...] = ("correctness",)
    languages: tuple[str, ...] = ("javascript", "typescript", "vue", "svelte")
    suffixes: tuple[str, ...] = (".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".vue", ".svelte")
    program: str = "eslint"
    ok_exit: tuple[int, ...] = (0,)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether the project has a configuration: without one eslint has nothing to say."""
        return bool(homes(root, files, _CONFIGS))

    def program_in(self, root: str, files: Sequence[str]) -> str:
        """Return the eslint that the project has installed."""
        places = (Path(root) / home / _PROGRAM for home in ("", *homes(root, files, _CONFIGS)))
        return next((str(place) for place in places if place.is_file()), "")

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return eslint over each folder with a configuration, in JSON; 1 = it found an error."""
        words = (*program, "--format", "json", "--no-color", "--no-error-on-unmatched-pattern", ".")
        line = f"{shlex.join(words)} || [ $? -eq 1 ]"
        return in_each(homes(look.root, look.files, _CONFIGS), line, env={"ESLINT_USE_FLAT_CONFIG": ""})

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its messages; what a comment suppresses is not among them."""
        del stderr
        return Parsed(
            findings=tuple(
                found
                for _, said in parts(stdout, "eslint")
                for file in records(documents(said, "eslint"), "", "eslint")
                for found in _of_file(file, root)
            )
        )


def _of_file(file: dict[str, Any], root: str) -> Iterator[Claimed]:
    try:
        path, messages = relative(str(file["filePath"]), root), file["messages"]
        for message in messages:
            if message["ruleId"] is not None or message.get("fatal"):
                yield _claimed(message, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadOutput(str(file)[:200], f"eslint printed a file without {error}") from None


def _claimed(message: dict[str, Any], path: str) -> Claimed:
    rule, said = str(message["ruleId"] or "invalid-syntax"), str(message["message"])
    line, fatal = int(message.get("line") or 0), bool(message.get("fatal"))
    security = rule.startswith(_SECURITY)
    advice = next((str(one["desc"]) for one in message.get("suggestions") or () if one.get("desc")), "")
    return Claimed(
        title=headline(said),
        severity="high" if fatal else "medium" if int(message["severity"]) == 2 else "low",
        path=path,
        line=line,
        end_line=int(message.get("endLine") or line),
        rule=rule,
        message=said,
        remedy=advice,
        confidence="high" if fatal else "medium",
        perspective="security" if security else "correctness",
    )
