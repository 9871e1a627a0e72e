"""The analysers as real programs over a planted project: found, obeyed, and nothing in the tree touched."""

from __future__ import annotations

import os
import subprocess

import pytest
from agents.planted import fingerprint

from forkjoin.agents import Site, cards, dialect
from forkjoin.agents.analysers import ANALYSERS, batches
from forkjoin.agents.analysers.programs import located
from forkjoin.model import Completed, Failed, Place, Task

EXPECTED = {
    "ruff-security": ("app.py", "S602"),
    "ruff-performance": ("app.py", "PERF401"),
    "ruff-testing": ("tests/test_app.py", "PT011"),
    "ruff-architecture": ("deep.py", "PLR0913"),
    "ruff-correctness": ("app.py", "F821"),
    "ruff-docs": ("docs.py", "D101"),
    "bandit": ("app.py", "B602"),
    "vulture": ("gone.py", "unused-function"),
    "complexipy": ("deep.py", "CC001"),
    "typos": ("notes.md", "typo"),
}
MISSING = [ANALYSERS[name].program for name in EXPECTED if not located(ANALYSERS[name].program)]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}; pip install 'forkjoin[review]'"),
]


@pytest.mark.parametrize("name", EXPECTED)
def test_each_analyser_finds_what_was_planted_for_it_and_leaves_the_tree_as_it_was(name, planted, ran):
    before = fingerprint(planted)
    result = ran(name, planted)
    assert isinstance(result.outcome, Completed)
    assert EXPECTED[name] in result.places
    assert fingerprint(planted) == before


def test_the_answer_counts_by_severity_worst_first(planted, ran):
    result = ran("ruff-security", planted)
    assert result.answer.startswith(f"{len(result.findings)} findings: ")
    assert result.answer.index("high") < result.answer.index("medium")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_folder_with_nothing_in_it_completes_and_says_that_it_looked_at_nothing(name, plant, ran):
    result = ran(name, plant({}))
    assert isinstance(result.outcome, Completed)
    assert "to look at" in result.outcome.note
    assert result.findings == []


def test_noqa_and_nosec_hold(planted, ran):
    for name in ("ruff-security", "bandit"):
        lines = {one.line for one in ran(name, planted).findings if one.rule in ("S602", "B602")}
        assert lines == {8}


def test_what_the_project_ignores_stays_ignored_though_the_rules_are_selected_by_us(plant, ran):
    tree = plant(
        {
            "a.py": "assert 1\nimport os\n",
            "skipped/b.py": "eval('1')\n",
            "local/c.py": "import os\n",
            "pyproject.toml": '[tool.ruff]\nextend-exclude = ["skipped"]\n[tool.ruff.lint]\nignore = ["S101"]\n'
            '[tool.ruff.lint.per-file-ignores]\n"local/**" = ["F401"]\n',
        }
    )
    assert ran("ruff-security", tree).findings == []
    assert ran("ruff-correctness", tree).places == {("a.py", "F401")}


def test_a_folder_with_a_configuration_of_its_own_does_not_inherit_the_ignores_above(plant, ran):
    tree = plant(
        {
            "a.py": "assert 1\n",
            "sub/b.py": "assert 1\n",
            "sub/ruff.toml": "line-length = 80\n",
            "odd,[x]/c.py": "assert 1\n",
            "odd,[x]/ruff.toml": '[lint]\nignore = ["S1"]\n',
            "pyproject.toml": '[tool.ruff.lint]\nextend-ignore = ["S101"]\n',
        }
    )
    assert ran("ruff-security", tree).places == {("sub/b.py", "S101")}


def test_ignores_of_a_file_that_is_extended_hold_too(plant, ran):
    tree = plant(
        {"a.py": "assert 1\n", "base.toml": '[lint]\nignore = ["S101"]\n', "ruff.toml": 'extend = "base.toml"\n'}
    )
    assert ran("ruff-security", tree).findings == []


def test_a_project_that_switches_fixing_on_is_not_fixed(plant, ran):
    tree = plant({"a.py": "import os\n", "ruff.toml": "fix = true\nfix-only = true\nunsafe-fixes = true\n"})
    before = fingerprint(tree)
    assert ran("ruff-correctness", tree).rules == {"F401"}
    assert fingerprint(tree) == before


def test_ruffs_variables_of_the_caller_change_nothing(plant, ran, tmp_path):
    tree = plant({"a.py": "import os\n"})
    elsewhere = tmp_path / "elsewhere"
    result = ran("ruff-correctness", tree, RUFF_OUTPUT_FILE=str(elsewhere), RUFF_OUTPUT_FORMAT="concise")
    assert result.rules == {"F401"}
    assert not elsewhere.exists()


