"""import-linter: the contracts of a Python project on who may import whom."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.project import tool_table
from forkjoin.agents.analysers.reading import text_of
from forkjoin.agents.ending import last_line
from forkjoin.model import Claimed

_COUNT = re.compile(r"^Contracts: (\d+) kept, (\d+) broken\.", re.MULTILINE)
_BROKEN = "----------------\nBroken contracts\n----------------\n"
_HEADING = re.compile(r"^(?P<name>\S.*)\n-{2,}\n", re.MULTILINE)
_FORBIDDEN = re.compile(r"^(?P<what>\S.* is not allowed to import .*):$")
_LINK = re.compile(
    r"^(?P<mark>-?)&?\s*(?P<importer>[\w.]+) -> (?P<imported>[\w.]+) \((?:l\.(?P<line>\d+)[^)]*|[^)]*)\)$"
)


@dataclass(frozen=True, kw_only=True)
class ImportLinter(Anywhere):
    """It looks at the project as a whole, from the project's own folder."""

    name: str = "import-linter"
    description: str = "Import contracts with import-linter"
    perspectives: tuple[str, ...] = ("architecture",)
    languages: tuple[str, ...] = ("python",)
    suffixes: tuple[str, ...] = (".py",)
    program: str = "lint-imports"
    ok_exit: tuple[int, ...] = (0, 1)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether the project has contracts."""
        del files
        here = Path(root)
        if tool_table(here / "pyproject.toml", "importlinter") not in (None, "broken"):
            return True
        return (here / ".importlinter").is_file() or _in_setup_cfg(here / "setup.cfg")

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return it without a cache, in lines of any length, with the folder of a `src` layout on the import path."""
        src = Path(look.root) / "src"
        env = {"COLUMNS": "100000", "PYTHONPATH": str(src)} if src.is_dir() else {"COLUMNS": "100000"}
        # Python's "safe path" would keep the folder itself, where the packages lie, off the import path.
        return Launch(argv=(*program, "--no-cache", "--no-logo"), env=env | {"PYTHONSAFEPATH": ""})

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return a finding for each chain of imports that a contract forbids; raise BadOutput without its count."""
        text = text_of(stdout)
        count = _COUNT.search(text)
        if count is None:
            said = text.strip().split("\n")[-1] or last_line(stderr)
            raise BadOutput(said, "import-linter did not check the contracts")
        sections = [*_sections(text.partition(_BROKEN)[2])]
        if len(sections) != int(count[2]):
            raise BadOutput(
                text[-200:], f"import-linter says {count[2]} contracts are broken, and tells of {len(sections)}"
            )
        return Parsed(findings=tuple(found for name, said in sections for found in _contract(name, said, root)))


def _in_setup_cfg(file: Path) -> bool:
    try:
        read = configparser.ConfigParser(interpolation=None)
        read.read_string(file.read_text(encoding="utf-8"))
        return read.has_section("importlinter")
    except (OSError, UnicodeDecodeError, configparser.Error):
        return False


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each broken contract."""
    found = [*_HEADING.finditer(text)]
    for heading, after in zip_longest(found, found[1:]):
        yield heading["name"], text[heading.end() : after.start() if after else len(text)]


def _contract(name: str, said: str, root: str) -> Iterator[Claimed]:
    """Yield a finding for each chain; of a contract of another kind one with all it says."""
    what, chain, any_chain = "", list[re.Match[str]](), False
    for line in [*said.split("\n"), "-"]:
        forbidden, link = _FORBIDDEN.match(line), _LINK.match(line)
        if chain and (forbidden or line.startswith("-")):
            yield _chain(name, what, chain, root)
            chain, any_chain = [], True
        what = forbidden["what"] if forbidden else what
        if link is not None:
            chain.append(link)
    if not any_chain:
        yield Claimed(title=f"Contract broken: {name}", severity="medium", rule="broken-contract", message=said.strip(),
                      confidence="high", perspective="architecture")  # fmt: skip


def _chain(name: str, what: str, chain: Sequence[re.Match[str]], root: str) -> Claimed:
    first = chain[0]
    steps = ", ".join(f"{link['importer']} -> {link['imported']}" for link in chain)
    return Claimed(
        title=what or f"Contract broken: {name}",
        severity="medium",
        path=_file_of(first["importer"], root),
        line=int(first["line"] or 0),
        rule="broken-contract",
        message=f"Contract “{name}” is broken by {steps}",
        remedy="take the import out, or turn it the other way round",
        confidence="high",
        perspective="architecture",
    )


def _file_of(module: str, root: str) -> str:
    """Return the file of a module, "" where it is not found in the tree or its folder `src`."""
    stem = module.replace(".", "/")
    names = (f"{head}{stem}{tail}" for head in ("", "src/") for tail in (".py", "/__init__.py"))
    return next((name for name in names if (Path(root) / name).is_file()), "")
