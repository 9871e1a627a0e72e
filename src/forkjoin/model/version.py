"""Which release this is."""

from __future__ import annotations

# As pyproject.toml has it (a test compares them): to ask the installed package loads the email library.
VERSION = "0.1.0"
