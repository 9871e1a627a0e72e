"""Known values never reach a file, however a stream is cut into pieces."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from forkjoin.backends import Mask, output_bytes
from forkjoin.backends.masking import masked
from forkjoin.backends.segments import Capture

ONE, TWO, LINES = b"sk-ant-0123456789", b"sk-ant-01", b"first line\nsecond line"


def pieces(mask: Mask, *parts: bytes) -> bytes:
    return b"".join(mask.piece(part) for part in parts) + mask.rest()


def test_a_value_is_masked_to_its_length_and_the_longer_one_first() -> None:
    assert Mask([TWO, ONE]).whole(b"a " + ONE + b" b " + TWO) == b"a [redacted]******* b [redacted"
    assert masked(LINES) == b"[redacted]\n[redacted]*"


def test_nothing_is_held_back_that_begins_no_value() -> None:
    mask = Mask([ONE])
    assert mask.piece(b"a line\n") == b"a line\n"
    assert mask.piece(b"and sk-") == b"and "
    assert mask.piece(b"not") == b"sk-not"
    assert mask.rest() == b""


@settings(deadline=None, max_examples=150)
@given(
    said=st.lists(st.sampled_from([ONE, TWO, LINES, b"sk-ant-", b"s", b"first line\n", b" ", b"x"]), max_size=8),
    cuts=st.lists(st.integers(0, 80), max_size=8),
)
@example(said=[ONE], cuts=[1, 2, 16])
@example(said=[b"sk-ant-", ONE], cuts=[10])
def test_however_it_comes_it_is_masked_as_a_whole(said: list[bytes], cuts: list[int]) -> None:
    text = b"".join(said)
    at = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[first:last] for first, last in itertools.pairwise(at)]
    found = pieces(Mask([ONE, TWO, LINES]), *parts)
    assert len(found) == len(text)
    assert not any(value in found for value in (ONE, TWO, LINES))
    if not any(value in text for value in (ONE, TWO, LINES)):
        assert found == text


def test_a_kept_stream_holds_none_though_it_came_byte_by_byte(tmp_path: Path) -> None:
    kept = Capture(str(tmp_path), "stdout", 16 * 1024, [ONE, TWO])
    said = b"x" * 4090 + ONE + b" done " + TWO[:-1]
    for at in range(len(said)):
        kept.write(said[at : at + 1])
    kept.close()
    found = output_bytes(tmp_path, "stdout", limit=1 << 20)
    assert found == b"x" * 4090 + masked(ONE) + b" done " + TWO[:-1]
    assert kept.record()["bytes"] == len(said)
