"""When a limit is over, in the words of providers."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.agents.claude import ClaudeDialect
from forkjoin.agents.dialect import Ended
from forkjoin.agents.resets import reset_at
from forkjoin.agents.troubles import dated, limit_of, trouble
from forkjoin.model import Exit, Task, to_json

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC).timestamp()  # a Sunday; 13:00 in Berlin, 21:00 in Tokyo


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("You've hit your limit · resets 3pm (Europe/Berlin)", "2026-11-29T14:00+00:00"),
        ("Your limit will reset at 3pm (Europe/Berlin).", "2026-11-29T14:00+00:00"),
        ("You've hit your session limit · resets 12:45am (Asia/Kolkata)", "2026-11-29T19:15+00:00"),
        ("5-hour limit reached ∙ resets 10pm", "2026-11-29T13:00+00:00"),
        ("5-hour limit reached ∙ resets 6am", "2026-11-29T21:00+00:00"),
        ("weekly limit reached · resets Dec 2, 3am (UTC)", "2026-12-02T03:00+00:00"),
        ("weekly limit reached · resets Jan 2 at 12pm UTC", "2027-01-02T12:00+00:00"),
        ("You've hit your usage limit. Try again at Dec 12th, 2026 3:05 PM.", "2026-12-12T06:05+00:00"),
        ("You've hit your usage limit, try again at 10:05 PM.", "2026-11-29T13:05+00:00"),
        ("usage limit; try again tomorrow at 09:30 (UTC)", "2026-11-30T09:30+00:00"),
        ("weekly limit, resets Monday 9am (UTC)", "2026-11-30T09:00+00:00"),
        ("weekly limit, resets Sunday 9am (UTC)", "2026-12-06T09:00+00:00"),
        ("quota exceeded, resets at 2026-11-30T00:00:00Z", "2026-11-30T00:00+00:00"),
        ("quota exceeded, resets at 2026-11-30 01:30 +02:00", "2026-11-29T23:30+00:00"),
        ("usage limit reached; resets 11:55am (UTC)", "2026-11-29T11:55+00:00"),
        ("usage limit reached; resets 11:45am (UTC)", "2026-11-30T11:45+00:00"),
        ("hit your limit · resets 3pm (America/Argentina/Buenos_Aires)", "2026-11-29T18:00+00:00"),
    ],
)
def test_a_time_in_words(said: str, when: str) -> None:
    found = reset_at(said, now=NOW, local=TOKYO)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).isoformat(timespec="minutes") == when


@pytest.mark.parametrize(
    "said",
    ["try again", "try again 3 times", "resets soon", "resets 25pm", "resets 3pm (Mars/Base)",
     "resets Feb 31, 3pm (UTC)",
     "resets at 2026-13-01T00:00", "it was 3pm when it failed", "resets 3pm (../etc/passwd)", ""],
)  # fmt: skip
def test_what_is_no_time(said: str) -> None:
    # "(../etc/passwd)" is no zone's name, so the time counts in the zone here.
    found = reset_at(said, now=NOW, local=TOKYO)
    assert (found is None) == ("passwd" not in said)


@settings(deadline=None, max_examples=200)
@given(st.from_regex(r"(resets|try again)( at)? [0-9a-zA-Z:,() /+-]{0,30}", fullmatch=True), st.floats(-1e12, 1e13))
def test_no_words_make_it_fail(said: str, now: float) -> None:
    reset_at(said, now=now)


def test_a_quota_with_a_time_in_words_passes_by_itself_and_a_rate_stays_a_rate() -> None:
    met = dated(trouble("5-hour limit reached ∙ resets 3pm (Europe/Berlin)"), now=NOW)
    limit = limit_of(met)
    assert limit is not None
    assert (limit.kind, limit.until) == ("quota", NOW + 7200)
    assert trouble("Rate limit reached for requests", status=429).kind == "rate"
    assert dated(trouble("resets 3pm (Europe/Berlin): not logged in", status=401), now=NOW).resets_at is None


def test_an_attempt_that_ended_so_is_limited_until_then() -> None:
    line = {"type": "result", "is_error": True, "result": "You've hit your limit · resets 3pm (Europe/Berlin)"}
    ended = Ended(exit=Exit(how="exited", code=1, ended_at=NOW), stdout=to_json(line) + b"\n")
    judgement = ClaudeDialect().judge(Task(id="t", task="x"), ended)
    assert judgement.limit is not None
    assert judgement.limit.until == NOW + 7200
    assert "(until 2026-11-29 14:00 UTC)" in judgement.outcome.reason
