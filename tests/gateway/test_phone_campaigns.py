"""Which campaigns Order Entry offers."""

from services.gateway.door import Services
from services.gateway.pages.order_entry import phone_campaigns
from tests.house.shop import CAMPAIGN, Shop, until


async def test_every_listed_campaign_is_offered_however_many_there_are(settings):
    shop = await (await Shop(settings).open()).furnish()
    for n in range(51):
        offer = CAMPAIGN.offers[0].model_copy(update={"id": f"{n}x"})
        body = CAMPAIGN.model_copy(update={"id": f"c{n}", "name": f"Campaign {n:02}", "offers": (offer,)}).model_dump(mode="json")
        status, answer = await shop.ask("catalog", "PUT", f"/campaigns/c{n}", body)
        assert status == 200, answer

    async def offered():
        rows = await phone_campaigns(Services(shop.house.clients, None))
        return len(rows) == 52 and rows

    rows = await until(offered)
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    await shop.close()
