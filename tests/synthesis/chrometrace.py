"""The Chrome trace event format, as strictly as its readers take it: what breaks its rules, in words.

Perfetto's own reader is a program that its packages fetch when they run, so tests cannot have it; these are the rules
of the format, and what Perfetto's reader asks beyond: slices of a track nest, a flow begins and ends inside a slice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

_KNOWN = {"X", "M", "C", "s", "f"}
_META = {"process_name": "name", "thread_name": "name", "thread_sort_index": "sort_index"}
_COLOURS = {
    "thread_state_uninterruptible", "thread_state_iowait", "thread_state_running", "thread_state_runnable",
    "thread_state_sleeping", "thread_state_unknown", "good", "bad", "terrible", "black", "grey", "white", "yellow",
    "olive",
}  # fmt: skip
_Event = dict[str, Any]


def complaints(text: str) -> list[str]:
    """Return what is wrong with a trace in the JSON object form; [] where nothing is."""
    trace = json.loads(text, parse_constant=_no_number)
    found = [] if trace.get("displayTimeUnit") in ("ms", "ns") else ["displayTimeUnit"]
    events: list[_Event] = trace["traceEvents"]
    for event in events:
        found += [f"{said}: {event}" for said in _of_one(event)]
    return [*found, *_tracks(events), *_flows(events), *_counters(events)]


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _of_one(event: _Event) -> Iterator[str]:
    kind = event.get("ph")
    if kind not in _KNOWN:
        yield "ph is not known"
    if not (isinstance(event.get("name"), str) and event["name"]):
        yield "no name"
    if not (isinstance(event.get("pid"), int) and isinstance(event.get("tid"), int)):
        yield "pid and tid are numbers"
    if kind == "M":
        key = _META.get(event["name"])
        wanted = int if key == "sort_index" else str
        if key is None or not isinstance(event["args"].get(key), wanted):
            yield "metadata is not as its name says"
        return
    if not isinstance(event.get("ts"), int) or event["ts"] < 0:
        yield "ts is microseconds from 0 on"
    if (kind == "X") != ("dur" in event) or event.get("dur", 0) < 0:
        yield "a complete event, and no other, has a duration"
    if "cname" in event and event["cname"] not in _COLOURS:
        yield "cname is no reserved colour"
    if (kind == "f") != (event.get("bp") == "e"):
        yield "the end of a flow binds to the slice around it"


def _slices(events: list[_Event]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    of: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            of[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    return of


def _tracks(events: list[_Event]) -> Iterator[str]:
    named = [(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"]
    if len(named) != len(set(named)):
        yield "a track has two names"
    for track, slices in _slices(events).items():
        if track not in named:
            yield f"track {track} has no name"
        open_: list[int] = []
        for began, ended in sorted(slices, key=lambda one: (one[0], -one[1])):
            while open_ and open_[-1] <= began:
                open_.pop()
            if open_ and ended > open_[-1]:
                yield f"slices of track {track} cross at {began}"
            open_.append(ended)


def _flows(events: list[_Event]) -> Iterator[str]:
    slices = _slices(events)
    ends: dict[tuple[str, str, int], list[_Event]] = defaultdict(list)
    for event in events:
        if event["ph"] in ("s", "f"):
            ends[event["cat"], event["name"], event["id"]].append(event)
            inside = slices[event["pid"], event["tid"]]
            if not any(began <= event["ts"] < ended or began == event["ts"] == ended for began, ended in inside):
                yield f"a flow begins or ends outside any slice: {event}"
    for key, pair in ends.items():
        if [one["ph"] for one in pair] != ["s", "f"] or pair[0]["ts"] > pair[1]["ts"]:
            yield f"flow {key} is no pair of a beginning and a later end"


def _counters(events: list[_Event]) -> Iterator[str]:
    last: dict[str, int] = {}
    for event in events:
        if event["ph"] == "C":
            if not all(isinstance(value, int | float) for value in event["args"].values()):
                yield f"a counter holds numbers: {event}"
            if event["ts"] <= last.get(event["name"], -1):
                yield f"a counter has two values at once: {event}"
            last[event["name"]] = event["ts"]
