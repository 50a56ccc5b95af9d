"""The event log: all streams and all topics in one table, so that the append is the publication.

Group commit: INSERTs run on the loop, only COMMIT (the fsync) in a thread; appends that arrive meanwhile share the next one.
The head of each topic is served from memory; SQLite is read only to catch up.
"""

from __future__ import annotations

import asyncio
import sqlite3
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from pydantic_core import from_json, to_json

from shared.engines.embedded.sqlite import connect, settle, translated
from shared.kernel.errors import Conflict, Oversize
from shared.kernel.ports import LARGEST, Stored

_SCHEMA = """
create table if not exists events(
  position integer primary key autoincrement, topic text not null, stream text not null, version integer not null,
  headers text not null, data blob not null, unique(stream, version));
create index if not exists events_topic on events(topic, position);
"""
_KNOWN_STREAMS = 20_000


@dataclass(slots=True)
class _Append:
    topic: str
    events: Sequence[Stored]
    headers: Sequence[str]
    done: asyncio.Future[None]
    stored: list[Stored] = field(default_factory=list)


class Head:
    """The newest records of one topic, oldest first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.positions: list[int] = []
        self.records: list[Stored] = []
        self.complete_from = 0
        """Every record of the topic at or after this position is here."""

    def add(self, record: Stored) -> None:
        self.positions.append(record.position)
        self.records.append(record)
        if len(self.records) > 2 * self.size:
            del self.positions[: -self.size], self.records[: -self.size]
            self.complete_from = self.positions[0]

    def after(self, position: int, limit: int) -> list[Stored] | None:
        """Records from ``position`` on; None where older ones are needed."""
        if position < self.complete_from:
            return None
        start = bisect_left(self.positions, position)
        return self.records[start : start + limit]


class Log:
    """Streams (load, append, names) and topics (read, end) over one file. Raises Unavailable, Corrupt on opening."""

    def __init__(self, path: Path, *, head: int = 2_000) -> None:
        self.path = path
        self._db = connect(path, durable=True)
        with translated(path):
            self._db.executescript(_SCHEMA)
            self._reader = connect(path, durable=True, readonly=True)
            self._end: int = self._reader.execute("select coalesce(max(position), 0) from events").fetchone()[0] + 1
        self._head_size = head
        self._heads: dict[str, Head] = {}
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._waiting: list[_Append] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._task: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()

    async def stop(self) -> None:
        """What was asked for is written first."""
        if self._task:
            await self._task
        self._pool.shutdown()
        self._db.close()
        self._reader.close()

    # Streams

    async def load(self, stream: str, after: int = 0, *, confirmed: bool = False) -> Sequence[Stored]:
        query = "select position, version, headers, data from events where stream = ? and version > ? order by version"
        with translated(self.path):
            rows = self._reader.execute(query, (stream, after)).fetchall()
        return [_stored(stream, version, headers, data, position) for position, version, headers, data in rows]

    async def append(self, topic: str, events: Sequence[Stored]) -> None:
        for event in events:
            if len(event.data) > LARGEST:
                raise Oversize(f"An event of {event.stream} is {len(event.data)} bytes; at most {LARGEST} can be recorded.")
        headers = [to_json(event.headers).decode() for event in events]
        request = _Append(topic, events, headers, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._task = self._task or asyncio.create_task(self._write())
        await request.done

    async def names(self, prefix: str = "", after: str = "", limit: int = 100) -> Sequence[tuple[str, int]]:
        query = "select stream, max(version) from events where stream > ? and stream >= ? and stream < ? group by stream order by stream limit ?"
        with translated(self.path):
            return self._reader.execute(query, (after, prefix, prefix + "\U0010ffff", limit)).fetchall()

    # Topics

    @property
    def end(self) -> int:
        """The position that the next event gets, at least."""
        return self._end

    @property
    def arrived(self) -> asyncio.Event:
        """Set, and replaced by a new one, whenever something was appended."""
        return self._arrived

    def read_now(self, topic: str, position: int, limit: int) -> Sequence[Stored]:
        head = self._heads.get(topic) or self._heads.setdefault(topic, self._new_head())
        records = head.after(position, limit)
        if records is not None:
            return records
        query = "select position, stream, version, headers, data from events where topic = ? and position >= ? order by position limit ?"
        with translated(self.path):
            rows = self._reader.execute(query, (topic, position, limit)).fetchall()
        return [_stored(stream, version, headers, data, position) for position, stream, version, headers, data in rows]

    def end_of(self, topic: str) -> int:
        """The position after the topic's newest event; 0 for an empty topic."""
        with translated(self.path):
            newest = self._reader.execute("select max(position) from events where topic = ?", (topic,)).fetchone()[0]
        return 0 if newest is None else int(newest) + 1

    def behind(self, topic: str, position: int) -> tuple[int, Stored | None]:
        """How many events lie at or after the position, and the oldest of them."""
        with translated(self.path):
            count = int(self._reader.execute("select count(*) from events where topic = ? and position >= ?", (topic, position)).fetchone()[0])
        oldest = self.read_now(topic, position, 1) if count else ()
        return count, oldest[0] if oldest else None

    def _new_head(self) -> Head:
        head = Head(self._head_size)
        head.complete_from = self._end
        return head

    # Group commit

    async def _write(self) -> None:
        while self._waiting:
            batch = [request for request in self._waiting if not request.done.done()]
            self._waiting = []
            try:
                inserted = self._insert(batch)
                await asyncio.get_running_loop().run_in_executor(self._pool, self._commit)
                self._publish(inserted)
            except Exception as error:
                self._fail(batch, error)
        self._task = None

    def _insert(self, batch: Sequence[_Append]) -> list[_Append]:
        with translated(self.path):
            self._db.execute("begin immediate")
        inserted = []
        for request in batch:
            newest = self._version(request.events[0].stream)
            if [event.version for event in request.events] == list(range(newest + 1, newest + 1 + len(request.events))):
                self._insert_one(request)
                inserted.append(request)
            else:
                settle(request.done, Conflict(f"{request.events[0].stream} is at version {newest}."))
        return inserted

    def _insert_one(self, request: _Append) -> None:
        """One statement, which SQLite does whole or not at all; positions within it are consecutive, since nobody else writes."""
        stream = request.events[0].stream
        rows = [(request.topic, stream, event.version, headers, event.data) for event, headers in zip(request.events, request.headers, strict=True)]
        values = ",".join(["(?,?,?,?,?)"] * len(rows))
        with translated(self.path):
            cursor = self._db.execute(f"insert into events(topic, stream, version, headers, data) values {values}", list(chain(*rows)))
        first = (cursor.lastrowid or 0) - len(rows) + 1
        request.stored = [Stored(stream, event.version, event.headers, event.data, first + n, event.fact) for n, event in enumerate(request.events)]
        self._newest[stream] = request.events[-1].version

    def _version(self, stream: str) -> int:
        if stream in self._newest:
            self._newest.move_to_end(stream)
            return self._newest[stream]
        with translated(self.path):
            row = self._db.execute("select max(version) from events where stream = ?", (stream,)).fetchone()
        self._newest[stream] = row[0] or 0
        if len(self._newest) > _KNOWN_STREAMS:
            self._newest.popitem(last=False)
        return self._newest[stream]

    def _commit(self) -> None:
        with translated(self.path):
            self._db.execute("commit")

    def _publish(self, inserted: Sequence[_Append]) -> None:
        for request in inserted:
            head = self._heads.get(request.topic) or self._heads.setdefault(request.topic, self._new_head())
            for record in request.stored:
                head.add(record)
                self._end = record.position + 1
            settle(request.done, None)
        if inserted:
            arrived, self._arrived = self._arrived, asyncio.Event()
            arrived.set()

    def _fail(self, batch: Sequence[_Append], error: Exception) -> None:
        """Nothing of the batch is written, and what was known of its streams is not sure any more."""
        self._newest.clear()
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("rollback")
        for request in batch:
            settle(request.done, error)


def _stored(stream: str, version: int, headers: str, data: bytes, position: int) -> Stored:
    return Stored(stream, version, tuple(map(tuple, from_json(headers))), data, position)
