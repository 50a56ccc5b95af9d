"""Append events, durable each: the engine's group commit against one raw SQLite commit an event."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from shared.engines.embedded.log import Log
from shared.kernel.codec import Codec, Probe
from shared.kernel.events import Fact
from shared.kernel.ports import Stored
from tests.bench.row import Row, by_turns
from tests.bench.samples import NOON, shipment

ONE_BY_ONE, AT_ONCE, CLIENTS = 400, 4_000, 64
DURABLE = "WAL, synchronous=FULL: on stable storage before the answer"


def event(stream: str) -> Stored:
    created = shipment(0)[0]
    return Codec({created.TYPE: type(created)}).encode(Fact(created, stream, 1, NOON, "agent:agent1", "1", "c1", "c1", "0" * 32), Probe())


class Raw:
    """What one would write by hand: a row and a commit an event."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=wal", "synchronous=full", "wal_autocheckpoint=4000"):
            self._db.execute(f"pragma {pragma}")
        self._db.execute(
            "create table events(position integer primary key autoincrement, topic text, stream text, version integer, headers text, data blob, "
            "unique(stream, version))"
        )

    async def commits(self, stored: Stored, streams: Sequence[str]) -> float:
        begun = time.perf_counter()
        for stream in streams:
            row = ("qa", stream, stored.version, json.dumps(stored.headers), stored.data)
            self._db.execute("begin immediate")
            self._db.execute("insert into events(topic, stream, version, headers, data) values(?,?,?,?,?)", row)
            self._db.execute("commit")
        return len(streams) / (time.perf_counter() - begun)


async def appends(log: Log, stored: Stored, streams: Sequence[str], clients: int) -> float:
    waiting = iter(streams)

    async def client() -> None:
        for stream in waiting:
            await log.append("qa", [Stored(stream, stored.version, stored.headers, stored.data)])

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return len(streams) / (time.perf_counter() - begun)


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        log, raw = Log(Path(folder) / "events.db"), Raw(Path(folder) / "raw.db")
        stored, numbers = event("shipment-1"), count()

        def some(n: int) -> list[str]:
            return [f"shipment-{next(numbers)}" for _ in range(n)]

        async def by_hand() -> float:
            return await raw.commits(stored, some(ONE_BY_ONE))

        async def one_by_one() -> float:
            return await appends(log, stored, some(ONE_BY_ONE), 1)

        async def at_once() -> float:
            return await appends(log, stored, some(AT_ONCE), CLIENTS)

        alone, alone_raw = await by_turns(one_by_one, by_hand)
        together, together_raw = await by_turns(at_once, by_hand)
        await log.stop()
    against = "raw SQLite, a commit an event, one writer"
    return [
        Row("append an event, one after the other", DURABLE, "events/s", alone, against, alone_raw),
        Row(f"append an event, {CLIENTS} clients at once", DURABLE, "events/s", together, against, together_raw, 0.6),
    ]
