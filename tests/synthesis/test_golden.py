"""Every format of one fixed run, byte for byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from synthesis.sample import a_report, given

from forkjoin.synthesis.renderers import RENDERERS, rendered

GOLDEN = Path(__file__).parents[1] / "golden" / "reports"
ENDINGS = {
    "markdown": "md", "json": "json", "sarif": "sarif", "html": "html", "junit": "xml", "github": "txt",
    "github-summary": "summary.md", "trace": "trace.json",
}  # fmt: skip


@pytest.mark.parametrize("form", RENDERERS)
def test_a_format_reads_as_it_did(form):
    golden = GOLDEN / f"sample.{ENDINGS[form]}"
    text = rendered(given(), form)
    assert text == golden.read_text(encoding="utf-8"), f"if meant, write the new text into {golden}"


def test_the_merged_sarif_reads_as_it_did():
    golden = GOLDEN / "sample.merged.sarif"
    assert rendered(given(merged=True), "sarif") == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", RENDERERS)
def test_the_same_input_gives_the_same_bytes_whatever_was_rendered_before(form):
    first = rendered(given(), form)
    for other in random.Random(form).sample(sorted(RENDERERS), 3):
        rendered(given(), other)
    assert rendered(given(), form) == first


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("most", [0, 1, 5])
def test_what_is_left_out_is_counted(form, most):
    text = rendered(given(), form, most=most)
    assert text != rendered(given(), form) or form == "trace"
    found = len(a_report().findings)
    left = {
        "markdown": f"{found - most}", "json": f'"left_out":{found - most}', "sarif": f'"leftOut":{found - most}',
        "html": f"{found - most} more findings",
        "junit": f'"{found - most}"', "github": f"{found - most} more findings",
        "github-summary": "", "trace": "",
    }[form]  # fmt: skip
    assert left in text


def test_a_format_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        rendered(given(), "pdf")


@pytest.mark.parametrize("form", RENDERERS)
def test_a_report_without_a_timeline_or_details_comes_in_every_format(form):
    assert rendered(given(timeline=None, details={}), form)


@pytest.mark.parametrize("form", RENDERERS)
def test_a_text_ends_in_one_line_end(form):
    text = rendered(given(), form)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
