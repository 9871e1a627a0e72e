"""Law 4 as a table: what a clean end is worth."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.agents import Judgement, findings_schema, truth
from forkjoin.agents.answers import NoJson, claimed_from, instance_from
from forkjoin.agents.asking import asks
from forkjoin.model import SEVERITIES, Change, Changes, Completed, Failed, Lost, NeedsInput, Stopped, Task, TimedOut

CHANGED = Changes(files=(Change(path="a.py", how="modified"),), commit="c")
STRAY = Changes(
    files=(Change(path="a.py", how="modified"), Change(path="b.py", how="added", violation=True)), commit="c"
)
SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def told(task: Task, answer: str = "Done.", *, changes: Changes = CHANGED, answers: bool = True, value: bytes = b""):
    return truth(task, Judgement(outcome=Completed(), answer=answer, value=value), changes, answers=answers)


@pytest.mark.parametrize(
    "outcome", [Failed(kind="exit", reason="x"), TimedOut(after_s=1), Stopped(reason="x"), Lost(reason="x")]
)
def test_a_bad_end_stays_what_it_is_whatever_was_answered(outcome):
    judged = Judgement(outcome=outcome, answer='{"findings": []}', value=b"1")
    assert truth(Task(output="findings"), judged, STRAY, answers=True) == (outcome, b"")


def test_an_agent_that_changed_what_it_may_and_said_so_is_completed():
    assert told(Task(writes=("a.py",))) == (Completed(), b"")


@pytest.mark.parametrize("answer", ["", " \n\t"])
def test_an_agent_that_answers_nothing_has_failed(answer):
    outcome, _ = told(Task(), answer)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "agent"


def test_a_command_may_answer_nothing_but_not_where_findings_or_json_were_asked_for():
    assert told(Task(command=["x"]), "", answers=False)[0] == Completed()
    for output in ("findings", SCHEMA):
        outcome, _ = told(Task(command=["x"], output=output), "", answers=False)
        assert isinstance(outcome, Failed)
        assert outcome.kind == "contract"


def test_a_change_outside_the_declared_writes_is_a_violation_with_the_files_named():
    outcome, _ = told(Task(id="t", writes=("a.py",)), changes=STRAY)
    assert outcome == Failed(
        kind="violation",
        reason="changed files outside its declared writes (a.py): b.py; "
        "the changes are kept: forkjoin land --accept t takes them",
    )


def test_many_violations_are_named_in_part():
    files = tuple(Change(path=f"f{n}", how="added", violation=True) for n in range(9))
    outcome, _ = told(Task(writes=()), changes=Changes(files=files, commit="c"), answers=False)
    assert isinstance(outcome, Failed)
    assert "f0, f1, f2, f3, f4 and 4 more" in outcome.reason
    assert "though it was to write nothing (writes: [])" in outcome.reason


def test_a_task_that_declared_no_writes_is_told_what_it_left_and_not_what_it_declared():
    paths = ("../.git/config", "../x")
    files = tuple(Change(path=path, how="modified", violation=True) for path in paths)
    outcome, _ = told(Task(id="t"), changes=Changes(files=files, commit="c"))
    assert outcome == Failed(
        kind="violation",
        reason="changed ../.git/config in your own repository, where it holds for your checkout too: look at it; "
        "and it changed files outside the folder it was given: ../x; the changes are kept: "
        "forkjoin land --accept t takes them",
    )


def test_an_agent_that_may_write_and_changed_nothing_needs_a_word():
    assert isinstance(told(Task(), changes=Changes())[0], NeedsInput)
    assert isinstance(told(Task(writes=("a",)), changes=Changes())[0], NeedsInput)


@pytest.mark.parametrize(
    "task",
    [
        Task(writes=()),
        Task(permission="read-only"),
        Task(allow_no_change=True),
        Task(output="none"),
        Task(command=["x"]),
    ],
)
def test_changing_nothing_is_fine_where_nothing_had_to_change(task):
    assert told(task, changes=Changes(), answers=not task.command)[0] == Completed()


@pytest.mark.parametrize(
    "answer",
    [
        "I see two ways. Which one should I take?",
        "Before I go on: would you like me to delete the old table?",
        "Plan ready. Shall I proceed?",
        "**Do you want me to apply this?**",
        "The change is risky.\n\nIs that OK?",
    ],
)
def test_an_answer_that_hands_the_decision_back_needs_input(answer):
    assert isinstance(told(Task(writes=()), answer, changes=Changes())[0], NeedsInput)
    assert told(Task(writes=("a.py",)), answer)[0] == Completed()  # it changed something: the question is an open one


@pytest.mark.parametrize(
    "answer",
    [
        "Why does it fail? Because the lock is never freed.",
        "The function answers: is the set empty?",
        "Done.\n\n## Open questions\n- Should I also cover v1?",
        "What is a monad?",
        "Should I stay or should I go is a song.",
    ],
)
def test_a_question_that_is_not_put_to_the_caller_is_no_request(answer):
    assert not asks(answer)


def test_a_writer_whose_sandbox_kept_it_from_all_it_did_was_not_permitted():
    judged = Judgement(outcome=Completed(), answer="I could not.", walled=("command execution rm x",))
    told = [truth(task, judged, changes, answers=True)[0] for task, changes in (
        (Task(), Changes()), (Task(), CHANGED), (Task(writes=()), Changes()), (Task(allow_no_change=True), Changes()),
    )]  # fmt: skip
    assert told == [
        Failed(
            kind="permission",
            reason="it changed nothing, and its sandbox kept it from: command execution rm x; "
            "to allow it: permission: full in the plan, or --permission full",
        ),
        Completed(), Completed(), Completed(),
    ]  # fmt: skip


FINDING = {"title": "Weak hash", "severity": "high", "path": "a.py", "line": 3}


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"findings": [FINDING]}),
        json.dumps([FINDING], indent=2),
        f"Here they are:\n```json\n{json.dumps([FINDING], indent=1)}\n```\nThat is all.",
        f"```\n{json.dumps({'findings': [FINDING]})}\n```",
        f"First draft:\n```json\n[]\n```\nBetter:\n~~~json\n{json.dumps([FINDING])}\n~~~",
        f"I looked at {{everything}}.\n{json.dumps({'findings': [FINDING]}, indent=4)}\nBye.",
        f"In one line: {json.dumps({'findings': [FINDING]})} as asked.",
    ],
)
def test_findings_are_taken_from_the_whole_a_fence_or_among_prose(answer):
    outcome, value = told(Task(output="findings", writes=()), answer, changes=Changes())
    assert outcome == Completed()
    assert [one["title"] for one in json.loads(value)["findings"]] == ["Weak hash"]


@pytest.mark.parametrize(
    "before",
    ["```python\nx = 1\n```", "~~~ diff\n-x\n~~~", "```python\nx = 1\n```\n{}\n```sh\nls\n```", "```python\nx = 1"],
)
def test_a_block_of_another_language_is_no_answer_and_hides_none(before):
    answer = f"Look:\n{before}\nSo:\n```json\n[]\n```\n"
    assert claimed_from(answer) == ()
    assert instance_from(answer)[0] == []


def test_what_stands_between_two_blocks_is_none_itself():
    answer = 'Try:\n```python\nf()\n```\n{"n": 1}\n```\nls\n```\nSo:\n```json\n{"n": 3}\n```'
    assert told(Task(output=SCHEMA), answer) == (Completed(), b'{"n":3}')


@pytest.mark.parametrize("answer", ["[]", '{"findings": []}', "Nothing.\n```json\n[]\n```", 'So: {"findings": []}'])
def test_no_finding_must_be_said_in_json(answer):
    assert claimed_from(answer) == ()


@pytest.mark.parametrize(
    "answer",
    [
        "No findings.",
        "I found no problems at all!",
        "x = []",
        "Use `[]` there.",
        "{}",
        "null",
        "3",
        '"none"',
        '{"result": "ok"}',
        "[1]",
    ],
)
def test_prose_and_stray_json_never_mean_no_findings(answer):
    outcome, value = told(Task(output="findings", writes=()), answer, changes=Changes())
    assert isinstance(outcome, Failed)
    assert (outcome.kind, value) == ("contract", b"")


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        ({"severity": "high"}, "findings[0]: Object missing required field `title`"),
        ({"title": " "}, "findings[0]: its title is empty"),
        ({"title": "x", "severity": "awful"}, "severities: critical, high"),
        ({"title": "x", "line": "3"}, "$.line"),
        ({"title": "x", "line": -1}, "below 0"),
        ({"title": "x", "file": "a.py"}, "known keys: title"),
        ("text", "findings[0] is no object but str"),
    ],
)
def test_a_wrong_finding_is_named_with_its_place(finding, why):
    outcome, _ = told(Task(output="findings", writes=()), json.dumps([finding]), changes=Changes())
    assert isinstance(outcome, Failed)
    assert why in outcome.reason


def test_common_spellings_of_severities_are_understood():
    spelt = [
        {"title": "x", "severity": word} for word in ("HIGH", "Error", "warning", " minor ", "informational", "blocker")
    ]
    assert [one.severity for one in claimed_from(json.dumps(spelt))] == [
        "high",
        "high",
        "medium",
        "low",
        "info",
        "critical",
    ]


def test_the_reports_own_keys_do_no_harm():
    (one,) = claimed_from(json.dumps([FINDING | {"id": "F1", "sources": [], "remedy": None}]))
    assert one.title == "Weak hash"


def test_a_dialects_own_value_is_what_counts_not_its_text():
    outcome, value = told(Task(output="findings"), "2 findings", value=json.dumps([FINDING]).encode(), answers=False)
    assert outcome == Completed()
    assert json.loads(value)["findings"][0]["path"] == "a.py"


def test_an_answer_that_meets_its_schema_is_the_value():
    outcome, value = told(Task(output=SCHEMA), 'Sure:\n```json\n{"n": 3}\n```')
    assert (outcome, json.loads(value)) == (Completed(), {"n": 3})


def test_an_answer_that_does_not_is_a_broken_contract_with_the_place():
    outcome, _ = told(Task(output=SCHEMA), '{"n": "three"}')
    assert outcome == Failed(
        kind="contract", reason="the answer does not meet its JSON Schema: $.n: 'three' is not of type 'integer'"
    )


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": 3}, "the schema itself is wrong at $.type"),
        ({"$ref": "http://127.0.0.1:9/x.json"}, "refers to something that is not in it"),
        ({"$ref": "#/$defs/none"}, "refers to something that is not in it"),
    ],
)
def test_a_schema_that_cannot_be_used_fails_with_words_and_asks_no_other_host(schema, why):
    outcome, _ = told(Task(output=schema), "{}")
    assert isinstance(outcome, Failed)
    assert why in outcome.reason


def test_a_class_as_output_is_its_schema():
    import msgspec

    class Shape(msgspec.Struct):
        sides: int

    outcome, value = told(Task(output=Shape), '{"sides": 4}')
    assert (outcome, value) == (Completed(), b'{"sides":4}')


def test_the_schema_for_prompts_names_every_key_of_a_finding():
    text = json.dumps(findings_schema())
    assert all(f'"{word}"' in text for word in ("findings", "title", "severity", "evidence", "remedy", *SEVERITIES))


@given(st.text(max_size=400))
def test_any_text_is_findings_or_a_named_complaint(text):
    said = ""
    try:
        said = f"{len(claimed_from(text))} findings"
    except NoJson as why:
        said = str(why)
    assert said


@pytest.mark.parametrize(
    "hostile",
    ["[" * 300_000, "{" * 300_000, "```json\n" * 100_000, "[\n" * 200_000, "[1,\n" * 100_000, '{"a":' * 100_000],
)
def test_a_hostile_answer_costs_little_and_is_refused(hostile):
    with pytest.raises(NoJson):
        claimed_from(hostile)


@given(
    st.lists(
        st.fixed_dictionaries({"title": st.text(min_size=1).filter(str.strip), "severity": st.sampled_from(SEVERITIES)})
    )
)
def test_findings_come_out_as_they_went_in_from_a_fence_too(findings):
    plain = claimed_from(json.dumps(findings))
    fenced = claimed_from(f"Look:\n```json\n{json.dumps(findings)}\n```\n")
    assert [(one.title, one.severity) for one in plain] == [(f["title"], f["severity"]) for f in findings]
    assert plain == fenced


def test_the_last_value_among_prose_comes_first():
    assert instance_from('A {"n": 1} and B {"n": 2}.') == [{"n": 2}, {"n": 1}]
