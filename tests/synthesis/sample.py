"""A run as it may have been, with something of everything that a report shows; the same at every call."""

from __future__ import annotations

from typing import Any

from forkjoin.model import (
    Account,
    Change,
    Changes,
    Claimed,
    Edge,
    Hold,
    LostTime,
    Report,
    RunId,
    Span,
    Task,
    TaskId,
    TaskView,
    Timeline,
    Try,
    to_json,
)
from forkjoin.synthesis import TaskResult, report
from forkjoin.synthesis.renderers import Detail, Given
from forkjoin.testing import a_view

BEGAN = 1_790_000_000.0
LOG = "reading services/auth\n12 files\nrunning pytest -q\n....................  [100%]\n20 passed in 3.1s\n"
PROSE = "I read it all.\n\n- high: services/search/query.py:57 builds SQL by hand\n- the rest is fine"
DIFF = """diff --git a/services/auth/hashing.py b/services/auth/hashing.py
index 3f1c2aa..9be0f11 100644
--- a/services/auth/hashing.py
+++ b/services/auth/hashing.py
@@ -10,7 +10,9 @@ def hashed(password: str) -> str:
-    return hashlib.md5(password.encode()).hexdigest()
+    salt = secrets.token_bytes(16)
+    key = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
+    return f"{salt.hex()}${key.hex()}"
"""


def result(
    name: str, *claims: Claimed, agent: str = "", state: str = "completed", output: Any = "findings", **given: Any
) -> TaskResult:
    """Return a task's result; its value holds the claims where it owes findings."""
    given = {"value": to_json({"findings": claims}) if output == "findings" else b""} | given
    description = given.pop("description", f"{name} review")
    task = Task(id=TaskId(name), description=description, task=name, output=output)
    return TaskResult(task=task, agent=agent or name, state=state, **given)


def claim(title: str, severity: str, path: str, line: int, **given: Any) -> Claimed:
    """Return a claim of the perspective security, unless another is given."""
    return Claimed(
        **{"title": title, "severity": severity, "path": path, "line": line, "perspective": "security"} | given
    )


def a_report() -> Report:
    """Two analysers and two agents look at a service, one of them answers in prose; two writers met in one file."""
    asserts = [claim("Use of `assert` detected", "low", f"services/{name}/checks.py", 10 + 7 * n, rule="S101")
               for n, name in enumerate(("auth", "auth", "billing", "billing", "mail", "mail", "search"))]  # fmt: skip
    results = (
        result(
            "ruff-security",
            claim("`subprocess` call with `shell=True` identified", "high", "services/mail/send.py", 41, rule="S602"),
            claim("Probable use of insecure hash functions in `hashlib`: `md5`", "medium",
                  "services/auth/hashing.py", 12, rule="S324"),
            *asserts,
            seconds=0.4, description="Ruff, security rules",
        ),
        result(
            "bandit",
            claim("subprocess call with shell=True identified, security issue", "high", "services/mail/send.py", 41,
                  end_line=44, rule="B602", confidence="high", evidence="subprocess.run(command, shell=True)",
                  remedy="Give the arguments as a list, without shell=True."),
            claim("Use of weak MD5 hash for security", "high", "services/auth/hashing.py", 12, rule="B324",
                  confidence="high", evidence="hashlib.md5(password.encode())"),
            seconds=3.4, description="Bandit",
        ),
        result(
            "auth-review",
            claim("Shell injection: the recipient reaches a shell", "critical", "services/mail/send.py", 42,
                  rule="command-injection", message="`recipient` comes from the request body and is put into the "
                  "command without quoting: anyone who can send mail can run programs.", remedy="Remove shell=True."),
            claim("Retry loop hides a failed login", "medium", "services/auth/login.py", 88,
                  remedy="Remove the loop.", perspective="correctness"),
            agent="claude", seconds=31.0, description="Look through the login path",
            answer="One serious hole, in the mailer.\n\n# Details\nSee `services/mail/send.py`, and what calls it.",
        ),
        result(
            "billing-review",
            claim("Retry loop around the failed login", "low", "services/auth/login.py", 88, confidence="low",
                  remedy="Keep it: it guards a race with the session store.", perspective="correctness"),
            agent="codex", seconds=24.0, description="Check money rounding",
        ),
        result(
            "search-review", agent="opencode", state="failed", kind="contract", value=b"", seconds=12.0,
            reason="the answer holds no JSON", description="Review the search service",
            answer=PROSE, said=PROSE,
        ),
        result("vulture", state="failed", reason="vulture ended with exit code 2", value=b"", seconds=0.4,
               description="Dead code"),
        result("harden-auth", agent="claude", output="text", seconds=64.0, files=2,
               description="Replace weak hashes", answer="Passwords are hashed with scrypt now."),
        result("rename-auth", agent="codex", output="text", seconds=41.0, files=2, violations=1,
               description="Rename the hashing module", answer="Renamed. The tests pass."),
        result("docs", state="skipped", reason="the run was stopped", value=b"", description="Review the docs"),
    )  # fmt: skip
    return report(
        a_view(*_writers(), run=RunId("20260921-144000-k3x"), name="harden", goal="Make the services safe to expose",
               edges=_edges(), notes=("2 asserts in tests not counted",)),
        results,
        account=Account(
            wall_s=112.0, sum_s=176.6, speedup=176.6 / 112.0, ideal_s=72.0,
            critical_path=(TaskId("auth-review"), TaskId("harden-auth")),
            lost=(
                LostTime(cause="conflict", seconds=31.0, tasks=(TaskId("auth-review"), TaskId("harden-auth")),
                         detail="services/auth/hashing.py", waited=38.0),
                LostTime(cause="cap", seconds=6.5, tasks=(TaskId("billing-review"),),
                         detail="for a free place (max_parallel 4)"),
                LostTime(cause="set-up", seconds=2.2, tasks=(TaskId("harden-auth"),)),
                LostTime(cause="overhead", seconds=0.3),
            ),
        ),
        not_looked_at=["JavaScript (3 files): no analyser for it was found", "typos is not installed"],
    )  # fmt: skip


