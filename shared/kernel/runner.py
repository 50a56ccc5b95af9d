"""Runs effects: at once when their event is appended, and by a watchdog for what a crash left; and timers when they fall due.

What was just asked for and what is overdue have slots of their own: after an outage thousands may be overdue, and nothing new waits behind them.
So has each lane, where an effect has some: thousands may wait for whoever is slow, and nothing for anybody else waits behind them.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import structlog

from shared.kernel.codec import stamp
from shared.kernel.commands import Outcome, Refusal
from shared.kernel.decider import Aggregate
from shared.kernel.effects import Effect, Timer, Work
from shared.kernel.errors import Conflict, KernelError
from shared.kernel.events import Fact
from shared.kernel.ports import Range, Where
from shared.kernel.views import Row, View

log = structlog.get_logger()

_POLL = 0.5
_FRESH_AT_ONCE, _OVERDUE_AT_ONCE = 512, 24
"""More of what is overdue at once gets no more done, since one processor does it, and delays what is new in proportion."""
_FRESH_IN_A_LANE = 64
"""Whoever is at the end of it is asked that often at once."""
_PAGE = 500
_LOST_RACES = (0.02, 0.05, 0.1, 0.2, 0.5)
"""Seconds until the next try."""


class Host(Protocol):
    """What a runner needs of its service."""

    clock: Callable[[], datetime]
    asks_first: bool

    async def send(self, id: str, command: Any, command_id: str, actor: str, causation: str = "") -> Outcome: ...

    async def load(self, aggregate: Aggregate[Any], id: str) -> tuple[Any, int]: ...

    async def find(
        self, view: View, where: Where | None = None, *, sort: str = "", limit: int = 50, cursor: str | None = None, open_fields: bool = True
    ) -> tuple[list[Row], str | None]: ...

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]: ...

    def effect_ended(self, name: str, outcome: str) -> None: ...

    def watched(self, name: str) -> AbstractContextManager[bool | None]: ...


class _Slots:
    """How much is done at once of what was just asked for, and of what is overdue."""

    def __init__(self, lane: str) -> None:
        self.fresh, self.overdue = asyncio.Semaphore(_FRESH_IN_A_LANE if lane else _FRESH_AT_ONCE), asyncio.Semaphore(_OVERDUE_AT_ONCE)


class Runner:
    def __init__(self, service: str, effects: Sequence[Effect], timers: Sequence[Timer], host: Host) -> None:
        self._service = service
        self._effects = effects
        self._timers = timers
        self._host = host
        self._holder = uuid.uuid4().hex
        self._running: set[tuple[str, str]] = set()
        self._slots: dict[str, _Slots] = {}
        self._walks: dict[tuple[str, str], asyncio.Task[Any]] = {}

    def appended(self, fact: Fact) -> None:
        for effect in self._effects:
            for work in effect.wanted(fact.event):
                self._host.spawn(self._start(effect, work))

    async def watch(self) -> None:
        """Never ends; what fails is tried again, and keeps nothing else waiting."""
        pending = {effect.pending.name: effect.pending for effect in self._effects}
        timing = [self._time(timer) for timer in self._timers]
        await asyncio.gather(*(self._watch(view) for view in pending.values()), *timing)

    async def _watch(self, pending: View) -> None:
        """One question for all effects whose work is in this view, or one a lane."""
        effects = [effect for effect in self._effects if effect.pending.name == pending.name]
        while True:
            with self._host.watched(f"{self._service}.{pending.name}"):
                await self._walk_lanes(pending, effects)
            await asyncio.sleep(_POLL)

    async def _walk_lanes(self, pending: View, effects: Sequence[Effect]) -> None:
        """A lane that is still being walked is not walked by two."""
        if effects[0].lanes is None:
            return await self._walk(pending, effects)
        for lane in await effects[0].lanes():
            walk = self._walks.get((pending.name, lane))
            if walk is None or walk.done():
                self._walks[pending.name, lane] = self._host.spawn(self._walk_watched(pending, effects, lane))
        return None

    async def _walk_watched(self, pending: View, effects: Sequence[Effect], lane: str) -> None:
        with self._host.watched(f"{self._service}.{pending.name}.{lane}"):
            await self._walk(pending, effects, {"plugin": lane})

    async def _walk(self, pending: View, effects: Sequence[Effect], where: Where | None = None) -> None:
        async for row in self._due(pending, where):
            for effect in effects:
                if effect.where.items() <= row.items():
                    await self._take_up(effect, Work(str(row.get("order_id", row["id"])), row["reference"]))

    async def _time(self, timer: Timer) -> None:
        while True:
            with self._host.watched(f"{self._service}.{timer.name}"):
                async for row in self._due(timer.pending):
                    await self._fire(timer, row)
            await asyncio.sleep(_POLL)

    async def _due(self, pending: View, where: Where | None = None) -> AsyncIterator[Row]:
        """All of it, page by page: what does not get done stays the longest due, and must not hide the rest."""
        due: Where = {**(where or {}), "due_at": Range(None, stamp(self._host.clock()))}
        rows, cursor = await self._host.find(pending, due, sort="due_at", limit=_PAGE, open_fields=False)
        while True:
            for row in rows:
                yield row
            if not cursor:
                return
            rows, cursor = await self._host.find(pending, due, sort="due_at", limit=_PAGE, cursor=cursor, open_fields=False)

    async def _fire(self, timer: Timer, row: Row) -> None:
        try:
            if timer.still and not await timer.still(self._host.load, row):
                return
            id, command = timer.command(row, self._host.clock())
            await self._host.send(id, command, f"{timer.name}/{row['id']}/{row['due_at']}", f"timer:{self._service}.{timer.name}")
        except Refusal as refusal:
            log.warning("timer.refused", timer=timer.name, id=row["id"], code=refusal.refused.code)
        except Exception as error:
            log.warning("timer.waits", timer=timer.name, id=row["id"], error=str(error), exc_info=not isinstance(error, KernelError))

    async def _start(self, effect: Effect, work: Work) -> None:
        async with self._slots_of(effect, work).fresh:
            await self._run(effect, work)

    async def _take_up(self, effect: Effect, work: Work) -> None:
        """Once there is a slot, so that what is overdue waits where it is kept, not here."""
        if (effect.name, work.reference) in self._running:
            return
        overdue = self._slots_of(effect, work).overdue
        await overdue.acquire()
        self._host.spawn(self._run(effect, work)).add_done_callback(lambda done: overdue.release())

    def _slots_of(self, effect: Effect, work: Work) -> _Slots:
        """Of what has no lane all together."""
        lane = f"{effect.name} {effect.lane(work)}" if effect.lanes else ""
        return self._slots.setdefault(lane, _Slots(lane))

    async def _run(self, effect: Effect, work: Work) -> None:
        mine = (effect.name, work.reference)
        if mine in self._running:
            return
        self._running.add(mine)
        try:
            await self._claim_and_do(effect, work)
        except Refusal as refusal:
            self._host.effect_ended(effect.name, "refused")
            log.warning("effect.refused", effect=effect.name, reference=work.reference, code=refusal.refused.code)
        except KernelError as error:
            self._host.effect_ended(effect.name, "waits")
            log.warning("effect.waits", effect=effect.name, reference=work.reference, error=str(error))
        finally:
            self._running.discard(mine)

    async def _claim_and_do(self, effect: Effect, work: Work) -> None:
        actor = f"effect:{self._service}.{effect.name}"
        claim = effect.claim(work, self._holder, self._host.clock())
        claimed = await self._sent(work, claim, actor)
        if not claimed.events:
            return
        asks = self._host.asks_first or bool(getattr(claimed.events[-1], "takeover", False))
        outcome = await (effect.ask if asks else effect.do)(work, claimed.state)
        done = await self._sent(work, outcome, actor)
        self._host.effect_ended(effect.name, "asked" if asks else "done")
        if effect.recorded:
            await effect.recorded(work, done.state)

    async def _sent(self, work: Work, command: Any, actor: str) -> Outcome:
        """Several effects may write to one stream at the same time, and what was done is worth more than a few tries. Raises KernelError, Refusal."""
        command_id = uuid.uuid4().hex
        for pause in _LOST_RACES:
            try:
                return await self._host.send(work.id, command, command_id, actor)
            except Conflict:
                await asyncio.sleep(pause)
        return await self._host.send(work.id, command, command_id, actor)
