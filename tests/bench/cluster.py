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

from aiokafka import AIOKafkaConsumer
from pymongo import ReplaceOne

from deploy.servers import Servers
from services.fulfillment.views import shipments
from shared.contracts.registry import EVENTS
from shared.engines.cluster.engine import ClusterEngine, opened
from shared.engines.embedded.engine import ensure_master_key
from shared.kernel.codec import Codec, Probe
from shared.kernel.events import Fact
from shared.kernel.ports import Stored
from shared.kernel.projector import Build, project
from shared.service import Running
from shared.settings import Settings
from tests.bench.reading import reader
from tests.bench.row import Row, by_turns
from tests.bench.samples import NOON, shipment

ORDERS, BATCH, EVENTS_EACH = 3_000, 500, 4
DURABLE = "MongoDB majority and journal, a transaction for 500 events"
codec = Codec(EVENTS)


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


async def replayed(engine: ClusterEngine) -> float:
    """Read from the topic, decode, fold and write beside, as a rebuild does."""
    documents = engine.ports("fulfillment").documents
    build = Build(shipments, f"shipments@{uuid.uuid4().hex[:8]}")
    await documents.prepare(build.collection, shipments.indexes)
    begun = time.perf_counter()
    for part in engine.topics.parts("fulfillment"):
        position = 0
        while batch := await engine.topics.read(part, position, BATCH):
            await project([build], documents, [_decoded(part, stored) for stored in batch])
            position = batch[-1].position + 1
    seconds = time.perf_counter() - begun
    _same(await documents.count(build.collection, {"status": "Pending Shipment"}))
    return ORDERS / seconds


def _decoded(part: str, stored: Stored) -> Fact:
    return codec.decode(dict(stored.headers), stored.data, part, stored.position)


async def written(engine: ClusterEngine) -> float:
    """The same documents, folded before, by raw ``bulk_write`` with the same indexes and durability."""
    database = engine._database("fulfillment")
    source = await engine.ports("fulfillment").documents.collections()
    rows = await database[source[-1]].find().to_list(None)
    target = database[f"raw{uuid.uuid4().hex[:8]}"]
    for index in shipments.indexes:
        await target.create_index([(f"d.{index}", 1), ("_id", 1)])
    begun = time.perf_counter()
    for start in range(0, len(rows), BATCH // EVENTS_EACH):
        some = rows[start : start + BATCH // EVENTS_EACH]
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


def _same(found: int) -> None:
    if found != ORDERS:
        raise RuntimeError(f"{ORDERS} orders were shipped, the view has {found}")


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, await asyncio.to_thread(Servers, Path(name) / "servers") as servers:
        settings = settings_for(Path(name), servers.kafka, servers.mongo, "bench")
        async with filled(settings) as engine:
            total = sum([await engine.topics.end(part) for part in engine.topics.parts("fulfillment")])

            async def consume() -> float:
                return await consumed(settings)

            async def by_hand() -> float:
                return await raw_consumed(settings, total)

            async def replay() -> float:
                return await replayed(engine)

            async def write() -> float:
                return await written(engine)

            await replay()
            into, raw = await by_turns(replay, write)
            read, loop = await by_turns(consume, by_hand)
            ends = await _ends(engine)

            async def two() -> float:
                return await shared_out(settings, ends, 2)

            async def one() -> float:
                return await shared_out(settings, ends, 1)

            both, alone = await by_turns(two, one)
    return [
        Row("replay from Kafka into a view in MongoDB", DURABLE, "documents/s", into, "raw bulk_write of the same documents", raw, 0.6),
        Row("consume in the cluster engine", "progress majority and journal, commits to Kafka", "events/s", read,
            "raw aiokafka batch loop with the same validation, from joining the group on", loop, 0.5),
        Row("consume in two processes", f"the same; {os.cpu_count()} cores for them, Kafka and MongoDB", "events/s", both, "in one", alone, 1.8),
    ]  # fmt: skip
