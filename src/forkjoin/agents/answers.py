"""The structured answer in what an agent said: the whole of it, a fenced block, or a JSON value among prose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

from forkjoin.model import SEVERITIES, Claimed

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\w*)")
_OUR_FENCES = ("", "json", "jsonc", "json5")
_OPENS = re.compile(r"^[ \t]*(?=[\[{])", re.MULTILINE)
_ANYWHERE = re.compile(r"(?=[\[{])")
_BUDGET = 8_000_000  # characters that failed tries may cost: an answer of brackets alone must not take minutes
_TRIES = 5_000
_OF_THE_REPORT = frozenset(("id", "sources"))  # added when findings are merged; an agent that sends them does no harm
_SEVERITY = {
    "blocker": "critical", "crit": "critical", "fatal": "critical", "error": "high", "major": "high", "severe": "high",
    "important": "high", "warning": "medium", "warn": "medium", "moderate": "medium", "med": "medium", "minor": "low",
    "trivial": "low", "informational": "info", "information": "info", "note": "info", "notice": "info",
    "suggestion": "info", "nit": "info",
}  # fmt: skip
_CONFIDENCE = {"certain": "high", "sure": "high", "med": "medium", "moderate": "medium", "unsure": "low"}


class NoJson(ValueError):
    """The answer holds nothing that meets the contract; the message says what, and where in the JSON."""


class Findings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent with `output: findings` answers."""

    findings: tuple[Claimed, ...]


def findings_schema() -> dict[str, Any]:
    """Return the JSON Schema of an answer with `output: findings`."""
    return msgspec.json.schema(Findings)


def claimed_from(answer: str, value: bytes = b"") -> tuple[Claimed, ...]:
    """Return the findings of an answer (or of *value*, its JSON, where a dialect has it); raise NoJson with the place.

    No finding is `[]` or `{"findings": []}`, said aloud: prose never means "no findings".
    """
    first = ""
    for instance in instance_from(answer, value):
        if not isinstance(instance, list) and not (isinstance(instance, dict) and "findings" in instance):
            first = first or "the JSON in the answer is no list of findings and no object with the key findings"
            continue
        listed = instance["findings"] if isinstance(instance, dict) else instance
        try:
            return _claimed(listed)
        except NoJson as why:
            first = first or str(why)
    raise NoJson(first)


def sarif_from(answer: str, value: bytes = b"") -> dict[str, Any] | None:
    """Return the SARIF log that an answer is (or its JSON *value*), None where it is none.

    It is what other tools say findings in; its results are read when they are joined.
    """
    try:
        instance = _whole(value.decode("utf-8", errors="replace") if value else answer)
    except ValueError:
        return None
    if not isinstance(instance, dict) or not isinstance(instance.get("runs"), list):
        return None
    return instance if str(instance.get("version", "")).startswith("2.1") else None


def instance_from(answer: str, value: bytes = b"") -> list[Any]:
    """Return the JSON values an answer may mean, the likeliest first; raise NoJson where it holds none."""
    if value:
        return [_whole(value.decode("utf-8", errors="replace"))]
    found: list[Any] = []
    text = answer.strip()
    try:
        return [_whole(text)]
    except ValueError:
        pass
    for block in reversed([*_fenced(text)]):
        try:
            found.append(_whole(block))
        except ValueError:
            continue
    # `[]` or `{}` among prose is a piece of code, not an answer: only alone or in a fence is it one.
    found += [value for value in reversed([*_embedded(text)]) if value]
    if not found:
        raise NoJson("the answer holds no JSON" if text else "the answer is empty, where JSON was asked for")
    return found


def _claimed(listed: object) -> tuple[Claimed, ...]:
    if not isinstance(listed, list):
        raise NoJson(f"findings is no list but {type(listed).__name__}")
    return tuple(_one(item, number) for number, item in enumerate(listed))


def _one(item: object, number: int) -> Claimed:
    where = f"findings[{number}]"
    if not isinstance(item, dict):
        raise NoJson(f"{where} is no object but {type(item).__name__}")
    spelt = {key: given for key, given in item.items() if key not in _OF_THE_REPORT and given is not None}
    for key, known in (("severity", _SEVERITY), ("confidence", _CONFIDENCE)):
        if isinstance(given := spelt.get(key), str):
            word = given.strip().lower()
            spelt[key] = known.get(word, word)
    try:
        claimed = msgspec.convert(spelt, Claimed)
    except msgspec.ValidationError as error:
        raise NoJson(f"{where}: {error}{_hint(spelt)}") from None
    if not claimed.title.strip():
        raise NoJson(f"{where}: its title is empty")
    if claimed.line < 0 or claimed.end_line < 0:
        raise NoJson(f"{where}: a line number below 0")
    return claimed


def _hint(spelt: dict[str, Any]) -> str:
    if "severity" in spelt and spelt["severity"] not in SEVERITIES:
        return f" (severities: {', '.join(SEVERITIES)})"
    unknown = sorted(set(spelt) - set(Claimed.__struct_fields__))
    return f" (known keys: {', '.join(Claimed.__struct_fields__)})" if unknown else ""


def _whole(text: str) -> Any:
    """Return the value of a text that is JSON from end to end; raise ValueError."""
    try:
        return _DECODER.decode(text.strip())
    except RecursionError:
        raise NoJson("the JSON in the answer is nested too deeply") from None


def _fenced(text: str) -> Iterator[str]:
    """Yield the insides of fenced blocks that say json or nothing, in their order."""
    fence, wanted, inside = "", False, list[str]()
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is None or not mark[1].startswith(fence) or (wanted and mark[2]):
            inside.append(line)
        elif fence and not mark[2]:
            if wanted:
                yield "\n".join(inside)
            fence, wanted = "", False
        else:  # in a block of another language, too: one that was never closed
            fence, wanted, inside = mark[1], mark[2].lower() in _OUR_FENCES, []


def _embedded(text: str) -> Iterator[Any]:
    """Yield the objects and lists among prose, outermost only, in their order."""
    spent = tries = at = 0
    for openings in (_OPENS, _ANYWHERE):
        at, found = 0, False
        while (match := openings.search(text, at)) is not None and tries < _TRIES and spent < _BUDGET:
            start = match.end()
            try:
                value, at = _DECODER.raw_decode(text, start)
            except json.JSONDecodeError as error:
                tries, spent, at = tries + 1, spent + error.pos - start, start + 1
            except (ValueError, RecursionError):
                tries, spent, at = tries + 1, spent + 100_000, start + 1
            else:
                found = True
                yield value
        if found:
            return


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused)
