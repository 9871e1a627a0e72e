"""What those who read our files demand of them: the schema of SARIF, the rules of JUnit XML, what Perfetto needs."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

_DATA = Path(__file__).parents[1] / "data"
_URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_SECONDS = re.compile(r"(?:(?:[0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(?:\.[0-9]*)?")


def sarif_errors(log: dict[str, Any]) -> list[str]:
    """Return what is wrong with a log by the official schema, and by what it cannot say of references and URIs."""
    by_schema = [f"{error.json_path}: {error.message[:200]}" for error in _validator().iter_errors(_slim(log))]
    return [*by_schema, *(said for run in log["runs"] for said in _of_run(run))]


def _slim(log: dict[str, Any]) -> dict[str, Any]:
    """Return the log with one result of each shape: the schema is asked of ten thousand like of one."""
    runs = [run | {"results": list({_shape(r): r for r in run["results"]}.values())} for run in log["runs"]]
    return log | {"runs": runs}


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, _shape(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(dict.fromkeys(map(_shape, value)))
    return type(value).__name__ if not isinstance(value, int) else value > 0


def _of_run(run: dict[str, Any]) -> Iterator[str]:
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    if len(rules) != len(set(rules)):
        yield "a rule stands twice"
    bases = run["originalUriBaseIds"]
    for result in run["results"]:
        if rules[result["ruleIndex"]] != result["ruleId"]:
            yield f"{result['ruleId']} is not the rule at {result['ruleIndex']}"
        for place in (*result.get("locations", ()), *result.get("relatedLocations", ())):
            yield from _of_place(place["physicalLocation"], bases)
    for base in bases.values():
        if "uri" in base and not (_URI.fullmatch(base["uri"]) and base["uri"].endswith("/")):
            yield f"{base['uri']!r} is no base"


def _of_place(place: dict[str, Any], bases: dict[str, Any]) -> Iterator[str]:
    artifact, region = place["artifactLocation"], place.get("region", {})
    uri, base = artifact["uri"], artifact.get("uriBaseId")
    if not _URI.fullmatch(uri):
        yield f"{uri!r} is no URI"
    if base and (base not in bases or uri.startswith("/") or ":" in uri.split("/")[0]):
        yield f"{uri!r} is not relative to a base"
    if region.get("endLine", region.get("startLine", 0)) < region.get("startLine", 0):
        yield f"{uri!r} ends before it begins"


@cache
def _validator() -> jsonschema.Draft4Validator:
    schema = json.loads((_DATA / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


def junit_errors(text: str) -> list[str]:
    """Return what the schema of Jenkins' xUnit plugin refuses in a file, and counts that do not add up."""
    root = ET.fromstring(text)
    if root.tag not in ("testsuites", "testsuite"):
        return [f"{root.tag} is no root"]
    return [*_of_element(root), *(said for suite in root.iter("testsuite") for said in _counted_badly(suite))]


