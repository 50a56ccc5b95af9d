"""Poison stays put: a stream that a group cannot digest waits with its later events, all others flow on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.kernel.codec import stamp
from shared.kernel.errors import Conflict, passing
from shared.kernel.events import Fact
from shared.kernel.ports import Documents, Progress
from shared.kernel.projector import Poison
from shared.kernel.views import Document, Row

log = structlog.get_logger()

COLLECTION = "parked"
_FIRST_RETRY, _LATEST_RETRY = timedelta(seconds=5), timedelta(hours=1)

Work = Callable[[Sequence[Fact], Progress], Awaitable[None]]
"""Projects or reacts; the progress is saved with what it writes, where it writes documents."""


class Parking:
    """One document a (group, stream): error, attempts, when it is due again, and where its events lie in the topic; no payload.

    Its first position is the one that the group cannot digest. Positions that were discarded stay on record.
    """

    def __init__(self, documents: Documents, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._clock = clock
        self._due: dict[str, str] = {}
        """When each parked stream is tried again, by the document's id."""

    async def start(self) -> None:
        """All are due: this version may digest what the one before could not."""
        await self._documents.prepare(COLLECTION, ("group",))
        self._due = {row["id"]: "" for row in await self.rows()}

    async def refresh(self) -> None:
        """What other processes have parked and worked."""
        self._due = {row["id"]: min(row["due_at"], self._due.get(row["id"], row["due_at"])) for row in await self.rows()}

    def parked(self, group: str, stream: str) -> bool:
        return _id(group, stream) in self._due

    def __len__(self) -> int:
        return len(self._due)

    def count(self, group: str) -> int:
        return sum(id.startswith(f"{group}|") for id in self._due)

    def due(self) -> list[str]:
        now = stamp(self._clock())
        return [id for id, due_at in self._due.items() if due_at <= now]

    async def park(self, group: str, stream: str, part: str, position: int, error: str) -> None:
        def failed(row: Row) -> Row:
            row = _queued(row, part, position)
            if row["positions"][0] != [part, position]:
                return row
            wait = min(_LATEST_RETRY, _FIRST_RETRY * 2 ** min(row["attempts"], 20))
            return {**row, "error": error, "attempts": row["attempts"] + 1, "due_at": stamp(self._clock() + wait)}

        row = await self._change(group, stream, failed)
        self._due[_id(group, stream)] = row["due_at"]
        log.error("parked", group=group, stream=stream, error=error, attempts=row["attempts"])

    async def queue(self, group: str, stream: str, part: str, position: int) -> None:
        await self._change(group, stream, lambda row: _queued(row, part, position))

    async def work_through(self, group: str, facts: Sequence[Fact], held: Mapping[str, int], work: Work, progress: Progress) -> None:
        """``held``: from which position on a stream has to wait. That is on record before the work is, since the work may save the offsets."""
        waiting = {**{fact.stream: 0 for fact in facts if self.parked(group, fact.stream)}, **held}
        while True:
            for fact in facts:
                if fact.position >= waiting.get(fact.stream, fact.position + 1):
                    await self.queue(group, fact.stream, fact.part, fact.position)
            ready = [fact for fact in facts if fact.position < waiting.get(fact.stream, fact.position + 1)]
            try:
                return await work(ready, progress)
            except Exception as error:
                culprit = await _culprit(error, ready, work, Progress(progress.group))
                waiting[culprit.stream] = culprit.position
                await self.park(group, culprit.stream, culprit.part, culprit.position, str(error))

    async def worked(self, group: str, stream: str, part: str, position: int) -> None:
        """Nothing waits for this one any more."""
        await self._change(group, stream, lambda row: {**row, "positions": _without(row, part, position)})

    async def discard(self, group: str, stream: str, part: str, position: int) -> None:
        def discarded(row: Row) -> Row:
            return {**row, "positions": _without(row, part, position), "discarded": [*row["discarded"], [part, position]]}

        await self._change(group, stream, discarded)

    async def row(self, id: str) -> Row | None:
        """None for a stream that is not parked."""
        document = await self._documents.get(COLLECTION, id)
        return {**document.data, "id": id} if document and document.data and document.data["positions"] else None

    async def rows(self) -> list[Row]:
        return [{**row, "id": _id(row["group"], row["stream"])} for row in await self._records() if row["positions"]]

    async def left_out(self, group: str) -> set[tuple[str, int]]:
        """What waits and what was discarded, by part and position."""
        rows = [row for row in await self._records() if row["group"] == group]
        return {(part, position) for row in rows for part, position in [*row["positions"], *row["discarded"]]}

    async def _records(self) -> list[Row]:
        return [document.data async for document in self._documents.scan(COLLECTION) if document.data is not None]

    async def _change(self, group: str, stream: str, change: Callable[[Row], Row]) -> Row:
        id = _id(group, stream)
        while True:
            known = (await self._documents.get_many(COLLECTION, (id,))).get(id) or Document(id, None)
            row = change(known.data or _nothing(group, stream))
            data = row if row["positions"] or row["discarded"] else None
            try:
                if data != known.data:
                    await self._documents.write({COLLECTION: [Document(id, data, known.versions, known.revision)]})
            except Conflict:
                continue
            if row["positions"]:
                self._due.setdefault(id, row["due_at"])
            else:
                self._due.pop(id, None)
            return row


def _id(group: str, stream: str) -> str:
    return f"{group}|{stream}"


def _nothing(group: str, stream: str) -> Row:
    return {"group": group, "stream": stream, "error": "", "attempts": 0, "due_at": "", "positions": [], "discarded": []}


def _queued(row: Row, part: str, position: int) -> Row:
    return row if [part, position] in row["positions"] else {**row, "positions": sorted([*row["positions"], [part, position]])}


def _without(row: Row, part: str, position: int) -> list[list[Any]]:
    return [place for place in row["positions"] if place != [part, position]]


async def _culprit(error: Exception, facts: Sequence[Fact], work: Work, nothing_read: Progress) -> Fact:
    """The fact that cannot be worked, found one by one where the error does not name it; repeats of the others change nothing."""
    if isinstance(error, Poison):
        return error.fact
    if passing(error):
        raise error
    for fact in facts:
        try:
            await work([fact], nothing_read)
        except Exception as alone:
            if passing(alone):
                raise
            return fact
    raise error
