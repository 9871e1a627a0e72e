"""What keeps a prepared plan from being launched here; all of it is said before anything starts."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which

from msgspec.structs import replace

from forkjoin.agents import Coded, cards, coders, depth_of, dialect, found_agents, is_known, names
from forkjoin.engine.claims import refuse_foreign
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.errors import CannotHere, ForkjoinError, NotIndependent, PlanError, UnknownId, listed
from forkjoin.model import Plan, Ref, Task, Tree, to_json
from forkjoin.model.secrets import secret_in
from forkjoin.workspaces import git_found
from forkjoin.workspaces.landing import clashes

_NAMED = 5
_ANY_RUN = "00000000-000000-aaaa"  # no run is called so
_FILES = 32  # descriptors an owner uses: journal, nursery, threads that run git, and some to spare


def refuse(ready: Prepared, environ: Mapping[str, str]) -> None:
    """Raise what forbids the launch: a nested run, too few files, a policy, a missing agent or git."""
    _refuse_nested(environ)
    _refuse_crowded()
    if ready.recording is not None:
        return  # nothing of it is done again: no agent, no git, no policy is needed
    _refuse_telling(ready.plan, environ)
    _refuse_speechless(ready.plan.tasks)
    for task in ready.plan.tasks:
        _refuse_shared_writer(task)
        _refuse_worktree(task, ready.tree)
    if not ready.clonable:
        _refuse_without_git(ready.plan.tasks)
    refuse_dependent(ready)  # last: what the machine cannot do goes before what the plan is not


def refusal(ready: Prepared, *, prefix: str) -> ForkjoinError | None:
    """Return what a launch here would raise, None where it would start; what the plan is not goes first."""
    try:
        if ready.recording is None:
            refuse_dependent(ready)
        refuse(ready, os.environ)
        if ready.recording is None:
            refuse_clash(ready, prefix=prefix)
    except ForkjoinError as error:
        return error
    return None


def _refuse_nested(environ: Mapping[str, str]) -> None:
    if depth_of(environ) > 0:
        raise CannotHere(
            f"this is task {environ.get('FORKJOIN_TASK', '?')} of run {environ.get('FORKJOIN_RUN', '?')}, and runs do "
            "not nest (depth 0); let the outer plan have more tasks instead"
        )


def _refuse_crowded() -> None:
    """Refuse where so few files may be open that the owner of a run could not even begin."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    try:
        left = most - len(os.listdir("/dev/fd"))  # noqa: PTH208 - a count, not paths
    except OSError as error:
        left = 0 if error.errno in (errno.EMFILE, errno.ENFILE) else most
    if most != resource.RLIM_INFINITY and left < _FILES:
        raise CannotHere(
            f"this process may have {most} files open at once, and a run needs {_FILES} besides those that are open; "
            "allow it more, then try again: ulimit -n 1024"
        )


def refuse_dependent(ready: Prepared) -> None:
    """Raise NotIndependent where the policy is `strict` and the plan, or how it stands to other runs, is not so."""
    if ready.plan.policy != "strict":
        return
    refuse_foreign(ready.check.others)
    if not (ready.check.pairs or ready.check.unknown):
        return
    if ready.check.pairs:
        first = min(ready.check.pairs, key=lambda pair: pair.kind == "after")  # a conflict before a declared order
        more = len(ready.check.pairs) + ready.check.pairs_left_out - 1
        said = f"{first.a} and {first.b}: {first.evidence}; {first.remedy}" + (f" (and {more} more)" if more else "")
    else:
        said = f"what {listed(ready.check.unknown, _NAMED)} will write is unknown; declare writes: [...]"
    raise NotIndependent(f"{said}; policy is strict, nothing was started")


def refuse_unlandable(ready: Prepared, *, prefix: str) -> None:
    """Raise PlanError where a branch is in the way of those that the run is to be landed on, CannotHere outside git."""
    if ready.tree.git is None:
        raise CannotHere(f"{ready.tree.root} is no git repository, and there is no branch to land on")
    _refuse_clash(Path(ready.tree.git.top), prefix, where="--land")


def refuse_clash(ready: Prepared, *, prefix: str) -> None:
    """Raise PlanError where what writers bring back could not be landed, for a branch has the name of our folder."""
    writes = any(not task.shares_tree and not task.function for task in ready.plan.tasks)
    if (
        writes and ready.tree.git is not None and not ready.options.resolves
    ):  # which is landed on a branch that is there
        _refuse_clash(Path(ready.tree.git.top), prefix, where="run")


