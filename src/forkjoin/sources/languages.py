"""Which programming languages a tree is written in, by the names of its files and their first line."""

# ruff: noqa: PTH118, PTH119, PTH122
# Reason: names are bytes here, as the file system has them; pathlib takes none
from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable
from typing import Final

# Programming languages only: prose and data (Markdown, JSON, YAML, TOML, ...) are text, and no language here.
_BY_LANGUAGE: Final = {
    "ada": "adb ads",
    "assembly": "asm s",
    "c": "c h",
    "c#": "cs csx",
    "c++": "cc cpp cxx c++ hh hpp hxx h++ ipp tpp",
    "clojure": "clj cljc cljs",
    "cobol": "cbl cob",
    "css": "css less sass scss",
    "dart": "dart",
    "elixir": "ex exs",
    "erlang": "erl hrl",
    "f#": "fs fsi fsx",
    "fortran": "f f77 f90 f95 f03 f08 for",
    "go": "go",
    "groovy": "groovy gradle",
    "haskell": "hs lhs",
    "html": "htm html",
    "java": "java",
    "javascript": "cjs js jsx mjs",
    "julia": "jl",
    "kotlin": "kt kts",
    "lua": "lua",
    "nim": "nim",
    "nix": "nix",
    "objective-c": "m mm",
    "ocaml": "ml mli",
    "perl": "pl pm",
    "php": "php phtml",
    "powershell": "ps1 psm1",
    "python": "py pyi pyw pyx",
    "r": "r",
    "ruby": "rb rake gemspec",
    "rust": "rs",
    "scala": "sc scala",
    "shell": "bash bats fish ksh sh zsh",
    "solidity": "sol",
    "sql": "sql",
    "svelte": "svelte",
    "swift": "swift",
    "terraform": "tf",
    "typescript": "cts mts ts tsx",
    "vue": "vue",
    "zig": "zig",
}
_BY_EXTENSION: Final = {f".{ending}": name for name, endings in _BY_LANGUAGE.items() for ending in endings.split()}
_BY_PROGRAM: Final = {
    "ash": "shell", "bash": "shell", "bun": "javascript", "dash": "shell", "deno": "typescript", "fish": "shell",
    "ksh": "shell", "lua": "lua", "node": "javascript", "nodejs": "javascript", "perl": "perl", "php": "php",
    "pwsh": "powershell", "pypy": "python", "python": "python", "rscript": "r", "ruby": "ruby", "sh": "shell",
    "ts-node": "typescript", "uv": "python", "zsh": "shell",
}  # fmt: skip
_SHEBANG: Final = re.compile(rb"#!\s*(\S+)(?:\s+(?:-\S+\s+|\w+=\S+\s+)*(\S+))?")
_LINE: Final = 256  # bytes of a first line that are looked at


def languages(base: bytes, plain: Iterable[tuple[bytes, os.stat_result]]) -> tuple[tuple[str, int], ...]:
    """Return each programming language and its number of files, most first."""
    counts: Counter[str] = Counter()
    for path, found in plain:
        ending = os.path.splitext(path)[1].decode("ascii", "replace").lower()
        name = _BY_EXTENSION.get(ending, "")
        if not ending and found.st_mode & stat.S_IXUSR:
            name = _by_shebang(os.path.join(base, path))
        if name:
            counts[name] += 1
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _by_shebang(path: bytes) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        head = os.read(handle, _LINE)
    except OSError:
        return ""
    finally:
        os.close(handle)
    form = _SHEBANG.match(head.partition(b"\n")[0])
    if form is None:
        return ""
    program = os.path.basename(form[1])
    if program == b"env":
        program = os.path.basename(form[2] or b"")
    return _BY_PROGRAM.get(program.decode("ascii", "replace").rstrip("0123456789.").lower(), "")
