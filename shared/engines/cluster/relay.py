"""The relay: carries commits to their topic. Any number of relays may work for one service: repeats are fine, gaps and reordering are not.

Each partition has one batch in flight, and a batch arrives whole or not at all; what is behind a failure waits for the next round.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pymongo import ASCENDING
from pymongo.read_concern import ReadConcern

from shared.engines.cluster.kafka import Names, key_of
from shared.engines.cluster.mongo import Database, translated
from shared.engines.cluster.streams import COMMITS, events_of
from shared.kernel.errors import KernelError, Unavailable
from shared.kernel.ports import Stored

log = structlog.get_logger()

_PAGE = 2_000
"""Commits that are looked at together."""
_POLL = 0.5
_BATCH_BYTES = 900_000

Commit = dict[str, Any]
Place = tuple[str, int]
"""Topic and partition."""
Carried = tuple[Commit, Stored, bool]
"""A commit, one of its events, and whether that is its last."""


class KafkaRelay:
    def __init__(self, database: Database, producer: Callable[[], AIOKafkaProducer], names: Names) -> None:
        self._place = f"{database.name}.{COMMITS}"
        self._commits = database.get_collection(COMMITS)
        self._snapshot = self._commits.with_options(read_concern=ReadConcern("snapshot"))
        self._new_producer = producer
        self._names = names
        self.problem = ""
        self._sent: OrderedDict[Any, None] = OrderedDict()
        """Commits that were marked a moment ago: a snapshot may be older than that."""
        self._kicked = asyncio.Event()

    def kick(self) -> None:
        self._kicked.set()

    async def waiting(self) -> tuple[int, Stored | None]:
        with translated(self._place):
            count = await self._commits.count_documents({"relayed": False})
            oldest = await self._commits.find_one({"relayed": False}, sort=[("_id", ASCENDING)]) if count else None
        return count, events_of(oldest)[0] if oldest else None

    async def run(self) -> None:
        """Never ends. After a failure the producer is made anew: it may not know any more which of its batches arrived."""
        while True:
            producer = self._new_producer()
            try:
                await producer.start()
                await self._rounds(producer)
            except (KernelError, KafkaError, OSError) as error:
                self.problem = str(error) or type(error).__name__
                log.warning("relay.waits", store=self._place, error=str(error) or repr(error))
            finally:
                with contextlib.suppress(KafkaError, OSError):
                    await producer.stop()
            await asyncio.sleep(_POLL)

    async def _rounds(self, producer: AIOKafkaProducer) -> None:
        while True:
            self._kicked.clear()
            await self._round(producer)
            self.problem = ""
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL):
                    await self._kicked.wait()

    async def _round(self, producer: AIOKafkaProducer) -> None:
        """All that waits, page by page. Raises the first failure once all other partitions are through."""
        failures: dict[Place, BaseException] = {}
        after = ""
        while commits := await self._unrelayed(after):
            places: dict[Place, list[Commit]] = {}
            for commit in commits:
                if commit["_id"] in self._sent:
                    continue
                places.setdefault((commit["topic"], self._names.partition(commit["stream"])), []).append(commit)
            going = {place: mine for place, mine in places.items() if place not in failures}
            results = await asyncio.gather(*(self._carry(producer, *place, mine) for place, mine in going.items()), return_exceptions=True)
            failures.update({place: result for place, result in zip(going, results, strict=True) if isinstance(result, BaseException)})
            after = commits[-1]["stream"]
        if failures:
            raise next(iter(failures.values()))

    async def _unrelayed(self, after: str) -> list[Commit]:
        """As of one moment: a scan without that may see a stream's later commit and miss an earlier one."""
        order = [("stream", ASCENDING), ("version", ASCENDING)]
        with translated(self._place):
            found = self._snapshot.find({"relayed": False, "stream": {"$gt": after}}, sort=order, limit=_PAGE).hint("unrelayed")
            return await found.to_list(None)

    async def _carry(self, producer: AIOKafkaProducer, topic: str, partition: int, commits: Sequence[Commit]) -> None:
        arrived: list[Commit] = []
        try:
            for batch in _batches(commits):
                await self._send(producer, self._names.called(topic), partition, [event for _, event, _ in batch])
                arrived += [commit for commit, _, last in batch if last]
        finally:
            if arrived:
                await self._mark([commit["_id"] for commit in arrived])

    async def _send(self, producer: AIOKafkaProducer, topic: str, partition: int, events: Sequence[Stored]) -> None:
        builder = producer.create_batch()
        for event in events:
            headers = [(name, value.encode()) for name, value in event.headers]
            if builder.append(timestamp=None, key=key_of(event.stream), value=event.data, headers=headers) is None:
                raise Unavailable(f"An event of {event.stream} does not fit into a batch.")
        await (await producer.send_batch(builder, topic, partition=partition))

    async def _mark(self, ids: Sequence[Any]) -> None:
        with translated(self._place):
            await self._commits.update_many({"_id": {"$in": ids}}, {"$set": {"relayed": True}})
        self._sent.update(dict.fromkeys(ids))
        while len(self._sent) > 2 * _PAGE:
            self._sent.popitem(last=False)


def _batches(commits: Iterable[Commit]) -> Iterator[list[Carried]]:
    """In order; what is larger than a batch goes alone."""
    batch: list[Carried] = []
    size = 0
    for commit, event, last in _carried(commits):
        weight = len(event.data) + sum(len(name) + len(value) for name, value in event.headers) + 200
        if batch and size + weight > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((commit, event, last))
        size += weight
    if batch:
        yield batch


def _carried(commits: Iterable[Commit]) -> Iterator[Carried]:
    for commit in commits:
        events = events_of(commit)
        yield from ((commit, event, event is events[-1]) for event in events)
