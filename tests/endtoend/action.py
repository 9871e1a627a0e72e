"""Runs the steps of action.yml as a runner would: those that are shell; of the others it keeps what they are given."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@dataclass(kw_only=True)
class Runner:
    """One job: its folder, its environment, and what its contexts hold."""

    folder: Path
    tree: Path
    environ: dict[str, str]
    context: dict[str, Any]
    printed: str = ""
    used: dict[str, dict[str, str]] = field(default_factory=dict)

    def step(self, number: int) -> int:
        """Run one step; return its exit code, 0 where it is skipped. `used` gets what another action would be given."""
        step = ACTION["runs"]["steps"][number]
        if "if" in step and not self.holds(step["if"]):
            return 0
        if "uses" in step:
            self.used[step["uses"].partition("@")[0]] = {key: self.filled(one) for key, one in step["with"].items()}
            return 0
        output, summary = self.folder / "output", self.folder / "summary.md"
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.tree,
            env={
                **self.environ,
                **{key: self.filled(value) for key, value in step.get("env", {}).items()},
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_PATH": str(self.folder / "path"),
                "RUNNER_TEMP": self.context["runner"]["temp"],
                "GITHUB_REPOSITORY": "us/shop",
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.printed += done.stdout + done.stderr
        told = dict(line.split("=", 1) for line in output.read_text().split("\n") if line)
        outcome = "failure" if done.returncode else "success"
        self.context["steps"][step.get("id", "")] = {"outputs": told, "outcome": outcome}
        return done.returncode

    def filled(self, text: str) -> str:
        """Return *text* with its expressions replaced by what they are."""
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: self._value(found[1]), str(text))

    def holds(self, condition: str) -> bool:
        """Return whether a condition holds: comparisons, joined by `&&`."""
        return all(self._value(part.strip()) == "true" for part in condition.split("&&"))

    def _value(self, expression: str) -> str:
        compared = re.fullmatch(r"(\S+) (==|!=) (\S+)", expression)
        if compared:
            same = self._term(compared[1]) == self._term(compared[3])
            return str(same == (compared[2] == "==")).lower()
        found = self._term(expression)
        return "" if found is None else str(found)

    def _term(self, term: str) -> Any:
        if term == "null" or term.startswith("'"):
            return None if term == "null" else term.strip("'")
        value: Any = self.context
        for key in term.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value


def inputs(**given: str) -> dict[str, str]:
    """Return the inputs: those that are given, and the defaults of the others."""
    assert set(given) <= {name.replace("-", "_") for name in ACTION["inputs"]}
    return {name: given.get(name.replace("-", "_"), one["default"]) for name, one in ACTION["inputs"].items()}