def _refuse_clash(top: Path, prefix: str, *, where: str) -> None:
    if clash := clashes(top, f"refs/heads/{prefix}/{_ANY_RUN}"):
        raise PlanError(
            f"the branch {clash.removeprefix('refs/heads/')} is in the way of {prefix}/RUN, where changes are landed",
            where=where,
            next_step="set another prefix: FORKJOIN_BRANCH_PREFIX=NAME (or branch_prefix in .forkjoin.toml); nothing "
            "was started",
        )


def _refuse_speechless(tasks: Sequence[Task]) -> None:
    """Refuse a task that names no agent, or one nobody knows; each agent is looked up once, however many name it."""
    known: set[tuple[str, str]] = set()
    for task in tasks:
        if not task.agent_name:
            raise CannotHere(_no_agent(task))
        asked = (task.agent_name, task.task.strip() if task.agent_name == "static" else "")
        if asked not in known and not isinstance(task.agent, Ref):
            _refuse_unknown(task)
            known.add(asked)


def _refuse_unknown(task: Task) -> None:
    if not is_known(task.agent_name) and task.agent_name in {agent for agent, _ in found_agents()}:
        raise CannotHere(f"task {task.id}: this version does not drive {task.agent_name} yet; give it as a command")
    spoken = dialect(task.agent_name)
    if isinstance(spoken, Coded) and which(spoken.coding.program) is None:
        hint = spoken.probe().hint
        raise CannotHere(f"task {task.id}: the program of agent {task.agent_name} is not here; {hint}")
    if task.agent_name == "static":
        known = [card.name for card in cards()]
        if task.task.strip() not in known:
            raise UnknownId("analyser", task.task.strip(), known, hint=f"task {task.id} asks for it")


def _refuse_telling(plan: Plan, environ: Mapping[str, str]) -> None:
    """Refuse a plan in whose words a secret of the environment stands: it would be kept, shown and sent to a provider.

    What it gives by `env` is another thing: that goes to the task's program alone.
    """
    tasks = tuple(replace(task, env={}) for task in plan.tasks)
    name = secret_in(_words(replace(plan, tasks=tasks)), environ)
    if name:
        one = {name: environ[name]}
        holds = (f"task {task.id}" for task in tasks if secret_in(_words(task), one))
        raise PlanError(
            f"the plan holds the value of your ${name}, which would stand in the journal, reports and arguments",
            where=next(holds, "plan"),
            next_step=f"take it out: a command has ${name} in its environment, an agent gets it by pass_env: [{name}]; "
            "nothing was started",
        )


def _words(value: Plan | Task) -> str:
    try:
        return to_json(value).decode("utf-8")
    except UnicodeEncodeError as error:
        raise PlanError(
            f"the plan holds {error.object[:60]!r}, which is not valid UTF-8",
            next_step="a journal could not keep it; rename the file, or name the folder it is in; nothing was started",
        ) from None


def _no_agent(task: Task) -> str:
    found = ""
    if found_agents():
        found = f" (found on this machine: {', '.join(name for name, _ in found_agents())})"
    elif task.task:
        first = dialect(next(iter(coders())))
        return (
            f"no agent was chosen for task {task.id or task.description or task.task[:40]!r}, and no coding agent is "
            f"on this machine; install one ({first.name}: {first.probe().hint}; all of them: forkjoin agents), or say "
            "command: [...] or shell: in the task"
        )
    return (
        f"no agent was chosen for task {task.id or task.description or task.task[:40]!r}{found}, and not exactly one "
        f"coding agent is here and logged in; this version runs {', '.join(names())} and shell: say agent: NAME, "
        "command: [...] or shell: in the task, or -a NAME"
    )


def _refuse_shared_writer(task: Task) -> None:
    if task.isolation == "shared" and not task.reads_only:
        raise PlanError(
            "isolation: shared would let it write into your tree",
            where=task.id,
            next_step="say writes: [] or isolation: clone",
        )


def _refuse_worktree(task: Task, tree: Tree) -> None:
    if task.isolation == "worktree" and tree.git is None:
        raise PlanError(
            f"{tree.root} is no git repository, so there is no worktree of it",
            where=f"{task.id}: isolation: worktree",
            next_step="take isolation: auto, which makes a copy",
        )


def _refuse_without_git(tasks: Sequence[Task]) -> None:
    """Refuse writers that could not be given a tree of their own."""
    writers = [task.id for task in tasks if not task.shares_tree and not task.function]
    if writers and not git_found():
        raise CannotHere(
            f"no git program (2.38 or newer) was found, and {listed(writers, _NAMED)} may write: each writer "
            "works in a tree of its own; install git, or say writes: [] where a task only reads"
        )
