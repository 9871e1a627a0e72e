"""Whatever comes in, a plan comes out or a PlanError does."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task, Tree
from forkjoin.planning import check, completed, plan_from_text, plan_to_yaml, selected

KEYS = st.sampled_from([
    "tasks", "task", "command", "shell", "id", "description", "reads", "files", "writes", "after", "timeout",
    "estimate",
    "cpu", "retries", "permission", "isolation", "output", "env", "cwd", "carry", "resources", "policy", "agent",
    "gate",    "max_parallel", "ok_exit", "focus", "<<", "wrong",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**20), st.floats(), st.text(max_size=20),
    st.sampled_from(["5m", "../x", "/x", "src/**", "{a,b}", "[", "read-only", "workspace-write", "a", "t0", ".git"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
PLANS = st.fixed_dictionaries(
    {"tasks": st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=4) | VALUES}, optional={"timeout": SCALARS}
)


def survives(data: bytes, form: Any) -> None:
    started = time.process_time()
    with suppress(PlanError):
        plan = plan_from_text(data, where="plan", form=form)
        check(plan, Tree(root="/t", files=("src/a.py",)))
        selected(completed(plan), "a or not a")
    assert time.process_time() - started < 5  # generous here: the bench holds it to 1 s


@settings(max_examples=200, deadline=None)
@given(PLANS)
def test_a_fuzzed_plan_is_read_or_refused(raw: dict[str, Any]) -> None:
    text = json.dumps(raw).encode("utf-8", "surrogatepass")
    survives(text, "json")
    survives(text, "yaml")
    survives(b"---\n" + text + b"\n---\nbody", "markdown")


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet="[]{}:,-?&*!|>'\"#%@` \n\tabtasks", max_size=200).map(str.encode)
    )
)
def test_noise_is_refused(data: bytes) -> None:
    for form in ("yaml", "json", "markdown"):
        survives(data, form)


TEXTS = st.text(
    alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=40
).filter(lambda text: bool(text.strip()))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.lists(TEXTS, max_size=3)), min_size=1, max_size=3))
def test_a_saved_plan_reads_back_as_itself(rows: list[tuple[str, str, list[str]]]) -> None:
    plan = Plan(
        name=rows[0][0],
        tasks=[
            Task(task=text, description=description, focus=focus, env={"A": text}, timeout=90, output={"const": text})
            for text, description, focus in rows
        ],
    )
    assert plan_from_text(plan_to_yaml(plan).encode(), where="saved", form="yaml") == plan
