"""Replay equals live: every view, built again in batches of another size, has the same documents."""

import pytest

from shared.contracts.registry import view_topics
from shared.kernel.projector import Build, project_all
from shared.kernel.views import collection, digest
from tests.house.shop import BROKE, GOOD, Shop, until


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings).open()).furnish()
    for number in (GOOD, BROKE, GOOD):
        order_id = (await shop.started())["order_id"]
        await shop.charge(order_id, number)
        await shop.stage(order_id, "closed", "open")
    await until(lambda: caught_up(shop))
    await until(lambda: erased(shop, order_id))
    await until(lambda: caught_up(shop))
    yield shop
    await shop.close()


async def erased(shop, order_id):
    """What a rebuild opens of this customer reads ``Erased``; the live views have seen more."""
    _, row = await shop.ask("customers", "GET", f"/orders/{order_id}")
    status, _ = await shop.ask("customers", "POST", f"/customers/{row['customer_id']}/erase")
    return status == 200


async def caught_up(shop):
    for running in shop.house.running.values():
        for topic in view_topics(running.service.views):
            position = await running.offset(running.service.views_group, topic)
            if (await running.topics.behind(topic, position))[0]:
                return False
    return True


@pytest.mark.parametrize("size", [1, 7, 500])
async def test_every_view_rebuilt_equals_the_live_one(shop, size):
    for running in shop.house.running.values():
        for view in running.service.views:
            build = Build(view, f"{collection(view)}.build")
            await running.documents.prepare(build.collection, view.indexes)
            await replay(running, build, size)
            live = digest([document async for document in running.documents.scan(collection(view))])
            assert digest([document async for document in running.documents.scan(build.collection)]) == live, view.name


async def replay(running, build, size):
    for topic in view_topics([build.view]):
        position = 0
        while batch := await running.topics.read(topic, position, size):
            facts = [running.codec.decode(dict(stored.headers), stored.data, topic, stored.position) for stored in batch]
            await project_all(running.documents, running.keyring, [build], facts)
            position = batch[-1].position + 1
