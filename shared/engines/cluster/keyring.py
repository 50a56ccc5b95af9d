"""The installation's data keys in MongoDB, each wrapped by the master key. Nothing is remembered: another process may drop a key at any moment."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bson import Binary
from pymongo import ReplaceOne, UpdateOne

from shared.engines.cluster.mongo import Database, translated
from shared.engines.wrapping import Wrapping
from shared.kernel.errors import Conflict, Unavailable

_SEED = "installation"
_AT_ONCE = 500


class MongoKeyring:
    """``{_id: stream, label, wrapped, erased}``; a dropped key leaves a row without one. ``prepare`` it before use."""

    def __init__(self, database: Database, masters: Sequence[bytes]) -> None:
        self._place = database.name
        self._keys = database.get_collection("keys")
        self._about = database.get_collection("about")
        self._wrapping = Wrapping(masters, database.name)
        self._secret = b""

    async def prepare(self) -> None:
        """Raises Unavailable where the master key is another installation's."""
        row = await self._put_first(_SEED, Binary(self._wrapping.new_key(_SEED)))
        self._secret = self._wrapping.unwrap(_SEED, row)
        with translated(self._place):
            await self._keys.create_index("label")

    async def belongs(self, name: str, value: str) -> str:
        """Whose it is: what was written first under this name."""
        return str(await self._put_first(name, value))

    async def about(self, name: str) -> str | None:
        with translated(self._place):
            row = await self._about.find_one({"_id": name})
        return str(row["value"]) if row else None

    async def put_about(self, name: str, value: str) -> None:
        with translated(self._place):
            await self._about.replace_one({"_id": name}, {"value": value}, upsert=True)

    async def drop_about(self, name: str) -> None:
        with translated(self._place):
            await self._about.delete_one({"_id": name})

    async def adopt(self, secret: bytes, rows: Sequence[tuple[str, str, bytes | None, str | None]]) -> None:
        """Another keyring's secret and keys (stream, label, wrapped, erased) in place of what is here. Raises Unavailable for another master key."""
        self._secret = self._wrapping.unwrap(_SEED, secret)
        puts = [
            ReplaceOne({"_id": stream}, {"label": label, "wrapped": Binary(wrapped) if wrapped else None, "erased": erased}, upsert=True)
            for stream, label, wrapped, erased in rows
        ]
        with translated(self._place):
            await self._about.replace_one({"_id": _SEED}, {"value": Binary(secret)}, upsert=True)
            for start in range(0, len(puts), _AT_ONCE):
                await self._keys.bulk_write(puts[start : start + _AT_ONCE], ordered=False)

    async def give_up(self, streams: Sequence[str]) -> None:
        """Those that have no key here never get one: what was sealed under it reads as erased. Nothing else does."""
        fresh = {"label": "", "wrapped": None, "erased": datetime.now(UTC).isoformat()}
        puts = [UpdateOne({"_id": stream}, {"$setOnInsert": fresh}, upsert=True) for stream in streams]
        with translated(self._place):
            for start in range(0, len(puts), _AT_ONCE):
                await self._keys.bulk_write(puts[start : start + _AT_ONCE], ordered=False)

    async def _put_first(self, name: str, value: Any) -> Any:
        with contextlib.suppress(Conflict), translated(self._place):
            await self._about.insert_one({"_id": name, "value": value})
        with translated(self._place):
            row = await self._about.find_one({"_id": name})
        return row["value"] if row else value

    def derived(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    async def ensure(self, stream: str, label: str = "") -> bytes | None:
        row = await self._row(stream) or await self._made(stream, label)
        if label and row["label"] != label:
            with translated(self._place):
                await self._keys.update_one({"_id": stream}, {"$set": {"label": label}})
        return self._key(row)

    async def _row(self, stream: str) -> dict[str, Any] | None:
        with translated(self._place):
            return await self._keys.find_one({"_id": stream})

    async def _made(self, stream: str, label: str) -> dict[str, Any]:
        """Whoever inserts first made the key, so it is read back."""
        fresh = {"_id": stream, "label": label, "wrapped": Binary(self._wrapping.new_key(stream)), "erased": None}
        with contextlib.suppress(Conflict), translated(self._place):
            await self._keys.insert_one(fresh)
        return await self._row(stream) or fresh

    def _key(self, row: Mapping[str, Any]) -> bytes | None:
        return None if row["erased"] else self._wrapping.unwrap(row["_id"], row["wrapped"])

    async def find(self, streams: Sequence[str]) -> Mapping[str, bytes | None]:
        with translated(self._place):
            rows = await self._keys.find({"_id": {"$in": list(streams)}}).to_list(None)
        found = {row["_id"]: self._key(row) for row in rows}
        absent = [stream for stream in streams if stream not in found]
        if absent:
            raise Unavailable(f"The key of {absent[0]} is not in the keyring.")
        return found

    async def erase(self, label: str) -> Sequence[str]:
        now = datetime.now(UTC).isoformat()
        with translated(self._place):
            await self._keys.update_many({"label": label, "erased": None}, {"$set": {"wrapped": None, "erased": now}})
            rows = await self._keys.find({"label": label}, {"_id": 1}).sort("_id", 1).to_list(None)
        return [row["_id"] for row in rows]

    async def drop(self, stream: str) -> None:
        with translated(self._place):
            await self._keys.update_one({"_id": stream, "erased": None}, {"$set": {"wrapped": None, "erased": datetime.now(UTC).isoformat()}})

    async def rewrap(self) -> AsyncIterator[int]:
        """The installation's secret last: it says that the others are done."""
        after, done = "", 0
        while rows := await self._page(after):
            for row in rows:
                new = self._wrapping.rewrapped(row["_id"], row["wrapped"])
                if new:
                    with translated(self._place):
                        await self._keys.update_one({"_id": row["_id"], "wrapped": row["wrapped"]}, {"$set": {"wrapped": Binary(new)}})
            after, done = rows[-1]["_id"], done + len(rows)
            yield done
        with translated(self._place):
            await self._about.update_one({"_id": _SEED}, {"$set": {"value": Binary(self._wrapping.wrap(_SEED, self._secret))}})
        yield done + 1

    async def _page(self, after: str) -> list[dict[str, Any]]:
        with translated(self._place):
            return await self._keys.find({"_id": {"$gt": after}, "erased": None}).sort("_id", 1).limit(_AT_ONCE).to_list(None)
