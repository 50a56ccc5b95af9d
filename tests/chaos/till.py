"""A shop whose orders are paid, taken back, given back and tried out, until it dies at a named point: prints each order before its money moves.

``python -m tests.chaos.till FOLDER SIMULATOR RUN ORDERS POINT NTH``
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from tests.chaos.fuse import Fuse, FusedEngine, FusedGateway, say
from tests.chaos.victim import MALFORMED, settings_of
from tests.house.shop import CAMPAIGN, GOOD, LOST_AFTER, ORDER, Shop, until

CARDS = (GOOD, GOOD, LOST_AFTER, GOOD, MALFORMED)
AT_ONCE = 4


async def furnished(shop):
    """Every order is looked at before its money is taken."""
    await shop.furnish()
    held = CAMPAIGN.model_copy(update={"qa_share": 100})
    assert (await shop.ask("catalog", "PUT", "/campaigns/restful", held.model_dump(mode="json")))[0] == 200


async def begun(shop, key):
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"}, idempotency_key=key)
    order_id = body["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {name: value for name, value in ORDER.items() if name != "campaign"})
    say("accepted", order_id, "begun")
    return order_id


async def tried_out(shop, order_id):
    """A card of its own by an agent of its own: who tries out many is stopped."""
    agent, number = f"agent:of-{order_id}", _card(order_id)
    _, token = await shop.ask("payments", "POST", "/tokens", {"order_id": order_id, "number": number, "expiry": "12/49", "cvv": "123"}, actor=agent)
    asked = {"payment": token["token"], "gateway": "simulator", "currency": "USD"}
    status, body = await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", asked, actor=agent)
    assert status == 200, body


def _card(order_id):
    digits = f"4{int.from_bytes(order_id.encode(), 'big') % 10**14:014}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return digits + str(-sum(each // 10 + each % 10 for each in doubled) % 10)


async def paid(shop, order_id, card):
    assert (await shop.charge(order_id, card))[0] == 202
    await until(lambda: reviewed(shop, order_id), 120)


async def reviewed(shop, order_id):
    status, body = await shop.ask("qa", "GET", f"/reviews/{order_id}")
    return status == 200 and body["stage"] != "closed"


async def taken(shop, order_id):
    verdict = {"verdict": "approve", "reason": "Looked at."}
    await shop.ask("qa", "POST", f"/reviews/{order_id}/decide", verdict, actor="agent:reviewer1")

    async def captured():
        status, body = await shop.ask("payments", "GET", f"/orders/{order_id}")
        return status == 200 and body["captured"]

    return await until(captured, 120)


async def cancelled(shop, order_id):
    await shop.ask("fulfillment", "POST", f"/shipments/{order_id}/cancel", {"reason": "Changed their mind."}, actor="agent:supervisor1")


async def given_back(shop, order_id, amount):
    for part in (amount // 3, amount - amount // 3):
        body = {"amount": part, "reason": "Came back."}
        await shop.ask("payments", "POST", f"/orders/{order_id}/refunds", body, actor="agent:supervisor1", idempotency_key=f"{order_id}-{part}")


async def work(shop, run, n):
    order_id, card = await begun(shop, f"{run}-{n}"), CARDS[n % len(CARDS)]
    match n % 3:
        case 0:
            await tried_out(shop, order_id)
        case 1:
            await paid(shop, order_id, card)
            await cancelled(shop, order_id)
        case 2:
            await paid(shop, order_id, GOOD)
            await given_back(shop, order_id, await taken(shop, order_id))


async def main(folder, simulator, run, orders, point, nth):
    fuse = Fuse(point, nth)
    shop = Shop(settings_of(folder, simulator), engine=partial(FusedEngine, fuse=fuse))
    await shop.open()
    gateways = shop.house.running["payments"].state["desk"].gateways
    gateways["simulator"] = FusedGateway(gateways["simulator"], fuse)
    await furnished(shop)
    waiting = iter(range(orders))

    async def agent():
        for n in waiting:
            await work(shop, run, n)

    await asyncio.gather(*(agent() for _ in range(AT_ONCE)))
    say("survived")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6])))