@cache
def _junit() -> dict[str, dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = json.loads((_DATA / "junit" / "junit-10.json").read_text(encoding="utf-8"))
    return rules


def _of_element(element: ET.Element) -> Iterator[str]:
    rule = _junit()[element.tag]
    allowed = {name.rstrip("!") for name in rule["attributes"]}
    needed = {name[:-1] for name in rule["attributes"] if name.endswith("!")}
    for name in sorted((set(element.keys()) - allowed) | (needed - set(element.keys()))):
        yield f"<{element.tag}> {'has' if name in element.keys() else 'lacks'} {name}"  # noqa: SIM118 - no mapping
    if not rule.get("text") and ((element.text or "").strip() or any((c.tail or "").strip() for c in element)):
        yield f"<{element.tag}> holds text"
    if element.tag.startswith("testsuite") and not _SECONDS.fullmatch(element.get("time", "")):
        yield f"{element.get('time')} is no time"
    for child in element:
        if child.tag not in rule["children"]:
            yield f"<{child.tag}> in <{element.tag}>"
        else:
            yield from _of_element(child)


def _counted_badly(suite: ET.Element) -> Iterator[str]:
    cases = suite.findall("testcase")
    found = {"tests": len(cases)} | {
        f"{tag}s" if tag != "skipped" else tag: sum(case.find(tag) is not None for case in cases)
        for tag in ("failure", "error", "skipped")
    }
    yield from (f"{name} {suite.get(name)}, counted {n}" for name, n in found.items() if suite.get(name, "0") != str(n))


# What the importer of Perfetto's trace processor takes (google/perfetto, src/trace_processor/importers/json and
# importers/common, read in 2026): `ph` a text, `pid` and `tid` numbers of 32 bits, `ts` and `dur` microseconds, names
# texts, `args` an object; a counter's values are numbers; a flow has a numeric id, begins inside a slice of its track,
# and ends at one (`bp: e`); slices of one track nest or are apart; B and E pair up; metadata says something.
_NEEDS = {
    "X": ("name", "ts", "dur", "pid", "tid"), "B": ("name", "ts", "pid", "tid"), "E": ("ts", "pid", "tid"),
    "C": ("name", "ts", "pid", "args"), "s": ("name", "id", "ts", "pid", "tid"),
    "f": ("name", "id", "ts", "pid", "tid"),
    "M": ("name", "pid", "args"), "i": ("name", "ts", "pid", "tid"),
}  # fmt: skip
_METADATA = {"process_name": "name", "thread_name": "name", "thread_sort_index": "sort_index"}


def trace_errors(trace: dict[str, Any]) -> list[str]:
    """Return what Perfetto would drop, misplace or refuse in a Chrome trace."""
    events = trace.get("traceEvents")
    if not isinstance(events, list):
        return ["traceEvents is no list"]
    alone = [f"{event.get('ph')} {event.get('name')!r}: {said}" for event in events for said in _of_event(event)]
    return alone or [*_tracks(events), *_flows(events)]


def _of_event(event: dict[str, Any]) -> Iterator[str]:
    phase = event.get("ph")
    if phase not in _NEEDS:
        yield "a phase that nobody reads"
        return
    yield from (f"lacks {key}" for key in _NEEDS[phase] if key not in event)
    yield from (
        f"{key} is {event[key]!r}"
        for key, low, high in (("pid", 0, 2**32), ("tid", 0, 2**32), ("ts", 0, 2**53), ("dur", 0, 2**53))
        if key in event and not (isinstance(event[key], int) and low <= event[key] < high)
    )
    yield from (f"{key} is no text" for key in ("name", "cat", "cname") if not isinstance(event.get(key, ""), str))
    args = event.get("args", {})
    if not isinstance(args, dict):
        yield "args is no object"
    elif phase == "C" and not (args and all(isinstance(value, int | float) for value in args.values())):
        yield "a counter without a number"
    elif phase == "M" and args.get(_METADATA.get(event["name"], ""), "") in ("", None):
        yield "metadata that says nothing"


def _tracks(events: list[dict[str, Any]]) -> Iterator[str]:
    """Yield slices of a track that overlap without nesting, and B and E that do not pair up."""
    for track in {_track(event) for event in events}:
        open_: list[float] = []
        here = [event for event in events if _track(event) == track and event["ph"] in "XBE"]
        for event in sorted(here, key=lambda event: (event["ts"], event["ph"] != "E", -event.get("dur", 0))):
            while open_ and open_[-1] <= event["ts"] and event["ph"] != "E":
                open_.pop()
            if event["ph"] == "E":
                if not open_:
                    yield f"an E that nothing began at {event['ts']} of track {track}"
                open_ = open_[:-1]
            elif event["ph"] == "X":
                if open_ and event["ts"] + event["dur"] > open_[-1]:
                    yield f"{event['name']!r} overlaps another slice of track {track}"
                open_.append(event["ts"] + event["dur"])
            else:
                open_.append(float("inf"))
        if float("inf") in open_:
            yield f"a B that nothing ends on track {track}"


def _flows(events: list[dict[str, Any]]) -> Iterator[str]:
    """Yield arrows without two ends, that begin in no slice, or end at none."""
    ends: dict[Any, list[str]] = {}
    for event in events:
        if event["ph"] in "sf":
            ends.setdefault((event.get("cat"), event["name"], event["id"]), []).append(event["ph"])
            around = [one for one in events if one["ph"] == "X" and _track(one) == _track(event)
                      and one["ts"] <= event["ts"] <= one["ts"] + one["dur"]]  # fmt: skip
            if not around or (event["ph"] == "f" and event.get("bp") != "e"):
                yield f"an arrow {event['name']!r} that {'begins' if event['ph'] == 's' else 'ends'} in no slice"
    yield from (f"arrow {key} is {found}" for key, found in ends.items() if found != ["s", "f"])


def _track(event: dict[str, Any]) -> tuple[Any, Any]:
    return event["pid"], event.get("tid")
