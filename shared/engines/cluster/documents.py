"""One service's documents in one MongoDB database: ``{_id, r: revision, v: versions, d: content}``, a collection a build of a view.

Documents and the offsets up to which they were read are written in one transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from bson import Int64
from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorCollection
from pymongo import InsertOne, ReplaceOne, UpdateOne

from shared.engines.cluster.mongo import Database, translated
from shared.engines.cluster.streams import COMMITS
from shared.engines.cursor import cursor as next_cursor
from shared.engines.cursor import read_cursor
from shared.kernel.errors import Conflict, KernelError, Unavailable
from shared.kernel.ports import Page, Prefix, Progress, Range, Where
from shared.kernel.views import Document

log = structlog.get_logger()

OFFSETS = "offsets"
_PAGE = 500
_LEASE = 60_000
"""Milliseconds that a group stays held by somebody who has died."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_FREE = {"$expr": {"$lte": ["$until", "$$NOW"]}}

Collection = AsyncIOMotorCollection[dict[str, Any]]
Session = AsyncIOMotorClientSession


class MongoDocuments:
    """``offsets`` has ``{_id: group, until, token}`` and ``{_id: group|part, group, next, until}``: nobody writes before ``until`` has passed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._offsets = database.get_collection(OFFSETS)

    def _in(self, collection: str) -> Collection:
        return self._database.get_collection(collection)

    def _place(self, collection: str) -> str:
        return f"{self._database.name}.{collection}"

    async def prepare(self, collection: str, indexes: Sequence[str]) -> None:
        with translated(self._place(collection)):
            for keys in ([("_id", 1)], *([(_field(index), 1), ("_id", 1)] for index in indexes)):
                await self._in(collection).create_index(keys)

    async def get(self, collection: str, id: str) -> Document | None:
        found = (await self.get_many(collection, (id,))).get(id)
        return found if found and found.data is not None else None

    async def get_many(self, collection: str, ids: Sequence[str]) -> Mapping[str, Document]:
        found: dict[str, Document] = {}
        with translated(self._place(collection)):
            for start in range(0, len(ids), _PAGE):
                rows = self._in(collection).find({"_id": {"$in": list(ids[start : start + _PAGE])}})
                found.update({row["_id"]: _document(row) for row in await rows.to_list(None)})
        return found

    async def write(self, changes: Mapping[str, Sequence[Document]], progress: Progress | None = None) -> None:
        if progress is None:
            for collection, documents in changes.items():
                with translated(self._place(collection)):
                    await self._put(collection, documents)
            return
        with translated(self._database.name):
            async with await self._database.client.start_session() as session, session.start_transaction():
                for collection, documents in changes.items():
                    await self._put(collection, documents, session)
                await self._save(progress, session)

    async def _put(self, collection: str, documents: Sequence[Document], session: Session | None = None) -> None:
        """Raises Conflict where a revision is not the stored one."""
        new = [InsertOne(_row(document)) for document in documents if not document.revision]
        changed = [ReplaceOne({"_id": document.id, "r": document.revision}, _row(document)) for document in documents if document.revision]
        if new or changed:
            result = await self._in(collection).bulk_write([*new, *changed], ordered=False, session=session)
            if result.matched_count != len(changed):
                raise Conflict(f"A document of {self._place(collection)} has changed since it was read.")

    # Progress, and who may make it

    async def saved(self, group: str, part: str) -> int | None:
        with translated(self._place(OFFSETS)):
            found = await self._offsets.find_one({"_id": f"{group}|{part}"})
        return int(found["next"]) if found else None

    async def begin_where(self, group: str, before: str) -> None:
        with translated(self._place(OFFSETS)):
            rows = await self._offsets.find({"group": {"$gte": before, "$lt": before + "\U0010ffff"}}).to_list(None)
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(row["group"], []).append(row)
        if group in groups or not groups:
            return
        furthest = max(groups.values(), key=lambda rows: sum(row["next"] for row in rows))
        copies = [{**row, "_id": row["_id"].replace(row["group"], group, 1), "group": group, "until": _LONG_AGO} for row in furthest]
        with contextlib.suppress(Conflict), translated(self._place(OFFSETS)):
            await self._offsets.insert_many(copies, ordered=False)

    async def _save(self, progress: Progress, session: Session) -> None:
        """Raises Unavailable while somebody holds the group: the hold has touched the same documents."""
        updates = [
            UpdateOne({"_id": f"{progress.group}|{part}", **_FREE}, {"$max": {"next": Int64(offset)}}) for part, offset in progress.offsets.items()
        ]
        done = await self._offsets.bulk_write(updates, session=session) if updates else None
        if done is None or done.matched_count < len(updates):
            await self._save_first(progress, session)

    async def _save_first(self, progress: Progress, session: Session) -> None:
        """Some of the parts have no offset yet, or the group is held."""
        touched = await self._offsets.update_one({"_id": progress.group, **_FREE}, {"$inc": {"touched": 1}}, session=session)
        if not touched.matched_count:
            if await self._offsets.find_one({"_id": progress.group}, session=session):
                raise Unavailable(f"{progress.group} waits while a build is compared.")
            await self._offsets.insert_one({"_id": progress.group, "token": "", "until": _LONG_AGO}, session=session)
        there = {row["_id"] async for row in self._offsets.find({"group": progress.group}, {"_id": 1}, session=session)}
        rows = [
            {"_id": f"{progress.group}|{part}", "group": progress.group, "next": Int64(offset), "until": _LONG_AGO}
            for part, offset in progress.offsets.items()
            if f"{progress.group}|{part}" not in there
        ]
        if rows:
            await self._offsets.insert_many(rows, session=session)

    @contextlib.asynccontextmanager
    async def hold(self, group: str) -> AsyncIterator[None]:
        token = uuid.uuid4().hex
        await self._claim(group, token)
        keeping = asyncio.create_task(self._keep(group, token))
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(KernelError):
                await self._hold_until(group, token, _LONG_AGO)

    async def _claim(self, group: str, token: str) -> None:
        """Whoever writes progress at this moment is waited for, or gives up."""
        with contextlib.suppress(Conflict), translated(self._place(OFFSETS)):
            await self._offsets.insert_one({"_id": group, "token": "", "until": _LONG_AGO})
        with translated(self._place(OFFSETS)):
            claimed = await self._offsets.update_one({"_id": group, **_FREE}, [{"$set": {"token": token, "until": _LATER}}])
        if not claimed.matched_count:
            raise Unavailable(f"{group} is held by somebody else. Try again.")
        await self._hold_until(group, token, _LATER)

    async def _keep(self, group: str, token: str) -> None:
        while True:
            await asyncio.sleep(_LEASE / 4000)
            try:
                await self._hold_until(group, token, _LATER)
            except KernelError as error:
                log.warning("hold.waits", group=group, error=str(error))

    async def _hold_until(self, group: str, token: str, until: Any) -> None:
        """Raises Unavailable where it is somebody else's by now."""
        with translated(self._place(OFFSETS)):
            held = await self._offsets.update_one({"_id": group, "token": token}, [{"$set": {"until": until}}])
            if not held.matched_count:
                raise Unavailable(f"{group} is held by somebody else.")
            await self._offsets.update_many({"group": group}, [{"$set": {"until": until}}])

    # Queries

    async def find(
        self, collection: str, where: Where | None = None, *, sort: str = "", descending: bool = False, limit: int = 50, cursor: str | None = None
    ) -> Page:
        field, order = _field(sort or "id"), -1 if descending else 1
        conditions = [*_conditions(where), *([_after(field, descending, *read_cursor(cursor))] if cursor else [])]
        keys = [(field, order), ("_id", order)] if field != "_id" else [("_id", order)]
        with translated(self._place(collection)):
            rows = await self._in(collection).find({"$and": conditions}, sort=keys, limit=limit + 1).to_list(None)
        documents = [_document(row) for row in rows[:limit]]
        last = documents[-1] if len(rows) > limit else None
        return Page(documents, next_cursor(_value(last, sort), last.id) if last else None)

    async def count(self, collection: str, where: Where | None = None, *, most: int | None = None) -> int:
        wanted, counted = {"$and": _conditions(where)}, self._in(collection).count_documents
        with translated(self._place(collection)):
            return int(await (counted(wanted) if most is None else counted(wanted, limit=most)))

    async def totals(self, collection: str, group_by: Sequence[str], sums: Sequence[str], where: Where | None = None) -> Sequence[Mapping[str, Any]]:
        group = {str(n): f"${_field(name)}" for n, name in enumerate(group_by)}
        summed = {f"sum{n}": {"$sum": f"${_field(name)}"} for n, name in enumerate(sums)}
        stages: list[dict[str, Any]] = [{"$match": {"$and": _conditions(where)}}, {"$group": {"_id": group, "count": {"$sum": 1}, **summed}}]
        with translated(self._place(collection)):
            rows = await self._in(collection).aggregate([*stages, {"$sort": {"_id.0": 1}}]).to_list(None)
        if not rows and not group_by:
            rows = [{"_id": {}, "count": 0}]
        return [
            {name: row["_id"].get(str(n)) for n, name in enumerate(group_by)}
            | {"count": row["count"]}
            | {name: row.get(f"sum{n}", 0) for n, name in enumerate(sums)}
            for row in rows
        ]

    async def scan(self, collection: str) -> AsyncIterator[Document]:
        with translated(self._place(collection)):
            async for row in self._in(collection).find(sort=[("_id", 1)], batch_size=_PAGE):
                yield _document(row)

    async def rename(self, collection: str, to: str) -> None:
        with translated(self._place(collection)):
            await self._in(collection).rename(to, dropTarget=True)

    async def drop(self, collection: str) -> None:
        with translated(self._place(collection)):
            await self._in(collection).drop()

    async def scrub(self) -> None:
        """What was replaced or dropped is MongoDB's to overwrite: its files and its log of operations have to lie on an encrypted disk."""

    async def collections(self) -> Sequence[str]:
        with translated(self._database.name):
            names = await self._database.list_collection_names()
        return sorted(name for name in names if name not in (COMMITS, OFFSETS) and not name.startswith(("blobs.", "system.")))


