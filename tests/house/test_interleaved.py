"""Views whatever comes first: on a cluster a rebuild reads what streams have said in another order, each stream in its own."""

import random

import pytest

from services.customers.sms import Installed
from shared.contracts.registry import SERVICES
from shared.kernel.projector import Build, project_all
from shared.kernel.views import collection, content
from tests.house.shop import GOOD, Shop, until
from tests.house.test_customers import pending, seen
from tests.house.test_merging import SUPERVISOR, bought, done
from tests.house.test_messages import Phone, message, post
from tests.house.test_views import caught_up
from tests.simulation.replay import interleaved

ORDERS = 12


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings).open()).furnish()
    post(shop, sms=Installed("phone", Phone()))
    await lived(shop)
    await until(lambda: caught_up(shop))
    yield shop
    await shop.close()


async def lived(shop):
    """An order that two customers had, consents that were given and taken back, and somebody with two numbers who is forgotten."""
    _, other = await bought(shop)
    order_id = await gone_on(shop, other)
    await message(shop, order_id, "Sent", template="consent")
    for given in (True, False, True):
        await done(shop, f"/customers/{other}/consents", {"consent": "sms_consent", "given": given})
    review = await pending(shop)
    await shop.ask("qa", "POST", f"/reviews/{review['order_id']}/decide", {"verdict": "deny", "reason": "Changed their mind."}, SUPERVISOR)
    await seen(shop, review["order_id"], "Cancelled")
    (_, one), (_, two) = await bought(shop, notes="Rings late."), await bought(shop, notes="Rings early.")
    for id in (one, two):
        await done(shop, f"/customers/{id}/consents", {"consent": "sms_consent", "given": True})
    await done(shop, f"/customers/{one}/merge", {"alias": two})
    await until(lambda: caught_up(shop))
    await done(shop, f"/customers/{one}/erase")


async def gone_on(shop, other):
    """Kept under a number of its own first, and sold as somebody else's."""
    order_id = (await shop.started())["order_id"]
    said = {"notes": "Calls back.", "particulars": {"sms_consent": True}}
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/changes", said))[0] == 200
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/no-sale", {"disposition": "price"}))[0] == 200
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/complete", {}))[0] == 200
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"customer_id": other, "notes": "Rings twice."}))[0] == 200
    await shop.charge(order_id, GOOD)
    await shop.stage(order_id, "closed")
    return order_id


async def recorded(shop):
    running = shop.house.running["customers"]
    return [
        running.codec.decode(dict(stored.headers), stored.data, topic, stored.position)
        for topic in SERVICES
        for stored in await running.topics.read(topic, 0, 10_000)
    ]


async def test_no_view_goes_by_which_stream_comes_first(shop):
    facts, chance, differing = await recorded(shop), random.Random(1), set()  # noqa: S311
    for number in range(ORDERS):
        order = interleaved(facts, chance, whole=number % 2 == 0)
        for name, running in shop.house.running.items():
            builds = [Build(view, f"{collection(view)}.{number}") for view in running.service.views]
            for build in builds:
                await running.documents.prepare(build.collection, build.view.indexes)
            await project_all(running.documents, running.keyring, builds, order)
            for build in builds:
                live = [content(document) async for document in running.documents.scan(collection(build.view))]
                if [content(document) async for document in running.documents.scan(build.collection)] != live:
                    differing.add(f"{name}.{build.view.name}")
    assert not differing
