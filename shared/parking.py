"""Poison stays put: a stream that a group cannot digest waits with its later events, all others flow on."""

from __future__ import annotations

from shared.kernel.errors import Conflict
from shared.kernel.ports import Documents
from shared.kernel.views import Document, Row

COLLECTION = "parked"


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

    async def queue(self, group: str, stream: str, topic: str, position: int) -> None:
        await self._change(group, stream, topic, position, "")

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
