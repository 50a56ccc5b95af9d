"""Topics on Kafka: their names, how they are made and checked, and how they are read without a group."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    OffsetOutOfRangeError,
)
from aiokafka.partitioner import murmur2

from shared.contracts.registry import SERVICES
from shared.kernel.errors import Corrupt, Unavailable
from shared.kernel.ports import Stored
from shared.settings import SettingsError

LARGEST_REQUEST = 6 * 1024 * 1024
_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete", "max.message.bytes": str(LARGEST_REQUEST)}
_ALREADY_THERE = 36
_PATIENCE = 10.0
_FRESH = 0.25
"""Seconds that a group's committed offsets are good for: they are for people to look at."""


def key_of(stream: str) -> bytes:
    """All streams of an order have one key, and so partitions of one number."""
    return (stream.partition("-")[2] or stream).encode()


@dataclass(frozen=True, slots=True)
class Names:
    """What topics and groups of this installation are called, and where in a topic a stream lies."""

    installation: str
    partitions: int

    def called(self, name: str) -> str:
        return f"{self.installation}.{name}"

    def partition(self, stream: str) -> int:
        """As Kafka's own clients have it."""
        return int(murmur2(key_of(stream)) & 0x7FFFFFFF) % self.partitions

    def part(self, topic: str, partition: int) -> str:
        return f"{topic}/{partition}"

    def parts(self, topic: str) -> list[str]:
        return [self.part(topic, n) for n in range(self.partitions)]

    def place(self, part: str) -> TopicPartition:
        topic, _, partition = part.partition("/")
        return TopicPartition(self.called(topic), int(partition))


@contextmanager
def translated(place: str) -> Iterator[None]:
    try:
        yield
    except OffsetOutOfRangeError as error:
        raise Corrupt(f"{place} does not have what is asked for: events are missing from the topic.") from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"Kafka does not answer ({place}): {type(error).__name__}.") from error


async def make_topics(admin: AIOKafkaAdminClient, names: Names) -> str:
    """Makes what is missing and checks what is there. The id of the Kafka cluster. Raises SettingsError, Unavailable."""
    with translated("topics"):
        cluster = await admin.describe_cluster()
        copies = min(3, len(cluster["brokers"]))
        config = {**_FOR_EVER, "min.insync.replicas": str(max(1, copies - 1))}
        wanted = [NewTopic(names.called(service), names.partitions, copies, topic_configs=config) for service in SERVICES]
        there = set(await admin.list_topics())
        answer = await admin.create_topics([topic for topic in wanted if topic.name not in there])
        for name, code, *why in answer.topic_errors:
            if code not in (0, _ALREADY_THERE):
                raise Unavailable(f"Kafka does not make the topic {name}: {why[0] if why else code}.")
        await _check(admin, names)
    return str(cluster["cluster_id"])


async def _check(admin: AIOKafkaAdminClient, names: Names) -> None:
    """A topic that was made a moment ago may not be known everywhere yet."""
    topics = [names.called(service) for service in SERVICES]
    async with asyncio.timeout(_PATIENCE):
        while True:
            counts = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(topics)}
            if all(counts.get(topic) for topic in topics):
                break
            await asyncio.sleep(0.05)
    for topic, count in counts.items():
        if count != names.partitions:
            raise SettingsError(
                f"The topic {topic} has {count} partitions, and RINGUP_PARTITIONS is {names.partitions}. All topics need the same number, and it "
                "can never change: set RINGUP_PARTITIONS to what they were made with, or begin with empty topics under another RINGUP_INSTALLATION."
            )


