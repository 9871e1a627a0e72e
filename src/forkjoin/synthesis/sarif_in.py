"""Findings of other tools from their SARIF 2.1.0: each run's results as claims of that run's tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from forkjoin.model import Claimed, Confidence, Severity

_LEVELS: dict[str, Severity] = {"error": "high", "warning": "medium", "note": "low", "none": "info"}
_OWN: frozenset[str] = frozenset(("critical", "high", "medium", "low", "info"))
_PRECISION: dict[str, Confidence] = {"very-high": "high", "high": "high", "medium": "medium", "low": "low"}
_SCORES: tuple[tuple[float, Severity], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))
_MOST_RESULTS = 200_000
_DEEPEST_BASE = 8
_FARTHEST_LINE = 2**31


def is_sarif(value: object) -> bool:
    """Whether a decoded JSON value says that it is a SARIF log."""
    if not isinstance(value, dict) or not isinstance(value.get("runs"), list):
        return False
    return str(value.get("version", "")).startswith("2.") or "sarif" in str(value.get("$schema", "")).lower()


def from_sarif(log: Mapping[str, Any]) -> tuple[tuple[str, Claimed], ...]:
    """Return (tool, claim) of every result that is a failure and was not suppressed, in the order of the log.

    Raises ValueError that names the place: `runs[0].results[3].message: ...`. A run that says it did not succeed and
    has no result is an error too, for it is no "no findings". The claims' texts are as they were: clean them.
    """
    version = log.get("version")
    if not isinstance(version, str) or not version.startswith("2.1"):
        raise ValueError(f"version: SARIF 2.1.0 is read, this is {version!r}")
    return tuple(claim for number, run in enumerate(log["runs"]) for claim in _run(run, f"runs[{number}]"))


def suppressed(log: Mapping[str, Any]) -> int:
    """Return how many results of a log that can be read are none of its claims: suppressed, passed, or of the past."""
    results = (result for run in log["runs"] for result in _list(_get(run, "results")))
    return sum(isinstance(result, dict) and _no_failure(result) for result in results)


def _run(run: object, where: str) -> Iterator[tuple[str, Claimed]]:
    given = _object(run, where)
    driver = _object(_object(given.get("tool"), f"{where}.tool").get("driver"), f"{where}.tool.driver")
    tool = re.sub(r"\s+", "-", str(driver.get("name") or "").strip().lower()) or "sarif"
    results = given.get("results")
    if results is None or not results:
        _refuse_failure(given, where)
        if results is None:
            raise ValueError(f"{where}.results: are missing: the tool {tool} did not look")
    if not isinstance(results, list) or len(results) > _MOST_RESULTS:
        raise ValueError(f"{where}.results: needs a list of at most {_MOST_RESULTS:,}")
    rules = _Rules(given)
    bases = given.get("originalUriBaseIds")
    for number, result in enumerate(results):
        claim = _claim(_object(result, f"{where}.results[{number}]"), f"{where}.results[{number}]", rules, bases)
        if claim is not None:
            yield tool, claim


def _refuse_failure(run: Mapping[str, Any], where: str) -> None:
    """Raise ValueError where a run without results says that it failed."""
    for number, invocation in enumerate(_list(run.get("invocations"))):
        if isinstance(invocation, dict) and invocation.get("executionSuccessful") is False:
            why = _text(invocation.get("exitCodeDescription")) or "it does not say why"
            raise ValueError(f"{where}.invocations[{number}]: its tool did not run through: {why}")


class _Rules:
    """The rules of one run, by index and by id, those of extensions too."""

    def __init__(self, run: Mapping[str, Any]) -> None:
        tool = run["tool"]
        self._parts = [tool["driver"], *_list(tool.get("extensions"))]
        self._by_id: dict[str, Mapping[str, Any]] = {}
        for part in self._parts:
            for rule in _list(_get(part, "rules")):
                if isinstance(rule, dict):
                    self._by_id.setdefault(str(rule.get("id", "")), rule)

    def of(self, result: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Return the rule's id, and the rule where the run describes it."""
        reference = result.get("rule")
        named = str(result.get("ruleId") or _get(reference, "id") or "")
        index = result.get("ruleIndex", _get(reference, "index"))
        part = _get(_get(reference, "toolComponent"), "index")
        rules = _list(_get(self._parts[part + 1] if _within(part, self._parts[1:]) else self._parts[0], "rules"))
        rule = rules[index] if _within(index, rules) else None
        if not isinstance(rule, dict):
            # `CA2000/1` is a rule of the hierarchy below CA2000
            rule = self._by_id.get(named) or self._by_id.get(named.partition("/")[0]) or {}
        return named or str(rule.get("id", "")), rule


