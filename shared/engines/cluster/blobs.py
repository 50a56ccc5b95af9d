"""Small secrets and records of one service: a collection a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bson import Binary
from motor.motor_asyncio import AsyncIOMotorCollection

from shared.engines.cluster.mongo import Database, translated


class MongoBlobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def _kind(self, kind: str) -> AsyncIOMotorCollection[dict[str, Any]]:
        return self._database.get_collection(f"blobs.{kind}")

    async def put(self, kind: str, id: str, data: bytes) -> None:
        with translated(f"{self._database.name}.{kind}"):
            await self._kind(kind).replace_one({"_id": id}, {"data": Binary(data)}, upsert=True)

    async def get(self, kind: str, id: str) -> bytes | None:
        with translated(f"{self._database.name}.{kind}"):
            found = await self._kind(kind).find_one({"_id": id})
        return bytes(found["data"]) if found else None

    async def replace(self, kind: str, id: str, before: bytes, data: bytes) -> bool:
        with translated(f"{self._database.name}.{kind}"):
            done = await self._kind(kind).update_one({"_id": id, "data": Binary(before)}, {"$set": {"data": Binary(data)}})
        return done.matched_count == 1

    async def delete(self, kind: str, id: str) -> None:
        with translated(f"{self._database.name}.{kind}"):
            await self._kind(kind).delete_one({"_id": id})

    async def ids(self, kind: str) -> Sequence[str]:
        with translated(f"{self._database.name}.{kind}"):
            rows = await self._kind(kind).find({}, {"_id": 1}).sort("_id", 1).to_list(None)
        return [row["_id"] for row in rows]
