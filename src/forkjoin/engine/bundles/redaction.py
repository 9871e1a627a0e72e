"""Taking secrets out of what leaves the machine: what is masked keeps its length, so that no offset moves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from forkjoin.model.secrets import SHORTEST, secret_name, secrets_of, spellings

_NAMED_ENOUGH = 4  # characters of what a plan gives by the name of a secret
_OURS = re.compile(r"FORKJOIN_(?:DIR|FILE)(?:_\d+)?")  # the paths of a fan-out: what the plan is about, and no secret
_KNOWN = (
    rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s:,\\-]{1,20000}-----END [A-Z ]{0,40}PRIVATE KEY-----",
    rb"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,200}",  # OpenAI, Anthropic and those like them
    rb"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,200}",  # Stripe
    rb"\bgh[pousr]_[A-Za-z0-9]{20,255}",
    rb"\bgithub_pat_[A-Za-z0-9_]{20,255}",
    rb"\bglpat-[A-Za-z0-9_-]{16,255}",
    rb"\bxox[abeprs]-[A-Za-z0-9-]{10,255}",
    rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    rb"\bAIza[A-Za-z0-9_-]{35}",
    rb"\bya29\.[A-Za-z0-9_-]{20,500}",
    rb"\bnpm_[A-Za-z0-9]{30,255}",
    rb"\bpypi-[A-Za-z0-9_-]{40,500}",
    rb"\bhf_[A-Za-z0-9]{20,255}",
    rb"\beyJ[A-Za-z0-9_-]{8,5000}\.[A-Za-z0-9_-]{8,5000}\.[A-Za-z0-9_-]{8,5000}",  # JSON Web Tokens
)
_QUOTE = rb"(?:\\{0,4}[\"'])?"  # in a stream of JSON a quote has backslashes before it
# What stands behind one of these words is masked, the word is not.
_BEHIND = (
    rb"(?i:\bauthorization" + _QUOTE + rb"\s{0,3}[:=]\s{0,3}" + _QUOTE + rb"(?:bearer|basic|token)\s{1,3})"
    rb"([A-Za-z0-9._~+/=-]{8,5000})",
    rb"(?i:\bbearer\s{1,3})([A-Za-z0-9._~+/=-]{20,5000})",
    rb"(?i:\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"']{0,200}:)([^\s/@\"']{3,200})(?=@)",
    rb"(?i:(?:api[_-]?key|access[_-]?token|auth[_-]?token|secret(?:[_-]?key)?|passwo?r?d)"
    + _QUOTE
    + rb"\s{0,3}[:=]\s{0,3}"
    + _QUOTE
    + rb")"
    rb"([A-Za-z0-9._~+/=!@#$%^&*-]{8,500})",
)
_WORDS = frozenset(  # keys whose texts are words of ours, names or hashes
    ("kind", "state", "how", "level", "policy", "permission", "isolation", "cause", "severity", "sha256", "commit",
     "ref", "boot", "version", "run")
)  # fmt: skip


class Redaction:
    """Masks known patterns and given values; `count` is how often. Same input, same output."""

    def __init__(self, values: Iterable[str], *, ids: Collection[str] = ()) -> None:
        forms = {form for value in values if value for form in spellings(value)}
        given = sorted(forms, key=lambda value: (-len(value), value))
        alternatives = [re.escape(value.encode("utf-8", "surrogatepass")) for value in given]
        self._known = re.compile(b"|".join((*alternatives, *_KNOWN)))
        self._behind = [re.compile(pattern) for pattern in _BEHIND]
        self._ids = frozenset(ids)
        self.count = 0

    def raw(self, data: bytes) -> bytes:
        """Return *data* with every secret masked."""
        data = self._known.sub(lambda match: self._mask(match[0]), data)
        for pattern in self._behind:
            data = pattern.sub(self._mask_group, data)
        return data

    def value(self, value: Any, key: str = "") -> Any:
        """Return plain data (dicts, lists, texts) with every secret masked; `env` loses all its values but our own."""
        match value:
            case str():
                return value if key in _WORDS or value in self._ids else self._text(value)
            case Mapping() if key == "env":
                self.count += sum(not _OURS.fullmatch(name) for name in value)
                return {name: self._text(one) if _OURS.fullmatch(name) else "[redacted]" for name, one in value.items()}
            case Mapping():
                return {name: self.value(one, name) for name, one in value.items()}
            case list() | tuple():
                return [self.value(one, key) for one in value]
            case _:
                return value

    def _text(self, text: str) -> str:
        return self.raw(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")

    def _mask_group(self, match: re.Match[bytes]) -> bytes:
        whole, start = match[0], match.start(1) - match.start()
        end = match.end(1) - match.start()
        secret = whole[start:end]
        return whole if secret.startswith(b"[redact") else whole[:start] + self._mask(secret) + whole[end:]

    def _mask(self, secret: bytes) -> bytes:
        self.count += 1
        lines = secret.split(b"\n")  # line numbers stay too
        return b"\n".join(b"[redacted]".ljust(len(line), b"*")[: len(line)] for line in lines)


def secret_values(task_envs: Iterable[Mapping[str, str]], environ: Mapping[str, str]) -> set[str]:
    """Return the values to mask wherever they stand: those that plans give to tasks, and secrets of *environ*.

    What is too short to be one stays, or half a text would go.
    """
    given = ((name, value) for env in task_envs for name, value in env.items() if not _OURS.fullmatch(name))
    found = {value for name, value in given if len(value) >= _least(name)}
    return found | secrets_of(environ).keys()


def _least(name: str) -> int:
    return _NAMED_ENOUGH if secret_name(name) else SHORTEST
