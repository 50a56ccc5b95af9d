"""Replay is live, everywhere: one log of 20,000 events gives every view the same documents, byte for byte, on both engines, live and rebuilt."""

import asyncio
import random
import sqlite3

import pytest
from bson import Binary

from services.house import House
from shared.contracts.registry import SERVICES
from shared.engines.cluster import engine as cluster
from shared.kernel.ports import Stored
from shared.kernel.views import collection, digest
from shared.settings import Settings
from tests.house.shop import BROKE, GOOD, ORDER, Shop, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SEED, EVENTS, AT_ONCE = 20, 20_000, 32


class Crowd:
    """Agents who place orders until there are enough events: cards that approve and decline, external payments, cancels, erasures."""

    def __init__(self, shop):
        self.shop = shop
        self.chance = random.Random(SEED)  # noqa: S311
        self.orders = []

    async def work(self):
        await asyncio.gather(*(self._agent(f"agent:agent{n}") for n in range(AT_ONCE)))
        for order in self.chance.sample(self.orders, 20):
            await self._forget(order)

    async def _agent(self, actor):
        while self.shop.engine.log.end < EVENTS + 300:
            await self._order(actor)

    async def _order(self, actor):
        what = self.chance.choices(("good", "broke", "external", "no sale", "cancel"), (6, 1, 1, 1, 1))[0]
        phone, email = f"+1 512 555 {self.chance.randint(0, 9999):04}", f"c{self.chance.randint(0, 99)}@example.com"
        person = {**ORDER["customer"], "phone": phone, "email": email}
        changes = {**ORDER, "customer": person, "lines": [{"product": "1", "quantity": self.chance.randint(1, 4)}]}
        _, begun = await self.shop.ask("cart", "POST", "/orders", {"campaign": changes.pop("campaign")}, actor)
        order = begun["order_id"]
        await self.shop.ask("cart", "POST", f"/orders/{order}/changes", changes, actor)
        payment = {"method": "external"}
        if what != "external":
            card = {"order_id": order, "number": BROKE if what == "broke" else GOOD, "expiry": "12/99", "cvv": "123"}
            _, token = await self.shop.ask("payments", "POST", "/tokens", card, actor)
            payment = {"method": "card", "payment": token["token"]}
        if what != "no sale":
            await self.shop.ask("cart", "POST", f"/orders/{order}/submit", payment, actor)
            self.orders.append(order)
        if what == "cancel":
            await self.shop.ask("fulfillment", "POST", f"/shipments/{order}/cancel", {"reason": "Changed their mind."}, "agent:supervisor1")

    async def _forget(self, order):
        async def known():
            status, row = await self.shop.ask("customers", "GET", f"/orders/{order}")
            return row if status == 200 else None

        row = await until(known)
        await self.shop.ask("customers", "POST", f"/customers/{row['customer_id']}/erase", actor="agent:supervisor1")


async def at_rest(house):
    """Until every view has read everything, and nothing new comes."""
    last = -1

    async def read():
        nonlocal last
        end, before = 0, last
        for running in house.running.values():
            for part in running.parts(running.groups.get(running.service.views_group, ())):
                end += (here := await running.topics.end(part))
                if await running.offset(running.service.views_group, part) < here:
                    return False
        last = end
        if end != before:
            await asyncio.sleep(1)
        return end == before

    await until(read, 300)


async def live(house):
    return {
        f"{name}.{view.name}": digest([document async for document in running.documents.scan(collection(view))])
        for name, running in house.running.items()
        for view in running.service.views
    }


async def rebuilt(house):
    digests = {}
    for name, running in house.running.items():
        for view in running.service.views:
            id = (await running.rebuilds.begin(view, "agent:operator1"))["id"]

            async def compared(running=running, id=id):
                row = await running.rebuilds.row(id)
                return row if row["state"] not in ("reading", "filling") else None

            row = await until(compared, 120)
            assert row["state"] == "compared", row
            assert row["equal"]
            digests[f"{name}.{view.name}"] = row["build_digest"]
            await running.rebuilds.drop(id)
    return digests


@pytest.fixture
async def embedded(settings):
    shop = await (await Shop(settings).open()).furnish()
    await Crowd(shop).work()
    await at_rest(shop.house)
    yield shop
    await shop.close()


@pytest.fixture
async def clustered(embedded, servers):
    """Another installation with the same keys and the same streams; its views are all its own work."""
    settings = Settings(
        engine="cluster", data=embedded.settings.data.parent / "cluster", key_file=embedded.settings.key_file, kafka=servers.kafka,
        mongo=servers.mongo, installation="same-everywhere", partitions=5,
    )  # fmt: skip
    await copy_keys(embedded.settings, settings)
    engine = await cluster.opened(settings)
    house = House(settings, engine.ports)
    await house.open()
    for running in house.running.values():
        running.subscribe(engine.broker, policies=False)
    await engine.broker.start()
    await copy_streams(embedded.engine.log, engine)
    yield house
    await house.stop()
    await engine.close()


async def copy_keys(source, target):
    db = sqlite3.connect(source.data / "keys.db")
    client = cluster.mongo.connect(target.mongo, "test")
    database = client[f"{target.installation}_keys"]
    rows = db.execute("select stream, label, wrapped, erased from keys").fetchall()
    await database["keys"].insert_many(
        {"_id": stream, "label": label, "wrapped": Binary(wrapped) if wrapped else None, "erased": erased} for stream, label, wrapped, erased in rows
    )
    ((secret,),) = db.execute("select value from about where name = 'installation'").fetchall()
    await database["about"].insert_one({"_id": "installation", "value": Binary(secret)})
    client.close()
    db.close()


async def copy_streams(log, engine):
    streams = {}
    for topic in SERVICES:
        position = 0
        while batch := log.read_now(topic, position, 1_000):
            for stored in batch:
                streams.setdefault((topic, stored.stream), []).append(Stored(stored.stream, stored.version, stored.headers, stored.data))
            position = batch[-1].position + 1
    left = iter(streams.items())

    async def copy():
        for (topic, _), events in left:
            await engine.ports(topic).streams.append(topic, events)

    await asyncio.gather(*(copy() for _ in range(AT_ONCE)))


async def test_every_view_is_the_same_live_and_rebuilt_on_both_engines(embedded, clustered):
    count = sum([len(embedded.engine.log.read_now(topic, 0, 100_000)) for topic in SERVICES])
    assert count >= EVENTS
    there = await live(embedded.house)
    assert len(set(there.values())) > 15
    assert await rebuilt(embedded.house) == there
    await at_rest(clustered)
    assert await live(clustered) == there
    assert await rebuilt(clustered) == there
