"""What a landing is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from forkjoin.errors import PlanError, choices

VIOLATIONS = ("refuse", "keep-declared", "accept")
GATE_TIMEOUT_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class LandAsk:
    """Which tasks (none: all), onto what, and how.

    `accept` has TASK or TASK:GLOB: what is landed though it is outside the declared writes, or its task did not
    complete. `gate` None: the plan's, "": none. `ref` names the one branch to land on in full, "" = `prefix`/RUN.
    """

    tasks: tuple[str, ...] = ()
    onto: str = ""
    accept: tuple[str, ...] = ()
    violations: str = "refuse"
    apply: bool = False
    branch_per_task: bool = False
    gate: str | None = None
    gate_timeout_s: float = GATE_TIMEOUT_S
    prefix: str = "forkjoin"
    ref: str = ""
    dry_run: bool = False

    def __post_init__(self) -> None:
        """Raise PlanError for what cannot go together."""
        if self.violations not in VIOLATIONS:
            raise PlanError(
                f"{self.violations!r} is no way to treat them",
                where="--violations",
                next_step=choices(self.violations, VIOLATIONS),
            )
        if self.apply and self.branch_per_task:
            raise PlanError("cannot go with --branch-per-task", where="--apply", next_step="say one of them")