class KafkaTopics:
    """``saved(group, part)`` is the offset that a service keeps with its views; None where a group commits to Kafka alone."""

    def __init__(
        self, names: Names, consumer: Callable[[], AIOKafkaConsumer], admin: AIOKafkaAdminClient, saved: Callable[[str, str], Awaitable[int | None]]
    ) -> None:
        self._names = names
        self._admin = admin
        self._saved = saved
        self._committed: dict[str, tuple[float, dict[TopicPartition, Any]]] = {}
        self._readers: dict[str, _Reader] = {}
        self._new_consumer = consumer

    async def close(self) -> None:
        for reader in self._readers.values():
            await reader.close()

    def part(self, topic: str, partition: int) -> str:
        return self._names.part(topic, partition)

    def parts(self, topic: str) -> Sequence[str]:
        return self._names.parts(topic)

    def place(self, topic: str, stream: str) -> str:
        return self._names.part(topic, self._names.partition(stream))

    async def read(self, part: str, position: int, limit: int) -> Sequence[Stored]:
        return await self._reader(part).read(self._names.place(part), position, limit)

    async def end(self, part: str) -> int:
        return await self._reader(part).end(self._names.place(part))

    async def behind(self, part: str, position: int) -> tuple[int, Stored | None]:
        left = await self.end(part) - position
        oldest = await self.read(part, position, 1) if left > 0 else ()
        return max(0, left), oldest[0] if oldest else None

    async def offset(self, group: str, part: str) -> int:
        saved = await self._saved(group, part)
        if saved is not None:
            return saved
        committed = (await self._offsets(group)).get(self._names.place(part))
        return max(0, committed.offset) if committed else 0

    async def _offsets(self, group: str) -> dict[TopicPartition, Any]:
        read_at, offsets = self._committed.get(group, (0.0, {}))
        if time.monotonic() - read_at > _FRESH:
            with translated(group):
                async with asyncio.timeout(_PATIENCE):
                    offsets = await self._fetched(group)
            self._committed[group] = (time.monotonic(), offsets)
        return offsets

    async def _fetched(self, group: str) -> dict[TopicPartition, Any]:
        """The first group of all waits until Kafka has made a place for offsets."""
        while True:
            try:
                offsets: dict[TopicPartition, Any] = await self._admin.list_consumer_group_offsets(self._names.called(group))
                return offsets
            except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError, GroupLoadInProgressError):
                await asyncio.sleep(0.1)

    def _reader(self, part: str) -> _Reader:
        topic = part.partition("/")[0]
        return self._readers.setdefault(topic, _Reader(self._new_consumer))


class _Reader:
    """One consumer a topic, on one of its partitions at a time. Reading on where it stands keeps what was fetched ahead.

    It asks for more until it is paused, and what it asks for holds up the next partition: so it waits briefly, and is paused at the end.
    """

    def __init__(self, consumer: Callable[[], AIOKafkaConsumer]) -> None:
        self._new_consumer = consumer
        self._consumer: AIOKafkaConsumer | None = None
        self._at: tuple[TopicPartition, int] | None = None
        self._known_end = 0
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        consumer, self._consumer, self._at = self._consumer, None, None
        if consumer:
            with contextlib.suppress(KafkaError, OSError):
                await consumer.stop()

    async def end(self, place: TopicPartition) -> int:
        async with self._turn:
            return await self._end(place)

    async def read(self, place: TopicPartition, position: int, limit: int) -> Sequence[Stored]:
        async with self._turn:
            if self._at != (place, position) or position >= self._known_end:
                self._known_end = await self._end(place)
            if position >= self._known_end:
                return ()
            try:
                return await self._fetched(place, position, limit)
            except BaseException:
                await self.close()
                raise

    async def _fetched(self, place: TopicPartition, position: int, limit: int) -> list[Stored]:
        with translated(place.topic):
            consumer = await self._started()
            if self._at is None or self._at[0] != place:
                consumer.assign([place])
            if self._at != (place, position):
                consumer.seek(place, position)
            consumer.resume(place)
            found: list[ConsumerRecord[bytes, bytes]] = []
            async with asyncio.timeout(_PATIENCE):
                while len(found) < limit and (not found or found[-1].offset + 1 < self._known_end):
                    found += (await consumer.getmany(place, timeout_ms=500, max_records=limit - len(found))).get(place, [])
            self._at = (place, found[-1].offset + 1)
            if self._at[1] >= self._known_end:
                consumer.pause(place)
        return [stored_of(record) for record in found]

    async def _end(self, place: TopicPartition) -> int:
        with translated(place.topic):
            consumer = await self._started()
            async with asyncio.timeout(_PATIENCE):
                return int((await consumer.end_offsets([place]))[place])

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = self._new_consumer()
            await consumer.start()
            self._consumer = consumer
        return self._consumer


async def tail(consumer: AIOKafkaConsumer, names: Names, topics: Sequence[str]) -> AsyncIterator[tuple[str, Stored]]:
    """What arrives from now on in these topics. Raises Unavailable."""
    with translated("topics"):
        await consumer.start()
        try:
            places = [names.place(part) for topic in topics for part in names.parts(topic)]
            consumer.assign(places)
            await consumer.seek_to_end(*places)
            async for record in consumer:
                yield record.topic.rpartition(".")[2], stored_of(record)
        finally:
            await consumer.stop()


def stored_of(record: ConsumerRecord[bytes, bytes]) -> Stored:
    """As it lies there, whoever put it: what cannot be read shows when it is decoded."""
    headers = tuple([(name, value.decode(errors="replace") if value else "") for name, value in record.headers])
    named = dict(headers)
    stream = named.get("ce_subject") or f"{record.topic}:{record.partition}:{record.offset}"
    version = named.get("streamversion", "")
    return Stored(stream, int(version) if version.isdecimal() and len(version) < 19 else 0, headers, record.value or b"", record.offset)
