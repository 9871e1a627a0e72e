"""How bad a finding is, by the rule that made it: the tools' own words mapped to ours."""

from __future__ import annotations

import re

from forkjoin.model import SEVERITIES, Confidence, Severity

# ruff's S rules carry no severity; these are the ones bandit gives to the same numbers. Not named: medium.
_S_HIGH = frozenset(
    ("S201", "S202", "S304", "S312", "S321", "S324", "S401", "S402", "S411", "S412", "S413", "S415", "S501", "S502",
     "S505", "S507", "S602", "S605", "S609", "S701", "S702")
)  # fmt: skip
_S_LOW = frozenset(
    ("S101", "S105", "S106", "S107", "S110", "S112", "S311", "S403", "S404", "S405", "S406", "S407", "S408", "S409",
     "S504", "S603", "S606", "S607")
)  # fmt: skip

# The longest prefix that fits wins. What breaks when it runs is high; what surprises is medium; style is low or info.
_BY_PREFIX: dict[str, Severity] = {
    "invalid-syntax": "high", "E9": "high", "E902": "info", "PLE": "high", "PLE251": "medium", "PLE1310": "medium",
    "F": "medium", "F401": "low", "F403": "medium", "F405": "medium", "F541": "info", "F811": "medium", "F841": "low",
    "F821": "high", "F822": "high", "F823": "high", "F7": "high", "F63": "high", "F50": "high", "F52": "medium",
    "F601": "medium", "F602": "medium",
    "B": "medium", "B007": "low", "B009": "info", "B010": "info", "B011": "low", "B013": "info", "B014": "low",
    "B015": "medium", "B017": "medium", "B018": "medium", "B024": "low", "B027": "low", "B028": "low", "B904": "low",
    "B905": "low", "B911": "low", "B912": "low",
    "PLW": "medium", "PLW0120": "low", "PLW0602": "low", "PLW0603": "low", "PLW1508": "low", "PLW1510": "low",
    "ASYNC": "medium", "ASYNC109": "low", "RUF": "medium", "RUF012": "low", "RUF013": "low", "RUF015": "low",
    "RUF043": "low", "LOG": "low", "T100": "medium", "PIE794": "medium", "PIE796": "medium", "YTT": "medium",
    "E402": "low", "E7": "low", "PERF": "low", "PERF203": "info", "C4": "info", "PLC0206": "info", "PLR": "low",
    "PT": "low", "PT011": "low", "PT015": "medium", "PT017": "medium", "TID": "low", "SLF": "info", "A005": "low",
    "D": "info", "D417": "low", "D419": "low",
}  # fmt: skip


def ruff_severity(code: str, message: str) -> Severity:
    """Return the severity of one of ruff's codes; `S602` on a fixed text is low, as in bandit."""
    if is_security(code):
        if "seems safe" in message or code in _S_LOW:
            return "low"
        return "high" if code in _S_HIGH else "medium"
    for cut in range(len(code), 0, -1):
        if code[:cut] in _BY_PREFIX:
            return _BY_PREFIX[code[:cut]]
    return "low"


def is_security(code: str) -> bool:
    """Whether one of ruff's codes is a security pattern."""
    return re.fullmatch(r"S\d+", code) is not None


def ruff_confidence(code: str) -> Confidence:
    """Return how sure a code is: what the compiler would say is sure; security patterns are guesses."""
    if code.startswith(("E9", "F", "PLE", "invalid")):
        return "high"
    return "medium"


def bandit_severity(word: str) -> Severity:
    """Return bandit's HIGH, MEDIUM, LOW or UNDEFINED as ours."""
    known: dict[str, Severity] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
    return known.get(word, "info")


def bandit_confidence(word: str) -> Confidence:
    """Return bandit's confidence as ours; UNDEFINED is low."""
    known: dict[str, Confidence] = {"HIGH": "high", "MEDIUM": "medium"}
    return known.get(word, "low")


def lighter(severity: Severity) -> Severity:
    """Return the severity of a security pattern in a test, one less: its input is the test's own."""
    return SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]


def complexity_severity(score: int) -> Severity:
    """Return the severity of a function's cognitive complexity: it is never worse than medium, for it still works."""
    if score >= 40:
        return "medium"
    return "low"


def unused_severity(percent: int) -> tuple[Severity, Confidence]:
    """Return severity and confidence of unused code from vulture's per cent: 100 is certain, 60 a guess."""
    if percent >= 100:
        return "medium", "high"
    return ("low", "high") if percent >= 90 else ("low", "low")
