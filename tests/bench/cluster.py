"""The cluster engine on one Kafka and one MongoDB of this machine: replay, consuming, and what a second process adds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from pymongo import ReplaceOne

from deploy.servers import Servers
from services.fulfillment.views import shipments
from shared.contracts.registry import EVENTS
from shared.engines.cluster.engine import ClusterEngine, opened
from shared.engines.embedded.engine import ensure_master_key
from shared.kernel.codec import Codec, Probe, stamp
from shared.kernel.events import Fact
from shared.kernel.ports import Topics
from shared.kernel.projector import Build
from shared.kernel.views import View
from shared.reading import Reader, Reading
from shared.service import Running, Service
from shared.settings import Settings
from tests.bench.reading import reader
from tests.bench.row import Row, by_turns
from tests.bench.samples import NOON, shipment

ORDERS, BATCH, EVENTS_EACH = 3_000, 500, 4
DURABLE = "MongoDB majority and journal"
codec = Codec(EVENTS)
notes = View(
    "notes", 1, ("type",), shipments.types, lambda fact: fact.id, lambda row, fact, id: {"type": fact.event.TYPE, "at": stamp(fact.time)}, once=True
)
"""What happened, as a timeline keeps it."""


def settings_for(folder: Path, kafka: str, mongo: str, installation: str) -> Settings:
    return Settings(engine="cluster", data=folder, key_file=folder / "master.key", kafka=kafka, mongo=mongo, installation=installation, partitions=12)


@contextlib.asynccontextmanager
async def filled(settings: Settings) -> AsyncIterator[ClusterEngine]:
    """Every event of the orders on its topic."""
    ensure_master_key(settings)
    engine = await opened(settings)
    streams, numbers = engine.ports("fulfillment").streams, iter(range(ORDERS))

    async def client() -> None:
        for n in numbers:
            facts = [Fact(e, f"shipment-{n:010d}", v, NOON, "policy:x", "1", "c1", f"c{v}", "") for v, e in enumerate(shipment(n), 1)]
            await streams.append("fulfillment", [codec.encode(fact, Probe()) for fact in facts])

    await asyncio.gather(*(client() for _ in range(64)))
    while (await engine.ports("fulfillment").relay.waiting())[0]:
        await asyncio.sleep(0.1)
    yield engine
    await engine.close()


async def replayed(engine: ClusterEngine, view: View) -> float:
    """A build as a rebuild reads it: from the topic, decoded, folded, written beside. Documents a second."""
    service = Service("fulfillment", views=(view,))
    running = Running(service, engine.ports("fulfillment"), engine.settings)
    running.topics = ReadBefore(running.topics)  # type: ignore[assignment]
    await running.parking.start()
    build = Build(view, f"{view.name}@{uuid.uuid4().hex[:8]}")
    await running.documents.prepare(build.collection, view.indexes)
    reader = Reader(running, breathe)
    reading = await reader.begin(build, {}, first=False)
    begun = time.perf_counter()
    await reader.read(reading)
    seconds = time.perf_counter() - begun
    documents = await running.documents.count(build.collection)
    _same(documents, view)
    return documents / seconds


async def breathe(reading: Reading) -> None: ...


class ReadBefore:
    """The topics to a group that has read everything, so that a build reads everything too."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._topics, name)

    async def offset(self, group: str, part: str) -> int:
        return await self._topics.end(part)


async def written(engine: ClusterEngine, view: View) -> float:
    """The same documents, folded before, by raw ``bulk_write`` with the same indexes and durability."""
    database = engine._database("fulfillment")
    source = [name for name in await engine.ports("fulfillment").documents.collections() if name.startswith(f"{view.name}@")]
    rows = await database[source[-1]].find().to_list(None)
    target = database[f"raw{uuid.uuid4().hex[:8]}"]
    for index in view.indexes:
        await target.create_index([(f"d.{index}", 1), ("_id", 1)])
    begun = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        await target.bulk_write([ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in some], ordered=False)
    seconds = time.perf_counter() - begun
    await target.drop()
    return len(rows) / seconds


