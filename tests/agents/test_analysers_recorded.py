"""The analysers' parsers on recorded outputs of the real programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.agents import EndedAttempt, dialect, truth
from forkjoin.agents.analysers import ANALYSERS, BadOutput, analyser
from forkjoin.errors import UnknownId
from forkjoin.model import Changes, Claimed, Completed, Exit, Failed, Place, Stream, Task

RECORDED = Path(__file__).parents[1] / "data" / "analysers"
ROOT = "/tmp/planted"  # where they were recorded
CODES = {"ruff-security": 1, "ruff-correctness": 1, "bandit": 0, "vulture": 3, "complexipy": 0, "typos": 2}


def recorded(name: str) -> tuple[bytes, bytes]:
    return (RECORDED / f"{name}.stdout").read_bytes(), (RECORDED / f"{name}.stderr").read_bytes()


def found(name: str) -> dict[tuple[str, int, str], Claimed]:
    out, err = recorded(name)
    return {(one.path, one.line, one.rule): one for one in analyser(name).parse(out, err, ROOT).findings}


def judged(name: str, out: bytes, err: bytes = b"", *, code: int = 0, cut: int = 0, short: int = 0):
    exit_ = Exit(how="exited", code=code, stdout=Stream(bytes=len(out) + short, cut=cut), stderr=Stream(bytes=len(err)))
    place = Place(kind="shared", root=ROOT, cwd=ROOT)
    ended = EndedAttempt(exit=exit_, stdout=out, stderr=err, place=place)
    return dialect("static").judge(Task(agent="static", task=name, output="findings"), ended)


def test_ruff_names_the_shell_call_with_its_place_and_what_to_do():
    shell = found("ruff-security")["app.py", 8, "S602"]
    assert (shell.severity, shell.perspective, shell.end_line) == ("high", "security", 8)
    assert "shell=True" in shell.title
    assert shell.remedy == "give the arguments as a list, without shell=True"


def test_ruff_findings_keep_odd_file_names_as_they_are():
    assert ("odd dir/new\nline.py", 1, "S307") in found("ruff-security")


def test_a_file_ruff_cannot_parse_is_a_finding_in_every_group():
    for name in ("ruff-security", "ruff-correctness"):
        broken = found(name)["broken.py", 1, "invalid-syntax"]
        assert (broken.severity, broken.confidence) == ("high", "high")


def test_ruff_correctness_ranks_the_undefined_name_above_the_unused_import():
    here = found("ruff-correctness")
    assert here["app.py", 9, "F821"].severity == "high"
    assert here["app.py", 3, "F401"].severity == "low"
    assert here["app.py", 7, "B006"].severity == "medium"
    assert here["app.py", 3, "F401"].remedy.startswith("Remove unused import")


def test_bandit_brings_its_own_severity_confidence_and_the_line():
    shell = found("bandit")["app.py", 8, "B602"]
    assert (shell.severity, shell.confidence) == ("high", "high")
    assert shell.evidence == "subprocess.call(command, shell=True)"


def test_a_file_bandit_could_not_read_is_a_finding_of_its_own():
    assert found("bandit")["broken.py", 0, "invalid-syntax"].severity == "info"


def test_asserts_in_tests_are_counted_in_a_note_not_as_findings():
    parsed = analyser("bandit").parse(*recorded("bandit"), ROOT)
    assert parsed.notes == ("1 assert in tests not counted (B101)",)
    assert not [one for one in parsed.findings if one.rule == "B101"]


@pytest.mark.parametrize(("name", "rule"), [("ruff-security", "S602"), ("bandit", "B602")])
def test_a_security_pattern_in_a_test_weighs_one_less(name, rule):
    out, err = recorded(name)
    moved = analyser(name).parse(out.replace(b"app.py", b"tests/app.py"), err, ROOT).findings
    assert {one.severity for one in moved if one.rule == rule} == {"medium"}


def test_vulture_weighs_by_its_per_cent():
    here = {key: (one.severity, one.confidence) for key, one in found("vulture").items()}
    assert here["gone.py", 3, "unreachable-code"] == ("medium", "high")
    assert here["app.py", 3, "unused-import"] == ("low", "high")
    assert here["app.py", 7, "unused-function"] == ("low", "low")


def test_vulture_names_the_files_it_could_not_read_or_be_told_of():
    parsed = analyser("vulture").parse(*recorded("vulture"), ROOT)
    assert ("broken.py", 1) in {(one.path, one.line) for one in parsed.findings if one.rule == "invalid-syntax"}
    assert parsed.notes == ("1 file not looked at: a line break or invalid UTF-8 in their names",)


def test_complexipy_gives_the_functions_lines_and_its_score():
    deep = found("complexipy")["deep.py", 1, "CC001"]
    assert deep.end_line > 5
    assert deep.title == "Function `deep` is hard to follow"
    assert "15 allowed" in deep.message
    assert ("broken.py", 0, "invalid-syntax") in found("complexipy")


def test_typos_are_worse_in_prose_than_in_code():
    assert found("typos")["notes.md", 1, "typo"].severity == "low"
    assert {one.title for one in found("typos").values()} <= {"`recieve` should be `receive`", "`teh` should be `the`"}


@pytest.mark.parametrize("name", CODES)
def test_a_recorded_run_completes_and_its_value_meets_the_contract_of_findings(name):
    out, err = recorded(name)
    judgement = judged(name, out, err, code=CODES[name])
    outcome, value = truth(Task(agent="static", task=name, output="findings"), judgement, Changes(), answers=False)
    assert isinstance(outcome, Completed)
    assert value == judgement.value
    assert "findings: " in judgement.answer


@pytest.mark.parametrize("name", CODES)
def test_an_output_that_lost_its_end_is_a_failure_wherever_it_is_cut(name):
    out, err = recorded(name)
    for at in range(1, len(out) - 1, max(1, len(out) // 40)):
        if name in ("vulture", "typos") and out[at - 1 : at] == b"\n":
            continue  # whole lines alone: only the true length tells, see the next test
        assert isinstance(judged(name, out[:at], err, code=CODES[name]).outcome, Failed), at


@pytest.mark.parametrize("name", CODES)
def test_an_output_shorter_than_what_was_written_is_never_taken_for_the_whole(name):
    out, err = recorded(name)
    for missing in ({"cut": 5}, {"short": 5}):
        outcome = judged(name, out, err, code=CODES[name], **missing).outcome
        assert isinstance(outcome, Failed)
        assert (outcome.kind, "was cut" in outcome.reason) == ("parse", True)


@pytest.mark.parametrize("name", sorted(ANALYSERS))
@pytest.mark.parametrize(
    "junk", [b"Segmentation fault\n", b'{"results": 3}', b"[1, 2]", b'[{"code": "X"}]', b"\xff\x00\n", b"null"]
)
def test_what_no_analyser_prints_is_a_parse_failure_that_shows_the_line(name, junk):
    code = max(ANALYSERS[name].ok_exit)
    outcome = judged(name, junk, code=code).outcome
    assert isinstance(outcome, Failed)
    assert outcome.kind == "parse"
    assert (ANALYSERS[name].program in outcome.reason) or (name.replace("-report", " report") in outcome.reason)


@pytest.mark.parametrize("name", sorted(set(ANALYSERS) - {"vulture", "typos"}))
def test_no_output_where_json_was_promised_is_a_failure_with_the_programs_last_word(name):
    outcome = judged(name, b"", b"Traceback\nKeyError: 'x'\n").outcome
    assert isinstance(outcome, Failed)
    assert outcome.kind == "parse"


def test_an_exit_code_that_was_not_declared_fails_with_the_programs_message():
    outcome = judged("ruff-security", b"", b"ruff failed\n  Cause: unknown field `x`\n", code=2).outcome
    assert outcome == Failed(kind="exit", reason="ruff ended with exit code 2: ruff failed Cause: unknown field `x`")


def test_a_line_vulture_never_prints_is_named():
    with pytest.raises(BadOutput, match="half a line"):
        analyser("vulture").parse(b"app.py:3: unused import 'os' (90% confidence)\nhalf a line\n", b"", ROOT)
    with pytest.raises(BadOutput, match="MemoryError"):
        analyser("vulture").parse(b"", b"Traceback (most recent call last):\nMemoryError\n", ROOT)


def test_an_unknown_analyser_lists_the_known_ones():
    with pytest.raises(UnknownId, match=r"ruff-security.*bandit.*typos"):
        analyser("pylint")
