"""One entry in a file of somebody else's, comments and all: put in, found, taken out again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.engine.installing.jsonc import NotJson, entry, with_entry, without_entry

OURS = {"type": "local", "command": ["forkjoin", "mcp"], "enabled": True}
TEXTS = [
    '{\n  "theme": "dark"\n}\n',
    '{"theme": "dark"}',
    "{\n}\n",
    "{}",
    "{ }\n",
    '{"mcp":{}}',
    '{ "mcp" : { } , }',
    '{"mcp": {\n}, "a": 1}',
    '{"a": {}, // mcp\n"mcp": {}\n}',
    '{\n\t"mcp": {\n\t\t"other": {"type": "local"},\n\t},\n}\n',
    '{\n  // my servers\n  "mcp": { /* none yet: { */ "a": {"b": "}"} }, // end\n  "x": [1, 2,],\n}',
    '\ufeff{"a": "\\"mcp\\": {", "b": null, "c": -1.5e3, "d": true}',
    '// head\n{"mcp": {"other": {}}}\n// tail',
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_put_in_is_found_and_comes_out_again_to_the_byte(text: str) -> None:
    made = with_entry(text, "mcp", "forkjoin", OURS)
    assert entry(made, "mcp", "forkjoin") == OURS
    assert entry(text, "mcp", "forkjoin") is None
    assert with_entry(made, "mcp", "forkjoin", {"else": 1}) == made
    assert without_entry(made, "mcp", "forkjoin") == text


def test_an_entry_among_others_is_cut_with_its_comma() -> None:
    text = '{"mcp": {"a": 1, "forkjoin": {"x": [1]}, "b": 2}}'
    assert without_entry(text, "mcp", "forkjoin") == '{"mcp": {"a": 1, "b": 2}}'
    assert without_entry('{"mcp": {"a": 1, "forkjoin": 2}}', "mcp", "forkjoin") == '{"mcp": {"a": 1}}'
    assert without_entry('{"mcp": {"forkjoin" : 2}, "z": 1}', "mcp", "forkjoin") == '{ "z": 1}'
    assert without_entry('{"z": 1}', "mcp", "forkjoin") == '{"z": 1}'


def test_what_stands_behind_a_cut_entry_does_not_come_to_stand_in_the_comment_before_it() -> None:
    text = '{"mcp": {\n  // note\n  "forkjoin": {"x": 1}, "b": 2}, // end\n "z": 1}'
    made = without_entry(text, "mcp", "forkjoin")
    assert made == '{"mcp": {\n  // note\n "b": 2}, // end\n "z": 1}'
    assert (entry(made, "mcp", "b"), entry(made, "mcp", "forkjoin")) == (2, None)


def test_an_empty_file_becomes_one_with_the_entry_alone() -> None:
    assert entry(with_entry(" \n", "mcp", "forkjoin", OURS), "mcp", "forkjoin") == OURS


@pytest.mark.parametrize(
    "text", ["[]", "3", "{", '{"a"}', '{"a": }', '{"a": 1 "b": 2}', "{} {}", "not json", '{"mcp": 3}', '{"a":' * 2_000]
)
def test_what_is_no_json_object_is_said(text: str) -> None:
    with pytest.raises(NotJson):
        with_entry(text, "mcp", "forkjoin", OURS)


@given(st.text(alphabet='{}[]",:/*\n a1\\', max_size=40))
def test_any_text_is_edited_or_refused(text: str) -> None:
    try:
        made = with_entry(text, "mcp", "forkjoin", OURS)
        assert entry(made, "mcp", "forkjoin") is not None
    except NotJson:
        pass
