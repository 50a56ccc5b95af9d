"""Small secrets and records by kind and id, each kind in a file of its own: tokens, stored instruments, users, sessions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.engines.embedded.sqlite import connect, translated

FILES = {"tokens": "tokens.db", "vault": "vault.db", "users": "access.db", "sessions": "access.db"}


class SqliteBlobs:
    """Durable on return; what is deleted is overwritten. Raises Unavailable. Writes run in one thread, group by group."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, sqlite3.Connection] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="blobs")
        self._waiting: list[tuple[str, str, tuple[object, ...], asyncio.Future[None]]] = []
        self._writing = False

    def close(self) -> None:
        self._pool.shutdown()
        for db in self._files.values():
            db.close()

    def _db(self, kind: str) -> sqlite3.Connection:
        name = FILES[kind]
        if name not in self._files:
            db = connect(self._folder / name, durable=True)
            with translated(name):
                db.execute("pragma secure_delete=on")
                db.execute("create table if not exists blobs(kind text, id text, data blob, primary key(kind, id)) without rowid")
            self._files[name] = db
        return self._files[name]

    async def put(self, kind: str, id: str, data: bytes) -> None:
        await self._write(kind, "insert or replace into blobs values(?,?,?)", (kind, id, data))

    async def delete(self, kind: str, id: str) -> None:
        await self._write(kind, "delete from blobs where kind = ? and id = ?", (kind, id))

    async def get(self, kind: str, id: str) -> bytes | None:
        with translated(FILES[kind]):
            row = self._db(kind).execute("select data from blobs where kind = ? and id = ?", (kind, id)).fetchone()
        return row[0] if row else None

    async def ids(self, kind: str) -> Sequence[str]:
        with translated(FILES[kind]):
            return [row[0] for row in self._db(kind).execute("select id from blobs where kind = ? order by id", (kind,))]

    async def _write(self, kind: str, statement: str, values: tuple[object, ...]) -> None:
        self._db(kind)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((kind, statement, values, done))
        if not self._writing:
            self._writing = True
            try:
                while self._waiting:
                    await self._flush()
            finally:
                self._writing = False
        await done

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._commit, [item[:3] for item in batch])
        except Exception as error:
            for *_, done in batch:
                done.set_exception(error)
        else:
            for *_, done in batch:
                if not done.done():
                    done.set_result(None)

    def _commit(self, batch: Sequence[tuple[str, str, tuple[object, ...]]]) -> None:
        used = {FILES[kind]: self._db(kind) for kind, _, _ in batch}
        with translated(self._folder):
            for db in used.values():
                db.execute("begin immediate")
            try:
                for kind, statement, values in batch:
                    self._db(kind).execute(statement, values)
                for db in used.values():
                    db.execute("commit")
            except BaseException:
                for db in used.values():
                    if db.in_transaction:
                        db.execute("rollback")
                raise
