"""Where everything that happens meets, to be taken in one turn of the loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A list filled from any thread and emptied at once by the loop that owns it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: list[T] = []
        self._filled = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether nothing waits to be taken."""
        return not self._items

    def put(self, item: T) -> None:
        """Add an item; only from the loop's thread."""
        self._items.append(item)
        self._filled.set()

    def put_from_thread(self, item: T) -> None:
        """Add an item from any other thread; one that comes after the loop has closed is dropped."""
        with suppress(RuntimeError):  # it may close between any look at it and the call
            self._loop.call_soon_threadsafe(self.put, item)

    async def take(self) -> list[T]:
        """Wait until there is something, and return all of it in the order it came."""
        await self._filled.wait()
        items, self._items = self._items, []
        self._filled.clear()
        return items
