"""FastStream on the log: `KafkaBroker` with a producer, consumers and an admin that speak aiokafka's interface to SQLite."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from faststream.kafka import KafkaBroker

from shared.engines.embedded.documents import SqliteDocuments
from shared.engines.embedded.log import Log
from shared.kernel.errors import Unavailable
from shared.kernel.ports import Stored

log = structlog.get_logger()

_TRY_AGAIN = 0.5

Offsets = Callable[[str], SqliteDocuments]
"""The file that keeps a group's offsets."""


class Consumer:
    """The part of AIOKafkaConsumer that FastStream's batch subscriber uses. One partition a topic; offset = position in the log."""

    def __init__(self, broker: EmbeddedBroker, group_id: str, **_: Any) -> None:
        self._log = broker.log
        self._records = broker.records
        self._offsets = broker.offsets(group_id)
        self.group = group_id
        self._linger = broker.linger(group_id)
        self._hurry = broker.hurried.setdefault(group_id, asyncio.Event())
        self._topics: list[str] = []
        self._next: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._stopped = asyncio.Event()

    def subscribe(self, topics: Iterable[str] = (), pattern: str | None = None, listener: object = None) -> None:
        self._topics = list(topics)

    async def start(self) -> None:
        self._next = {topic: self._offsets.offset(self.group, topic) or 0 for topic in self._topics}
        self._committed = dict(self._next)

    async def stop(self) -> None:
        self._stopped.set()

    async def getmany(
        self, *_: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        limit = max_records or 500
        while True:
            if self._stopped.is_set():
                raise ConsumerStoppedError
            arrived = self._log.arrived
            try:
                found = self._peek(limit)
                if found and self._linger and sum(map(len, found.values())) < limit:
                    await self._wait(self._linger)
                    found = self._peek(limit)
            except Unavailable as error:
                log.warning("log.unreadable", group=self.group, error=str(error))
                await asyncio.sleep(_TRY_AGAIN)
                continue
            if found:
                self._next.update({topic: records[-1].position + 1 for topic, records in found.items()})
                return {TopicPartition(topic, 0): [self._records.of(topic, stored) for stored in records] for topic, records in found.items()}
            await _first(arrived, self._stopped)

    def _peek(self, limit: int) -> dict[str, Sequence[Stored]]:
        found = {topic: self._log.read_now(topic, self._next[topic], limit) for topic in self._topics}
        return {topic: records for topic, records in found.items() if records}

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        self._hurry.clear()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._next[partition.topic] = offset

    async def commit(self, offsets: Mapping[TopicPartition, int] | None = None) -> None:
        ahead = {topic: position for topic, position in self._next.items() if position != self._committed.get(topic)}
        if ahead:
            self._offsets.save_offsets(self.group, ahead)
            self._committed.update(ahead)


class Records:
    """Each record is made once and shared by all consumers, and with it what they decode; the newest stay.

    One that was appended here carries its fact already, and no headers: nobody decodes it again.
    """

    def __init__(self, size: int = 2_000) -> None:
        self._size = size
        self._known: OrderedDict[int, ConsumerRecord[bytes, bytes]] = OrderedDict()

    def of(self, topic: str, stored: Stored) -> ConsumerRecord[bytes, bytes]:
        record = self._known.get(stored.position)
        if record is None:
            headers = () if stored.fact else tuple((name, value.encode()) for name, value in stored.headers)
            key = (stored.stream.partition("-")[2] or stored.stream).encode()
            record = ConsumerRecord(topic, 0, stored.position, 0, 0, key, stored.data, None, len(key), len(stored.data), headers)
            if stored.fact:
                record.__dict__["fact"] = replace(stored.fact, position=stored.position)
            self._known[stored.position] = record
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return record


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class Admin:
    """Topics need no making here."""

    async def create_topics(self, topics: Sequence[Any], **_: Any) -> Any:
        class Answer:
            def to_object(self) -> dict[str, Any]:
                return {"topic_errors": []}

        return Answer()

    async def close(self) -> None: ...


class Producer:
    """FastStream wants one to connect; the append is the publication, so nobody sends through it."""

    _closed = False

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self._closed = True


class EmbeddedBroker(KafkaBroker):
    """``linger(group)`` is how long a batch of that group waits for company, in seconds; ``hurry(group)`` cuts it short."""

    def __init__(self, log: Log, offsets: Offsets, linger: Callable[[str], float], **options: Any) -> None:
        super().__init__("embedded", **options)
        self.log = log
        self.offsets = offsets
        self.linger = linger
        self.records = Records()
        self.hurried: dict[str, asyncio.Event] = {}

    async def _connect(self) -> Callable[..., Any]:
        config = self.config.broker_config
        await config.producer.connect(Producer(), serializer=None, codec=None)
        config.builder = partial(Consumer, self)
        config.admin.admin_client = Admin()
        return config.builder

    def hurry(self, group: str) -> None:
        self.hurried.setdefault(group, asyncio.Event()).set()
