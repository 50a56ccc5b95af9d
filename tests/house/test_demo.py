"""The demonstration's data: all of it or, on an installation that is somebody's already, none."""

import pytest

from services import demo
from services.gateway.users import Users
from shared.clients import call
from shared.ids import INSTALLATION
from shared.kernel.errors import KernelError
from tests.house.shop import CAMPAIGN, Shop


class Dying:
    """A client that reaches nobody after so many calls, counted together with those of the others."""

    def __init__(self, client, left):
        self.client, self.left = client, left

    async def request(self, *args, **how):
        if not self.left:
            raise ConnectionRefusedError
        self.left.pop()
        return await self.client.request(*args, **how)


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield shop
    await shop.close()


async def furnish(shop, calls=1_000):
    left = [None] * calls
    clients = {name: Dying(client, left) for name, client in shop.house.clients.items()}
    await demo.furnish(clients, Users(shop.engine.blobs_of("gateway")), shop.engine.keyring.derived(INSTALLATION))


async def streams(shop, service, prefix):
    answer = await call(shop.house.clients[service], demo.SUPERVISOR, "GET", f"/-/streams?prefix={prefix}&limit=50")
    return [row["stream"] for row in answer.json()["rows"]]


@pytest.mark.parametrize("calls", [1, 3, 5, 6, 7, 8, 9, 12, 20])
async def test_wherever_it_is_cut_off_all_of_it_is_there_in_the_end(shop, calls):
    with pytest.raises((KernelError, OSError)):
        await furnish(shop, calls)
    await furnish(shop)
    assert len(await streams(shop, "cart", "order-")) == len(demo.SAMPLES)
    assert await streams(shop, "catalog", "campaign-") == [f"campaign-{campaign.id}" for campaign in (demo.CAMPAIGN, demo.WEB)]


async def test_an_installation_with_campaigns_of_its_own_gets_none_of_it(shop):
    await shop.ask("catalog", "PUT", "/campaigns/restful", CAMPAIGN.model_dump(mode="json"))
    await furnish(shop)
    assert not await streams(shop, "cart", "order-")
