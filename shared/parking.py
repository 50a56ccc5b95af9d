"""Poison stays put: a stream that a group cannot digest waits with its later events, all others flow on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from shared.kernel.errors import Conflict, passing
from shared.kernel.events import Fact
from shared.kernel.ports import Documents, Progress
from shared.kernel.projector import Poison
from shared.kernel.views import Document, Row

log = structlog.get_logger()

COLLECTION = "parked"

Work = Callable[[Sequence[Fact], Progress], Awaitable[None]]
"""Projects or reacts; the progress is saved with what it writes, where it writes documents."""


class Parking:
    """One document a (group, stream): error, attempts, and where its events lie in the topic; no payload."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._parked: set[str] = set()

    async def start(self) -> None:
        await self._documents.prepare(COLLECTION, ("group",))
        self._parked = {document.id async for document in self._documents.scan(COLLECTION) if document.data is not None}

    def parked(self, group: str, stream: str) -> bool:
        return f"{group}|{stream}" in self._parked

    def __len__(self) -> int:
        return len(self._parked)

    async def park(self, group: str, stream: str, topic: str, position: int, error: str) -> None:
        await self._change(group, stream, topic, position, error)
        self._parked.add(f"{group}|{stream}")
        log.error("parked", group=group, stream=stream, error=error)

    async def queue(self, group: str, stream: str, topic: str, position: int) -> None:
        await self._change(group, stream, topic, position, "")

    async def work_through(self, group: str, facts: Sequence[Fact], held: Mapping[str, int], work: Work, progress: Progress) -> None:
        """``held``: from which position on a stream has to wait. That is on record before the work is, since the work may save the offsets."""
        waiting = {**{fact.stream: 0 for fact in facts if self.parked(group, fact.stream)}, **held}
        while True:
            for fact in facts:
                if fact.position >= waiting.get(fact.stream, fact.position + 1):
                    await self.queue(group, fact.stream, fact.topic, fact.position)
            ready = [fact for fact in facts if fact.position < waiting.get(fact.stream, fact.position + 1)]
            try:
                return await work(ready, progress)
            except Exception as error:
                culprit = await _culprit(error, ready, work, group)
                waiting[culprit.stream] = culprit.position
                await self.park(group, culprit.stream, culprit.topic, culprit.position, str(error))

    async def release(self, group: str, stream: str) -> None:
        id = f"{group}|{stream}"
        document = await self._documents.get(COLLECTION, id)
        if document:
            await self._documents.write({COLLECTION: [Document(id, None, document.versions, document.revision)]})
        self._parked.discard(id)

    async def rows(self) -> list[Row]:
        return [{**document.data, "id": document.id} async for document in self._documents.scan(COLLECTION) if document.data is not None]

    async def _change(self, group: str, stream: str, topic: str, position: int, error: str) -> None:
        id = f"{group}|{stream}"
        while True:
            known = (await self._documents.get_many(COLLECTION, (id,))).get(id) or Document(id, None)
            row = known.data or {"group": group, "stream": stream, "error": error, "attempts": 0, "positions": []}
            place = [topic, position]
            row = {
                **row,
                "error": error or row["error"],
                "attempts": row["attempts"] + bool(error),
                "positions": row["positions"] if place in row["positions"] else sorted([*row["positions"], place]),
            }
            if row == known.data:
                return
            try:
                await self._documents.write({COLLECTION: [Document(id, row, known.versions, known.revision)]})
            except Conflict:
                continue
            return


async def _culprit(error: Exception, facts: Sequence[Fact], work: Work, group: str) -> Fact:
    """The fact that cannot be worked, found one by one where the error does not name it; repeats of the others change nothing."""
    if isinstance(error, Poison):
        return error.fact
    if passing(error):
        raise error
    for fact in facts:
        try:
            await work([fact], Progress(group))
        except Exception as alone:
            if passing(alone):
                raise
            return fact
    raise error