def test_each_tool_obeys_its_own_table(plant, ran):
    tree = plant(
        {
            "a.py": "import pickle\nassert 1\n\n\ndef unused():\n    return 'recieve'\n",
            "old/b.py": "import pickle\n\n\ndef unused_too():\n    return 'recieve'\n",
            "pyproject.toml": '[tool.bandit]\nexclude_dirs = ["old"]\nskips = ["B101"]\n'
            '[tool.vulture]\nexclude = ["old"]\nignore_names = ["unused"]\n'
            '[tool.typos.files]\nextend-exclude = ["old"]\n[tool.typos.default.extend-words]\nrecieve = "recieve"\n',
        }
    )
    assert ran("bandit", tree).places == {("a.py", "B403")}
    assert ran("vulture", tree).places == {("a.py", "unused-import")}
    assert ran("typos", tree).findings == []


def test_bandits_ini_file_is_obeyed(plant, ran):
    tree = plant({"a.py": "import pickle\nassert 1\n", ".bandit": "[bandit]\nskips: B101\n"})
    assert ran("bandit", tree).rules == {"B403"}


def test_complexipy_takes_the_limit_and_the_excludes_of_the_project(planted, ran):
    (planted / "pyproject.toml").write_text("[tool.complexipy]\nmax-complexity-allowed = 1000\n")
    assert ran("complexipy", planted).rules == {"invalid-syntax"}
    (planted / "pyproject.toml").write_text('[tool.complexipy]\nexclude = ["deep.py", "broken.py"]\n')
    assert ran("complexipy", planted).findings == []


def test_the_configuration_at_the_top_of_the_repository_holds_for_a_review_of_a_subfolder(plant, ran):
    tree = plant(
        {
            "src/a.py": "import pickle\nassert 1\n",
            "src/deep.py": "def f(a):\n    for i in a:\n        if i:\n            while i:\n                i -= 1\n",
            "pyproject.toml": '[tool.bandit]\nskips = ["B101"]\n[tool.ruff.lint]\nignore = ["S101"]\n'
            "[tool.vulture]\nmin_confidence = 100\n[tool.complexipy]\nmax-complexity-allowed = 1\n",
        }
    )
    (tree / ".git").mkdir()
    assert ran("bandit", tree / "src").rules == {"B403"}
    assert "S101" not in ran("ruff-security", tree / "src").rules
    assert ran("vulture", tree / "src").findings == []
    assert ran("complexipy", tree / "src").places == {("deep.py", "CC001")}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_configuration_fails_with_the_tools_message_and_not_with_zero_findings(name, plant, ran):
    result = ran(name, plant({"a.py": "import os\n", "pyproject.toml": "[[[\n"}))
    assert isinstance(result.outcome, Failed)
    assert "line 1" in result.outcome.reason
    assert result.findings == []


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("ruff-security", "[tool.ruff]\nnonsense = 1\n"),
        ("bandit", "[tool.bandit]\nskips = 3\n"),
        ("vulture", "[tool.vulture]\nnonsense = 1\n"),
        ("complexipy", '[tool.complexipy]\nmax-complexity-allowed = "x"\n'),
        ("typos", "[tool.typos]\nnonsense = 1\n"),
    ],
)
def test_a_setting_the_tool_does_not_take_fails_the_task(name, table, plant, ran):
    result = ran(name, plant({"a.py": "import os\n", "pyproject.toml": table}))
    assert isinstance(result.outcome, Failed)


def test_foreign_code_is_not_looked_at(plant, ran):
    text = "import os\nassert eval('1')\n\n\ndef unused():\n    return 'recieve'\n"
    places = ("node_modules/x/a.py", ".venv/lib/a.py", "myenv/lib/a.py", "build/lib/a.py", "x.egg-info/a.py")
    tree = plant({**dict.fromkeys(places, text), "myenv/pyvenv.cfg": "home = /usr\n", "own.py": "X = 1\n"})
    for name in ("ruff-security", "ruff-correctness", "bandit", "complexipy", "typos"):
        assert ran(name, tree).findings == [], name
    assert {path for path, _ in ran("vulture", tree).places} <= {"own.py"}


def test_what_git_ignores_is_not_looked_at(plant, ran):
    tree = plant({"ignored/a.py": "eval('1')\n# recieve\n", "own.py": "X = 1\n", ".gitignore": "ignored/\n"})
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    assert ran("typos", tree).findings == []
    assert ran("ruff-security", tree).findings == []


def test_a_single_file_is_looked_at_alone(planted, ran):
    for name in ("ruff-security", "bandit", "vulture", "complexipy", "typos"):
        result = ran(name, planted, reads=("deep.py",))
        assert isinstance(result.outcome, Completed), name
        assert {one.path for one in result.findings} <= {"deep.py"}, name


