"""What is done in one way everywhere has one place where it is done."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "forkjoin"


def test_the_first_of_many_are_named_by_one_function():
    counting = re.compile(r"\[:[\w.]+\]\)?\)? *\+? *\(?f[\"'] and \{len\(")
    again = [path.name for path in SOURCE.rglob("*.py") if counting.search(path.read_text(encoding="utf-8"))]
    assert again == [], "say it with errors.listed(things, most), which names the first and counts the rest"
