"""Reading a build from the events: up to exact offsets, without what the live build has parked, and comparing the two.

A replay runs no policy and calls nothing outside.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.contracts.registry import view_topics
from shared.kernel.errors import Corrupt
from shared.kernel.events import Fact
from shared.kernel.ports import Stored
from shared.kernel.projector import Build, Poison, project_all
from shared.kernel.views import Row, View, collection, content

if TYPE_CHECKING:
    from shared.service import Running

BATCH = 200
"""Events between two breaths: commands go on meanwhile."""
_SHARED_BATCH = 1_000
"""Where each batch asks MongoDB twice."""

Place = tuple[str, int]
"""Part and position."""


@dataclass(slots=True)
class Reading:
    """``first``: nobody has built this view before, so poison parks its stream; a rebuild fails instead, since the live build could digest it."""

    build: Build
    total: int
    next: dict[str, int]
    first: bool = False
    done: int = 0
    skipped: set[Place] = field(default_factory=set)
    """What was parked when it was passed: it is read once it is worked."""
    parked: dict[str, int] = field(default_factory=dict)
    """From which position on a stream is parked; of a first build."""
    begun: tuple[float, int] = (0.0, 0)
    """When this process began to read, and how many events were done then."""
    kept_at: float = 0.0
    task: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        return self.build.collection

    def kept(self) -> Row:
        """What whoever takes over goes on from."""
        return {"next": self.next, "skipped": sorted(map(list, self.skipped)), **self.progress()}

    def progress(self) -> Row:
        """``rate`` in events a second, ``seconds_left`` where that can be said."""
        since, before = self.begun
        seconds = asyncio.get_running_loop().time() - since
        rate = (self.done - before) / seconds if seconds > 0 else 0.0
        left = max(self.total - self.done, 0)
        return {
            "done": self.done,
            "events": max(self.total, self.done),
            "percent": min(100, 100 * self.done // self.total) if self.total else 100,
            "rate": round(rate),
            "seconds_left": round(left / rate) if rate else None,
        }


Breathe = Callable[[Reading], Awaitable[None]]


class Reader:
    """``breathe`` is called between batches."""

    def __init__(self, running: Running, breathe: Breathe) -> None:
        self._running = running
        self._group = running.service.views_group
        self._breathe = breathe
        self._size = _SHARED_BATCH if running.shared else BATCH

    async def plan(self, view: View) -> dict[str, int]:
        """How many events of each topic a rebuild would read."""
        topics = self._running.topics
        return {topic: sum([(await topics.behind(part, 0))[0] for part in topics.parts(topic)]) for topic in view_topics([view])}

    async def begin(self, build: Build, record: Row, *, first: bool) -> Reading:
        """From the first event, or where the record says that somebody has come to."""
        total = sum((await self.plan(build.view)).values())
        next = {**dict.fromkeys(self._running.parts(view_topics([build.view])), 0), **record.get("next", {})}
        skipped = {(part, position) for part, position in record.get("skipped", ())}
        waiting = [row for row in await self._running.parking.rows() if row["group"] == self._group] if first else []
        parked = {row["stream"]: row["positions"][0][1] for row in waiting}
        done = record.get("done", 0)
        begun = (asyncio.get_running_loop().time(), done)
        return Reading(build, total, next, first, done, skipped, parked, begun)

    async def ends(self, view: View) -> dict[str, int]:
        """How far the live build is."""
        return {part: await self._running.offset(self._group, part) for part in self._running.parts(view_topics([view]))}

    async def keep_up(self, reading: Reading) -> None:
        """Until no more than a batch is left for the time that the consumers are held."""
        while True:
            before = reading.done
            await self.read(reading)
            if reading.done - before <= self._size:
                return

    async def read(self, reading: Reading) -> None:
        """To where the live build is: exactly there, if that is held."""
        ends = await self.ends(reading.build.view)
        left_out = await self._running.parking.left_out(self._group)
        await self._read_skipped(reading, left_out)
        for part, end in ends.items():
            async with aclosing(self._batches(part, reading.next[part], end)) as batches:
                async for batch in batches:
                    reading.skipped |= {(part, stored.position) for stored in batch} & left_out
                    await self._apply(reading, part, [stored for stored in batch if (part, stored.position) not in left_out])
                    reading.next[part] = batch[-1].position + 1 if batch else end
                    reading.done += len(batch)
                    await self._breathe(reading)

    async def _batches(self, part: str, position: int, end: int) -> AsyncGenerator[list[Stored], None]:
        """The next one is read while one is worked."""
        following: asyncio.Task[list[Stored]] | None = None
        try:
            while position < end:
                batch = await (following or self._batch(part, position, end))
                position = batch[-1].position + 1 if batch else end
                following = asyncio.create_task(self._batch(part, position, end)) if position < end else None
                yield batch
        finally:
            if following:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _batch(self, part: str, position: int, end: int) -> list[Stored]:
        return [stored for stored in await self._running.topics.read(part, position, self._size) if stored.position < end]

    async def _read_skipped(self, reading: Reading, left_out: set[Place]) -> None:
        """Each stream's in order: those behind one that waits wait too."""
        for part, position in sorted(reading.skipped - left_out):
            found = await self._running.topics.read(part, position, 1)
            await self._apply(reading, part, [stored for stored in found if stored.position == position])
            reading.skipped.discard((part, position))

    async def _apply(self, reading: Reading, part: str, batch: Sequence[Stored]) -> None:
        facts = await self._facts(reading, part, batch)
        while True:
            mine = [fact for fact in facts if not _held(reading, fact)]
            try:
                await _whole(project_all(self._running.documents, self._running.keyring, [reading.build], mine))
                break
            except Poison as poison:
                if not reading.first:
                    raise
                await self._park(reading, poison.fact.stream, part, poison.fact.position, poison)
        for fact in facts:
            if _held(reading, fact):
                await self._running.parking.queue(self._group, fact.stream, part, fact.position)

    async def _facts(self, reading: Reading, part: str, batch: Sequence[Stored]) -> list[Fact]:
        codec, view = self._running.codec, reading.build.view
        facts = []
        for stored in batch:
            headers = dict(stored.headers)
            event_type = codec.type_of(headers)
            if event_type is None or not view.handles(event_type):
                continue
            try:
                facts.append(codec.decode(headers, stored.data, part, stored.position))
            except Corrupt as error:
                if not reading.first:
                    raise
                await self._park(reading, stored.stream, part, stored.position, error)
        return facts

    async def _park(self, reading: Reading, stream: str, part: str, position: int, error: Exception) -> None:
        await self._running.parking.park(self._group, stream, part, position, str(error))
        reading.parked.setdefault(stream, position)

    async def compared(self, reading: Reading) -> Row:
        """While the consumers are held."""
        await self.read(reading)
        documents, digest = await self._sum(reading, reading.id)
        live_documents, live_digest = await self._sum(reading, collection(reading.build.view))
        return {
            "documents": documents,
            "live_documents": live_documents,
            "build_digest": digest,
            "live_digest": live_digest,
            "equal": (documents, digest) == (live_documents, live_digest),
        }

    async def _sum(self, reading: Reading, name: str) -> tuple[int, str]:
        total, documents, seen = hashlib.sha256(), 0, 0
        async for document in self._running.documents.scan(name):
            total.update(content(document))
            documents += document.data is not None
            seen += 1
            if seen % BATCH == 0:
                await self._breathe(reading)
        return documents, total.hexdigest()


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Ended before whoever cancels it goes on: a write must not come after the drop of what it writes to."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _held(reading: Reading, fact: Fact) -> bool:
    return fact.position >= reading.parked.get(fact.stream, fact.position + 1)
