"""What the benches share: one measurement = one process of its own, and a line that says where it was measured."""

from __future__ import annotations

import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def measured(argv: Sequence[str], *, timeout: float = 900.0) -> dict[str, float]:
    """Run a program in a fresh state folder; return the JSON object of its last line (its own seconds and MB).

    A failure comes back as {"error": its last words}.
    """
    with tempfile.TemporaryDirectory(prefix="forkjoin-bench-") as home:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FORKJOIN_")}
        try:
            done = subprocess.run(
                argv,
                env=environ | {"FORKJOIN_HOME": home, "LANGSMITH_TRACING": "false"},
                cwd=home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout,
            )
        except OSError as error:
            return {"error": str(error)}  # type: ignore[dict-item]  # shown instead of a number
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {timeout:g} s"}  # type: ignore[dict-item]  # as above
    if done.returncode:
        return {"error": done.stderr.strip().rpartition("\n")[2][-200:]}  # type: ignore[dict-item]  # as above
    return json.loads(done.stdout.strip().rpartition("\n")[2])


def peak_mb() -> float:
    """Return the most memory this process held at once (its resident set), in MB of 1,000,000 bytes."""
    # Linux counts KiB, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def here() -> dict[str, str]:
    """Return the date, the machine and its load just now."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().split("\n") if "model name" in line]
        model = f" {names[0]}" if names else ""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores{model}, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": load,
    }


def told(rows: Sequence[Mapping[str, object]], *, as_json: bool, notes: Sequence[str] = ()) -> None:
    """Print rows as a Markdown table under the place they were measured at, or all of it as one JSON object."""
    place = here()
    if as_json:
        print(json.dumps({"here": place, "rows": list(rows), "notes": list(notes)}, indent=1))
        return
    print(f"{place['date']}, {place['machine']}, Python {place['python']}, load {place['load']}\n")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(_cell(row.get(name, "")) for name in columns) + " |")
    for note in notes:
        print(f"\n{note}")


def _cell(value: object) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
