"""Builds of a view beside the live one: read from the first event, compared, switched, dropped; and the first build of a new view.

A replay runs no policy and calls nothing outside. Every collection has a record that says what it is; only one that is recorded as live has
seen all that its group has read, so a view without such a collection is built before it is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from shared.contracts.registry import view_topics
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Conflict, Corrupt, KernelError, NotFound
from shared.kernel.events import Fact
from shared.kernel.ports import Stored
from shared.kernel.projector import Build, Poison, project_all
from shared.kernel.views import Document, Row, View, collection, content

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

COLLECTION = "builds"
_BATCH = 200
"""Events between two breaths: commands go on meanwhile."""
_UNDER_WAY = ("reading", "filling")
_KEPT = ("compared", "interrupted", "left")
"""States in which there may be a collection to drop."""


@dataclass(slots=True)
class _Reading:
    """``first``: nobody has built this view before, so poison parks its stream; a rebuild fails instead, since the live build could digest it."""

    build: Build
    total: int
    next: dict[str, int]
    first: bool = False
    done: int = 0
    parked: set[str] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Rebuilds:
    def __init__(self, running: Running) -> None:
        self._running = running
        self._documents = running.documents
        self._under_way: dict[str, _Reading] = {}
        self.followed: dict[str, Build] = {}
        """Compared builds of views that open personal fields: the consumers keep them up, so that an erasure reaches them too."""

    # Start

    async def start(self) -> None:
        """Finds what an earlier run left; views that were never built, or not kept up meanwhile, are built beside the consumers."""
        await self._documents.prepare(COLLECTION, ())
        there = set(await self._documents.collections())
        records = await self._records()
        views = {collection(view): view for view in self._running.service.views}
        for id, record in records.items():
            await self._tidy(id, record, id in there, id in views)
        for name, view in views.items():
            if name in there and records.get(name, {}).get("state") == "live":
                await self._go_live(view)
            elif await self._unread(view):
                await self._documents.drop(name)
                await self._go_live(view)
                await self._save(name, view=view.name, state="live", opens=view.opens)
            else:
                await self._documents.drop(name)
                await self._fill(view)

    async def _tidy(self, id: str, record: Row, there: bool, current: bool) -> None:
        state = record["state"]
        if state == "live" and not current:
            state = "left" if there else "dropped"
        elif state == "switching":
            state = "compared" if there else "switched"
        follow = self._followable(id, record) if state == "compared" else None
        if follow:
            self.followed[id] = follow
        elif state == "filling" or (record["opens"] and state in ("reading", "compared", "left")):
            await self._documents.drop(id)
            state = "dropped"
        if state != record["state"]:
            await self._save(id, state=state)

    def _followable(self, id: str, record: Row) -> Build | None:
        views = (view for view in self._running.service.views if view.opens and id.startswith(f"{collection(view)}.b"))
        return next((Build(view, id) for view in views), None)

    async def _unread(self, view: View) -> bool:
        return not any((await self._ends(view)).values())

    async def _go_live(self, view: View) -> None:
        await self._documents.prepare(collection(view), view.indexes)
        self._running.builds[view.name] = Build(view, collection(view))

    async def _fill(self, view: View) -> None:
        reading = await self._reading(view, "filling", f"service:{self._running.service.name}", first=True)
        reading.task = self._running.spawn(self._filled(reading))

    async def _filled(self, reading: _Reading) -> None:
        view = reading.build.view
        waits = f"{self._running.service.name}.{reading.build.collection}"
        while True:
            with self._running.watched(waits):
                await self._keep_up(reading)
                async with self._running.working.holding:
                    await self._read(reading, await self._ends(view))
                    await self._documents.rename(reading.build.collection, collection(view))
                    await self._save(collection(view), view=view.name, state="live", opens=view.opens)
                    await self._go_live(view)
                await self._save(reading.build.collection, state="filled", events=reading.done)
                break
            await asyncio.sleep(0.5)
        self._under_way.pop(reading.build.collection)

    # What operators ask for

    @property
    def filling(self) -> bool:
        """Whether a view is being built for the first time; it would miss what is worked for the live ones meanwhile."""
        return any(reading.first for reading in self._under_way.values())

    def percent(self, view: View) -> int:
        """How far the first build of a view is."""
        found = (reading for reading in self._under_way.values() if reading.first and reading.build.view.name == view.name)
        return next((_percent(reading) for reading in found), 0)

    async def plan(self, view: View) -> dict[str, int]:
        """How many events of each topic a rebuild would read."""
        topics = self._running.topics
        return {topic: sum([(await topics.behind(part, 0))[0] for part in topics.parts(topic)]) for topic in view_topics([view])}

    async def begin(self, view: View, by: str) -> Row:
        """Raises Refusal while a build of this view is under way."""
        if any(reading.build.view.name == view.name for reading in self._under_way.values()):
            raise Refusal(Refused("under-way", f"The view {view.name} is being built already."))
        reading = await self._reading(view, "reading", by)
        reading.task = self._running.spawn(self._rebuilt(reading))
        return await self.row(reading.build.collection)

    async def rows(self) -> list[Row]:
        """Newest first; the live ones are not among them."""
        rows = [self._shown(id, record) for id, record in (await self._records()).items() if record["state"] != "live"]
        return sorted(rows, key=lambda row: (row.get("started_at", ""), row["id"]), reverse=True)

    async def row(self, id: str) -> Row:
        """Raises NotFound."""
        record = (await self._records()).get(id)
        if record is None or record["state"] == "live":
            raise NotFound(f"There is no build {id} in {self._running.service.name}.")
        return self._shown(id, record)

    async def cancel(self, id: str) -> Row:
        row = await self.row(id)
        reading = self._under_way.get(id)
        if row["state"] != "reading" or reading is None or reading.task is None:
            raise Refusal(Refused("not-under-way", f"The build {id} is not being read any more."))
        reading.task.cancel()
        await asyncio.gather(reading.task, return_exceptions=True)
        return await self._forget(id, "cancelled") if (await self.row(id))["state"] == "interrupted" else await self.row(id)

    async def drop(self, id: str) -> Row:
        async with self._running.working.holding:
            row = await self.row(id)
            if row["state"] not in _KEPT:
                raise Refusal(Refused("not-there", f"The build {id} is {row['state']}; there is nothing to drop."))
            return await self._forget(id, "dropped")

    async def switch(self, id: str, by: str, *, force: bool) -> Row:
        """Puts the build in the live one's place. Raises Refusal where they differ, unless forced."""
        async with self._running.working.holding:
            reading = await self._resumed(id)
            result = await self._compared(reading)
            if not result["equal"] and not force:
                await self._save(id, next=reading.next, **result)
                detail = f"{id} and the live {reading.build.view.name} differ. Switch by force if the live one is the damaged one."
                raise Refusal(Refused("different", detail, data=result))
            done = {**result, "next": reading.next, "switched_by": by, "switched_at": stamp(self._running.clock()), "forced": force}
            await self._save(id, state="switching", **done)
            self.followed.pop(id, None)
            await self._documents.rename(id, collection(reading.build.view))
            await self._save(id, state="switched")
        return await self.row(id)

    async def _resumed(self, id: str) -> _Reading:
        row = await self.row(id)
        live = self._running.builds.get(row["view"])
        if row["state"] != "compared" or live is None or not id.startswith(f"{live.collection}.b"):
            raise Refusal(Refused("not-compared", f"The build {id} is {row['state']}; only a compared build of the live number can be switched."))
        record = (await self._records())[id]
        return _Reading(Build(live.view, id), record["events"], dict(record["next"]), done=record["events"])

    # Reading

    async def _reading(self, view: View, state: str, by: str, *, first: bool = False) -> _Reading:
        id = await self._next_id(view)
        total = sum((await self.plan(view)).values())
        reading = _Reading(Build(view, id), total, dict.fromkeys(self._running.parts(view_topics([view])), 0), first)
        self._under_way[id] = reading
        try:
            started = stamp(self._running.clock())
            await self._save(id, view=view.name, state=state, by=by, started_at=started, events=total, opens=view.opens)
            await self._documents.prepare(id, view.indexes)
        except BaseException:
            self._under_way.pop(id)
            raise
        return reading

    async def _next_id(self, view: View) -> str:
        prefix = f"{collection(view)}.b"
        taken = [int(id.removeprefix(prefix)) for id in await self._records() if id.startswith(prefix)]
        return f"{prefix}{max(taken, default=0) + 1}"

    async def _rebuilt(self, reading: _Reading) -> None:
        id = reading.build.collection
        try:
            await self._keep_up(reading)
            async with self._running.working.holding:
                result = await self._compared(reading)
                if reading.build.view.opens:
                    self.followed[id] = reading.build
            await self._save(id, state="compared", events=reading.done, next=reading.next, **result)
        except (KernelError, Poison) as error:
            log.warning("rebuild.failed", build=id, error=str(error))
            await self._forget(id, "failed", error=str(error))
        finally:
            self._under_way.pop(id, None)

    async def _keep_up(self, reading: _Reading) -> None:
        """Until no more than a batch is left for the time that the consumers are held."""
        while True:
            before = reading.done
            await self._read(reading, await self._ends(reading.build.view))
            if reading.done - before <= _BATCH:
                return

    async def _ends(self, view: View) -> dict[str, int]:
        group = self._running.service.views_group
        return {part: await self._running.topics.offset(group, part) for part in self._running.parts(view_topics([view]))}

    async def _read(self, reading: _Reading, ends: Mapping[str, int]) -> None:
        """Up to exactly these offsets, without the events that the live build has parked."""
        parked = await self._running.parking.left_out(self._running.service.views_group)
        for part, end in ends.items():
            while reading.next[part] < end:
                batch = [stored for stored in await self._running.topics.read(part, reading.next[part], _BATCH) if stored.position < end]
                await self._apply(reading, part, [stored for stored in batch if (part, stored.position) not in parked])
                reading.next[part] = batch[-1].position + 1 if batch else end
                reading.done += len(batch)
                await asyncio.sleep(0)

    async def _apply(self, reading: _Reading, part: str, batch: Sequence[Stored]) -> None:
        facts = await self._facts(reading, part, batch)
        while True:
            mine = [fact for fact in facts if fact.stream not in reading.parked]
            try:
                await project_all(self._documents, self._running.keyring, [reading.build], mine)
                break
            except Poison as poison:
                if not reading.first:
                    raise
                await self._park(reading, poison.fact.stream, part, poison.fact.position, poison)
        for fact in facts:
            if fact.stream in reading.parked:
                await self._running.parking.queue(self._running.service.views_group, fact.stream, part, fact.position)

    async def _facts(self, reading: _Reading, part: str, batch: Sequence[Stored]) -> list[Fact]:
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

    async def _park(self, reading: _Reading, stream: str, part: str, position: int, error: Exception) -> None:
        await self._running.parking.park(self._running.service.views_group, stream, part, position, str(error))
        reading.parked.add(stream)

    # Comparing

    async def _compared(self, reading: _Reading) -> Row:
        """While the consumers are held."""
        view = reading.build.view
        await self._read(reading, await self._ends(view))
        documents, digest = await self._sum(reading.build.collection)
        live_documents, live_digest = await self._sum(collection(view))
        return {
            "documents": documents,
            "live_documents": live_documents,
            "build_digest": digest,
            "live_digest": live_digest,
            "equal": (documents, digest) == (live_documents, live_digest),
        }

    async def _sum(self, name: str) -> tuple[int, str]:
        total, documents, seen = hashlib.sha256(), 0, 0
        async for document in self._documents.scan(name):
            total.update(content(document))
            documents += document.data is not None
            seen += 1
            if seen % _BATCH == 0:
                await asyncio.sleep(0)
        return documents, total.hexdigest()

    # Records

    async def _records(self) -> dict[str, Row]:
        return {document.id: document.data async for document in self._documents.scan(COLLECTION) if document.data is not None}

    def _shown(self, id: str, record: Row) -> Row:
        shown = {name: value for name, value in record.items() if name not in ("next", "opens")}
        reading = self._under_way.get(id)
        if reading and record["state"] in _UNDER_WAY:
            return {**shown, "id": id, "done": reading.done, "events": max(reading.total, reading.done), "percent": _percent(reading)}
        if record["state"] in _UNDER_WAY:
            return {**shown, "id": id, "state": "interrupted"}
        return {**shown, "id": id}

    async def _forget(self, id: str, state: str, **why: str) -> Row:
        self.followed.pop(id, None)
        await self._documents.drop(id)
        await self._save(id, state=state, **why)
        return await self.row(id)

    async def _save(self, id: str, **changes: Any) -> None:
        while True:
            known = (await self._documents.get_many(COLLECTION, (id,))).get(id) or Document(id, None)
            row = {**(known.data or {}), **changes}
            try:
                await self._documents.write({COLLECTION: [Document(id, row, known.versions, known.revision)]})
            except Conflict:
                continue
            return


def _percent(reading: _Reading) -> int:
    return min(100, 100 * reading.done // reading.total) if reading.total else 100
