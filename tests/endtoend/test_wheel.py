"""The built wheel: what is in it, and that `uv tool install`, `uvx` and `pipx` make a working program of it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)])
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def uv(tmp_path_factory) -> Path:
    return installed("uv", tmp_path_factory.mktemp("uv") / "installer")


@pytest.fixture
def pipx(tmp_path) -> Path:
    return installed("pipx", tmp_path / "installer")


def installed(name: str, venv: Path) -> Path:
    """Return a program in an environment of its own; where no index can be asked a skip, in CI a failure."""
    try:
        run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
        run([with_pip(), "-m", "pip", "--python", str(venv / "bin" / "python"), "install", "-q", name])
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} cannot be installed here: {error.stdout[-300:]}")
    return venv / "bin" / name


def with_pip() -> str:
    """Return a Python that has pip: that of the environment, else the one it was made by (as dev.py leaves it)."""
    return sys.executable if importlib.util.find_spec("pip") else f"{sys.base_prefix}/bin/python3"


def test_the_wheel_holds_the_package_its_licence_and_its_types_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "forkjoin/py.typed" in names
    assert "forkjoin/interfaces/cli/main.py" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"forkjoin", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    ours = ("forkjoin/testing/", "forkjoin/plugin/agents/")  # doubles for others, and the perspective of that name
    assert [name for name in names if "test" in name.lower() and not name.startswith(ours)] == []


def test_the_wheel_holds_every_file_of_the_package(wheel):
    """Prompts and other data travel too, not only modules."""
    package = ROOT / "src" / "forkjoin"
    here = {
        str(path.relative_to(ROOT / "src"))
        for path in package.rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    assert here <= names
    assert {f"forkjoin/plugin/.{host}-plugin/plugin.json" for host in ("claude", "codex")} <= names


def test_uv_tool_install_makes_a_working_program(wheel, uv, tmp_path):
    environ = fresh(
        tmp_path, UV_TOOL_DIR="tools", UV_TOOL_BIN_DIR="bin", UV_CACHE_DIR="cache", UV_PYTHON=sys.executable
    )
    run([str(uv), "tool", "install", *pinned(), str(wheel)], env=environ)
    done = run([str(tmp_path / "bin" / "forkjoin"), "run", "-q", "-a", "shell", "-t", "true"], env=environ)
    assert "1 of 1 task ok" in done.stdout


def test_uvx_runs_it_without_installing(wheel, uv, tmp_path):
    environ = fresh(tmp_path, UV_CACHE_DIR="cache", UV_PYTHON=sys.executable)
    done = run([str(uv.with_name("uvx")), *pinned(), "--from", str(wheel), "forkjoin", "--version"], env=environ)
    assert "0.1" in done.stdout


def test_pipx_install_makes_a_working_program(wheel, pipx, tmp_path):
    environ = fresh(tmp_path, PIPX_HOME="pipx", PIPX_BIN_DIR="bin", PIPX_MAN_DIR="man")
    pip = f"--pip-args=--constraint={ROOT / 'constraints.txt'}"
    run([str(pipx), "install", "--python", sys.executable, pip, str(wheel)], env=environ)  # without analysers
    program = str(tmp_path / "bin" / "forkjoin")
    assert "0.1" in run([program, "--version"], env=environ).stdout
    (tmp_path / "tree").mkdir()
    said = run([program, "run", "-q", "-a", "shell", "-t", "echo hello", "-C", str(tmp_path / "tree")], env=environ)
    assert "1 of 1 task ok" in said.stdout


def works(program: Path, environ: dict[str, str], folder: Path) -> None:
    """Its version is that of the project, and a review of a small folder finds what is wrong there."""
    assert "0.1" in run([str(program), "--version"], env=environ).stdout
    tree = folder / "tree"
    tree.mkdir()
    (tree / "app.py").write_text("import os\n\n\ndef run(text):\n    return eval(text)\n", encoding="utf-8")
    said = run([str(program), "review", "-q", str(tree)], env=environ).stdout
    assert "tasks ok" in said
    report = json.loads(run([str(program), "report", "--json", "-C", str(tree)], env=environ).stdout)
    assert any(finding["path"] == "app.py" and finding["line"] == 5 for finding in report["findings"]), report
    assert sorted(path.name for path in tree.iterdir()) == ["app.py"]


def with_analysers(wheel: Path) -> str:
    return f"{wheel}[review]"


def pinned() -> list[str]:
    return ["--constraints", str(ROOT / "constraints.txt")]


def fresh(folder: Path, **settings: str) -> dict[str, str]:
    """Return an environment with its own HOME below *folder*; *settings* are names of folders there, or absolute."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FORKJOIN_", "XDG_", "PYTHON"))}
    (folder / "home").mkdir()
    return kept | {"HOME": str(folder / "home")} | {name: str(folder / value) for name, value in settings.items()}


def run(argv: list[str], *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:], sep="\n")
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout + done.stderr, done.stderr)
    return done