_LATER = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": _LEASE}}


def _field(name: str) -> str:
    return "_id" if name == "id" else f"d.{name}"


def _conditions(where: Where | None) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = [{"d": {"$ne": None}}]
    for name, wanted in (where or {}).items():
        match wanted:
            case Range(low, high):
                bounds = {sign: bound for sign, bound in (("$gte", low), ("$lte", high)) if bound is not None}
                conditions.append({_field(name): bounds or {"$exists": True}})
            case Prefix(text):
                conditions.append({_field(name): {"$gte": text, "$lt": text + "\U0010ffff"}})
            case tuple():
                conditions.append({_field(name): {"$in": list(wanted)}})
            case _:
                conditions.append({_field(name): {"$eq": wanted}})
    return conditions


def _after(field: str, descending: bool, value: Any, id: str) -> dict[str, Any]:
    """What comes behind the document with this value and id: documents without the field are lowest."""
    sign = "$lt" if descending else "$gt"
    if field == "_id":
        return {"_id": {sign: id}}
    same = {field: {"$eq": value}, "_id": {sign: id}}
    if value is None:
        return same if descending else {"$or": [same, {field: {"$ne": None}}]}
    return {"$or": [same, {field: {sign: value}}, *([{field: None}] if descending else [])]}


def _value(document: Document, sort: str) -> Any:
    """As it is compared: what a dotted name leads to."""
    value: Any = document.id if sort in ("", "id") else document.data
    for name in sort.split(".") if sort not in ("", "id") else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _row(document: Document) -> dict[str, Any]:
    return {"_id": document.id, "r": document.revision + 1, "v": dict(document.versions), "d": document.data}


def _document(row: Mapping[str, Any]) -> Document:
    return Document(row["_id"], row["d"], row["v"], row["r"])
