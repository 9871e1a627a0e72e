"""What the scripted model does for the five tasks of docs/guides/authentication.md, whichever agent asks it."""

from __future__ import annotations

import json
from pathlib import Path

FILES = Path(__file__).resolve().parents[1] / "data" / "example"
# By words that only the task's own prompt holds: the files that it writes, and its answer.
WRITES = {
    "Write app/users.py, the store": (("app/users.py", "tests/test_users.py"), "Users are kept, with scrypt hashes."),
    "Write app/pages/registration.py": (
        ("app/pages/registration.py", "tests/test_registration.py"),
        "POST /register makes a user.",
    ),
    "Write app/pages/login.py": (("app/pages/login.py", "tests/test_login.py"), "POST /login opens a session."),
    "Write app/pages/reset.py": (
        ("app/pages/reset.py", "tests/test_reset.py"),
        "POST /reset mails a token, POST /reset/confirm takes it.",
    ),
}
FINDINGS = [
    {
        "title": "A reset token never expires",
        "severity": "high",
        "path": "app/pages/reset.py",
        "line": 22,
        "message": "A token that was mailed and not used works for ever: an old mail opens the account.",
        "remedy": "Keep when it was made, and refuse it after an hour.",
    },
    {
        "title": "Nothing slows down guessing",
        "severity": "medium",
        "path": "app/pages/login.py",
        "line": 20,
        "message": "POST /login may be asked as often as one likes.",
        "remedy": "Count failures by name and wait.",
    },
]


def script() -> dict[str, list[tuple[str, str | dict[str, str]]]]:
    """Return the steps by the words of a prompt: ("write", path and text), ("say", text), ("structured", JSON)."""
    steps: dict[str, list[tuple[str, str | dict[str, str]]]] = {
        words: [*(("write", {"path": path, "text": (FILES / path).read_text()}) for path in paths), ("say", answer)]
        for words, (paths, answer) in WRITES.items()
    }
    return steps | {"Look for ways around the login": [("structured", json.dumps({"findings": FINDINGS}))]}
