"""A shop whose orders are shipped by two plugins, until it dies at a named point: prints each order that was accepted.

``python -m tests.chaos.counter FOLDER WAREHOUSE RUN ORDERS POINT NTH``
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from services.cart.service import cart
from services.cart.views import newest
from services.catalog.service import catalog
from services.fulfillment.service import fulfillment
from services.payments.service import payments
from services.qa.service import qa
from shared.contracts.catalog import Campaign, Offer
from shared.settings import Settings
from tests.chaos.fuse import Fuse, Fused, FusedEngine, say
from tests.house.shop import ORDER, PILLOW, Shop, until

SERVICES = (catalog, cart, payments, qa, fulfillment)
HOOK = "hook"
SAMPLE = Offer(id="2", name="Sample", sku="RN-SMP-01", price=0, plugin=HOOK)
CAMPAIGN = Campaign(id="restful", name="Restful Nights (phone)", offers=(PILLOW, SAMPLE))
LINES = [{"product": "1", "quantity": 2}, {"product": "2", "quantity": 1}]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class FusedPlugin(Fused):
    async def deliver(self, *args):
        self._fuse.reached("before call of deliver")
        answer = await self._inner.deliver(*args)
        self._fuse.reached("after call of deliver")
        return answer


def settings_of(folder):
    return Settings(data=folder / "data", key_file=folder / "keys" / "master.key", webhook_private="127.0.0.1")


async def furnished(shop, warehouse):
    """What is paid elsewhere goes out at once."""
    configured = {"kind": "webhook", "options": {"url": f"{warehouse}/hooks"}, "secrets": {"secret": SECRET}}
    status, body = await shop.ask("fulfillment", "PUT", f"/plugins/{HOOK}", configured, actor="agent:supervisor1")
    assert status == 200, body
    await shop.furnish(prepaid_skip_qa=True)
    status, body = await shop.ask("catalog", "PUT", "/campaigns/restful", CAMPAIGN.model_dump(mode="json"))
    assert status == 200, body
    await until(lambda: is_for_sale(shop, body["number"]))


async def is_for_sale(shop, number):
    return (await shop.house.running["cart"].get(newest, "restful"))["number"] >= number


async def place(shop, key):
    body = {**ORDER, "lines": LINES, "method": "external", "external_id": key}
    status, placed = await shop.ask("cart", "POST", "/orders/place", body, idempotency_key=key)
    assert status == 202, placed
    say("accepted", placed["order_id"], "shipped")
    await until(lambda: is_exported(shop, placed["order_id"]), 60)


async def is_exported(shop, order):
    """By both."""
    status, body = await shop.ask("fulfillment", "GET", f"/shipments/{order}")
    return status == 200 and len([record for record in body["records"] if record["exported_at"]]) == 2


async def main(folder, warehouse, run, orders, point, nth):
    fuse = Fuse(point, nth)
    shop = await Shop(settings_of(folder), engine=partial(FusedEngine, fuse=fuse), services=SERVICES).open()
    plugins = shop.house.running["fulfillment"].state["installed"].plugins
    plugins["webhook"] = FusedPlugin(plugins["webhook"], fuse)
    await furnished(shop, warehouse)
    await asyncio.gather(*(place(shop, f"{run}-{n}") for n in range(orders)))
    say("survived")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6])))
