"""Driving a run as its owner: in an event loop of its own, or in the caller's."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from forkjoin.engine.driving.drive import Driven, Driver
from forkjoin.engine.driving.past import Known
from forkjoin.engine.folder import RunFolder

Ready: TypeAlias = Callable[[Driver], None]


def drive(folder: RunFolder, *, attached: bool, known: Known | None = None, ready: Ready | None = None) -> Driven:
    """Drive the run to its end, or until it is handed over, in an event loop of its own.

    *ready* is given the driver before the first turn.
    """

    async def main() -> Driven:
        with _no_collections():
            driver = Driver(folder, attached=attached, known=known)
        if ready:
            ready(driver)
        return await driver.drive()

    return asyncio.run(main())


async def drive_here(folder: RunFolder, *, known: Known | None = None, ready: Ready | None = None) -> Driven:
    """Drive the run in the running event loop; when cancelled, stop every task and wait for their ends first."""
    with _no_collections():
        driver = Driver(folder, attached=True, known=known)
    if ready:
        ready(driver)
    loop = asyncio.create_task(driver.drive())
    try:
        return await asyncio.shield(loop)
    except asyncio.CancelledError:
        while not loop.done():
            driver.stop_all("cancelled")
            with suppress(asyncio.CancelledError):  # cancelled again: they are ended at once
                await asyncio.shield(loop)
        raise


@contextmanager
def _no_collections() -> Iterator[None]:
    """Read a long past without the garbage collector: it would look through all that stays, again and again."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