def test_names_with_dashes_spaces_and_line_breaks_are_looked_at(plant, ran):
    odd = {"-rf.py": "assert 1\n", "@list.py": "assert 1\n", "a b/é.py": "assert 1\n", "new\nline.py": "assert 1\n"}
    tree = plant(odd)
    for name, rule in (("ruff-security", "S101"), ("bandit", "B101")):
        assert ran(name, tree).places == {(path, rule) for path in odd}, name
        assert ran(name, tree, reads=("-rf.py", "@list.py")).places == {("-rf.py", rule), ("@list.py", rule)}, name


def test_a_file_name_that_is_no_utf8_ends_nothing(plant, ran):
    tree = plant({"own.py": "assert 1\n"})
    try:
        (tree / os.fsdecode(b"\xff.py")).write_text("import os\n")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert ("own.py", "B101") in ran("bandit", tree).places
    assert isinstance(ran("vulture", tree).outcome, Completed)


def test_files_that_cannot_be_read_are_named_and_the_rest_is_looked_at(plant, ran):
    tree = plant({"own.py": "import os\nassert os\n", "null.py": "x = 1\0\n", "py2.py": "print 'x'\n", "empty.py": ""})
    (tree / "latin.py").write_bytes(b"x = '\xe9'\n")
    (tree / "nowhere.py").symlink_to("not-there.py")
    (tree / "folder.py").symlink_to(tree)
    for name, rule in (("ruff-security", "S101"), ("bandit", "B101"), ("vulture", ""), ("complexipy", "")):
        result = ran(name, tree)
        assert isinstance(result.outcome, Completed), name
        assert {"latin.py", "null.py", "py2.py"} <= {one.path for one in result.findings}, name
        assert not rule or ("own.py", rule) in result.places, name


def test_many_files_are_looked_at_in_several_calls_and_all_are_counted(plant, ran, monkeypatch):
    monkeypatch.setattr(batches, "_BYTES", 4000)
    names = [f"folder_with_a_long_name/module_number_{n:03d}.py" for n in range(150)]
    tree = plant(dict.fromkeys(names, "assert 1\n"))
    assert {path for path, _ in ran("bandit", tree).places} == set(names)


def test_a_tree_that_shadows_the_standard_library_is_not_imported(plant, ran):
    tree = plant(dict.fromkeys(("ast.py", "json.py", "tokenize.py"), "raise SystemExit('imported')\n"))
    for name in ("bandit", "vulture", "complexipy"):
        assert isinstance(ran(name, tree, PYTHONPATH=".").outcome, Completed), name


def test_paths_are_relative_where_the_tree_is_reached_by_a_link(planted, ran, tmp_path):
    (tmp_path / "link").symlink_to(planted)
    for name in ("ruff-security", "bandit", "vulture", "complexipy", "typos"):
        paths = {one.path for one in ran(name, tmp_path / "link").findings}
        assert paths, name
        assert not [path for path in paths if path.startswith(("/", ".."))], name


def test_the_projects_excludes_of_complexipy_hold_beside_ours(planted, ran):
    (planted / "node_modules").mkdir()
    (planted / "node_modules" / "deep.py").write_text((planted / "deep.py").read_text())
    (planted / "pyproject.toml").write_text('[tool.complexipy]\nexclude = ["deep.py"]\n')
    assert ran("complexipy", planted).rules == {"invalid-syntax"}


def test_in_a_clone_the_files_are_those_that_are_there_and_not_those_of_the_users_tree(plant, tmp_path):
    clone = plant({"services/made.py": "assert 1\n", "outside.py": "assert 1\n"})
    scratch = tmp_path / "scratch"
    place = Place(kind="clone", root=str(clone), cwd=str(clone / "services"))
    site = Site(place=place, brief="", scratch=str(scratch), environ=dict(os.environ), files=("gone.py",))
    asked = dialect("static").invocation(Task(agent="static", task="bandit"), site)
    assert asked.cwd == place.cwd
    assert (scratch / "files").read_bytes() == b"made.py\0"


def test_every_analyser_has_a_card_with_its_perspectives():
    here = {card.name: card for card in cards()}
    assert set(here) == set(ANALYSERS)
    assert all(card.perspectives and 2 <= len(card.description.split()) <= 5 for card in here.values())
    assert all(here[name].found for name in EXPECTED)
    assert {"security", "performance", "testing", "architecture", "correctness", "docs", "dead-code", "complexity",
            "spelling"} == {one for card in here.values() for one in card.perspectives}  # fmt: skip
