"""What a joined review is worth on labelled code: OWASP Benchmark for Python, by category.

    python bench/owasp.py BENCHMARK [--json]

BENCHMARK is a clone of OWASP-Benchmark/BenchmarkPython (its licence is the GPL: nothing of it is here). A test of it
counts as flagged where a finding of its category lies in its file. Recall: flagged real vulnerabilities; false alarms:
flagged tests that are none. Aims: the recall of the joined report is at least that of the best single analyser, and its
false alarms are not more than the sum of theirs.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from pathlib import Path

from measuring import told

# Category -> the numbers that ruff (S...) and bandit (B...) share for it. Other categories are looked for by neither.
NUMBERS = {
    "cmdi": "602 603 604 605 606 607 609", "codeinj": "102 307", "deserialization": "301 302 506",
    "hash": "303 324", "sqli": "608 610", "weakrand": "311", "xss": "308 701 702 703 704",
    "xxe": "313 314 315 316 317 318 319 320",
}  # fmt: skip
Flagged = dict[str, set[tuple[str, str]]]


def main() -> int:
    """Print a row for each analyser and one for the joined report; exit 1 where an aim is missed."""
    options = arguments()
    tests = labelled(Path(options.benchmark))
    with tempfile.TemporaryDirectory() as home:
        os.environ["FORKJOIN_HOME"] = home
        flagged, counts = looked_at(Path(options.benchmark) / "testcode")
    rows = [row(who, flagged[who], tests, counts[who]) for who in ("ruff", "bandit", "joined")]
    notes = [
        f"{len(tests):,} tests, {sum(real for _, real in tests.values()):,} real; categories that both look for: "
        f"{', '.join(NUMBERS)}"
    ]
    told(rows, as_json=options.json, notes=notes)
    ruff, bandit, joined = rows
    best = max(ruff["recall"], bandit["recall"])
    return 0 if joined["recall"] >= best and joined["false"] <= ruff["false"] + bandit["false"] else 1


def labelled(benchmark: Path) -> dict[str, tuple[str, bool]]:
    """Return the category of each test, and whether it is a real vulnerability."""
    with next(benchmark.glob("expectedresults-*.csv")).open(encoding="utf-8", newline="") as file:
        return {line[0]: (line[1], line[2] == "true") for line in csv.reader(file) if not line[0].startswith("#")}


def looked_at(code: Path) -> tuple[Flagged, dict[str, int]]:
    """Review the tests by ruff and bandit at once; return (test, category) that each flagged, and their findings."""
    from forkjoin import review
    from forkjoin.synthesis.twins import tool_of

    category_of = {number: category for category, numbers in NUMBERS.items() for number in numbers.split()}
    flagged: Flagged = {"ruff": set(), "bandit": set(), "joined": set()}
    counts = dict.fromkeys(flagged, 0)
    report = review(code, perspectives=("security",))
    assert {"ruff-security", "bandit"} <= set(report.coverage.ok), report.coverage
    for finding in report.findings:
        counts["joined"] += 1
        for source in finding.sources:
            category = category_of.get(source.rule[1:])
            counts[tool_of(source.agent)] += 1
            if category:
                flagged[tool_of(source.agent)].add((Path(finding.path).stem, category))
        if category_of.get(finding.rule[1:]):
            flagged["joined"].add((Path(finding.path).stem, category_of[finding.rule[1:]]))
    return flagged, counts


def row(
    who: str, flagged: set[tuple[str, str]], tests: dict[str, tuple[str, bool]], findings: int
) -> dict[str, object]:
    """Return the figures of one reviewer over the categories that are looked for."""
    asked = {(test, category): real for test, (category, real) in tests.items() if category in NUMBERS}
    real = {one for one, is_real in asked.items() if is_real}
    found = flagged & set(asked)
    return {
        "who": who, "findings": findings, "real": len(real), "flagged": len(found), "right": len(found & real),
        "false": len(found - real), "recall": len(found & real) / len(real),
        "false alarm rate": len(found - real) / (len(asked) - len(real)),
    }  # fmt: skip


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", help="a clone of OWASP-Benchmark/BenchmarkPython")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
