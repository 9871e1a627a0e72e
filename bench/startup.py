"""What `forkjoin --help` costs beside a one-command typer program, in CPU seconds (user + system) of whole processes.

    python bench/startup.py [PAIRS]

Pairs are measured in turn, so that a noisy machine is noisy for both. The aim is a ratio of at most 1.5.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

AIM = 1.5
ONE_COMMAND = """
import typer

app = typer.Typer()


@app.command()
def main(name: str = "you", count: int = 1) -> None:
    for _ in range(count):
        print(f"Hello {name}")


if __name__ == "__main__":
    app()
"""
OURS = "import sys; sys.argv = ['forkjoin', '--help']; from forkjoin.interfaces.cli.main import main; main()"


def main(argv: Sequence[str]) -> int:
    """Measure and print; return 1 where the aim is missed."""
    pairs = int(argv[0]) if argv else 10
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "one_command.py"
        peer.write_text(ONE_COMMAND, encoding="utf-8")
        ours, theirs = [sys.executable, "-c", OURS], [sys.executable, str(peer), "--help"]
        cpu_s(ours), cpu_s(theirs)  # warm the caches of both
        measured = [(cpu_s(ours), cpu_s(theirs)) for _ in range(pairs)]
    mine, peers = statistics.median(a for a, _ in measured), statistics.median(b for _, b in measured)
    ratio = statistics.median(a / b for a, b in measured)
    print(f"forkjoin --help: {mine * 1000:.0f} ms of CPU; one-command typer program: {peers * 1000:.0f} ms")
    print(f"ratio {ratio:.2f} (median of {pairs} pairs; aim: at most {AIM})")
    return 0 if ratio <= AIM else 1


def cpu_s(argv: Sequence[str]) -> float:
    """Return the user and system seconds of one process from start to end."""
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # reaped here: Popen must not wait for it again
    if child.returncode != 0:
        raise SystemExit(f"{argv} exited with {child.returncode}")
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
