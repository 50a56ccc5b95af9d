"""Kafka and MongoDB are found or started, keep what they have acknowledged, and end with whoever started them."""

import asyncio
import sys

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from deploy.servers import Servers
from tests.house.shop import until

pytestmark = pytest.mark.slow


async def write(address, topic, value):
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def read(address, topic):
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        return (await consumer.getone()).value


@pytest.fixture
async def topic(servers):
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    yield "kept"
    await admin.delete_topics(["kept"])
    await admin.close()


async def test_a_record_outlives_a_killed_broker(servers, topic):
    await write(servers.kafka, topic, b"first")
    await asyncio.to_thread(servers.kill_kafka)
    await asyncio.to_thread(servers.start_kafka)
    assert await read(servers.kafka, topic) == b"first"


async def test_a_document_outlives_a_killed_database(servers):
    motor = AsyncIOMotorClient(servers.mongo)
    kept = motor["tests"]["kept"].with_options(write_concern=WriteConcern("majority", j=True))
    await kept.insert_one({"_id": "first"})
    await asyncio.to_thread(servers.kill_mongo)
    await asyncio.to_thread(servers.start_mongo)
    assert await kept.find_one() == {"_id": "first"}
    await motor.drop_database("tests")
    motor.close()


OWNER = """
import sys
from pathlib import Path
from deploy.processes import Process
Process("sleeper", ["sleep", "600"], Path(sys.argv[1]), lambda: True).start()
print("started", flush=True)
sys.stdin.read()
"""


async def test_a_process_does_not_outlive_its_killed_owner(tmp_path):
    command = [sys.executable, "-c", OWNER, str(tmp_path / "log")]
    owner = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert await owner.stdout.readline() == b"started\n"
    (started,) = psutil.Process(owner.pid).children()
    owner.kill()
    await owner.wait()

    async def gone():
        return not started.is_running() or started.status() == psutil.STATUS_ZOMBIE

    await until(gone)


def test_the_same_folder_is_the_same_cluster(servers, tmp_path):
    with Servers(tmp_path) as first:
        where = first.kafka, first.mongo
    with Servers(tmp_path) as second:
        assert (second.kafka, second.mongo) == where
