"""Settings: read once, by one function, and handed down as a value."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec

from forkjoin.errors import PlanError, choices
from forkjoin.model import Limits, Policy, Severity, Value

Origin: TypeAlias = Literal["environment", "project", "user", "default"]


class Settings(Value, frozen=True, kw_only=True):
    """What holds where neither a flag nor the plan says otherwise; None = not set.

    `origins` names what kind of place each value came from, `places` the variable or file. The environment beats the
    plan, the plan beats the files.
    """

    home: str
    agent: str | None = None
    max_parallel: int | None = None
    limits: Limits | None = None  # at once, by agent, model and provider; in the environment as JSON
    policy: Policy | None = None
    fail_on: Severity | None = None
    retention_days: float | None = None  # a run that is over longer, and holds no changes, goes at the next launch
    retention_gib: float | None = None  # above it the oldest such runs go
    branch_prefix: str | None = None  # landed changes go on BRANCH_PREFIX/RUN; forkjoin where it is not set
    origins: dict[str, Origin] = {}  # noqa: RUF012 - msgspec copies an empty default
    places: dict[str, str] = {}  # noqa: RUF012 - as above

    def chosen(self, name: str, *, flag: Any, plan: Any) -> Any:
        """Return the value that holds: flag, environment, plan, project file, user file, in this order."""
        own = getattr(self, name)
        if flag is not None:
            return flag
        if own is not None and (plan is None or self.origins.get(name) == "environment"):
            return own
        return plan


def settings_from(environ: Mapping[str, str], tree: Path) -> Settings:
    """Return the settings for *tree*: environment, then `.forkjoin.toml` or `[tool.forkjoin]`, then the user's file.

    A value of the wrong kind is a PlanError that names the variable or the file, and so is one of `PERSONAL` that a
    project says.
    """
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    places: dict[str, str] = {}
    for origin, where, given in _layers(environ, tree):
        for name, value in given.items():
            if name not in _KINDS:
                raise PlanError(f"no setting {name!r}", where=where, next_step=choices(name, [*_KINDS]))
            if origin == "project" and name in PERSONAL:
                raise PlanError(
                    f"{name} is not a project's to say: it is about all runs of yours",
                    where=where,
                    next_step=f"take it out; say it in FORKJOIN_{name.upper()}, or in {_users_file()}",
                )
            if name not in values:
                values[name] = _read(name, value, where=where, textual=origin == "environment")
                origins[name], places[name] = origin, where
    home = values.pop("home", None) or _default_home()
    return Settings(home=str(Path(home).expanduser().absolute()), origins=origins, places=places, **values)


_KINDS: dict[str, Any] = {
    "home": str,
    "agent": str,
    "max_parallel": int,
    "limits": Limits,
    "policy": Policy,
    "fail_on": Severity,
    "retention_days": Annotated[float, msgspec.Meta(ge=0)],
    "branch_prefix": str,
    "retention_gib": Annotated[float, msgspec.Meta(ge=0)],
}


# Who gives us a repository must not say which runs are deleted, nor where runs lie: what lies there is run.
PERSONAL: frozenset[str] = frozenset(("home", "retention_days", "retention_gib"))


def _layers(environ: Mapping[str, str], tree: Path) -> Iterator[tuple[Origin, str, dict[str, Any]]]:
    named = {name: f"FORKJOIN_{name.upper()}" for name in _KINDS}
    for name, variable in named.items():
        if environ.get(variable):
            yield "environment", variable, {name: environ[variable]}
    for path in _project_files(tree):
        yield "project", str(path), _toml(path)
    user = _users_file()
    if user.is_file():
        yield "user", str(user), _toml(user)


def _users_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("forkjoin")) / "settings.toml"


def _project_files(tree: Path) -> Iterator[Path]:
    """The nearest `.forkjoin.toml` or `pyproject.toml` with our table, from the tree upwards."""
    top = tree.absolute()
    for folder in (top, *top.parents):
        own = folder / ".forkjoin.toml"
        if own.is_file():
            yield own
            return
        if (folder / "pyproject.toml").is_file() and _toml(folder / "pyproject.toml"):
            yield folder / "pyproject.toml"
            return
        if (folder / ".git").exists():
            return


def _toml(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        if path.name == "pyproject.toml":
            return {}  # not ours to judge: its own tools will
        raise PlanError(f"cannot be read: {error}", where=str(path)) from error
    if path.name != "pyproject.toml":
        return table
    tools = table.get("tool")
    ours = tools.get("forkjoin") if isinstance(tools, dict) else None
    return ours if isinstance(ours, dict) else {}


def _read(name: str, value: Any, *, where: str, textual: bool) -> Any:
    try:
        if textual and name == "limits":
            return msgspec.json.decode(value, type=Limits)
        return msgspec.convert(value, _KINDS[name], strict=not textual)
    except msgspec.DecodeError as error:
        words = get_args(_KINDS[name])
        if isinstance(value, str) and words and isinstance(words[0], str):
            raise PlanError(f"no {name} {value[:60]!r}", where=where, next_step=choices(value, words)) from error
        raise PlanError(f"{name} = {value!r}: {error}", where=where) from error


def _default_home() -> str:
    import platformdirs

    return platformdirs.user_state_dir("forkjoin")