async def consumed(settings: Settings) -> float:
    """FastStream, decoding, validation, progress and commits, from joining the group on."""
    engine = await opened(settings)
    service = reader(f"reader{uuid.uuid4().hex[:6]}")
    running = Running(service, engine.ports(service.name), settings)
    await running.start()
    running.subscribe(engine.broker)
    ends = await _ends(engine)
    begun = time.perf_counter()
    await engine.broker.start()
    while [part for part, end in ends.items() if await running.offset(service.views_group, part) < end]:
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - begun
    await running.stop()
    await engine.close()
    return sum(ends.values()) / seconds


async def _ends(engine: ClusterEngine) -> dict[str, int]:
    return {part: await engine.topics.end(part) for part in engine.topics.parts("fulfillment")}


async def shared_out(settings: Settings, ends: dict[str, int], processes: int) -> float:
    """The same in processes of their own, which share the partitions: events in the time until all is read."""
    service = f"readers{uuid.uuid4().hex[:6]}"
    given = [
        (sys.executable, "-m", "tests.bench.consumer", settings.model_copy(update={"instance": f"{n}"}).model_dump_json(), service, json.dumps(ends))
        for n in range(processes)
    ]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    started = [await asyncio.create_subprocess_exec(*command, **pipes) for command in given]
    for process in started:
        await process.stdout.readline()  # type: ignore[union-attr]
    begun = time.perf_counter()
    for process in started:
        process.stdin.write(b"go\n")  # type: ignore[union-attr]
    await asyncio.gather(*(process.stdout.readline() for process in started))  # type: ignore[union-attr]
    seconds = time.perf_counter() - begun
    for process in started:
        await process.wait()
    return sum(ends.values()) / seconds


async def raw_consumed(settings: Settings, total: int) -> float:
    """By hand: batches, validation, a commit a batch."""
    consumer = AIOKafkaConsumer(
        f"{settings.installation}.fulfillment", bootstrap_servers=settings.kafka, group_id=uuid.uuid4().hex, auto_offset_reset="earliest",
        enable_auto_commit=False,
    )  # fmt: skip
    begun, done = time.perf_counter(), 0
    await consumer.start()
    while done < total:
        for records in (await consumer.getmany(timeout_ms=200, max_records=BATCH)).values():
            for record in records:
                headers = {name: value.decode() for name, value in record.headers}
                EVENTS[headers["ce_type"]].model_validate_json(record.value)
            done += len(records)
        await consumer.commit()
    seconds = time.perf_counter() - begun
    await consumer.stop()
    return done / seconds


def _same(found: int, view: View) -> None:
    wanted = ORDERS if view is shipments else ORDERS * EVENTS_EACH
    if found != wanted:
        raise RuntimeError(f"there should be {wanted} documents, and the view has {found}")


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, await asyncio.to_thread(Servers, Path(name) / "servers") as servers:
        settings = settings_for(Path(name), servers.kafka, servers.mongo, "bench")
        async with filled(settings) as engine:
            total = sum([await engine.topics.end(part) for part in engine.topics.parts("fulfillment")])

            async def consume() -> float:
                return await consumed(settings)

            async def by_hand() -> float:
                return await raw_consumed(settings, total)

            async def folded() -> float:
                return await replayed(engine, shipments)

            async def write_folded() -> float:
                return await written(engine, shipments)

            async def noted() -> float:
                return await replayed(engine, notes)

            async def write_noted() -> float:
                return await written(engine, notes)

            await folded()
            await noted()
            four, raw_four = await by_turns(folded, write_folded)
            into, raw = await by_turns(noted, write_noted)
            read, loop = await by_turns(consume, by_hand)
            ends = await _ends(engine)

            async def two() -> float:
                return await shared_out(settings, ends, 2)

            async def one() -> float:
                return await shared_out(settings, ends, 1)

            both, alone = await by_turns(two, one)
    return [
        Row("replay from Kafka into MongoDB, a document an event", DURABLE, "documents/s", into, "raw bulk_write of the same documents", raw, 0.6),
        Row(f"the same, a document of {EVENTS_EACH} events", DURABLE, "documents/s", four, "the same", raw_four),
        Row("consume in the cluster engine", "progress majority and journal, commits to Kafka", "events/s", read,
            "raw aiokafka batch loop with the same validation, from joining the group on", loop, 0.5),
        Row("consume in two processes", f"the same; {os.cpu_count()} cores for them, Kafka and MongoDB", "events/s", both, "in one", alone, 1.8),
    ]  # fmt: skip
