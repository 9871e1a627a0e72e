"""clippy: Rust by the compiler's and clippy's lints."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.agents.analysers.analyser import Anywhere, BadOutput, Launch, Look, Parsed
from forkjoin.agents.analysers.batches import in_each, parts
from forkjoin.agents.analysers.project import homes
from forkjoin.agents.analysers.reading import documents, headline, relative
from forkjoin.model import Claimed, Severity

_HOME = ("Cargo.toml",)
_LEVELS: dict[str, Severity] = {"error": "high", "warning": "medium", "note": "low", "help": "low"}
_DEAD = ("dead_code", "unused_", "unreachable_code")
_NO_END = "clippy did not come to its end"
_LOCK = "clippy needs a Cargo.lock that is up to date, and a review writes none; make it: cargo generate-lockfile"
_LESS: dict[str, Severity] = {
    "unused_variables": "low",
    "unused_imports": "low",
    "dead_code": "low",
    "unused_mut": "low",
}


@dataclass(frozen=True, kw_only=True)
class Clippy(Anywhere):
    """It runs in each folder with a `Cargo.toml`, builds into the scratch folder, and downloads nothing.

    What a build runs is run: build scripts and macros. Without a `Cargo.lock` it fails, for it would write one.
    """

    name: str = "clippy"
    description: str = "Rust with clippy"
    perspectives: tuple[str, ...] = ("correctness",)
    languages: tuple[str, ...] = ("rust",)
    suffixes: tuple[str, ...] = (".rs",)
    program: str = "cargo-clippy"
    ok_exit: tuple[int, ...] = (0,)

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say whether there is a package."""
        return bool(homes(root, files, _HOME))

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return it over each package or workspace; 101 = some code does not compile, which is among the messages."""
        words = (*program, "clippy", "--workspace", "--all-targets", "--frozen", "--quiet", "--message-format=json")
        env = {
            "CARGO_TARGET_DIR": str(Path(look.scratch) / "target"), "CARGO_NET_OFFLINE": "true",
            "RUSTUP_AUTO_INSTALL": "0", "CARGO_TERM_COLOR": "never",
        }  # fmt: skip
        line = f"{shlex.join(words)} || [ $? -eq 101 ]"
        return in_each(homes(look.root, look.files, _HOME), line, env=env)

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return its diagnostics; raise BadOutput where a build neither finished nor said what does not compile."""
        found: dict[Claimed, None] = {}
        for folder, said in parts(stdout, "clippy"):
            claims, over = list[Claimed](), False
            for message in documents(said, "clippy") if said.strip() else ():
                over = over or _reason(message) == "build-finished"
                if _reason(message) == "compiler-message":
                    claims += [claim] if (claim := _claimed(message["message"], folder, root)) else []
            if not over:
                raise _broken_off(stderr)
            found |= dict.fromkeys(claims)  # code in a library and its tests is told twice
        return Parsed(findings=tuple(found))


def _broken_off(stderr: bytes) -> BadOutput:
    last = stderr.strip().decode("utf-8", "replace").split("\n")[0]
    return BadOutput(last, _LOCK if "lock file" in last and "--frozen" in last else _NO_END)


def _reason(message: Any) -> str:
    if not isinstance(message, dict) or "reason" not in message:
        raise BadOutput(str(message)[:200], "clippy printed a message without its reason")
    return str(message["reason"])


def _claimed(message: Any, folder: str, root: str) -> Claimed | None:
    """Return a diagnostic at its primary place; None for those about the build as a whole."""
    try:
        place = next((span for span in message["spans"] if span["is_primary"]), None)
        if place is None:
            return None
        code, said = str((message["code"] or {}).get("code", "")), str(message["message"])
        file = str(place["file_name"])
        path = relative(file if file.startswith("/") else posixpath.join(folder, file), root)
        return Claimed(
            title=headline(said),
            severity=_LESS.get(code) or _LEVELS.get(str(message["level"]), "medium"),
            path=path,
            line=int(place["line_start"]),
            end_line=int(place["line_end"]),
            rule=code or "compile-error",
            message=said,
            evidence="\n".join(str(line["text"]).strip() for line in place.get("text") or ())[:300],
            remedy=_advice(message),
            confidence="high",
            perspective="dead-code" if code.startswith(_DEAD) else "correctness",
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadOutput(str(message)[:200], f"clippy printed a diagnostic without {error}") from None


def _advice(message: Any) -> str:
    """Return what the compiler advises, less its pointers to the web."""
    said = (str(child["message"]) for child in message.get("children") or () if child.get("level") == "help")
    return next((one for one in said if "://" not in one), "")
