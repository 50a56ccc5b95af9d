"""How every SQLite file is opened and written, and how its errors become the kernel's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from shared.kernel.errors import Conflict, Corrupt, Unavailable, Unwritable

BUSY_TIMEOUT = 10_000
"""Milliseconds that one connection waits for another."""

_Write = tuple[str, Sequence[object], asyncio.Future[None]]


def connect(path: Path, *, durable: bool, readonly: bool = False) -> sqlite3.Connection:
    """``durable``: FULL, a commit survives a power cut; else NORMAL, a power cut may take the last commits. Raises Unavailable, Corrupt."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT / 1000)
        db.execute("pragma journal_mode=wal")
        db.execute(f"pragma synchronous={'full' if durable else 'normal'}")
        db.execute("pragma temp_store=memory")
        db.execute("pragma wal_autocheckpoint=4000")
        if readonly:
            db.execute("pragma query_only=on")
        return db


@contextmanager
def translated(path: Path | str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise Conflict(str(error)) from error
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path}: {error}.") from error
    except (sqlite3.DataError, OverflowError) as error:
        raise Unwritable(f"{path} does not take this: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise Corrupt(f"{path} is damaged ({error}). Restore it from a backup.") from error
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}.") from error


class Writer:
    """Writes to one file in a thread of its own, durable once awaited; those that arrive during a commit share the next one.

    What is deleted or replaced is overwritten. Raises Unavailable, Corrupt.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._db = connect(path, durable=True)
        with translated(path):
            self._db.execute("pragma secure_delete=on")
            self._db.executescript(schema)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._waiting: list[_Write] = []
        self._flushing: asyncio.Task[None] | None = None

    def close(self) -> None:
        self._pool.shutdown()
        self._db.close()

    async def write(self, statement: str, values: Sequence[object]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, values, done))
        self._flushing = self._flushing or asyncio.create_task(self._flush())
        await done

    async def scrub(self) -> None:
        """Empty the write-ahead log: until then it still holds what was overwritten."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._checkpoint)

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._commit, batch)
            except Exception as failed:
                error = failed
            for *_, done in batch:
                settle(done, error)
        self._flushing = None

    def _commit(self, batch: Sequence[_Write]) -> None:
        with translated(self.path), transaction(self._db):
            for statement, values, _ in batch:
                self._db.execute(statement, values)

    def _checkpoint(self) -> None:
        with translated(self.path):
            checkpoint(self._db, self.path)


def checkpoint(db: sqlite3.Connection, path: Path) -> None:
    """Empty the write-ahead log. Raises Unavailable."""
    if db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]:
        raise Unavailable(f"{path} is being read by somebody else.")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; SQLite itself may have rolled back when the disk is full."""
    db.execute("begin immediate")
    try:
        yield
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def settle(done: asyncio.Future[None], error: Exception | None) -> None:
    """Tell whoever waits; nobody may be left."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
