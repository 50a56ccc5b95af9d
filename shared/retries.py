"""Parked streams are worked again, in order: at each start, when they fall due, and when an operator asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from shared.kernel.codec import UnknownType
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound, Unavailable, Unreadable, passing
from shared.kernel.events import Fact
from shared.kernel.ports import Progress
from shared.kernel.views import Row

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

_POLL = 0.5


class Retries:
    def __init__(self, running: Running) -> None:
        self._running = running
        self._parking = running.parking

    async def watch(self) -> None:
        """Never ends."""
        while True:
            with self._running.watched(f"{self._running.service.name}.parked"):
                for id in self._parking.due():
                    if not self._filling(id.partition("|")[0]):
                        await self._work_off(id)
            await asyncio.sleep(_POLL)

    async def retry(self, id: str, by: str) -> Row:
        """What is left of it. Raises NotFound, Unavailable."""
        row = await self._row(id)
        self._check(row["group"])
        log.info("parked.retried", group=row["group"], stream=row["stream"], by=by)
        return await self._worked_off(row)

    async def discard(self, id: str, position: int, by: str) -> Row:
        """Leaves out the event that cannot be worked, and goes on with those behind it. Raises Refusal where another one is meant."""
        row = await self._row(id)
        self._check(row["group"])
        async with self._running.working.turn(row["group"]):
            row = await self._row(id)
            part, first = row["positions"][0]
            if first != position:
                raise Refusal(Refused("moved-on", f"It is the event at position {first} of {part} that {row['stream']} waits for now."))
            await self._parking.discard(row["group"], row["stream"], part, position)
        log.warning("parked.discarded", group=row["group"], stream=row["stream"], part=part, position=position, by=by)
        return await self._worked_off(row)

    async def _row(self, id: str) -> Row:
        row = await self._parking.row(id)
        if row is None:
            raise NotFound(f"{id} is not parked in {self._running.service.name}.")
        return row

    def _check(self, group: str) -> None:
        if self._filling(group):
            raise Unavailable("A view is being built for the first time. Try again when it is there.")

    def _filling(self, group: str) -> bool:
        return group == self._running.service.views_group and self._running.rebuilds.filling

    async def _worked_off(self, row: Row) -> Row:
        await self._work_off(row["id"])
        return await self._parking.row(row["id"]) or {**row, "positions": []}

    async def _work_off(self, id: str) -> None:
        """One by one, so that the consumer gets its turn in between; what it reads of this stream meanwhile queues behind."""
        while await self._first_worked(id):
            pass

    async def _first_worked(self, id: str) -> bool:
        """Raises Unavailable, and then no attempt is counted."""
        async with self._running.working.turn(id.partition("|")[0]):
            row = await self._parking.row(id)
            if row is None:
                return False
            group, stream, (part, position) = row["group"], row["stream"], row["positions"][0]
            try:
                await self._work(group, part, position)
            except Exception as error:
                if passing(error):
                    raise
                await self._parking.park(group, stream, part, position, str(error))
                return False
            await self._parking.worked(group, stream, part, position)
            return True

    async def _work(self, group: str, part: str, position: int) -> None:
        fact = await self._fact(group, part, position)
        if fact:
            await self._running.working.work(group)([fact], Progress(self._running.standing(group)))

    async def _fact(self, group: str, part: str, position: int) -> Fact | None:
        """None where the group has nothing to do with it. Raises Unreadable."""
        found = await self._running.topics.read(part, position, 1)
        if not found or found[0].position != position:
            raise Unreadable(f"There is no event at position {position} of {part}.")
        try:
            fact = self._running.codec.decode(dict(found[0].headers), found[0].data, part, position)
        except UnknownType:
            if group == self._running.service.policies_group:
                raise
            return None
        wanted = self._running.working.wanted(group)
        return fact if wanted is None or type(fact.event) in wanted else None
