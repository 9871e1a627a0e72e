"""The record of an ended attempt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.backends.record import DRAFT, RECORD, set_room_aside, spelled, write_record

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
# All that a text may hold: what stands for bytes that are no UTF-8, too.
TEXTS = st.text(st.characters(exclude_categories=()))


@given(st.dictionaries(TEXTS, st.recursive(TEXTS | NUMBERS, lambda inner: st.dictionaries(TEXTS, inner))))
def test_a_record_is_spelled_in_json_and_in_ascii(record: dict[str, object]) -> None:
    assert json.loads(spelled(record).encode("ascii")) == record


@pytest.mark.parametrize("error", ["", 'No such "file"\n', "\udcff\U0001f600 \\ \x00\x7f\u2028"])
def test_a_record_is_whole_and_in_its_place(tmp_path: Path, error: str) -> None:
    set_room_aside(str(tmp_path))
    assert write_record(str(tmp_path), {"how": "ended", "code": 0, "error": error, "stdout": {"bytes": 1}})
    said = json.loads((tmp_path / RECORD).read_bytes())
    assert said == {"how": "ended", "code": 0, "error": error, "stdout": {"bytes": 1}}
    assert not (tmp_path / DRAFT).exists()
