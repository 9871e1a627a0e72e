"""Fan-outs: which folders and files a glob matches, what each task gets, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.errors import PlanError
from forkjoin.model import Each, Link, Plan, Task, Tree, path_text
from forkjoin.planning import check, completed, covering, fanned_out, overlap, plan_from_text
from forkjoin.planning.fanout import FannedOut
from forkjoin.testing import a_tree

FILES = (
    "services/auth/a.py",
    "services/auth/oauth/b.py",
    "services/billing/c.py",
    "src/m.py",
    ".github/ci.yml",
    "top.md",
)


def sized(**sizes: int) -> Tree:
    files = sorted(name.replace("__", "/") for name in sizes)
    return Tree(root="/tree", files=tuple(files), sizes=tuple(sizes[name.replace("/", "__")] for name in files))


def fan(each: Each | Sequence[Each], tree: Tree | None = None, tasks: Sequence[Task] = ()) -> FannedOut:
    eaches = [each] if isinstance(each, Each) else each
    return fanned_out(Plan(tasks=tasks, each=eaches), tree or a_tree(*FILES))


def paths(found: FannedOut) -> list[str]:
    return [path for share in found.shares for path in share.of]


def test_a_task_a_folder_reads_and_writes_its_own_and_all_are_independent() -> None:
    found = fan(Each(dirs="services/*", task="Upgrade logging in {{ dir }}"))
    assert [(task.id, task.task, task.reads, task.writes) for task in found.plan.tasks] == [
        ("auth", "Upgrade logging in services/auth", ("services/auth/**",), ("services/auth/**",)),
        ("billing", "Upgrade logging in services/billing", ("services/billing/**",), ("services/billing/**",)),
    ]
    assert found.plan.each == ()
    assert check(found.plan, a_tree(*FILES)).pairs == ()


def test_a_task_a_file_claims_the_file_itself() -> None:
    (task,) = fan(Each(files=["src/*.py"], task=Task(shell="wc -l {{file}}", writes=[]))).plan.tasks
    assert (task.id, task.shell, task.reads, task.writes) == ("m-py", "wc -l src/m.py", ("src/m.py",), ())


def test_what_the_template_says_of_reads_and_writes_stands_with_the_paths_in_it() -> None:
    task = Task(
        task="x", reads=["{{ dir }}/*.py", "docs"], writes=["{{ dir }}/LOG"], env={"AT": "{{ dir }}"}, cwd="{{ dir }}"
    )
    made = fan(Each(dirs="src", task=task)).plan.tasks[0]
    assert made.reads == ("src/*.py", "docs")
    assert made.writes == ("src/LOG",)
    assert (made.env, made.cwd) == ({"AT": "src"}, "src")


def test_a_prompt_without_a_mark_gets_the_path_at_its_end() -> None:
    assert fan(Each(dirs="src", task="Tidy up")).plan.tasks[0].task == "Tidy up\n\nThis is about the folder src alone."
    several = fan(Each(dirs="services/*", at_most=1, task="Tidy up")).plan.tasks[0].task
    assert several.endswith("This is about these folders alone:\n\n- services/auth\n- services/billing")


@pytest.mark.parametrize("glob", ["services/**", "services", "{services,services/*}", "services/*/", "./services/*"])
def test_nested_folders_never_overlap_the_outer_one_has_both(glob: str) -> None:
    found = fan(Each(dirs=[glob, "services/auth/oauth"], task="x"))
    assert "services/auth/oauth" not in paths(found)
    assert any(note.startswith("services/auth/oauth lies in services") for note in found.notes)
    claims = [task.writes[0] for task in found.plan.tasks if task.writes]
    assert not any(overlap(a, b) for n, a in enumerate(claims) for b in claims[n + 1 :])


@given(st.sets(st.lists(st.sampled_from("ab."), min_size=1, max_size=4).map("/".join), min_size=1, max_size=12))
def test_whatever_matches_no_two_tasks_share_a_file_and_none_is_lost(folders: set[str]) -> None:
    tree = a_tree(*{f"x/{folder.replace('.', 'c')}/file" for folder in folders})
    found = fan(Each(dirs=["**"], task="x", at_most=3), tree)
    covers = [covering(task.writes or ()) for task in found.plan.tasks]
    assert all(sum(covered(path) for covered in covers) == 1 for path in tree.files)
    assert sum(share.files for share in found.shares) == len(tree.files)


def test_hidden_folders_are_matched_as_git_has_them_and_links_are_not_followed() -> None:
    tree = a_tree(
        *FILES, "link", "src/link.py", links=(Link(path="link", target="src"), Link(path="src/link.py", target=""))
    )
    assert paths(fan(Each(dirs="*", task="x"), tree)) == [".github", "services", "src"]
    assert paths(fan(Each(files="src/**", task="x"), tree)) == ["src/m.py"]
    with pytest.raises(PlanError, match="links do not count"):
        fan(Each(dirs="link", task="x"), tree)


def test_the_largest_comes_first() -> None:
    found = fan(Each(dirs="*", task="x"), sized(a__f=10, b__f=30, b__g=5, c__f=20))
    assert [(share.task, share.files, share.bytes) for share in found.shares] == [
        ("b", 2, 35), ("c", 1, 20), ("a", 1, 10),
    ]  # fmt: skip


def test_small_ones_are_grouped_into_few_tasks_of_about_the_same_size() -> None:
    tree = sized(a__f=100, b__f=60, c__f=50, d__f=40, e__f=10)
    found = fan(Each(dirs="*", task="look at {{ dir }}", at_most=2), tree)
    assert [(share.of, share.bytes) for share in found.shares] == [(("a", "d"), 140), (("b", "c", "e"), 120)]
    assert found.plan.tasks[1].task == "look at b, c, e"
    assert found.plan.tasks[1].writes == ("b/**", "c/**", "e/**")
    assert found.plan.tasks[1].description == "look at b and 2 more"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.integers(1, 8))
def test_no_group_is_larger_than_the_others_by_more_than_one_of_its_own(sizes: list[int], count: int) -> None:
    files = tuple(f"d{number:02}/f" for number in range(len(sizes)))
    found = fan(Each(dirs="*", task="x", at_most=count), Tree(root="/t", files=files, sizes=tuple(sizes)))
    loads = [share.bytes for share in found.shares]
    assert len(loads) == min(count, len(sizes))
    assert sum(loads) == sum(sizes)
    assert max(loads) - min(loads) <= max(sizes)


def test_ids_are_last_names_or_whole_paths_where_those_repeat_and_nobody_elses() -> None:
    tree = a_tree("a/x/f", "b/x/f", "c/y/f", "日本/f")
    assert [task.id for task in fan(Each(dirs=["a/*", "c/*"], task="t"), tree).plan.tasks] == ["x", "y"]
    assert [task.id for task in fan(Each(dirs="*/*", task="t"), tree).plan.tasks] == ["a-x", "b-x", "c-y"]
    found = fan(Each(dirs=["a/*", "日本"], task="t"), tree, tasks=[Task(id="a-x", task="t")])
    assert [task.id for task in found.plan.tasks] == ["a-x", "a-x-2", "part"]


def test_tasks_and_fan_outs_add_up_and_may_wait_for_one_another() -> None:
    plan = completed(Plan(
        tasks=[Task(id="last", task="x", after=["auth"])],
        each=[Each(dirs="services/*", task="x"), Each(files="*.md", task=Task(task="y", after=["last"]))],
    ))  # fmt: skip
    made = completed(fanned_out(plan, a_tree(*FILES)).plan)
    assert [(task.id, task.after) for task in made.tasks] == [
        ("last", ("auth",)), ("auth", ()), ("billing", ()), ("top-md", ("last",)),
    ]  # fmt: skip


ODD = [
    "a b",
    "-x",
    "$(touch pwn)",
    "a;b",
    "it's",
    'say "hi"',
    "*",
    "[a]",
    "{a,b}",
    "a\nb",
    "back\\slash",
    "x=y",
    "~",
    "#c",
]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_claimed_exactly_and_nothing_beside_it(name: str) -> None:
    tree = a_tree(f"d/{name}/f", "d/other/f", "d/a/f")
    found = fan(Each(dirs="d/*", task=Task(command=["ls", "{{ dir }}"])), tree)
    task = next(task for task, share in zip(found.plan.tasks, found.shares, strict=True) if share.of == (f"d/{name}",))
    covered = covering(completed(found.plan).tasks[found.plan.tasks.index(task)].writes or ())
    assert covered(f"d/{name}/f")
    assert not covered("d/other/f")
    assert covered("d/a/f") == (name == "a")
    assert task.command == ("ls", f"d/{name}")


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "line", ["printf '%s\\0' {{ dir }}", "printf '%s\\0' \"{{ dir }}\"", "printf '%s\\0' '{{dir}}'"]
)
def test_nothing_in_a_name_is_run_by_a_shell_line(name: str, line: str) -> None:
    import os
    import subprocess

    (task,) = fan(Each(dirs="*", task=Task(shell=line)), a_tree(f"{name}/f")).plan.tasks
    done = subprocess.run(["sh", "-c", task.shell], env={**os.environ, **task.env}, capture_output=True, check=True)
    shown = f"./{name}" if name.startswith("-") else name
    assert done.stdout.decode() == f"{shown}\0"


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("printf '%s\\0' \"<{{ dir }}>\"", "<{}>\0"),
        ("printf '%s\\0' \"it's in {{ dir }}\"", "it's in {}\0"),
        ("printf '%s\\0' \"$(printf %s {{ dir }})\"", "{}\0"),
        ("sh -c \"printf '%s\\0' {{ dir }}\"", "{}\0"),
        ("sh -ec 'printf \"%s\\0\" {{ dir }}'", "{}\0"),
    ],
)
def test_a_name_within_quotes_stays_one_word_and_is_not_run(name: str, line: str, said: str) -> None:
    import os
    import subprocess

    (task,) = fan(Each(dirs="*", task=Task(shell=line)), a_tree(f"{name}/f")).plan.tasks
    done = subprocess.run(["sh", "-c", task.shell], env={**os.environ, **task.env}, capture_output=True, check=True)
    shown = f"./{name}" if name.startswith("-") else name
    assert done.stdout.decode().rstrip("\n") == said.format(shown).rstrip("\n")


def test_a_line_with_several_odd_names_has_a_variable_each() -> None:
    tree = a_tree("a b/f", "c/f", "d e/f")
    (task,) = fan(Each(dirs="*", at_most=1, task=Task(shell="ls {{ dir }} | wc")), tree).plan.tasks
    assert task.shell == 'ls "$FORKJOIN_DIR" c "$FORKJOIN_DIR_3" | wc'
    assert task.env == {"FORKJOIN_DIR": "a b", "FORKJOIN_DIR_3": "d e"}


def test_a_name_that_is_no_utf8_is_said_and_left_out() -> None:
    tree = a_tree(path_text(b"d/a\xff/f"), path_text(b"d/ok/\xff"), "d/ok/f")
    found = fan(Each(dirs="d/*", task="x"), tree)
    assert paths(found) == ["d/ok"]
    assert found.shares[0].files == 2
    assert found.not_looked_at == ('"d/a\\377": its name is not valid UTF-8, so no task can be given it',)


@pytest.mark.parametrize(
    ("each", "said"),
    [
        (Each(dirs="servcies/*", task="x"), "each.dirs: no folder matches 'servcies/*'; near ones: services"),
        (Each(dirs="services/auht", task="x"), "near ones: services/auth"),
        (Each(dirs="src/*", task="x"), "it matches 1 file: use files (--files)"),
        (Each(files="services/*", task="x"), "it matches 2 folders: use dirs (--dirs)"),
        (Each(dirs=["src", "zzzzz"], task="x"), "no folder matches 'zzzzz'; folders there: .github, services"),
        (Each(dirs="/etc", task="x"), "is absolute"),
        (Each(dirs="../x", task="x"), "leaves the tree"),
        (Each(dirs=".git/*", task="x"), "git's own folder"),
        (Each(dirs="", task="x"), "a path is empty"),
        (Each(dirs="src", task="in {{ file }}"), "{{ file }} stands for nothing here; write {{ dir }}"),
        (Each(dirs="src", task="in {{dirs}}"), "{{dirs}} stands for nothing here; write {{ dir }}"),
        (Each(files="src/*", task="in {{ fil }}"), "{{ fil }} stands for nothing here; write {{ file }}"),
        (Each(dirs="src", task=Task(shell="ls {{ dri }} {{ dirr }}")), "{{ dirr }} stands for nothing here"),
        (Each(files="src/*", task="{{ filename }}"), "{{ filename }} stands for nothing here; write {{ file }}"),
        (Each(task="x"), "names no folders and no files"),
        (Each(dirs="src", files="src/*", task="x"), "names dirs and files"),
        (Each(dirs="src", task="x", at_most=0), "at_most is 0"),
        (Each(dirs="src", task=Task(id="a", task="x")), "an id of its own"),
        (Each(dirs="services/*", task=Task(shell="ls {{ dir }}/a"), at_most=1), "is a part of a word in shell"),
        (Each(dirs="services/*", task=Task(command=["ls", "{{ dir }}/a"]), at_most=1), "a part of a word in command"),
        (Each(dirs="services/*", task=Task(task="x", cwd="{{ dir }}"), at_most=1), "is a part of a word in cwd"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(each: Each, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        fan(each)
    assert said in str(raised.value)


def test_an_empty_tree_is_refused() -> None:
    with pytest.raises(PlanError, match="the tree holds no folder at all"):
        fan(Each(dirs="*", task="x"), a_tree())


def test_other_braces_stay_as_they_are() -> None:
    assert (
        fan(Each(dirs="src", task="${{ secrets.X }} {{ name }} {{ dir }}")).plan.tasks[0].task
        == "${{ secrets.X }} {{ name }} src"
    )


def test_commands_that_are_all_the_same_are_noted() -> None:
    assert "The 2 commands are the same" in fan(Each(dirs="services/*", task=Task(shell="make"))).notes[0]


def test_more_tasks_than_a_plan_has_are_refused_unless_they_are_grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forkjoin.planning.fanout.MAX_TASKS", 1)
    with pytest.raises(PlanError, match="the plan has 2 tasks"):
        fan(Each(dirs="services/*", task="x"))
    assert len(fan(Each(dirs="services/*", task="x", at_most=1)).plan.tasks) == 1


FORMS = {
    "yaml": "name: n\ntimeout: 90s\neach: {dirs: 'services/*', task: 'Fix {{ dir }}', at_most: 3}\n",
    "json": '{"name": "n", "timeout": "90s", "each": {"dirs": ["services/*"], "task": "Fix {{ dir }}", "at_most": 3}}',
    "markdown": "---\nname: n\ntimeout: 90s\neach: {dirs: 'services/*', at_most: 3}\n---\nFix {{ dir }}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_is_read_in_every_form_with_the_plans_defaults(form: str) -> None:
    plan = plan_from_text(FORMS[form].encode(), where="p", form=form)  # type: ignore[arg-type]
    assert plan == Plan(
        name="n", each=[Each(dirs="services/*", at_most=3, task=Task(task="Fix {{ dir }}", timeout=90))]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("each: 3", "p:1: each: a fan-out is a mapping, this is a number"),
        (
            "each:\n- dirs: a\n  task: x\n- dirz: b\n  task: x",
            "p:4: each[1].dirz: unknown key 'dirz'; did you mean 'dirs'?",
        ),
        ("each: {dirs: a, id: b, task: x}", "each task of a fan-out gets an id of its own"),
        ("each: {dirs: a}", "each.task: the task says no work"),
        ("each: {task: x}", "names no folders"),
        ("each: {dirs: 3, task: x}", "each.dirs: expected a list, got a whole number"),
        ("each: {dirs: a, task: x, at_most: 0}", "each.at_most: at_most is 0"),
        ("each: {dirs: a, task: x, writes: [b], permission: read-only}", "each.writes: it names what it writes"),
        ("each: []", "the plan has no tasks"),
        ("perspectives: security", "perspectives is a list, this is text"),
        ("perspectives: [3]", "perspectives[0]: a perspective is a name"),
        ("perspectives: [security]\nwrites: [a]", "a perspective only looks"),
    ],
)
def test_a_slip_in_a_fan_out_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        plan_from_text(text.encode(), where="p", form="yaml")
    assert said in str(raised.value)
