"""The gate on the combination: what breaks it together is found within the bound, named, and the rest is landed."""

from __future__ import annotations

import math

import pytest
from landing.desk import Desk, LandAsk, branch_of, landed, left, shell


@pytest.mark.slow
@pytest.mark.parametrize("pair", [(2, 6), (0, 7), (3, 4)])
def test_a_pair_that_is_green_alone_is_found_among_eight(desk: Desk, pair: tuple[int, int]):
    first, second = pair
    run = desk.run(
        *(shell(f"t{n}", f"echo {n} > t{n}.txt") for n in range(8)),
        gate=f"! {{ test -e t{first}.txt && test -e t{second}.txt; }}",
    )
    before = desk.fingerprint()
    made = run.land(LandAsk())
    (out,) = made.left_out
    assert (out.task, out.kind, out.beside) == (f"t{second}", "gate", (f"t{first}",))
    assert landed(made) == [f"t{n}" for n in range(8) if n != second]
    # the runs that found it; one more says that the rest passes, where that was not tried on the way
    assert len(made.gate_runs) <= 2 * math.log2(8) + 2 + 1
    assert desk.fingerprint() == before
    assert not list((run.folder.parent.parent / "workspaces" / run.id).glob("land.*"))


def test_one_that_breaks_it_alone_is_left_out_with_what_the_gate_said(desk: Desk):
    run = desk.run(
        shell("good", "echo g > g"), shell("bad", "echo b > b"), gate="test ! -e b || { echo no b here >&2; exit 4; }"
    )
    made = run.land(LandAsk())
    assert landed(made) == ["good"]
    assert made.left_out[0].reason == "the gate fails with it: exit code 4: no b here"
    assert [ran.ok for ran in made.gate_runs] == [False, True, False]


def test_a_gate_that_fails_on_the_base_is_said_as_such_and_lands_nothing(desk: Desk):
    run = desk.run(shell("a", "echo a > a"), gate="echo broken; exit 1")
    made = run.land(LandAsk())
    assert left(made) == {"a": "gate"}
    assert "without any change: exit code 1: broken" in made.left_out[0].reason
    assert "forkjoin/" not in desk.git("branch", "--all")
    assert landed(run.land(LandAsk(gate=""))) == ["a"]


def test_what_stands_on_a_broken_one_goes_with_it_and_a_gate_has_a_deadline(desk: Desk):
    run = desk.run(shell("a", "echo a > a"), shell("b", "cat a > b", after=["a"]), shell("c", "echo c > c"))
    made = run.land(LandAsk(gate="test ! -e a || sleep 60", gate_timeout_s=1.0))
    assert landed(made) == ["c"]
    assert left(made) == {"a": "gate", "b": "behind"}
    assert "not done after 1 s" in made.left_out[0].reason


def test_the_gate_sees_the_combination_and_git(desk: Desk):
    run = desk.run(shell("a", "echo a > a"), shell("b", "echo b > b"))
    made = run.land(
        LandAsk(gate='test -e a && test -e b && git log --oneline -1 && test -z "$(git status --porcelain)"')
    )
    assert landed(made) == ["a", "b"]
    assert desk.subjects(branch_of(run)) == ["Do a", "Do b"]


def test_what_the_tasks_set_up_is_set_up_for_the_gate_too(desk: Desk):
    desk.write("sub/deps.txt", "one\n")
    desk.write(".gitignore", "made\nlib\n")
    desk.commit()
    line = "cp deps.txt lib; echo $NAME$FORKJOIN_PORT >> made"
    more = {"setup_once": "touch sub/made", "setup": line, "cwd": "sub", "env": {"NAME": "n"}}
    run = desk.run(
        shell("a", "echo two >> deps.txt", **more),
        shell("b", "echo b > b.txt", **more),
        shell("c", "echo c > c.txt"),
    )
    made = run.land(LandAsk(gate="grep two sub/lib && grep '^n[0-9]' sub/made && test $(wc -l < sub/made) = 1"))
    assert landed(made) == ["a", "b", "c"], made
    again = desk.run(
        shell("bad", "mv deps.txt x.txt", **more | {"setup": "cat deps.txt"}), shell("c", "echo c > c.txt")
    )
    made = again.land(LandAsk(gate="test -e sub/made"))
    assert landed(made) == ["c"], made
    assert "the gate fails with it: setup failed: exit code 1: cat: deps.txt" in made.left_out[0].reason
