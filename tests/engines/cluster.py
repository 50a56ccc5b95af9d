"""Installations of their own on the Kafka and MongoDB that all tests share."""

import uuid

import pytest
from aiokafka import AIOKafkaProducer

from shared.engines.cluster.engine import opened
from shared.engines.cluster.kafka import key_of
from shared.engines.embedded.engine import ensure_master_key
from shared.settings import Settings

__all__ = ["put", "reopen", "settings"]


@pytest.fixture
def settings(tmp_path, servers):
    """An installation of its own on the servers that all tests share."""
    made = Settings(
        engine="cluster", data=tmp_path / "data", key_file=tmp_path / "keys" / "master.key", kafka=servers.kafka, mongo=servers.mongo,
        installation=f"t{uuid.uuid4().hex[:8]}", partitions=3,
    )  # fmt: skip
    ensure_master_key(made)
    return made


@pytest.fixture
async def reopen(settings):
    engines = []

    async def again():
        engines.append(await opened(settings))
        return engines[-1]

    yield again
    if engines:
        await engines[-1].close()


@pytest.fixture
async def put(settings):
    """By a producer of somebody else's."""

    async def produced(*records, key=None):
        engine = await opened(settings)
        await engine.close()
        topic = engine.names.called("customers")
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka, max_request_size=6_000_000) as producer:
            for record in records:
                headers = [(name, value.encode()) for name, value in record.headers]
                stream = key or record.stream
                await producer.send_and_wait(topic, record.data, key_of(stream), partition=engine.names.partition(stream), headers=headers)

    return produced
