import pytest

from shared.contracts.registry import view_topics
from tests.house.shop import BROKE, GOOD, Shop, until


@pytest.fixture
async def shop(settings):
    """With a few orders behind it."""
    shop = await (await Shop(settings).open()).furnish()
    for number in (GOOD, BROKE):
        order_id = (await shop.started())["order_id"]
        await shop.charge(order_id, number)
        await shop.stage(order_id, "closed", "open")
    await caught_up(shop)
    yield shop
    await shop.close()


async def caught_up(shop):
    async def all_read():
        for running in shop.house.running.values():
            for topic in view_topics(running.service.views):
                position = await running.offset(running.service.views_group, topic)
                if (await running.topics.behind(topic, position))[0]:
                    return False
        return True

    await until(all_read)
