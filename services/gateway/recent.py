"""Records that each request needs, read again after a moment: other processes at this door change them too."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH = timedelta(seconds=2)
"""So long may another process still let in whom this one has shut out."""
_MOST = 10_000


class Recent(Generic[T]):
    """What this process writes itself it knows at once."""

    def __init__(self, load: Callable[[str], Awaitable[T | None]], clock: Callable[[], datetime]) -> None:
        self._load = load
        self._clock = clock
        self._known: OrderedDict[str, tuple[T | None, datetime]] = OrderedDict()

    async def get(self, id: str) -> T | None:
        """Raises Unavailable."""
        known = self._known.get(id)
        if known and abs(self._clock() - known[1]) < FRESH:
            return known[0]
        return self.put(id, await self._load(id))

    def before(self, id: str) -> T | None:
        """As it was known last, however long ago."""
        known = self._known.get(id)
        return known[0] if known else None

    def put(self, id: str, record: T | None) -> T | None:
        self._known[id] = record, self._clock()
        self._known.move_to_end(id)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return record