def a_timeline() -> Timeline:
    """When those tasks ran: a wait for a conflict, one for the cap, one for memory, and a second attempt."""
    spans = (
        _span("ruff-security", 0.0, 0.0, 0.1, 0.5),
        _span("bandit", 0.0, 0.0, 0.1, 3.5),
        _span("auth-review", 0.0, 0.1, 0.4, 31.4),
        _span("billing-review", 0.0, 6.6, 7.0, 31.0),
        _span("search-review", 0.0, 3.6, 4.0, 16.0),
        _span("vulture", 0.0, 0.6, 0.7, 1.1),
        _span("harden-auth", 31.5, 31.5, 33.7, 111.6, edges=_edges(),
              tries=(_try(31.5, 33.7, 52.0), _try(54.0, 54.2, 111.6))),
        _span("rename-auth", 0.0, 20.0, 22.0, 63.0),
        Span(task=TaskId("docs"), ready=BEGAN, started=None, ended=None),
    )  # fmt: skip
    holds = (Hold(cause="memory", started=BEGAN + 12, ended=BEGAN + 19),)
    return Timeline(started=BEGAN, ended=BEGAN + 112, spans=spans, holds=holds, slots=4, cores=2.0)


def given(**changes: Any) -> Given:
    """Return all that a renderer takes."""
    changed = (
        Change(path="services/auth/hashing.py", how="modified", insertions=3, deletions=1),
        Change(path="Makefile", how="modified", insertions=1, deletions=0, violation=True, runs=True),
    )
    details = {
        TaskId("harden-auth"): Detail(log=LOG, diff=DIFF, changes=changed[:1]),
        TaskId("rename-auth"): Detail(log=LOG, changes=changed),
        TaskId("vulture"): Detail(log="vulture: error: no such option: --min\n"),
    }
    whole: dict[str, Any] = {
        "report": a_report(), "timeline": a_timeline(), "now": BEGAN + 112, "tree": "/srv/shop", "version": "0.1.0",
        "details": details,
    }  # fmt: skip
    return Given(**whole | changes)


def _writers() -> tuple[TaskView, ...]:
    path = "services/auth/hashing.py"
    return tuple(
        TaskView(
            task=Task(id=TaskId(name), task=name), number=number, state="completed",
            changes=Changes(files=(Change(path=path, how="modified"),)),
        )
        for number, name in enumerate(("harden-auth", "rename-auth"))
    )  # fmt: skip


def _edges() -> tuple[Edge, ...]:
    paths = ("services/auth/hashing.py",)
    return (Edge(first=TaskId("auth-review"), then=TaskId("harden-auth"), kind="write-read", paths=paths),)


def _span(name: str, ready: float, launched: float, started: float, ended: float, **given: Any) -> Span:
    times = {"ready": ready, "launched": launched, "started": started, "ended": ended}
    return Span(task=TaskId(name), **{key: BEGAN + at for key, at in times.items()}, **given)


def _try(launched: float, started: float, ended: float) -> Try:
    return Try(launched=BEGAN + launched, started=BEGAN + started, ended=BEGAN + ended, recorded=BEGAN + ended + 0.1)
