"""A shop under load that somebody kills: prints each order id once its submission was answered with 202."""

import asyncio
import sys
from pathlib import Path

from shared.settings import Settings
from tests.house.shop import BROKE, GOOD, ORDER, Shop


async def place(shop, n):
    status, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"}, idempotency_key=f"{shop.run}-{n}")
    order_id = body["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {name: value for name, value in ORDER.items() if name != "campaign"})
    if n % 5 == 0:
        status, _ = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    else:
        status, _ = await shop.charge(order_id, BROKE if n % 5 == 1 else GOOD)
    if status == 202:
        print(order_id, "external" if n % 5 == 0 else "declined" if n % 5 == 1 else "charged", flush=True)


async def main(folder, run, orders):
    shop = Shop(Settings(data=folder / "data", key_file=folder / "keys" / "master.key"))
    shop.run = run
    await shop.open()
    await shop.furnish()
    for start in range(0, orders, 10):
        await asyncio.gather(*(place(shop, start + n) for n in range(10)))
    print("survived", flush=True)


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
