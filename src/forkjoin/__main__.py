"""`python -m forkjoin`: the command line, where the program itself is not on the PATH."""

from __future__ import annotations

from forkjoin.interfaces.cli.main import main

main()
