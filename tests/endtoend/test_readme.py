"""Every statement of the README and of docs/ is run: a page's blocks in order, in a fresh clone, with an empty HOME."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from architecture.house import ROOT, files
from endtoend import doubles
from endtoend.readme import Block, blocks, run_block

PYTHON = Path(sys.executable)
# Read while HOME is still the machine's: what pip has downloaded once need not be downloaded again.
PIP_CACHE = os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """Return a repository with the files of this one, as they stand.

    But for its tests, of which no page speaks: they are four of ten files, in each of the workspaces that pages make.
    """
    folder = tmp_path_factory.mktemp("template")
    for path in (path for path in files() if not path.is_relative_to(ROOT / "tests")):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    git = ["git", "-c", "user.name=A Reader", "-c", "user.email=reader@example.org", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "all"], check=True)
    return folder


@pytest.fixture
def clone(template, tmp_path) -> Path:
    """Return a fresh clone of it."""
    folder = tmp_path / "forkjoin"
    subprocess.run(["git", "clone", "-q", str(template), str(folder)], check=True)
    return folder


@pytest.fixture
def reader(tmp_path, preloaded) -> dict[str, str]:
    """Return the environment of somebody who has just come: nothing set, an empty HOME, `forkjoin` installed.

    It is the preloaded one: a page starts it twenty times. What a page starts otherwise (dev.py, Python, a detached
    run, an agent) starts as ever.
    """
    (tmp_path / "home").mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name in ("PATH", "LANG", "LC_ALL", "TERM", "SSL_CERT_FILE")
    }
    return (
        kept
        | {"PIP_CACHE_DIR": PIP_CACHE}
        | {"HOME": str(tmp_path / "home"), "PATH": f"{preloaded.parent}:{PYTHON.parent}:{os.environ['PATH']}"}
    )


PAGES = {
    "README.md": 8,
    "docs/plan.md": 12,
    "docs/tutorial.md": 8,
    "docs/guides/agents.md": 4,
    "docs/guides/landing.md": 4,
    "docs/guides/other-agents.md": 2,
    "docs/guides/review.md": 6,
    "docs/guides/mcp.md": 3,
    "docs/guides/transcripts.md": 4,
    "docs/guides/by-task.md": 5,
    "docs/guides/by-directory.md": 7,
    "docs/guides/by-perspective.md": 7,
    "docs/guides/troubleshooting.md": 5,
}  # with the least number of blocks that are tried
# What these say is run with programs called as the agents are (`doubles.py`), in a folder that has the examples alone.
OF_AGENTS = {
    "docs/guides/authentication.md": 7,
    "docs/guides/claude.md": 4,
    "docs/guides/codex.md": 3,
    "docs/guides/opencode.md": 3,
    "docs/guides/pi.md": 3,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_does_what_it_says(clone, reader, name):
    tried = [block for block in on_page(name) if not block.not_run]
    assert len(tried) >= PAGES[name]
    for block in tried:
        wrong = run_block(block, clone, reader, sys.executable)
        assert wrong == "", f"{name}:{block.line}\n{wrong}"


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_AGENTS)
def test_every_block_of_a_page_on_an_agent_does_what_it_says(tmp_path, reader, name):
    folder = tmp_path / "folder"
    shutil.copytree(ROOT / "docs" / "examples", folder / "docs" / "examples")
    programs = doubles.made(tmp_path / "bin")
    tried = on_page(name)
    assert len(tried) == OF_AGENTS[name]
    assert not any(block.not_run for block in tried)
    for block in tried:
        wrong = run_block(block, folder, reader | {"PATH": f"{programs}:{reader['PATH']}"}, sys.executable)
        assert wrong == "", f"{name}:{block.line}\n{wrong}"


def test_few_blocks_are_left_out_and_each_says_why():
    left_out = [block.not_run for name in PAGES for block in on_page(name) if block.not_run]
    assert len(left_out) <= 3
    assert all(len(why.split()) > 2 for why in left_out)


def test_no_page_with_blocks_is_left_out():
    pages = (path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    tried = {name for name in pages if on_page(name) and not name.startswith("docs/reference/")}
    assert tried == (PAGES | OF_AGENTS).keys() - {"README.md"}


def on_page(name: str) -> list[Block]:
    return list(blocks((ROOT / name).read_text(encoding="utf-8")))


PAGE = """
<!-- not run: it takes a day -->
```bash
sleep 86400
```

<!-- run: fails with 6 -->

```console
$ echo "5 tasks in 3.2 s, more"; exit 6
4 tasks in ... s
```
```json
{"never": "run"}
```
```yaml
# plan.yaml
tasks: []
```

<!-- run: saved as jobs/a.md -->
```markdown
# heading.md
```
"""


def test_the_notes_before_a_block_are_understood():
    first, second, third, fourth = blocks(PAGE)
    assert (first.not_run, first.line) == ("it takes a day", 3)
    assert (second.language, second.fails_with) == ("console", 6)
    assert (third.saved_as, third.text) == ("plan.yaml", "# plan.yaml\ntasks: []\n")
    assert (fourth.language, fourth.saved_as) == ("markdown", "jobs/a.md")


@pytest.mark.parametrize(
    "page", ["<!-- run: fails 6 -->\n```bash\nfalse\n```\n", "<!-- run: fails with 6 -->\n```json\n```\n"]
)
def test_a_note_with_a_slip_is_not_passed_over(page):
    with pytest.raises(ValueError, match="not understood"):
        list(blocks(page))


@pytest.mark.parametrize(
    ("text", "code", "wrong"),
    [
        ('$ echo "5 tasks in 3.2 s"\n4 tasks in 0.1 s\n', 0, ""),
        ('$ printf "one\\ntwo\\n"\ntwo\none\n', 0, "one"),
        ("$ exit 3\n", 0, "exit code 3, not 0"),
        ("$ exit 6\n", 6, ""),
        ('$ echo "a 1 b 2 c"\na ... c\n', 0, ""),
        ('$ echo "a b"\na ... c\n', 0, "never printed"),
    ],
)
def test_a_console_block_is_compared_loosely_but_compared(tmp_path, text, code, wrong):
    found = run_block(
        Block(line=1, language="console", text=text, fails_with=code), tmp_path, os.environ, sys.executable
    )
    assert (wrong in found) if wrong else (found == "")
