"""Small secrets and records by kind and id, each kind in a file of its own: tokens, stored instruments, credentials, users, sessions, keys."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from shared.engines.embedded.sqlite import Writer, connect, translated
from shared.kernel.errors import KernelError

FILES = {
    "tokens": "tokens.db", "vault": "vault.db", "credentials": "vault.db", "users": "access.db", "sessions": "access.db", "keys": "access.db",
    "plugins": "access.db", "saved": "access.db", "bulk-keys": "access.db", "images": "files.db",
}  # fmt: skip
_SCHEMA = "create table if not exists blobs(kind text, id text, data blob, primary key(kind, id)) without rowid;"
_SCRUB_AFTER = 1.0


class _File:
    def __init__(self, path: Path) -> None:
        self.writer = Writer(path, _SCHEMA)
        self.reader: sqlite3.Connection = connect(path, durable=True, readonly=True)
        self.scrubbing: asyncio.Task[None] | None = None

    def close(self) -> None:
        self.reader.close()
        self.writer.close()

    async def scrub(self) -> None:
        """Where that fails, the next deletion tries again."""
        await asyncio.sleep(_SCRUB_AFTER)
        self.scrubbing = None
        try:
            await self.writer.scrub()
        except (KernelError, RuntimeError):
            return


class SqliteBlobs:
    """Durable on return; what is deleted is overwritten, in the write-ahead log within seconds. Raises Unavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}

    def close(self) -> None:
        for file in self._files.values():
            if file.scrubbing:
                file.scrubbing.cancel()
            file.close()

    def _file(self, kind: str) -> _File:
        name = FILES[kind]
        if name not in self._files:
            self._files[name] = _File(self._folder / name)
        return self._files[name]

    async def put(self, kind: str, id: str, data: bytes) -> None:
        await self._file(kind).writer.write("insert or replace into blobs values(?,?,?)", (kind, id, data))

    async def replace(self, kind: str, id: str, before: bytes, data: bytes) -> bool:
        file = self._file(kind)
        await file.writer.write("update blobs set data = ? where kind = ? and id = ? and data = ?", (data, kind, id, before))
        file.scrubbing = file.scrubbing or asyncio.create_task(file.scrub())
        return await self.get(kind, id) == data

    async def delete(self, kind: str, id: str) -> None:
        file = self._file(kind)
        await file.writer.write("delete from blobs where kind = ? and id = ?", (kind, id))
        file.scrubbing = file.scrubbing or asyncio.create_task(file.scrub())

    async def get(self, kind: str, id: str) -> bytes | None:
        with translated(FILES[kind]):
            row = self._file(kind).reader.execute("select data from blobs where kind = ? and id = ?", (kind, id)).fetchone()
        return row[0] if row else None

    async def ids(self, kind: str) -> Sequence[str]:
        with translated(FILES[kind]):
            return [row[0] for row in self._file(kind).reader.execute("select id from blobs where kind = ? order by id", (kind,))]
