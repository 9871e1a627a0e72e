"""Analysers that work from a project's own configuration or data: recorded outputs, and real runs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from agents.planted import fingerprint, write
from agents.polyglot import POLYGLOT, polyglot

from forkjoin.agents import cards
from forkjoin.agents.analysers import BadOutput, analyser
from forkjoin.agents.analysers.cobertura import cobertura
from forkjoin.agents.analysers.programs import located
from forkjoin.agents.analysers.project import homes
from forkjoin.model import Completed, Failed

RECORDED = Path(__file__).parents[1] / "data" / "analysers"
EXPECTED = {
    "deptry": {("pkg/high.py", 2, "DEP001"), ("pyproject.toml", 6, "DEP002")},
    "import-linter": {("pkg/low/deep.py", 1, "broken-contract"), ("pkg/one.py", 1, "broken-contract")},
    "coverage": {
        ("pkg/high.py", 1, "uncovered"), ("pkg/low/deep.py", 1, "uncovered"), ("pkg/middle.py", 2, "uncovered"),
        ("pkg/one.py", 1, "uncovered"), ("pkg/two.py", 4, "uncovered"), ("pkg/two.py", 9, "uncovered"),
    },
    "eslint": {
        ("web/app.js", 1, "no-unused-vars"), ("web/app.js", 3, "eqeqeq"), ("web/app.js", 4, "no-eval"),
        ("web/broken.js", 1, "invalid-syntax"), ("web/odd dir/-dash é.js", 1, "no-eval"),
    },
    "clippy": {
        ("rust/src/main.rs", 1, "dead_code"), ("rust/src/main.rs", 2, "clippy::needless_return"),
        ("rust/src/main.rs", 6, "clippy::useless_vec"), ("rust/src/main.rs", 7, "clippy::len_zero"),
        ("rust/src/main.rs", 10, "unused_variables"),
    },
}  # fmt: skip
EXPECTED["coverage-report"] = EXPECTED["coverage"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    return polyglot(tmp_path_factory.mktemp("polyglot") / "tree")


def toolchains() -> dict[str, str]:
    """Where rustup keeps its toolchains: beside its own programs, for tests have a home of their own."""
    cargo = located("cargo-clippy")
    home = Path(cargo[0]).parents[2] / ".rustup" if cargo else Path("/none")
    return {"RUSTUP_HOME": str(home)} if home.is_dir() else {}


def recorded(name: str, tree: Path):
    out, err = ((RECORDED / f"{name}.{stream}").read_bytes() for stream in ("stdout", "stderr"))
    return analyser(name).parse(out.replace(b"/tmp/planted", os.fsencode(tree)), err, str(tree))


def places(findings) -> set[tuple[str, int, str]]:
    return {(one.path, one.line, one.rule) for one in findings}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_output_is_read(name, tree):
    assert places(recorded(name, tree).findings) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_run_finds_it_and_leaves_the_tree_as_it_was(name, tmp_path, ran):
    if name.startswith("coverage"):
        pytest.importorskip("coverage")
    root = polyglot(tmp_path / "tree", measured=name.startswith("coverage"))
    if not located(analyser(name).program):
        pytest.skip(f"{analyser(name).program} is not here")
    before = fingerprint(root)
    result = ran(name, root, **toolchains())
    assert isinstance(result.outcome, Completed), result.outcome
    assert places(result.findings) == EXPECTED[name]
    assert fingerprint(root) == before


def test_severities_perspectives_and_advice_come_along(tree):
    eslint = {(one.line, one.rule): one for one in recorded("eslint", tree).findings if one.path == "web/app.js"}
    assert (eslint[4, "no-eval"].perspective, eslint[4, "no-eval"].severity) == ("security", "medium")
    assert eslint[3, "eqeqeq"].remedy == "Use '===' instead of '=='."
    clippy = {one.rule: one for one in recorded("clippy", tree).findings}
    assert (clippy["dead_code"].severity, clippy["dead_code"].perspective) == ("low", "dead-code")
    assert clippy["clippy::needless_return"].evidence == "return a;"
    chain = next(one for one in recorded("import-linter", tree).findings if one.path == "pkg/low/deep.py")
    assert chain.title == "pkg.low is not allowed to import pkg.high"
    assert "pkg.low.deep -> pkg.middle, pkg.middle -> pkg.high" in chain.message
    two = next(one for one in recorded("coverage", tree).findings if (one.path, one.line) == ("pkg/two.py", 4))
    assert (two.end_line, two.severity) == (5, "info")
    assert two.message == "2 statements without a test (lines 4 to 5)"


def test_golangci_lint_is_read_by_its_documented_form(tree):
    out = (RECORDED / "golangci-lint.stdout").read_bytes()
    found = {one.rule: one for one in analyser("golangci-lint").parse(out, b"", str(tree)).findings}
    assert places(found.values()) == {
        ("main.go", 9, "errcheck"), ("internal/token.go", 12, "gosec"), ("tools/gen/gen.go", 3, "typecheck"),
    }  # fmt: skip
    assert (found["gosec"].severity, found["gosec"].perspective, found["gosec"].end_line) == ("high", "security", 13)
    assert (found["errcheck"].severity, found["typecheck"].confidence) == ("medium", "high")


def test_golangci_lint_is_asked_in_the_way_of_its_version(tmp_path, ran, monkeypatch):
    """A stand-in that prints its arguments as the JSON it was asked for."""
    tree = write(tmp_path / "tree", {"go.mod": "module x\n", "main.go": "package main\n"})
    fake = tmp_path / "bin" / "golangci-lint"
    fake.parent.mkdir()
    for version, asked in (("1.64.8", "--out-format json"), ("2.1.0", "--output.json.path stdout")):
        fake.write_text(
            f'#!/bin/sh\n[ "$1" = version ] && {{ echo "golangci-lint has version {version} built"; exit; }}\n'
            'printf \'{"Issues":[{"FromLinter":"said","Text":"%s","Pos":{"Filename":"main.go","Line":1}}]}\' "$*"\n'
        )
        fake.chmod(0o755)
        result = ran("golangci-lint", tree, PATH=f"{fake.parent}:{os.environ['PATH']}")
        assert asked in result.findings[0].message
        assert "--issues-exit-code 0" in result.findings[0].message
    fake.write_text("#!/bin/sh\necho 'level=error msg=\"no go files\"' >&2\nexit 5\n")
    failed = ran("golangci-lint", tree, PATH=f"{fake.parent}:{os.environ['PATH']}").outcome
    assert isinstance(failed, Failed)
    assert "no go files" in failed.reason


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("golangci-lint", b'\nforkjoin: in \n{"Issues": null, "Report": {"Error": "context deadline exceeded"}}'),
        ("golangci-lint", b'\nforkjoin: in \n{"Issues": 3}'),
        ("golangci-lint", b'\nforkjoin: in \n{"Issues": [{"Text": "x"}]}'),
        ("golangci-lint", b"\nforkjoin: in \n"),
        ("eslint", b'\nforkjoin: in \n[{"filePath": "a.js"}]'),
        ("eslint", b"\nforkjoin: in web\n[]\nforkjoin: in more\n"),
        ("clippy", b"\nforkjoin: in \n"),
        ("clippy", b'\nforkjoin: in \n{"reason":"compiler-artifact"}'),
        ("import-linter", b"Could not find package 'pkg' in your Python path.\n"),
        ("import-linter", b"Contracts: 1 kept, 2 broken.\n"),
        ("deptry", b'[{"error": {"code": "DEP001"}}]'),
        ("coverage", b'{"files": {"a.py": {}}}'),
        ("coverage-report", b"SF:a.py\nDA:1,0\n"),
        ("coverage-report", b"SF:a.py\nDA:x\nend_of_record\n"),
        ("coverage-report", b"<coverage><class"),
        ("coverage-report", b"<html></html>"),
        ("coverage-report", b'<!DOCTYPE x [<!ENTITY a "b">]><coverage>&a;</coverage>'),
    ],
)
def test_what_breaks_off_or_failed_is_never_no_findings(name, out, tree):
    with pytest.raises(BadOutput):
        analyser(name).parse(out, b"", str(tree))


@pytest.mark.parametrize("name", ["golangci-lint", "eslint", "import-linter"])
def test_nothing_found_is_read_as_nothing(name, tree):
    empty = {
        "golangci-lint": b'\nforkjoin: in \n{"Issues": null, "Report": {}}',
        "eslint": b"\nforkjoin: in \n[]",
        "import-linter": b"Contracts: 2 kept, 0 broken.\n",
    }[name]
    assert analyser(name).parse(empty, b"", str(tree)).findings == ()


def test_a_contract_of_another_kind_is_told_whole(tree):
    said = (
        b"Contracts: 0 kept, 1 broken.\n\n\n----------------\nBroken contracts\n----------------\n\n"
        b"No cycles\n---------\n\nSomething else is wrong.\n"
    )
    (only,) = analyser("import-linter").parse(said, b"", str(tree)).findings
    assert (only.title, only.message) == ("Contract broken: No cycles", "Something else is wrong.")


def test_cobertura_files_are_found_wherever_they_were_measured(tree):
    text = (RECORDED / "coverage.xml").read_bytes()
    for measured_in in (str(tree), "/home/ci/work/pkg/tree", "/builds/1"):
        found = cobertura(text.replace(b"/tmp/planted", measured_in.encode()), str(tree))
        assert found["pkg/two.py"] == {1: 1, 2: 1, 3: 1, 4: 0, 5: 0, 8: 1, 9: 0}


def test_files_changed_since_they_were_measured_are_not_counted(tmp_path, ran):
    pytest.importorskip("coverage")
    root = polyglot(tmp_path / "tree", measured=True)
    later = time.time() + 60
    os.utime(root / "pkg" / "two.py", (later, later))
    for name in ("coverage", "coverage-report"):
        result = ran(name, root)
        assert isinstance(result.outcome, Completed)
        assert "1 file changed since coverage was measured, not counted" in result.outcome.note
        assert {one.path for one in result.findings} == {path for path, _, _ in EXPECTED["coverage"]} - {"pkg/two.py"}


def test_what_lies_outside_the_part_that_was_asked_for_is_left_out(tmp_path, ran):
    if not located("lint-imports"):
        pytest.skip("import-linter is not here")
    root = polyglot(tmp_path / "tree")
    assert places(ran("import-linter", root, reads=("pkg/low",)).findings) == {
        ("pkg/low/deep.py", 1, "broken-contract")
    }


def test_analysers_apply_where_the_project_has_what_they_work_from(tmp_path):
    def applying(files: dict[str, str]) -> set[str]:
        root = write(tmp_path / str(len(list(tmp_path.iterdir()))), files)
        return {card.name for card in cards(str(root), tuple(files)) if card.applies} & {*EXPECTED, "golangci-lint"}

    assert applying({"a.py": "", "a.js": "", "a.go": "", "a.rs": ""}) == set()
    assert applying({"pyproject.toml": "[tool.ruff]\n"}) == set()
    assert applying({"pyproject.toml": "[project]\nname='x'\n", "setup.cfg": "[importlinter]\nroot_package=x\n"}) == {
        "deptry", "import-linter",
    }  # fmt: skip
    assert applying({"requirements.txt": "x\n", ".importlinter": ""}) == {"deptry", "import-linter"}
    assert applying({".coverage": "", "lcov.info": ""}) == {"coverage", "coverage-report"}
    assert applying({"web/eslint.config.js": "", "web/a.js": "", "go.mod": "", "crates/a/Cargo.toml": ""}) == {
        "eslint", "golangci-lint", "clippy",
    }  # fmt: skip
    assert {card.name for card in cards()} >= set(EXPECTED)
    assert all(card.applies for card in cards())


def test_homes_are_the_topmost_folders_with_a_configuration(tmp_path):
    root = write(tmp_path / "tree", {"a/go.mod": "", "a/b/go.mod": "", "c/d/go.mod": "", "c/x.go": ""})
    files = ("a/go.mod", "a/b/go.mod", "c/d/go.mod", "c/x.go")
    assert homes(str(root), files, ("go.mod",)) == ("a", "c/d")
    (root / ".git").mkdir()
    (root / "go.mod").write_text("")
    assert homes(str(root), files, ("go.mod",)) == ("",)
    assert homes(str(root / "c"), ("x.go",), ("go.mod",)) == ("",)


def test_the_projects_own_eslint_goes_before_the_machines(tmp_path, ran):
    files = {name: text for name, text in POLYGLOT.items() if name.startswith("web/")}
    root = write(tmp_path / "tree", files)
    own = root / "web/node_modules/.bin/eslint"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\nprintf '[]'\n")
    own.chmod(0o755)
    card = next(card for card in cards(str(root), tuple(files)) if card.name == "eslint")
    assert (card.found, card.hint) == (True, "")
    assert isinstance(ran("eslint", root).outcome, Completed)


def test_clippy_without_a_lock_file_says_how_to_make_one(tree):
    for said in ("cannot create the lock file /t/Cargo.lock", "the lock file /t/Cargo.lock needs to be updated"):
        stderr = f"error: {said} because --frozen was passed to prevent this\n".encode()
        with pytest.raises(BadOutput, match="make it: cargo generate-lockfile"):
            analyser("clippy").parse(b"\nforkjoin: in \n", stderr, str(tree))


def test_rust_without_a_lock_file_fails_for_it_would_be_written(tmp_path, ran):
    if not located("cargo-clippy"):
        pytest.skip("clippy is not here")
    files = {name: text for name, text in POLYGLOT.items() if name.startswith("rust/") and not name.endswith(".lock")}
    root = write(tmp_path / "tree", files)
    failed = ran("clippy", root, **toolchains()).outcome
    assert isinstance(failed, Failed)
    assert "make it: cargo generate-lockfile" in failed.reason
    assert not (root / "rust/Cargo.lock").exists()
