"""The cluster engine: Kafka carries the events, MongoDB keeps streams, documents and keys; any number of processes work for a service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from faststream.kafka import KafkaBroker

from shared.contracts.registry import SERVICES
from shared.engines.cluster import mongo
from shared.engines.cluster.blobs import MongoBlobs
from shared.engines.cluster.documents import MongoDocuments
from shared.engines.cluster.kafka import LARGEST_REQUEST, KafkaTopics, Names, make_topics, tail, translated
from shared.engines.cluster.keyring import MongoKeyring
from shared.engines.cluster.relay import KafkaRelay
from shared.engines.cluster.streams import MongoStreams
from shared.kernel.ports import Stored
from shared.service import Ports
from shared.settings import Settings, SettingsError

log = structlog.get_logger()

IMPORTING, GOES_ON_FROM = "importing", "goes_on_from"
"""In the keyring's ``about``: the digest of a file whose import is not done; when the events ended that an import brought."""
_BATCH = 1024 * 1024
_BRIEFLY, _WHILE = 20, 500


class ClusterEngine:
    """What one process needs of the cluster; ``opened`` makes one."""

    def __init__(self, settings: Settings, client: mongo.Client, admin: AIOKafkaAdminClient) -> None:
        self.settings = settings
        self.names = Names(settings.installation, settings.partitions)
        self._client = client
        self._admin = admin
        self.keyring = MongoKeyring(self._database("keys"), settings.master_keys)
        self._ports: dict[str, Ports] = {}
        self._asks_first = False
        self._documents: dict[str, MongoDocuments] = {}
        self._relays: list[asyncio.Task[None]] = []
        self.topics = KafkaTopics(self.names, self._reader, admin, self._saved)
        self.broker = KafkaBroker(
            settings.kafka.split(","), client_id=self._client_id, consumer_only=True, allow_auto_create_topics=False, logger=None, apply_types=False
        )

    @property
    def _client_id(self) -> str:
        return self.settings.instance or self.settings.installation

    def _database(self, name: str) -> mongo.Database:
        return self._client.get_database(f"{self.settings.installation}_{name}")

    async def prepare(self, importing: str = "") -> None:
        """``importing``: the import that this is opened for. Raises SettingsError (partitions, another Kafka, another import), Unavailable."""
        await self.keyring.prepare()
        if await self.keyring.about(IMPORTING) not in (None, importing):
            raise SettingsError(
                f"An import into {self.settings.installation} is under way, or was cut off: run it again with the same file, or choose another name "
                "with RINGUP_INSTALLATION."
            )
        self._asks_first = await self.keyring.about(GOES_ON_FROM) is not None
        kafka = await make_topics(self._admin, self.names)
        belongs = await self.keyring.belongs("kafka", kafka)
        if belongs != kafka:
            raise SettingsError(
                f"The data in MongoDB under {self.settings.installation} belongs to the events on the Kafka cluster {belongs}, and RINGUP_KAFKA "
                f"leads to {kafka}. Point both to one installation, or choose another name with RINGUP_INSTALLATION."
            )

        for service in SERVICES:
            await MongoStreams(self._database(service), lambda: None).prepare()

    def ports(self, service: str) -> Ports:
        """With a relay at work."""
        if service not in self._ports:
            self._ports[service] = self._made(service)
        return self._ports[service]

    def _made(self, service: str) -> Ports:
        database = self._database(service)
        relay = KafkaRelay(database, self._producer, self.names)
        streams = MongoStreams(database, relay.kick)
        self._relays.append(asyncio.create_task(relay.run()))
        documents = self._documents_of(service)
        return Ports(
            streams, self.topics, documents, self.keyring, self.blobs_of(service), relay, lambda group: None, self.names.called, shared=True,
            asks_first=self._asks_first,
        )  # fmt: skip

    def blobs_of(self, service: str) -> MongoBlobs:
        return MongoBlobs(self._database(service))

    def _documents_of(self, service: str) -> MongoDocuments:
        return self._documents.setdefault(service, MongoDocuments(self._database(service)))

    async def _saved(self, group: str, part: str) -> int | None:
        return await self._documents_of(group.partition(".")[0]).saved(group, part)

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka.split(","), client_id=self._client_id, enable_idempotence=True, acks="all", linger_ms=0,
            max_batch_size=_BATCH, max_request_size=LARGEST_REQUEST,
        )  # fmt: skip

    def _reader(self, wait: int = _BRIEFLY) -> AIOKafkaConsumer:
        """``wait``: milliseconds that Kafka may hold an answer back until there is something."""
        return AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka.split(","), client_id=self._client_id, group_id=None, enable_auto_commit=False,
            auto_offset_reset="none", max_partition_fetch_bytes=LARGEST_REQUEST, fetch_max_wait_ms=wait,
        )  # fmt: skip

    async def tail(self, topics: Sequence[str]) -> AsyncIterator[tuple[str, Stored]]:
        """What arrives from now on, topic by topic."""
        async for found in tail(self._reader(_WHILE), self.names, topics):
            yield found

    async def close(self) -> None:
        await self.broker.stop()
        for task in self._relays:
            task.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)
        await self.topics.close()
        await _closed(self._admin)
        self._client.close()


async def opened(settings: Settings, importing: str = "") -> ClusterEngine:
    """Raises SettingsError, Unavailable."""
    client = mongo.connect(settings.mongo, settings.installation)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.split(","), client_id=settings.installation)
    engine = ClusterEngine(settings, client, admin)
    try:
        with translated(settings.kafka):
            await admin.start()
        await engine.prepare(importing)
    except BaseException:
        await _closed(admin)
        client.close()
        raise
    return engine


async def _closed(admin: Any) -> None:
    with contextlib.suppress(Exception):
        await admin.close()


async def derived(settings: Settings, purpose: str) -> bytes:
    """Raises SettingsError, Unavailable."""
    client = mongo.connect(settings.mongo, settings.installation)
    try:
        keyring = MongoKeyring(client.get_database(f"{settings.installation}_keys"), settings.master_keys)
        await keyring.prepare()
        return keyring.derived(purpose)
    finally:
        client.close()
