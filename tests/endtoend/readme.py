"""The blocks of a Markdown page, and how one is run: every statement of the README and of docs/ is tried.

A fenced block of bash, console, python or yaml is run; any other is for reading. Before it may stand
`<!-- run: fails with 6 -->` (the exit code of its last command), `<!-- run: saved as name -->` (in any language) or
`<!-- not run: why -->`. A block whose first line is `# name.ext` is saved under that name too. Saved blocks are not
run: the commands after them use them. In a console block each line
`$ ...` is a command and the lines below it are its output, compared loosely: numbers and ids may differ, `...` stands
for anything, more may be printed than is shown.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\s*$")
NOTE = re.compile(r"^<!--\s*(not run|run):\s*(.*?)\s*-->\s*$")
SAVED = re.compile(r"^(?:#|//)\s*([\w./-]+\.(?:ya?ml|md|py|json|txt))\s*$")
RUN_LANGUAGES = ("bash", "console", "python", "yaml")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: where it starts, its language, its text, and what the note before it says."""

    line: int
    language: str
    text: str
    fails_with: int = 0
    not_run: str = ""
    name: str = ""

    @property
    def saved_as(self) -> str:
        """The name that the note or its first line gives it, "" where it has none."""
        if self.name or self.language not in RUN_LANGUAGES:
            return self.name
        found = SAVED.match(self.text.partition("\n")[0])
        return found.group(1) if found else ""


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page that are to be run, in order; those not run carry their reason."""
    lines, note, at = page.split("\n"), "", 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        if not opened:
            note = lines[at] if NOTE.match(lines[at]) else note if not lines[at].strip() else ""
            at += 1
            continue
        end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
        if opened.group(1) in RUN_LANGUAGES or NOTE.match(note):
            yield _block(at + 1, opened.group(1), "\n".join(lines[at + 1 : end]) + "\n", note)
        note, at = "", end + 1


def _block(line: int, language: str, text: str, note: str) -> Block:
    said = NOTE.match(note)
    if not said:
        return Block(line=line, language=language, text=text)
    if said.group(1) == "not run":
        return Block(line=line, language=language, text=text, not_run=said.group(2))
    saved = re.fullmatch(r"saved as ([\w./-]+)", said.group(2))
    if saved:
        return Block(line=line, language=language, text=text, name=saved.group(1))
    code = re.fullmatch(r"fails with (\d+)", said.group(2))
    if not code or language not in RUN_LANGUAGES:
        raise ValueError(f"line {line}: the note {note!r} is not understood")
    return Block(line=line, language=language, text=text, fails_with=int(code.group(1)))


def run_block(block: Block, folder: Path, environ: Mapping[str, str], python: str) -> str:
    """Run or save one block in *folder*; return what is wrong, "" where all is as the page says."""
    if block.saved_as:
        path = folder / block.saved_as
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return ""
    if block.language == "yaml":
        return "a yaml block needs a first line `# name.yaml`, or a note"
    if block.language == "console":
        return _console(block, folder, environ)
    argv = [python, "-W", "error", "-c", block.text] if block.language == "python" else ["bash", "-euc", block.text]
    code, said = _ran(argv, folder, environ)
    return "" if code == block.fails_with else f"exit code {code}, not {block.fails_with}:\n{said[-3000:]}"


def _console(block: Block, folder: Path, environ: Mapping[str, str]) -> str:
    commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    for number, command in enumerate(commands, start=1):
        script, _, shown = command.partition("\n")
        wanted = block.fails_with if number == len(commands) else 0
        code, said = _ran(["bash", "-euc", script], folder, environ)
        if code != wanted:
            return f"$ {script}\nexit code {code}, not {wanted}:\n{said[-3000:]}"
        if missing := _not_shown(shown, said):
            return f"$ {script}\nnever printed (in this order): {missing}\nprinted was:\n{said[-3000:]}"
    return ""


def _ran(argv: list[str], folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        argv,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=450,
    )
    return done.returncode, done.stdout.decode("utf-8", errors="replace")


def _not_shown(shown: str, said: str) -> str:
    """Return the first shown line that was not printed after those before it."""
    printed = iter([_loose(line) for line in said.split("\n")])
    for line in shown.split("\n"):
        parts = [_loose(part) for part in line.split("...")]
        if any(parts) and not any(_has(text, parts) for text in printed):
            return line
    return ""


def _has(text: str, parts: list[str]) -> bool:
    """Whether *parts* stand in *text* in this order."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _loose(text: str) -> str:
    """Return a line without what differs from run to run: spaces, numbers."""
    return re.sub(r"\d+(?:[.,:]\d+)*", "#", " ".join(text.split()))
