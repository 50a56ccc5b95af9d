"""A shop under load that dies at a named point or is killed: prints each order once its submission was answered with 202.

``python -m tests.chaos.victim FOLDER SIMULATOR RUN ORDERS POINT NTH``
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from shared.settings import Settings
from tests.chaos.fuse import Fuse, FusedEngine, FusedGateway, say
from tests.house.shop import BROKE, GOOD, LOST_AFTER, LOST_BEFORE, ORDER, Shop

MALFORMED = "4000000000000341"
KINDS = ["external", GOOD, BROKE, GOOD, LOST_AFTER, GOOD, MALFORMED, GOOD, LOST_BEFORE, GOOD]
ENDS = {"external": "external", BROKE: "declined"}
AT_ONCE = 10


def settings_of(folder, simulator):
    return Settings(data=folder / "data", key_file=folder / "keys" / "master.key", simulator_url=simulator)


async def place(shop, run, n):
    kind = KINDS[n % len(KINDS)]
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"}, idempotency_key=f"{run}-{n}")
    order_id = body["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {name: value for name, value in ORDER.items() if name != "campaign"})
    if kind == "external":
        status, _ = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    else:
        status, _ = await shop.charge(order_id, kind)
    if status == 202:
        say("accepted", order_id, ENDS.get(kind, "charged"))


async def main(folder, simulator, run, orders, point, nth):
    fuse = Fuse(point, nth)
    shop = Shop(settings_of(folder, simulator), engine=partial(FusedEngine, fuse=fuse))
    await shop.open()
    gateways = shop.house.running["payments"].state["desk"].gateways
    gateways["simulator"] = FusedGateway(gateways["simulator"], fuse)
    await shop.furnish()
    waiting = iter(range(orders))

    async def agent():
        for n in waiting:
            await place(shop, run, n)

    await asyncio.gather(*(agent() for _ in range(AT_ONCE)))
    say("survived")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6])))
