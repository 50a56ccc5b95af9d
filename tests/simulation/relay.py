"""What the cluster engine's own relay asks of MongoDB and Kafka, in memory: what it sends, in which order, and what it marks is its own code."""

import asyncio

from bson import Binary

from shared.engines.cluster.relay import KafkaRelay
from shared.kernel.ports import Stored


class Commits:
    """The commits of one service, as documents; the part of a motor database and collection that the relay uses."""

    name = "memory"

    def __init__(self, kept, line):
        self._kept, self._line = kept, line

    def get_collection(self, name):
        return self

    def with_options(self, **_):
        return self

    def unrelayed(self):
        return [commit for commit in self._kept if not commit["relayed"]]

    async def count_documents(self, query):
        return len(await self._line.read("relay.waiting", self.unrelayed))

    async def find_one(self, query, sort):
        return next(iter(await self._line.read("relay.waiting", self.unrelayed)), None)

    def find(self, query, sort, limit):
        return _Found(self, query["stream"]["$gt"], limit)

    async def read(self, after, limit):
        """As of one moment, in the order of streams and versions."""
        found = await self._line.read("relay.read", self.unrelayed)
        return sorted((c for c in found if c["stream"] > after), key=lambda commit: (commit["stream"], commit["version"]))[:limit]

    async def update_many(self, query, update):
        ids = query["_id"]["$in"]

        def mark():
            for id in ids:
                self._kept[id].update(update["$set"])

        await self._line.ask("relay.mark", mark, ids)


class _Found:
    def __init__(self, commits, after, limit):
        self._commits, self._after, self._limit = commits, after, limit

    def hint(self, index):
        return self

    async def to_list(self, length):
        return await self._commits.read(self._after, self._limit)


class Batch(list):
    """Events on their way to one partition."""

    def append(self, *, timestamp, key, value, headers):
        named = tuple((name, text.decode()) for name, text in headers)
        about = dict(named)
        super().append(Stored(about["ce_subject"], int(about["streamversion"]), named, value))
        return self


class Producer:
    """The part of AIOKafkaProducer that the relay uses. A batch arrives whole or not at all."""

    def __init__(self, cluster, line):
        self._cluster, self._line = cluster, line

    async def start(self):
        """Nothing to connect to."""

    stop = start

    def create_batch(self):
        return Batch()

    async def send_batch(self, batch, topic, partition):
        return self._arrives(batch, topic.rpartition(".")[2], partition)

    async def _arrives(self, batch, topic, partition):
        about = [f"{event.stream}@{event.version}" for event in batch]
        await self._line.ask("kafka.send", lambda: self._cluster.send(topic, partition, batch), about)


def commit_of(id, topic, events):
    """As the cluster engine's streams keep it."""
    kept = [{"headers": event.headers, "data": Binary(event.data)} for event in events]
    return {"_id": id, "stream": events[0].stream, "version": events[0].version, "topic": topic, "events": kept, "relayed": False}


def started(cluster, service, line):
    """A relay at work, and its task."""
    relay = KafkaRelay(Commits(cluster.commits[service], line), lambda: Producer(cluster, line), cluster.names)
    return relay, asyncio.create_task(relay.run())