def _claim(result: Mapping[str, Any], where: str, rules: _Rules, bases: object) -> Claimed | None:
    if _no_failure(result):
        return None
    rule_id, rule = rules.of(result)
    message = _message(result.get("message"), rule)
    title = message.split("\n", 1)[0] or _text(rule.get("shortDescription")) or rule_id
    if not title.strip():
        raise ValueError(f"{where}.message: is empty, and so is its rule")
    path, region = _place(result, bases)
    line, end = _number(region.get("startLine")), _number(region.get("endLine"))
    return Claimed(
        title=title,
        severity=_severity(result, rule),
        path=path,
        line=line,
        end_line=end if end > line else 0,
        rule=rule_id,
        message=message if message != title else "",
        evidence=_text(region.get("snippet")),
        remedy=_remedy(result),
        confidence=_PRECISION.get(str(_property(result, rule, "precision")), "medium"),
        perspective=str(_property(result, {}, "perspective") or ""),
    )


def _no_failure(result: Mapping[str, Any]) -> bool:
    """Whether a result says that all is well, lies in the past, or was suppressed by somebody."""
    if result.get("kind", "fail") in ("pass", "notApplicable") or result.get("baselineState") == "absent":
        return True
    suppressions = _list(result.get("suppressions"))
    return any(_get(one, "status") in (None, "accepted") for one in suppressions)


def _severity(result: Mapping[str, Any], rule: Mapping[str, Any]) -> Severity:
    """Return our own word where it is there, else by the security score, else by the level."""
    own = _property(result, {}, "severity")
    if own in _OWN:
        return own  # type: ignore[no-any-return]  # it is one of the words just above
    try:
        score = float(_property(result, rule, "security-severity"))
    except (TypeError, ValueError):
        score = 0.0
    if score > 0:
        return next(severity for least, severity in _SCORES if score >= least)
    level = result.get("level") or _get(rule.get("defaultConfiguration"), "level")
    if not level and result.get("kind", "fail") != "fail":
        level = "none"
    return _LEVELS.get(str(level), "medium")


def _place(result: Mapping[str, Any], bases: object) -> tuple[str, Mapping[str, Any]]:
    """Return the path of the first location, and its region."""
    for location in _list(result.get("locations")):
        physical = _get(location, "physicalLocation")
        artifact = _get(physical, "artifactLocation")
        uri = _get(artifact, "uri")
        if isinstance(uri, str):
            region = _get(physical, "region")
            return _path(uri, _get(artifact, "uriBaseId"), bases), region if isinstance(region, dict) else {}
    return "", {}


def _path(uri: str, base: object, bases: object) -> str:
    """Return a URI as a path: relative ones below a base that is no root of the tree get that base's own path."""
    parts = urlsplit(uri) if "://" in uri or uri.startswith("file:") else None
    if parts is not None:
        return unquote(parts.path) if parts.scheme == "file" else uri
    head = ""
    for _ in range(_DEEPEST_BASE):
        given = _get(bases, str(base)) if base else None
        above = _get(given, "uriBaseId")
        own = _get(given, "uri")
        if above is None:
            break  # the outermost base is the tree itself, wherever that lay
        head = f"{own if isinstance(own, str) else ''}{head}"
        base = above
    return unquote(f"{head}{uri}")


def _message(message: object, rule: Mapping[str, Any]) -> str:
    """Return a message's text, or the rule's string of that id; `{0}` are its arguments."""
    text = _text(message)
    if not text:
        named = _get(message, "id")
        text = _text(_get(rule.get("messageStrings"), str(named))) if named else ""
    arguments = [str(one) for one in _list(_get(message, "arguments"))]
    return re.sub(r"\{(\d+)\}", lambda m: arguments[int(m[1])] if int(m[1]) < len(arguments) else m[0], text).strip()


def _remedy(result: Mapping[str, Any]) -> str:
    fixes = (_text(_get(fix, "description")) for fix in _list(result.get("fixes")))
    return next(filter(None, fixes), "") or str(_property(result, {}, "remedy") or "")


def _property(result: Mapping[str, Any], rule: Mapping[str, Any], name: str) -> Any:
    return _get(result.get("properties"), name) or _get(rule.get("properties"), name)


def _text(message: object) -> str:
    text = _get(message, "text") or _get(message, "markdown") if isinstance(message, dict) else message
    return text if isinstance(text, str) else ""


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: needs an object")
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _get(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _within(index: object, items: list[Any]) -> bool:
    return isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(items)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _FARTHEST_LINE else 0
