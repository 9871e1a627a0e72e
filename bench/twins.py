"""How well twins of two analysers meet: bandit's own examples, looked at by ruff's S rules and by bandit.

    python bench/twins.py [--examples DIR] [--json]

Without DIR the source distribution of bandit is fetched by pip. Labels: one line, and the same number (S602 and B602).
F1 over pairs: by the table of twins, with the rules hidden from the merge (words and place alone), by place alone.
Aim: at least .98 with hidden rules.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

from measuring import told
from msgspec.structs import replace as changed

from forkjoin.agents.analysers import analyser
from forkjoin.model import Claimed, TaskId
from forkjoin.synthesis import Witness
from forkjoin.synthesis.grouping import grouped

LOOKS = {
    "ruff-security": (
        "ruff", "check", "--isolated", "--preview", "--no-cache", "--select", "S", "--output-format", "json",
    ),
    "bandit": ("bandit", "-q", "-r", "--ignore-nosec", "-f", "json"),
}  # fmt: skip


def main() -> int:
    """Print a row for each way of joining; exit 1 below the aim."""
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        examples = Path(options.examples) if options.examples else fetched(Path(scratch))
        claims = {agent: claims_of(agent, examples) for agent in LOOKS}
    rows = [scored(way, claims) for way in ("table", "rules hidden", "place alone")]
    total = sum(map(len, claims.values()))
    told(rows, as_json=options.json, notes=[f"{total:,} findings; the aim is .98 with rules hidden"])
    return 0 if rows[1]["F1"] >= 0.98 else 1


def fetched(scratch: Path) -> Path:
    """Return the folder `examples` of bandit's source distribution, of the version that is installed here."""
    version = subprocess.run(
        (beside("bandit"), "--version"), capture_output=True, text=True, check=True
    ).stdout.split()[1]
    words = ("download", "-q", "--no-deps", "--no-binary", "bandit", "-d", str(scratch), f"bandit=={version}")
    # The environment that dev.py makes holds no pip of its own.
    python = sys.executable if importlib.util.find_spec("pip") else f"{sys.base_prefix}/bin/python3"
    subprocess.run((python, "-m", "pip", *words), check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(scratch.glob("bandit-*.tar.gz"))) as archive:
        archive.extractall(scratch, filter="data")
    return next(scratch.glob("bandit-*/examples"))


def beside(program: str) -> str:
    """Return a program of the environment that runs this."""
    return str(Path(sys.executable).parent / program)


def claims_of(agent: str, examples: Path) -> list[Claimed]:
    """Return what an analyser says of the examples, read by its own parser."""
    program, *words = LOOKS[agent]
    done = subprocess.run((beside(program), *words, "."), cwd=examples, capture_output=True, check=False)
    found = analyser(agent).parse(done.stdout, done.stderr, str(examples)).findings
    return [claim for claim in found if claim.rule[1:].isdigit()]


def scored(way: str, claims: dict[str, list[Claimed]]) -> dict[str, object]:
    """Return precision, recall and F1 of one way of joining."""
    known = {}
    for agent, said in claims.items():
        for claim in said:
            seen = claim if way == "table" else changed(claim, rule="")
            known[Witness(task=TaskId(agent), agent=agent, claimed=seen)] = claim.rule
    places: dict[tuple[str, int, str], list[Witness]] = {}
    lines: dict[tuple[str, int], list[Witness]] = {}
    for witness, rule in known.items():
        places.setdefault((witness.claimed.path, witness.claimed.line, rule[1:]), []).append(witness)
        lines.setdefault((witness.claimed.path, witness.claimed.line), []).append(witness)
    expected = pairs(places.values())
    found = pairs(lines.values() if way == "place alone" else grouped(list(known)))
    right = len(expected & found)
    return {
        "joined by": way, "pairs expected": len(expected), "pairs found": len(found),
        "precision": right / max(1, len(found)), "recall": right / max(1, len(expected)),
        "F1": 2 * right / max(1, len(expected) + len(found)),
    }  # fmt: skip


def pairs(groups: Iterable[Sequence[Witness]]) -> set[frozenset[Witness]]:
    """Return the pairs of witnesses of different analysers that stand together."""
    return {frozenset(pair) for group in groups for pair in combinations(group, 2) if pair[0].task != pair[1].task}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", default="", help="bandit's folder `examples`")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
