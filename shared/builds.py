"""The register of a service's collections: what each one is, who builds it, and how far that is."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.ports import Documents
from shared.kernel.views import Document, Row

COLLECTION = "builds"
LEASE = 15.0
"""Seconds without a sign of life after which a build is anybody's, by the watch of whoever waits: clocks may differ."""
OWNED = ("reading", "filling", "compared", "switching")
"""States in which somebody has a build in hand."""
_PATIENCE, _POLL = 60.0, 0.5


class Lost(Exception):
    """Somebody else has taken the build over."""


class Records:
    """``shared``: other processes work on the same builds. What nobody else can have in hand is ours at once."""

    def __init__(self, documents: Documents, *, shared: bool) -> None:
        self._documents = documents
        self._shared = shared
        self._owner = uuid.uuid4().hex
        self._seen: dict[str, tuple[Any, float]] = {}
        """The newest sign of life of each build in other hands, and when it was first seen."""

    async def prepare(self) -> None:
        await self._documents.prepare(COLLECTION, ())

    async def all(self) -> dict[str, Row]:
        return {document.id: document.data async for document in self._documents.scan(COLLECTION) if document.data is not None}

    async def get(self, id: str) -> Row | None:
        found = await self._documents.get(COLLECTION, id)
        return found.data if found else None

    async def add(self, id: str, **row: Any) -> None:
        """A build that is ours. Raises Conflict where there is one of this name."""
        await self._documents.write({COLLECTION: [Document(id, {**row, "owner": self._owner, "beat": 0})]})

    async def next_id(self, prefix: str) -> str:
        taken = [int(id.removeprefix(prefix)) for id in await self.all() if id.startswith(prefix)]
        return f"{prefix}{max(taken, default=0) + 1}"

    async def answer(self, id: str, asked: Row) -> Row | None:
        """What its owner says to it: the refusal, or None. Raises Unavailable where nobody answers."""
        await self.save(id, asked=asked, refused=None)
        try:
            async with asyncio.timeout(_PATIENCE):
                while (record := await self.get(id) or {}).get("asked") == asked:
                    await asyncio.sleep(_POLL)
        except TimeoutError as error:
            raise Unavailable(f"Whoever works on {id} does not answer. Another process takes it over soon; look again then.") from error
        return record.get("refused")

    async def save(self, id: str, **changes: Any) -> Row:
        while True:
            known = (await self._documents.get_many(COLLECTION, (id,))).get(id) or Document(id, None)
            if row := await self._put(known, changes):
                return row

    async def keep(self, id: str, **changes: Any) -> Row:
        """The same with a sign of life. Raises Lost where it is not ours any more."""
        while True:
            known = await self._documents.get(COLLECTION, id)
            if known is None or known.data is None or known.data.get("owner") != self._owner:
                raise Lost(id)
            if row := await self._put(known, {**changes, "beat": known.data["beat"] + 1}):
                return row

    async def take(self, id: str) -> Row | None:
        """The record, if it is ours from now on; None while another process has it in hand."""
        known = await self._documents.get(COLLECTION, id)
        if known is None or known.data is None or known.data["state"] not in OWNED or not self._free(id, known.data):
            return None
        return await self._put(known, {"owner": self._owner, "beat": known.data.get("beat", 0) + 1})

    def _free(self, id: str, row: Row) -> bool:
        if not self._shared or row.get("owner") in (None, self._owner):
            return True
        sign, now = (row["owner"], row["beat"]), asyncio.get_running_loop().time()
        last, since = self._seen.get(id, (None, now))
        self._seen[id] = (sign, since if sign == last else now)
        return sign == last and now - since > LEASE

    async def _put(self, known: Document, changes: Row) -> Row | None:
        row = {**(known.data or {}), **changes}
        try:
            await self._documents.write({COLLECTION: [Document(known.id, row, known.versions, known.revision)]})
        except Conflict:
            return None
        return row
