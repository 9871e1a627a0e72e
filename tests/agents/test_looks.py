"""What an analyser is told to look at, of a tree and of a part of it."""

from __future__ import annotations

from forkjoin.agents.analysers.ruff_config import configured
from forkjoin.agents.analysers.scope import look_at


def test_of_a_part_what_is_configured_above_it_is_known_though_only_its_own_files_were_listed(plant, tmp_path):
    tree = plant(
        {
            "pyproject.toml": '[tool.ruff.lint]\nignore = ["S603"]\n',
            "packages/one/ruff.toml": '[lint]\nignore = ["S101"]\n',
            "packages/one/src/deep/a.py": "X = 1\n",
            "packages/two/ruff.toml": '[lint]\nignore = ["S102"]\n',
        }
    )
    look = look_at(str(tree), str(tmp_path), ["packages/one/src/deep/a.py"], ["packages/one/src/**"])
    assert look.configs == ("packages/one/ruff.toml", "pyproject.toml")
    assert [(one.folder, one.ignores) for one in configured(look)] == [("", ("S603",)), ("packages/one", ("S101",))]
