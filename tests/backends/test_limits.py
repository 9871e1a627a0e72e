"""What the processes of an attempt use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from forkjoin.backends.limits import cpu_s

BURN = "import time\nwhile time.process_time() < 0.15: pass"


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_what_programs_used_that_have_ended_already_counts_too() -> None:
    """A silent build starts thousands of programs that last an instant: it computes, and is not idle."""
    before = cpu_s()
    lines = f'"{sys.executable}" -I -S -c "$0"; echo burnt; read rest'
    with subprocess.Popen(["sh", "-c", lines, BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"burnt\n"
        assert cpu_s() - before > 0.1  # the program that burnt it is gone, and its shell is not
        shell.communicate(b"\n")
    assert cpu_s() - before > 0.1  # nor is it forgotten when nothing is left
