from __future__ import annotations

import json

import pytest

from forkjoin.interfaces.cli.talk import data_json

NASTY = "a\x7f\x9b31m\u202eb\u2066c\u2028d"


@pytest.mark.parametrize("indent", [2, None])
def test_json_carries_no_byte_that_a_terminal_obeys_and_still_says_the_same(
    indent: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    data_json({"name": NASTY}, indent=indent)
    printed = capsys.readouterr().out
    assert not set(printed) & set("\x1b\x7f\x9b\u202e\u2066\u2028")
    assert json.loads(printed) == {"name": NASTY}
