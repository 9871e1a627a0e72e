"""A copy of the product with one thing wrong on purpose: a trial that stays green on it proves nothing."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import forkjoin

SOURCE = Path(forkjoin.__file__).parent


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """Texts that are exchanged, each of which stands exactly once in its file."""

    changes: tuple[tuple[str, str, str], ...]  # file below src/forkjoin, what stands there, what is to stand there


MUTANTS = {
    "lock taken after the fork": Mutant(
        changes=(
            ("backends/local.py", "            take(fd)\n", ""),
            (
                "backends/shim.py",
                '        reached("shim.settled")\n',
                '        reached("shim.settled")\n        time.sleep(3.0)\n'
                "        import fcntl\n        fcntl.flock(self.lock_fd, fcntl.LOCK_EX)\n",
            ),
        )
    ),
    "effect before commit": Mutant(
        changes=(
            (
                "engine/driving/outbox.py",
                "        effects, self._effects = self._effects, []\n",
                "        effects, self._effects = self._effects, []\n        for effect in effects:\n"
                "            effect()\n"
                "        import os\n"
                "        import time\n"
                "        from pathlib import Path\n"
                "        awaited = bool(effects and Path(os.environ['FORKJOIN_FAILPOINTS'], 'kill').read_text())\n"
                "        log = Path(os.environ['FORKJOIN_FAILPOINTS']).with_name('log')\n"
                "        until = time.monotonic() + 30.0 * awaited\n"
                # What was let go has begun when the kill comes.
                "        while time.monotonic() < until and not (log.exists() and log.stat().st_size):\n"
                "            time.sleep(0.02)\n"
                "        effects = []\n",
            ),
        )
    ),
    "exit record written in place": Mutant(
        changes=(
            ("backends/record.py", '    draft = f"{folder}/{DRAFT}"\n', '    draft = f"{folder}/{RECORD}"\n'),
            ("backends/record.py", 'os.rename(draft, f"{folder}/{RECORD}")', "pass"),
        )
    ),
    "sweep removed": Mutant(
        changes=(
            ("backends/shim.py", "            processes.end_all(os.getpid(), self.swept)\n", ""),
            ("backends/shim.py", "SWEEP_S = 10.0", "SWEEP_S = 0.0"),
            ("backends/nursery.py", "            self._sweep()\n", "            pass\n"),
        )
    ),
    "synchronous off": Mutant(
        changes=(("journal/files.py", "PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF"),),
    ),
    "exit record not synced": Mutant(
        changes=(("backends/record.py", '        reached("record.written")\n        os.fsync(fd)\n', ""),),
    ),
    "names of git's objects not synced": Mutant(
        changes=(("workspaces/harvest.py", "    store.names.flush()\n", ""),),
    ),
}


def planted(name: str, folder: Path) -> dict[str, str]:
    """Write the mutant of that name below *folder*; return the environment in which it is the one that is imported."""
    copy = folder / "forkjoin"
    shutil.copytree(SOURCE, copy)  # with what is compiled: only a changed file is compiled anew
    for file, before, after in MUTANTS[name].changes:
        text = (copy / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name}: in {file} there are {text.count(before)} of {before!r}"
        (copy / file).write_text(text.replace(before, after), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(folder)}
