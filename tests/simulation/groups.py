"""Consumer groups in memory: members with partitions of their own, offsets committed by hand, and FastStream's broker over them."""

import asyncio
import contextlib
from collections import defaultdict
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, ConsumerStoppedError
from faststream.kafka import KafkaBroker

from shared.engines.embedded.broker import Admin, Producer
from shared.kernel.errors import KernelError

_PATIENCE = 60
"""Seconds that a rebalance waits for members that are alive and do not give up their partitions."""


@dataclass
class Group:
    """``members`` by name. A new generation has other partitions, and refuses the commits of the one before."""

    members: dict = field(default_factory=dict)
    offsets: dict = field(default_factory=dict)
    generation: int = 0
    wanted: bool = False
    """A rebalance, or another one, is to come."""
    rebalancing: asyncio.Task | None = None


class Groups:
    """What the brokers know of all groups."""

    def __init__(self):
        self._groups = defaultdict(Group)
        self._listening = defaultdict(list)
        self.records = Records()

    def committed(self, group, part):
        return self._groups[group].offsets.get(part)

    def arrived(self, topic):
        for consumer in self._listening[topic]:
            consumer.stirred.set()

    def join(self, consumer):
        """Whoever comes back under a name gets its partitions again, and nobody else notices."""
        group = self._groups[consumer.group]
        before = group.members.get(consumer.member)
        self._forget(before)
        group.members[consumer.member] = consumer
        for topic in consumer.topics:
            self._listening[topic].append(consumer)
        if before and not group.wanted:
            consumer.assign(group.generation, before.given)
        else:
            self.rebalance(consumer.group)

    def rejoin(self, consumer):
        """Whoever was taken for dead meanwhile."""
        if self._groups[consumer.group].members.get(consumer.member) is not consumer:
            self.join(consumer)

    def leave(self, consumer):
        group = self._groups[consumer.group]
        if group.members.get(consumer.member) is consumer:
            self._forget(group.members.pop(consumer.member))
            self.rebalance(consumer.group)
            consumer.stirred.set()

    def _forget(self, consumer):
        for topic in consumer.topics if consumer else ():
            self._listening[topic].remove(consumer)

    def rebalance(self, name):
        group = self._groups[name]
        group.wanted = True
        if group.rebalancing is None:
            group.rebalancing = asyncio.get_running_loop().create_task(self._rebalanced(group), context=Context())

    def rebalance_all(self):
        for name in self._groups:
            self.rebalance(name)

    async def _rebalanced(self, group):
        """Everybody gives up what they have, unless they take too long; then it is shared out anew."""
        while group.wanted:
            group.wanted = False
            asked = {consumer: consumer.gives_up() for consumer in group.members.values()}
            for _ in range(_PATIENCE):
                waiting = [task for consumer, task in asked.items() if not task.done() and group.members.get(consumer.member) is consumer]
                if not waiting:
                    break
                await asyncio.wait(waiting, timeout=1)
            self._share(group)
        group.rebalancing = None

    def _share(self, group):
        """As the range assignor has it: partitions of one number, whatever the topic, have one member."""
        group.generation += 1
        members = sorted(group.members)
        for n, name in enumerate(members):
            consumer = group.members[name]
            mine = range(n * consumer.partitions // len(members), (n + 1) * consumer.partitions // len(members))
            consumer.assign(group.generation, [(topic, number) for topic in consumer.topics for number in mine])

    def commit(self, consumer, offsets):
        """Raises CommitFailedError for a member that has lost its partitions meanwhile."""
        group = self._groups[consumer.group]
        if group.members.get(consumer.member) is not consumer or group.generation != consumer.generation:
            raise CommitFailedError("The partitions belong to somebody else by now.")
        group.offsets.update(offsets)


class MemoryConsumer:
    """The part of AIOKafkaConsumer that FastStream's batch subscriber uses."""

    _names = count()

    def __init__(self, broker, group_id, auto_offset_reset="latest", enable_auto_commit=True, group_instance_id=None, **_):
        self._cluster, self._line = broker.cluster, broker.line
        self._records = broker.cluster.groups.records
        self._latest, self._auto = auto_offset_reset != "earliest", enable_auto_commit
        self.group, self.member = group_id, group_instance_id or f"member-{next(self._names)}"
        self.partitions = broker.cluster.names.partitions
        self.stirred = broker.hurried.setdefault(group_id, asyncio.Event())
        self.topics, self.given, self.places, self.generation = [], [], [], 0
        self._next = {}
        self._stopped = False
        self._listener = None
        self._context = copy_context()
        broker.consumers.append(self)

    def subscribe(self, topics=(), pattern=None, listener=None):
        self.topics, self._listener = list(topics), listener

    async def start(self):
        self._cluster.groups.join(self)

    async def stop(self):
        self._stopped = True
        self._cluster.groups.leave(self)
        self.stirred.set()

    def gives_up(self):
        """In the process that this consumer belongs to; nothing more is fetched from now on."""
        self.places = []
        return self._spawn(self._listener.on_partitions_revoked(_partitions(self.given)))

    def assign(self, generation, places):
        """Nothing is fetched before the listener has had its say."""
        self.generation, self.given, self.places = generation, places, []
        self._next = {place: self._start(*place) for place in places}
        self._spawn(self._assigned(generation, places))

    async def _assigned(self, generation, places):
        with contextlib.suppress(KernelError):
            await self._listener.on_partitions_assigned(_partitions(places))
        if self.generation == generation:
            self.places = places
            self.stirred.set()

    def seek(self, partition, offset):
        self._next[partition.topic, partition.partition] = offset

    def _spawn(self, work):
        return asyncio.get_running_loop().create_task(work, context=self._context)

    def _start(self, topic, number):
        part = self._cluster.names.part(topic, number)
        committed = self._cluster.groups.committed(self.group, part)
        return committed if committed is not None else len(self._cluster.topics[part]) if self._latest else 0

    async def getmany(self, *_, timeout_ms=0, max_records=None):
        while True:
            if self._stopped:
                raise ConsumerStoppedError
            self._cluster.groups.rejoin(self)
            self.stirred.clear()
            found = await self._line.fetch(self.group, partial(self._fetch, max_records or 500))
            if found:
                if self._auto:
                    await self.commit()
                return found
            await self.stirred.wait()

    def _fetch(self, limit):
        """Partitions in the order in which the line has them; each one's records in theirs."""
        found = {}
        for topic, number in self._line.shuffled(self.places):
            position = self._next[topic, number]
            some = self._cluster.topics[self._cluster.names.part(topic, number)][position : position + self._line.at_most(limit)]
            if some:
                found[TopicPartition(topic, number)] = [self._records.of(topic, number, stored) for stored in some]
                self._next[topic, number] = position + len(some)
                limit -= len(some)
            if not limit:
                break
        return found

    async def commit(self, offsets=None):
        reached = {self._cluster.names.part(*place): position for place, position in self._next.items()}
        await self._line.ask("group.commit", lambda: self._cluster.groups.commit(self, reached), [self.group])


def _partitions(places):
    return {TopicPartition(*place) for place in places}


class Records:
    """Each record is made once, and with it what consumers decode."""

    def __init__(self):
        self._known = {}

    def of(self, topic, number, stored):
        place = (topic, number, stored.position)
        if place not in self._known:
            key = (stored.stream.partition("-")[2] or stored.stream).encode()
            headers = tuple((name, value.encode()) for name, value in stored.headers)
            self._known[place] = ConsumerRecord(
                topic, number, stored.position, 0, 0, key, stored.data, None, len(key), len(stored.data), headers
            )  # fmt: skip
        return self._known[place]


class MemoryBroker(KafkaBroker):
    def __init__(self, cluster, line):
        super().__init__("memory", logger=None, apply_types=False)
        self.cluster, self.line = cluster, line
        self.hurried = {}
        self.consumers = []

    @property
    def subscribers(self):
        """In an order of their own: FastStream keeps them in a set."""
        return sorted(super().subscribers, key=lambda subscriber: subscriber.group_id)

    async def _connect(self):
        config = self.config.broker_config
        await config.producer.connect(Producer(), serializer=None, codec=None)
        config.builder = partial(MemoryConsumer, self)
        config.admin.admin_client = Admin()
        return config.builder

    def hurry(self, group):
        with contextlib.suppress(KeyError):
            self.hurried[group].set()
