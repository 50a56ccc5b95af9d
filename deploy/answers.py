"""Whether a server answers: asked again and again until it does, in a limited time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

REPLICA_SET = "rs0"
_WITHIN = 60.0
_PAUSE = 0.05


class NotReady(Exception):
    """The message says who did not answer, and what it wrote last."""


def until(answers: Callable[[], bool], alive: Callable[[], bool], name: str, last_words: Callable[[], str]) -> None:
    """Raises NotReady."""
    deadline = time.monotonic() + _WITHIN
    while not answers():
        if not alive() or time.monotonic() > deadline:
            how = "did not answer in time" if alive() else "ended before it answered"
            raise NotReady(f"{name} {how}. {last_words()}")
        time.sleep(_PAUSE)


def kafka(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return asyncio.run(_has_a_broker(f"127.0.0.1:{port}"))


async def _has_a_broker(address: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=2_000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()


def mongo(port: int) -> bool:
    """Makes it a replica set of one where it is none yet. True once it takes writes."""
    at = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    with contextlib.suppress(PyMongoError), MongoClient[dict[str, object]](at, serverSelectionTimeoutMS=1_000) as client:
        if client.admin.command("hello").get("isWritablePrimary"):
            return True
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    return False
