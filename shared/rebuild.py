"""Builds of a view beside the live one: read from the first event, compared, kept up, switched, dropped; and the first build of a new view.

Every collection has a record that says what it is; only one that is recorded as live has seen all that its group has read, so a view without
such a collection is built before it is read. Each build has one owner, who alone works on it: others write down in its record what they want.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from shared.builds import OWNED, Lost, Records
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Conflict, KernelError, NotFound, Unavailable, passing
from shared.kernel.projector import Build, Poison
from shared.kernel.views import Row, View, collection
from shared.reading import Reader, Reading

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

_POLL = 0.5
_KEEPS_EVERY = 1.0
_ROLLOUT = 900.0
"""Seconds in which the processes of an older version are replaced."""
_KEPT = ("compared", "left")
"""States in which there is a collection to drop."""
_INNER = ("next", "skipped", "opens", "owner", "beat", "asked", "refused")


class Rebuilds:
    def __init__(self, running: Running) -> None:
        self._running = running
        self._documents = running.documents
        self._records = Records(running.documents, shared=running.shared)
        self._reader = Reader(running, self._breathe)
        self._mine: dict[str, Reading] = {}
        self._answering: set[str] = set()
        self._filled: dict[str, int] = {}
        """Percent of each view that is being built for the first time."""

    # Start

    async def start(self) -> None:
        """Goes on with what an earlier run left; views that were never built, or not kept up meanwhile, are built beside the consumers."""
        await self._records.prepare()
        there = set(await self._documents.collections())
        for id, record in (await self._records.all()).items():
            await self._tidy(id, record, id in there)
        for view in self._running.service.views:
            if not await self._live(view):
                self._filled[view.name] = 0
                self._running.spawn(self._await_first(view))
        if self._running.shared:
            self._running.spawn(self._watch())

    async def _tidy(self, id: str, record: Row, there: bool) -> None:
        state, view = record["state"], self._view_of(id)
        if state in OWNED and view and state != "filling":
            await self._take_over(id, view)
        elif state in OWNED and (not view or await self._is_live(collection(view))) and await self._records.take(id):
            await self._forget(id, "dropped")  # or a first build of what is live already: it began empty meanwhile, or nobody noted the end
        elif state == "live" and not view and self._running.shared:
            self._running.spawn(self._leave_later(id, record))
        elif state == "live" and not view:
            await self._leave(id, record)

    async def _leave(self, id: str, record: Row) -> None:
        """What nobody keeps up any more; with opened personal fields it must not outlive an erasure."""
        await self._records.save(id, state="left")
        if record["opens"] or id not in await self._documents.collections():
            await self._forget(id, "dropped")

    async def _leave_later(self, id: str, record: Row) -> None:
        """Processes of the version before may still serve it."""
        await asyncio.sleep(_ROLLOUT)
        with self._running.watched(f"{self._running.service.name}.builds"):
            await self._leave(id, record)

    def _view_of(self, id: str) -> View | None:
        """Of a build, or of the live collection; None for those of other numbers, and of views that are not in the code."""
        views = (view for view in self._running.service.views if id == collection(view) or id.startswith(f"{collection(view)}.b"))
        return next(views, None)

    async def _live(self, view: View) -> bool:
        """Whether it can be read from now on: it is recorded so, or there is nothing to read."""
        name = collection(view)
        if not await self._is_live(name):
            if any((await self._reader.ends(view)).values()):
                return False
            try:
                async with self._documents.hold(self._running.standing(self._running.service.views_group)):
                    await self._begin_empty(view)
            except Unavailable:
                if self._running.shared:
                    return False
                raise
        await self._go_live(view)
        return True

    async def _begin_empty(self, view: View) -> None:
        name = collection(view)
        if not await self._is_live(name):
            await self._documents.drop(name)
            await self._documents.prepare(name, view.indexes)
            await self._records.save(name, view=view.name, state="live", opens=view.opens)

    async def _is_live(self, name: str) -> bool:
        record = await self._records.get(name)
        return record is not None and record["state"] == "live" and name in await self._documents.collections()

    async def _go_live(self, view: View) -> None:
        await self._documents.prepare(collection(view), view.indexes)
        self._running.builds[view.name] = Build(view, collection(view))
        self._filled.pop(view.name, None)

    async def _await_first(self, view: View) -> None:
        """Until it is live, built here or by another process."""
        while view.name not in self._running.builds:
            with self._running.watched(f"{self._running.service.name}.{view.name}"):
                if await self._is_live(collection(view)):
                    await self._go_live(view)
                else:
                    await self._help(view)
            await asyncio.sleep(_POLL)

    async def _help(self, view: View) -> None:
        found = {id: row for id, row in (await self._records.all()).items() if row["state"] == "filling" and self._view_of(id) == view}
        for id, row in found.items():
            if await self._take_over(id, view) is None:
                self._filled[view.name] = row.get("percent", 0)
        if not found:
            reading = await self._new(view, "filling", f"service:{self._running.service.name}")
            await self._fill(reading)

    async def _watch(self) -> None:
        """Says that we live, does what other processes ask for, and takes over what they have left lying."""
        while True:
            with self._running.watched(f"{self._running.service.name}.builds"):
                for id, record in (await self._records.all()).items():
                    if id in self._mine:
                        await self._live_on(id)
                    elif record["state"] in OWNED:
                        await self._tidy(id, record, True)
            await asyncio.sleep(_POLL)

    async def _live_on(self, id: str) -> None:
        try:
            asked = (await self._records.keep(id)).get("asked")
        except Lost:
            await self._stopped(id)
            return
        if asked and id not in self._answering:
            self._answering.add(id)
            self._running.spawn(self._answer(id, asked))

    async def _take_over(self, id: str, view: View) -> Reading | None:
        record = await self._records.take(id)
        if record is None:
            return None
        if record["state"] == "switching":
            there = id in await self._documents.collections()
            await self._records.keep(id, **({"state": "compared"} if there else {"state": "switched", "owner": None}))
            if not there:
                return None
        log.info("build.taken", build=id, state=record["state"], done=record.get("done", 0))
        first = record["state"] == "filling"
        if first and any(record["next"].values()):
            await self._named_back(id, view)
        self._mine[id] = reading = await self._reader.begin(Build(view, id), record, first=first)
        await self._documents.prepare(id, view.indexes)
        if first:
            await self._fill(reading)
        else:
            self._work(reading, compared=record["state"] != "reading")
        return reading

    async def _named_back(self, id: str, view: View) -> None:
        """A first build that had the view's name already, and was cut off before that was on record, has to be read on."""
        there = await self._documents.collections()
        if id not in there and collection(view) in there:
            await self._documents.rename(collection(view), id)

    # What operators ask for

    @property
    def filling(self) -> bool:
        """Whether a view is being built for the first time; it would miss what is worked for the live ones meanwhile."""
        return any(view.name not in self._running.builds for view in self._running.service.views)

    def percent(self, view: View) -> int:
        """How far the first build of a view is."""
        return self._filled.get(view.name, 0)

    async def plan(self, view: View) -> dict[str, int]:
        """How many events of each topic a rebuild would read."""
        return await self._reader.plan(view)

    async def begin(self, view: View, by: str) -> Row:
        """Raises Refusal while a build of this view is under way."""
        under_way = [row for row in (await self._records.all()).values() if row["state"] in ("reading", "filling")]
        if any(row["view"] == view.name for row in under_way):
            raise Refusal(Refused("under-way", f"The view {view.name} is being built already."))
        reading = await self._new(view, "reading", by)
        self._work(reading, compared=False)
        return await self.row(reading.id)

    async def rows(self) -> list[Row]:
        """Newest first; the live ones are not among them."""
        rows = [self._shown(id, record) for id, record in (await self._records.all()).items() if record["state"] != "live"]
        return sorted(rows, key=lambda row: (row.get("started_at", ""), row["id"]), reverse=True)

    async def row(self, id: str) -> Row:
        """Raises NotFound."""
        record = await self._records.get(id)
        if record is None or record["state"] == "live":
            raise NotFound(f"There is no build {id} in {self._running.service.name}.")
        return self._shown(id, record)

    async def cancel(self, id: str) -> Row:
        return await self._ask(id, "cancel")

    async def drop(self, id: str) -> Row:
        return await self._ask(id, "drop")

    async def switch(self, id: str, by: str, *, force: bool) -> Row:
        """Puts the build in the live one's place. Raises Refusal where they differ, unless forced."""
        return await self._ask(id, "switch", by, force)

    async def _ask(self, id: str, what: str, by: str = "", force: bool = False) -> Row:
        row = await self.row(id)
        if id in self._mine or row["state"] not in OWNED:
            await self._obey(id, what, by, force)
            return await self.row(id)
        asked = {"what": what, "by": by, "force": force, "at": stamp(self._running.clock())}
        if refused := await self._records.answer(id, asked):
            raise Refusal(Refused(**refused))
        return await self.row(id)

    async def _obey(self, id: str, what: str, by: str, force: bool) -> None:
        """By its owner, or where it has none any more. Raises Refusal."""
        row = await self.row(id)
        match what:
            case "cancel" if row["state"] != "reading":
                raise Refusal(Refused("not-under-way", f"The build {id} is not being read any more."))
            case "drop" if row["state"] not in _KEPT:
                raise Refusal(Refused("not-there", f"The build {id} is {row['state']}; there is nothing to drop."))
            case "switch":
                await self._switched(id, by, force)
                return
        await self._stopped(id)
        await self._forget(id, "cancelled" if what == "cancel" else "dropped")

    async def _switched(self, id: str, by: str, force: bool) -> None:
        reading = self._mine.get(id)
        row = await self.row(id)
        live = self._running.builds.get(row["view"])
        if row["state"] != "compared" or reading is None or live is None:
            raise Refusal(Refused("not-compared", f"The build {id} is {row['state']}; only a compared build of the live number can be switched."))
        await self._stopped(id)
        try:
            async with self._held():
                await self._switch(reading, live, by, force)
        except Lost as lost:
            raise Unavailable(f"Another process has taken {id} over. Try again.") from lost
        except BaseException:
            self._mine[id] = reading
            self._work(reading, compared=True)
            raise

    async def _switch(self, reading: Reading, live: Build, by: str, force: bool) -> None:
        """While nobody projects."""
        result = await self._reader.compared(reading)
        if not result["equal"] and not force:
            await self._records.keep(reading.id, **reading.kept(), **result)
            detail = f"{reading.id} and the live {live.view.name} differ. Switch by force if the live one is the damaged one."
            raise Refusal(Refused("different", detail, data=result))
        done = {**result, "switched_by": by, "switched_at": stamp(self._running.clock()), "forced": force}
        await self._records.keep(reading.id, state="switching", **reading.kept(), **done)
        await self._documents.rename(reading.id, live.collection)
        await self._records.keep(reading.id, state="switched", owner=None)

    # The owner's work

    async def _new(self, view: View, state: str, by: str) -> Reading:
        while True:
            id = await self._records.next_id(f"{collection(view)}.b")
            reading = await self._reader.begin(Build(view, id), {}, first=state == "filling")
            row = {"view": view.name, "state": state, "by": by, "started_at": stamp(self._running.clock()), "opens": view.opens, **reading.kept()}
            try:
                await self._records.add(id, **row)
            except Conflict:
                continue
            await self._documents.prepare(id, view.indexes)
            self._mine[id] = reading
            return reading

    def _work(self, reading: Reading, *, compared: bool) -> None:
        reading.task = self._running.spawn(self._own(reading, compared))

    async def _stopped(self, id: str) -> None:
        reading = self._mine.pop(id, None)
        if reading and reading.task:
            reading.task.cancel()
            await asyncio.gather(reading.task, return_exceptions=True)

    async def _own(self, reading: Reading, compared: bool) -> None:
        """Until it is ended, or somebody else's. Where the store is away it waits."""
        while True:
            try:
                if not compared:
                    await self._compare(reading)
                    compared = True
                await self._reader.read(reading)
                await self._keep(reading)
            except Lost:
                self._mine.pop(reading.id, None)
                return
            except (KernelError, Poison) as error:
                log.warning("rebuild.waits" if passing(error) else "rebuild.failed", build=reading.id, error=str(error))
                if not passing(error):
                    await self._forget(reading.id, "failed", error=str(error))
                    return
            await asyncio.sleep(_POLL)

    async def _compare(self, reading: Reading) -> None:
        await self._reader.keep_up(reading)
        await self._keep(reading)
        async with self._held():
            result = await self._reader.compared(reading)
            await self._records.keep(reading.id, state="compared", **reading.kept(), **result)

    async def _fill(self, reading: Reading) -> None:
        view = reading.build.view
        try:
            await self._reader.keep_up(reading)
            await self._keep(reading)
            async with self._held():
                await self._reader.read(reading)
                await self._records.keep(reading.id, **reading.kept())
                await self._documents.rename(reading.id, collection(view))
                await self._records.save(collection(view), view=view.name, state="live", opens=view.opens)
                await self._go_live(view)
            await self._records.keep(reading.id, state="filled", owner=None)
        except Lost:
            log.info("build.lost", build=reading.id)
        finally:
            self._mine.pop(reading.id, None)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """Nobody projects: not this process, and no other. Raises Unavailable."""
        async with self._running.working.holding, self._documents.hold(self._running.standing(self._running.service.views_group)):
            yield

    async def _breathe(self, reading: Reading) -> None:
        """Lets others have their turn, and keeps on record how far it is."""
        await asyncio.sleep(0)
        if reading.first:
            self._filled[reading.build.view.name] = reading.progress()["percent"]
        if asyncio.get_running_loop().time() - reading.kept_at > _KEEPS_EVERY:
            await self._keep(reading)

    async def _keep(self, reading: Reading) -> None:
        """Raises Lost."""
        await self._records.keep(reading.id, **reading.kept())
        reading.kept_at = asyncio.get_running_loop().time()

    async def _answer(self, id: str, asked: Row) -> None:
        refused = None
        try:
            await self._obey(id, asked["what"], asked["by"], asked["force"])
        except Refusal as refusal:
            refused = {"code": refusal.refused.code, "detail": refusal.refused.detail, "data": refusal.refused.data}
        finally:
            self._answering.discard(id)
        await self._records.save(id, asked=None, refused=refused)

    # Records

    def _shown(self, id: str, record: Row) -> Row:
        shown = {name: value for name, value in record.items() if name not in _INNER}
        reading = self._mine.get(id)
        return {**shown, **(reading.progress() if reading and record["state"] in ("reading", "filling") else {}), "id": id}

    async def _forget(self, id: str, state: str, **why: str) -> Row:
        self._mine.pop(id, None)
        await self._documents.drop(id)
        await self._records.save(id, state=state, owner=None, **why)
        return await self.row(id)
