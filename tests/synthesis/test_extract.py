from __future__ import annotations

import json

import pytest

from forkjoin.model import Claimed
from forkjoin.synthesis import claimed

ONE = {"title": "Weak hash", "severity": "high", "path": "app.py", "line": 3}


def test_an_object_with_findings_and_a_plain_list_say_the_same():
    expected = (Claimed(title="Weak hash", severity="high", path="app.py", line=3),)
    assert claimed(json.dumps({"findings": [ONE]})) == expected
    assert claimed(json.dumps([ONE]).encode()) == expected


def test_an_empty_list_is_no_findings():
    assert claimed(b'{"findings": []}') == ()
    assert claimed("[]") == ()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (b"", "top"),
        (b"null", "findings"),
        (b"I found nothing wrong.", "top"),
        (b'"[]"', "findings"),
        (b"{}", "top"),
        (b'{"results": []}', "top"),
        (b'{"findings": [], "summary": "ok"}', "top"),
        (b'{"findings": {}}', "findings"),
        (b'{"findings": null}', "findings"),
        (b'{"findings": [', "top"),
        (b'{"findings": []} trailing', "top"),
        (b"\xff\xfe", "top"),
        (b'["\\ud800"]', "top"),
        (b"[" * 100_000, "top"),
        (b"[7]", "findings[0]"),
        (b'[{"title": "a"}, {"severity": "low"}]', "findings[1]"),
        (b'[{"title": "a", "severity": "High"}]', "findings[0].severity"),
        (b'[{"title": "a", "severity": "urgent"}]', "findings[0].severity"),
        (b'[{"title": "a", "confidence": 0.9}]', "findings[0].confidence"),
        (b'[{"title": "a", "line": "3"}]', "findings[0].line"),
        (b'[{"title": "a", "line": 3.5}]', "findings[0].line"),
        (b'[{"title": "a", "line": -1}]', "findings[0].line"),
        (b'[{"title": "a", "end_line": 99999999999}]', "findings[0].end_line"),
        (b'[{"title": "a", "path": null}]', "findings[0].path"),
        (b'[{"title": "a", "id": "F1"}]', "findings[0]"),
        (b'[{"title": "  \\u001b[31m "}]', "findings[0].title"),
    ],
)
def test_a_value_that_cannot_be_read_is_an_error_that_names_the_place(value, place):
    with pytest.raises(ValueError, match="^" + place.replace("[", r"\[").replace(".", r"\.") + ": "):
        claimed(value)


def test_text_comes_out_clean_and_bounded():
    raw = {"title": "a\x1b[31m\nb" + "x" * 500, "message": "m" * 9_000, "remedy": "\u202eevil", "evidence": " e "}
    (one,) = claimed(json.dumps([raw]))
    assert one.title.startswith("a b")
    assert len(one.title) == 300
    assert len(one.message) == 2_000
    assert (one.remedy, one.evidence) == ("evil", "e")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("./app.py", "app.py"),
        ("src//a/./b.py", "src/a/b.py"),
        ("", ""),
        (".", ""),
        ("a\nb.py", "a\nb.py"),
        ("a\x1b[2Jb.py", "a\x1b[2Jb.py"),
        ("../up.py", "../up.py"),
    ],
)
def test_a_path_has_one_form_and_is_else_as_it_was_said(given, path):
    (one,) = claimed(json.dumps([{"title": "t", "path": given}]))
    assert one.path == path


def test_a_last_line_before_the_first_is_no_last_line():
    (one,) = claimed('[{"title": "t", "line": 9, "end_line": 4}]')
    assert (one.line, one.end_line) == (9, 0)
