"""What the coding agents have in common: how one is looked for, started, and what of the environment it gets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from shutil import which
from subprocess import DEVNULL, TimeoutExpired, run
from typing import Any, Protocol, runtime_checkable

from forkjoin.agents.answers import findings_schema
from forkjoin.agents.dialect import Probe, Site
from forkjoin.agents.features import By
from forkjoin.agents.seeing import Places
from forkjoin.model import Permission, Process, Task
from forkjoin.model.secrets import secret_name

_VERSION = re.compile(r"\d+\.\d+\.\d+\S*")
_PROBE_S = 60.0  # on a busy machine one of them takes twenty to say its version

# What a program and the tools it calls need to work as at home. Everything else stays out: it may be a secret, and an
# agent reads its environment. A task names more under `env`, or by name under `pass_env`.
_PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLORTERM", "NO_COLOR",
    "TMPDIR", "TEMP", "TMP", "XDG_*", "EDITOR", "VISUAL", "PAGER", "CI", "HOSTNAME", "IS_SANDBOX", "FORKJOIN_*",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS",
    "VIRTUAL_ENV", "CONDA_*", "PYENV_*", "PYTHON*", "PIP_*", "UV_*", "NVM_*", "NODE_PATH", "NPM_CONFIG_PREFIX",
    "npm_config_prefix", "CARGO_HOME", "RUSTUP_*", "GOPATH", "GOROOT", "GOCACHE", "GOFLAGS", "JAVA_HOME", "GEM_*",
    "BUNDLE_PATH", "DOTNET_*", "ANDROID_HOME", "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LD_LIBRARY_PATH",
    "PKG_CONFIG_PATH", "MAKEFLAGS", "GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_CONFIG_GLOBAL", "GIT_SSL_*", "SYSTEMROOT",
    "WSL_*", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Coding:
    """One coding agent's program. `keys` are the variables it alone gets, `sets` what is set where the caller has not.

    `logins` are variables, `login_files` files, that say by which kind of log-in it would work. `provider` is the one
    that it asks, "" where it can ask many. `features` are those of its program, `places` where it looks at its start.
    `at_once` is how many may run where nobody says it, `as_root` the variable without which it refuses root something.
    """

    program: str
    install: str
    login: str
    logins: Mapping[str, str]
    login_files: Mapping[str, str]
    features: Mapping[str, tuple[By, str]]
    places: Places
    provider: str = ""
    at_once: int | None = None
    as_root: str = ""
    keys: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict)

    def logged_in(self) -> str:
        """Return how it is logged in, as far as can be seen without starting it; "" where it is not."""
        named = (f"{kind} ({name})" for name, kind in self.logins.items() if os.environ.get(name))
        kept = (f"{kind} ({name})" for name, kind in self.login_files.items() if Path(name).expanduser().exists())
        in_settings = self.places.named_keys(Path.home(), os.environ)
        said = (f"key ({name or 'its settings'})" for name in in_settings if not name or os.environ.get(name))
        return next(named, "") or next(kept, "") or next(said, "")

    def withheld(self) -> tuple[str, ...]:
        """Return the variables that its settings say hold a key, that are set, and that its tasks do not get."""
        names = self.places.named_keys(Path.home(), os.environ)
        there = {name: "" for name in names if name and os.environ.get(name)}
        return tuple(name for name in there if name not in self.environ(there))

    def probe(self) -> Probe:
        """Return what is here: the program, its version, and how it is logged in."""
        path = which(self.program)
        if path is None:
            return Probe(found=False, hint=self.install)
        how = self.logged_in()
        return Probe(found=True, path=path, version=_version(path), how=how, hint="" if how else self.login)

    def environ(self, environ: Mapping[str, str], *, more: tuple[str, ...] = ()) -> dict[str, str]:
        """Return of *environ* what this agent gets: *more* are patterns of names that the task passes on."""
        own = (*self.keys, *more)
        return {
            name: value
            for name, value in environ.items()
            # Among those that pass by a pattern, what its name calls a secret does not, unless it is the agent's own.
            if _matches(name, own) or (_matches(name, _PASSED) and not secret_name(name))
        }


@runtime_checkable
class Coded(Protocol):
    """A dialect of a coding agent's program."""

    @property
    def name(self) -> str:
        """The word that plans use."""

    @property
    def coding(self) -> Coding:
        """What is known of its program."""


def process(
    task: Task, site: Site, argv: tuple[str, ...], coding: Coding, *,
    sets: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None,
) -> Process:  # fmt: skip
    """Return the invocation of a coding agent: its brief on stdin, its limits, no more environment than it needs."""
    kept = coding.environ(site.environ, more=tuple(task.pass_env))
    return Process(
        argv=argv,
        cwd=site.place.cwd,
        env={**coding.sets, **kept, **(sets or {}), **task.env},
        stdin=site.brief,
        timeout=task.timeout,
        idle_timeout=task.idle_timeout,
        memory=task.memory,
        processes=task.processes,
        disk=task.disk,
        files=dict(files or {}),
    )


def allowing(permission: Permission) -> str:
    """Return how to permit what was refused to an agent with *permission*."""
    more = {"read-only": "workspace-write", "workspace-write": "full"}.get(permission)
    if more is None:
        return "it has every permission that forkjoin gives: its own settings, or your machine's, refuse that"
    return f"to allow it: permission: {more} in the plan, or --permission {more}"


def schema_of(task: Task) -> dict[str, Any] | None:
    """Return the JSON Schema of the answer that *task* asks for, None where it asks for text."""
    if task.output == "findings":
        return findings_schema()
    return task.output if isinstance(task.output, dict) else None


def temporary(environ: Mapping[str, str]) -> str:
    """Return the folder for temporary files: every agent may write there, for their tools do."""
    return environ.get("TMPDIR", "").rstrip("/") or "/tmp"  # noqa: S108 - it is named, and nothing is made in it


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _version(path: str) -> str:
    """Ask the program for its version; "" where it does not say one."""
    try:
        said = run([path, "--version"], stdin=DEVNULL, capture_output=True, timeout=_PROBE_S, check=False).stdout
    except (OSError, TimeoutExpired):
        return ""
    found = _VERSION.search(said.decode("utf-8", "replace"))
    return found[0] if found else ""
