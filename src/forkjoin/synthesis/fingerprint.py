"""What a finding is known by when its line has moved: its file, its rule, what stands there, and which of the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

from forkjoin.model import Finding
from forkjoin.synthesis.similar import names_of, words_of
from forkjoin.synthesis.twins import NAMED, about_the_file, kind_of

_NUMBER = re.compile(r"\d+")
_NOTHING: dict[str, str] = {}


def fingerprints(
    findings: Iterable[Finding],
    lines: Mapping[tuple[str, int], str] | None = None,
    *,
    prefix: str = "",
    names: Mapping[str, str] = _NOTHING,
) -> dict[str, str]:
    """Return a fingerprint for each finding's id, all different: `<16 hex digits>:<nth of the like in its file>`.

    It is made of the file's name (with *prefix*; *names* gives it another one), the rule (else the words), and the
    text of its line where *lines* has it. Line numbers, spaces, and numbers in words do not count.
    """
    seen: dict[str, int] = {}
    found = {}
    for finding in sorted(findings, key=lambda f: (f.path, f.line, f.end_line, f.id)):
        path = prefix + finding.path if finding.path and not finding.path.startswith("/") else finding.path
        parts = [names.get(path, path), _about(finding)]
        if lines and not about_the_file(finding):
            parts.append("".join(lines.get((finding.path, finding.line), "").split()))
        known = sha256("\0".join(parts).encode()).hexdigest()[:16]
        seen[known] = seen.get(known, 0) + 1
        found[finding.id] = f"{known}:{seen[known]}"
    return found


def _about(finding: Finding) -> str:
    """Return its kind, with the names it is about where its kind names some; of an unknown kind its rule and words."""
    kinds = sorted(filter(None, (kind_of(source.agent, source.rule) for source in finding.sources)))
    if not kinds:
        words = sorted(words_of(_NUMBER.sub("", f"{finding.title} {finding.rule}")))
        return "\0".join((finding.rule.lower(), *words))
    names = sorted(name.rpartition(".")[2] for name in names_of(finding.title)) if kinds[0] in NAMED else []
    return "\0".join((kinds[0], *names))
