"""What turns a declared service into a running one: commands, views, policies, effects and timers over an engine's ports."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from fastapi import APIRouter
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from shared.asgi import Client
from shared.contracts.registry import EVENTS, topics_of, view_topics
from shared.kernel.codec import Codec, UnknownType
from shared.kernel.commands import Commands, Envelope, Outcome, Refusal
from shared.kernel.decider import Aggregate
from shared.kernel.effects import Effect, Timer
from shared.kernel.errors import KernelError, Unavailable, Unreadable
from shared.kernel.events import Event, Fact
from shared.kernel.policies import Policy
from shared.kernel.ports import Blobs, Documents, Keyring, Progress, Relay, Streams, Topics
from shared.kernel.runner import Runner
from shared.kernel.views import View, collection
from shared.metrics import Meter, Metrics
from shared.parking import Parking
from shared.queries import Queries
from shared.rebuild import Rebuilds
from shared.retries import Retries
from shared.settings import Settings, SettingsError
from shared.working import Working

log = structlog.get_logger()

LINGER = 0.05
"""Seconds that a batch for views waits for company; a read that asks for a version cuts it short."""
_BATCH, _SHARED_BATCH = 150, 500
_SESSION = 10_000
"""Milliseconds until the partitions of a consumer that was killed go to another one."""
_FINISH_WITHIN = 30.0

Effects = Callable[["Running"], Sequence[Effect]]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Service:
    """A declaration. ``label(event)`` names (stream, customer id) where an event says whose stream it is."""

    name: str
    aggregates: tuple[Aggregate[Any], ...] = ()
    views: tuple[View, ...] = ()
    policies: tuple[Policy, ...] = ()
    effects: Effects = lambda running: ()
    timers: tuple[Timer, ...] = ()
    router: APIRouter | None = None
    setup: Callable[[Running], Awaitable[None]] | None = None
    label: Callable[[Event], tuple[str, str] | None] = lambda event: None
    inform: Callable[[Running, Fact, Any], Awaitable[Any]] | None = None
    """A policy's command with what this service's views know of its matter, before it is decided: policies themselves are pure."""

    @property
    def views_group(self) -> str:
        return f"{self.name}.views"

    @property
    def policies_group(self) -> str:
        return f"{self.name}.policies"


@dataclass(frozen=True)
class Ports:
    """What an engine gives to one service.

    ``hurry(group)`` cuts a lingering batch short; ``called(name)`` is what a topic or group is called at the broker.
    """

    streams: Streams
    topics: Topics
    documents: Documents
    keyring: Keyring
    blobs: Blobs
    relay: Relay
    hurry: Callable[[str], None]
    called: Callable[[str], str] = str
    shared: bool = False
    """Other processes work for the same service, on the same documents and in the same groups."""
    asks_first: bool = False
    """The data goes on from a backup: what is wanted of the world outside may have been done already."""


class Running(Queries):
    """A service at work. ``state`` holds what its setup made. ``clients`` call the services by name, where it may call them."""

    def __init__(
        self, service: Service, ports: Ports, settings: Settings, clock: Callable[[], datetime] = utc_now, metrics: Metrics | None = None,
        clients: Mapping[str, Client] | None = None,
    ) -> None:  # fmt: skip
        self.service = service
        self.clients = clients if clients is not None else {}
        self.meter = Meter(metrics or Metrics(), service.name)
        self.settings = settings
        self.clock = clock
        self.streams, self.topics, self.documents = ports.streams, ports.topics, ports.documents
        self.keyring, self.blobs, self.relay, self.hurry = ports.keyring, ports.blobs, ports.relay, ports.hurry
        self.shared, self.called, self.asks_first = ports.shared, ports.called, ports.asks_first
        self.state: dict[str, Any] = {}
        self.codec = Codec(EVENTS)
        self.commands = Commands(self.streams, self.codec, self.keyring, label=service.label, appended=self._appended)
        self.builds = {}
        self.working = Working(self)
        self.parking = Parking(self.documents, clock)
        self.rebuilds = Rebuilds(self)
        self.retries = Retries(self)
        self.problems: dict[str, str] = {}
        """Why a consumer group or a loop waits; those that work are absent."""
        self.warnings: dict[str, str] = {}
        """What somebody should look at though the service works; by what it is about."""
        self._aggregates = {command: aggregate for aggregate in service.aggregates for command in aggregate.commands}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runner: Runner | None = None

    # Life

    def standing(self, group: str) -> str:
        """Under which name a group keeps how far it has read. Where processes of two versions may work at once, each set of views has its own."""
        if not self.shared or group != self.service.views_group:
            return group
        return f"{group}.{hashlib.sha256(repr(sorted(map(collection, self.service.views))).encode()).hexdigest()[:8]}"

    async def offset(self, group: str, part: str) -> int:
        return await self.topics.offset(self.standing(group), part)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The consumer groups, and the topics of each."""
        topics = {
            self.service.views_group: view_topics(self.service.views),
            self.service.policies_group: topics_of(self.working.wanted(self.service.policies_group) or ()),
        }
        return {group: read for group, read in topics.items() if read}

    def parts(self, topics: Iterable[str]) -> list[str]:
        return [part for topic in topics for part in self.topics.parts(topic)]

    async def open(self) -> None:
        """Ready to be asked and to project; nothing acts yet. Raises SettingsError for an offset beyond its topic's end."""
        beyond = await offsets_beyond(self)
        if beyond:
            raise SettingsError(beyond[0])
        await self.documents.begin_where(self.standing(self.service.views_group), f"{self.service.views_group}.")
        await self.parking.start()
        await self.rebuilds.start()

    async def start(self) -> None:
        await self.open()
        if self.service.setup:
            await self.service.setup(self)
        self._runner = Runner(self.service.name, self.service.effects(self), self.service.timers, self)
        self.spawn(self._runner.watch())
        self.spawn(self.retries.watch())

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("task.failed", service=self.service.name, exc_info=task.exception())

    @contextlib.contextmanager
    def watched(self, name: str) -> Iterator[None]:
        """What goes wrong within is a problem of that name, until it goes well again."""
        try:
            yield
        except Exception as error:
            problem = str(error) or repr(error)
            if self.problems.get(name) != problem:
                log.warning("waits", name=name, error=problem, exc_info=not isinstance(error, KernelError))
            self.problems[name] = problem
        else:
            self.problems.pop(name, None)

    # Commands

    async def execute(self, aggregate: Aggregate[Any], id: str, command: Any, sent: Envelope) -> Outcome:
        """Raises Refusal, Unavailable."""
        try:
            outcome = await self.commands.execute(aggregate, id, command, sent)
        except Refusal:
            self.meter.refused.inc()
            raise
        (self.meter.repeated if outcome.repeated else self.meter.accepted).inc()
        return outcome

    async def load(self, aggregate: Aggregate[Any], id: str, *, confirmed: bool = False) -> tuple[Any, int]:
        return await self.commands.load(aggregate, id, confirmed=confirmed)

    async def seen(self, aggregate: Aggregate[Any], id: str) -> tuple[Any, int]:
        return await self.commands.seen(aggregate, id)

    async def send(self, id: str, command: Any, command_id: str, actor: str, causation: str = "") -> Outcome:
        """A command of a policy, effect or timer; its class says which aggregate."""
        sent = Envelope(command_id, f"{actor}", self.clock(), causation=causation)
        return await self.execute(self._aggregates[type(command)], id, command, sent)

    def effect_ended(self, name: str, outcome: str) -> None:
        self.meter.effect(name, outcome)

    def _appended(self, fact: Fact) -> None:
        self.meter.appended.inc()
        if self._runner:
            self._runner.appended(fact)

    # Consumers

    def subscribe(self, broker: KafkaBroker, *, policies: bool = True) -> None:
        for group, topics in self.groups.items():
            if policies or group == self.service.views_group:
                self._subscriber(broker, group, topics)

    def _subscriber(self, broker: KafkaBroker, group: str, topics: Sequence[str]) -> None:
        """Commits by itself, after the work: FastStream's default commits before it, and its ACK also after an exception."""
        in_hand = asyncio.Lock()
        assignments = _Assignments(in_hand, partial(self._go_on, group))
        subscriber = broker.subscriber(
            *map(self.called, topics), group_id=self.called(self.standing(group)), batch=True, max_records=_SHARED_BATCH if self.shared else _BATCH,
            auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL, parser=_passed, decoder=_passed_on, listener=assignments,
            partition_assignment_strategy=(RangePartitionAssignor,), group_instance_id=self.settings.instance or None,
            session_timeout_ms=_SESSION, heartbeat_interval_ms=_SESSION // 4,
        )  # fmt: skip

        async def consume(message: KafkaAckableMessage) -> None:
            records = cast(Sequence[ConsumerRecord[bytes, bytes]], message.raw_message)
            async with in_hand:
                while not await self._worked(group, records):
                    await asyncio.sleep(0.5)
                if subscriber.consumer:
                    await self._commit(group, subscriber.consumer)

        subscriber(consume)
        assignments.consumer = lambda: subscriber.consumer

    async def _go_on(self, group: str, consumer: Any, partitions: Iterable[TopicPartition]) -> None:
        """Views go on from where their documents are; a group that nobody has committed for would begin at the first event."""
        if self.shared and group == self.service.views_group:
            for place in partitions:
                consumer.seek(place, await self.offset(group, self.topics.part(place.topic.rpartition(".")[2], place.partition)))

    async def _commit(self, group: str, consumer: Any) -> None:
        """What is not committed comes again, here or at whoever has the partitions by now, and is known then."""
        try:
            await consumer.commit()
        except KafkaError as error:
            log.warning("commit.failed", group=group, error=repr(error))

    async def _worked(self, group: str, records: Sequence[ConsumerRecord[bytes, bytes]]) -> bool:
        progress = Progress(self.standing(group), {self._part(record): record.offset + 1 for record in records})
        with self.watched(group):
            self._check_built(group)
            async with self.working.turn(group):
                if self.shared:
                    await self.parking.refresh()
                facts, held = await self._read(group, records)
                await self.parking.work_through(group, facts, held, self.working.work(group), progress)
            return True
        return False

    def _check_built(self, group: str) -> None:
        """Raises Unavailable while a view is built for the first time, maybe by another process: it would miss what is worked here meanwhile."""
        if self.shared and group == self.service.views_group and len(self.builds) < len(self.service.views):
            raise Unavailable("Views are being built, and nothing is read for them before.")

    async def _read(self, group: str, records: Sequence[ConsumerRecord[bytes, bytes]]) -> tuple[list[Fact], dict[str, int]]:
        """The facts that can be read, and from which position on a stream has to wait."""
        wanted = self.working.wanted(group)
        facts: list[Fact] = []
        held: dict[str, int] = {}
        for record in records:
            try:
                fact = self._placed(fact_of(self.codec, record, self._part(record), wanted))
            except Unreadable as error:
                if not isinstance(error, UnknownType) or group == self.service.policies_group:
                    stream = _stream_of(record)
                    held.setdefault(stream, 0 if self.parking.parked(group, stream) else record.offset)
                    await self.parking.park(group, stream, self._part(record), record.offset, str(error))
            else:
                facts += [fact] if fact else []
        return facts, held

    def _placed(self, fact: Fact | None) -> Fact | None:
        """Raises Unreadable for an event under another key than its stream's: nobody keeps its order there."""
        if fact and fact.part != self.topics.place(fact.part.partition("/")[0], fact.stream):
            raise Unreadable(f"{fact.id} lies in {fact.part}, where no event of {fact.stream} belongs.")
        return fact

    def _part(self, record: ConsumerRecord[bytes, bytes]) -> str:
        return self.topics.part(record.topic.rpartition(".")[2], record.partition)


