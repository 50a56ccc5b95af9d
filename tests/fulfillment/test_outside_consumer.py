"""docs/examples/outside_consumer.py on a real Kafka: killed and started again it leaves out no approved order, and ships none twice."""

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from services.server import building
from shared.contracts.fulfillment import ShipmentHandedOut
from tests.e2e.rings import ADDRESS, charged, external, signed_in
from tests.engines.cluster import settings  # noqa: F401
from tests.house.shop import until
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLE = Path(__file__).parents[2] / "docs/examples/outside_consumer.py"
SLOWLY = 60


@dataclass
class Door:
    address: str


@contextlib.asynccontextmanager
async def served(settings):  # noqa: F811
    """All of Ringup over Kafka and MongoDB, furnished as a demo, at an address."""
    async with building(settings) as all:
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(all.gateway.app, port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        door = Door(f"http://127.0.0.1:{port}")

        async def answers():
            return server.started

        await until(answers)
        try:
            yield door
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def consumer(settings, door, key, book):  # noqa: F811
    """Until it is killed, as nobody would end it who means well."""
    command = [sys.executable, str(EXAMPLE), "--kafka", settings.kafka, "--topic", f"{settings.installation}.qa", "--ringup", door.address]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RINGUP_")}
    process = await asyncio.create_subprocess_exec(*command, "--book", str(book), env={**ours, "RINGUP_API_KEY": key}, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def says(process, *orders):
    async with asyncio.timeout(SLOWLY):
        left = set(orders)
        while left:
            line = (await process.stdout.readline()).decode()
            assert line, "it has ended"
            left.discard(line.partition(" ")[0])


async def key_of(door, *scopes):
    async with signed_in(door, "admin1") as client:
        made = await client.post(
            "/keys", data={"name": "-".join(("warehouse", *scopes)).replace(":", "-"), "scopes": list(scopes), "key": uuid.uuid4().hex}
        )
        return re.search(r"rk_[a-z2-7]{16}_[A-Za-z0-9_-]{43}", made.text)[0]


async def nothing_is_wanted(book):
    """Of the shop's other orders neither."""
    return "wanted" not in {state for state, _, _ in rows(book).values()}


def rows(book):
    with contextlib.closing(sqlite3.connect(book)) as db:
        return {
            id: (state, name, json.loads(address or "{}")) for id, state, name, address in db.execute("SELECT id, state, name, address FROM orders")
        }


async def test_it_hears_of_every_approved_order_and_asks_where_it_goes(settings, tmp_path):  # noqa: F811
    book = tmp_path / "warehouse.db"
    async with served(settings) as door:
        key = await key_of(door, "shipments:read")
        first = await charged(door, "First", within=SLOWLY)
        async with consumer(settings, door, key, book) as outside:
            await says(outside, first)
        second, waiting = await charged(door, "Second", within=SLOWLY), await external(door, "Third")
        async with consumer(settings, door, key, book) as outside:
            await says(outside, second)
            await until(lambda: nothing_is_wanted(book), SLOWLY)
        kept = rows(book)
        assert waiting not in kept
        assert {order: kept[order][:2] for order in (first, second)} == {first: ("to ship", "Customer First"), second: ("to ship", "Customer Second")}
        assert {name: kept[first][2][name] for name in ADDRESS} == ADDRESS

        async with signed_in(door, "admin1") as client:
            events = (await client.get(f"/api/v1/orders/{second}/events")).json()["rows"]
            assert [event["actor"] for event in events if event["type"] == ShipmentHandedOut.TYPE] == ["key:warehouse-shipments-read"]

        with contextlib.closing(sqlite3.connect(book)) as db, db:
            db.execute("UPDATE orders SET state = 'wanted'")
        async with consumer(settings, door, await key_of(door, "orders:read"), book) as outside:
            assert await asyncio.wait_for(outside.wait(), SLOWLY) == 1
