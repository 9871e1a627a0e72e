"""What of an environment is a secret: by the name it goes by and by what it looks like. One table for all who ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

SHORTEST = 8  # characters: a shorter value would mask half of every text
_LONG = 16  # letters alone are a secret only where there are so many: `postgres` is a password, and a word

_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|COOKIE"
    r"|(?:^|_)(?:AUTH|PAT|SESSION|SESSION_KEY)$",
    re.IGNORECASE,
)
_KEY = re.compile(r"_KEY$", re.IGNORECASE)  # SIGNING_KEY, but SORT_KEY too: what it holds decides
_KEY_LIKE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+/=.~-]{16,}")
_NO_SECRETS = frozenset(("DESKTOP_SESSION",))  # of a graphical login
_PATH = ("/", "~", "./", "../")  # a file that holds one
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:([^\s/@]{1,200})@", re.IGNORECASE)


@lru_cache(maxsize=4096)
def secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret, whatever it is."""
    return name.upper() not in _NO_SECRETS and _NAME.search(name) is not None


def secrets_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of an environment: each with the name of the variable that holds it.

    What is shorter than eight characters, a number, a path or a word of letters alone is none: it would mask texts that
    tell nothing. The password in a URL counts by itself.
    """
    found: dict[str, str] = {}
    for name, value in environ.items():
        if secret_name(name) or (_KEY.search(name) and _KEY_LIKE.fullmatch(value)):
            found |= dict.fromkeys(filter(_telling, (value, *_lines(value))), name)
        if "://" in value:
            found |= dict.fromkeys(filter(_telling, _IN_URL.findall(value)), name)
    return found


def spellings(value: str) -> Iterator[str]:
    """Yield a value as it is, and as it stands in JSON, in JSON within JSON too: agents speak in such streams."""
    yield value
    for ascii_only in (False, True):
        form = value
        for _ in range(2):
            form = json.dumps(form, ensure_ascii=ascii_only)[1:-1]
            yield form


def spelled_secrets(environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the secrets of an environment in all their spellings, as bytes; those that hold others come first."""
    forms = {form for value in secrets_of(environ) for form in spellings(value)}
    spelled = (form.encode("utf-8", "surrogateescape") for form in forms)
    return tuple(sorted(spelled, key=lambda form: (-len(form), form)))


def secret_in(text: str, environ: Mapping[str, str]) -> str:
    """Return the name of the variable whose secret stands in *text*, in any spelling; "" where none does."""
    known = secrets_of(environ).items()
    return next((name for value, name in known if any(form in text for form in spellings(value))), "")


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Return a line of a person's without the secrets that stand in it as they are."""
    for value in sorted(secrets_of(environ), key=len, reverse=True):
        text = text.replace(value, "[redacted]")
    return text


def _telling(value: str) -> bool:
    if len(value) < SHORTEST or value.isdigit() or value.startswith(_PATH):
        return False
    return not value.isalpha() or len(value) >= _LONG


def _lines(value: str) -> Iterator[str]:
    """Yield the lines of a value of several, such as a private key: each may be printed by itself."""
    if "\n" in value:
        yield from (line.strip() for line in value.split("\n") if len(line) >= _LONG and not line.startswith("-----"))