async def offsets_beyond(running: Running) -> list[str]:
    """A sentence for each group that claims to have read more than its topic has."""
    wrong = []
    for group, topics in running.groups.items():
        for part in running.parts(topics):
            offset, end = await running.offset(group, part), await running.topics.end(part)
            if offset > end:
                wrong.append(
                    f"{group} has read {part} up to {offset}, but that topic ends at {end}: the events are older than the views. "
                    "Restore the whole data folder from one backup."
                )
    return wrong


def fact_of(codec: Codec, record: ConsumerRecord[bytes, bytes], part: str, wanted: frozenset[type[Event]] | None) -> Fact | None:
    """Decoded once a record, whoever reads it; None for a type that is not wanted. Raises UnknownType, Unreadable."""
    kept: Fact | None = record.__dict__.get("fact")
    if kept is None:
        headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
        event_type = codec.type_of(headers)
        if event_type and wanted is not None and event_type not in wanted:
            return None
        kept = codec.decode(headers, record.value or b"", part, record.offset)
        record.__dict__["fact"] = kept
    return kept if wanted is None or type(kept.event) in wanted else None


def _stream_of(record: ConsumerRecord[bytes, bytes]) -> str:
    named = ((value or b"").decode(errors="replace") for name, value in record.headers if name == "ce_subject")
    return next(named, "") or f"{record.topic}:{record.partition}:{record.offset}"


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """Partitions are given up once the batch in hand is done and committed, unless that takes too long."""

    def __init__(self, in_hand: asyncio.Lock, go_on: Callable[[Any, Iterable[TopicPartition]], Awaitable[None]]) -> None:
        self._in_hand = in_hand
        self._go_on = go_on
        self.consumer: Callable[[], Any] = lambda: None

    async def on_partitions_revoked(self, revoked: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_WITHIN), self._in_hand:
                pass

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Where that cannot be asked the group's own commit counts, which is never further."""
        try:
            await self._go_on(self.consumer(), assigned)
        except KernelError as error:
            log.warning("assignment.waits", error=str(error))


async def _passed(records: Any) -> KafkaAckableMessage:
    return KafkaAckableMessage(body=b"", raw_message=records, consumer=None)


async def _passed_on(message: Any) -> Any:
    return message
