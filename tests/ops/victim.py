"""A shop that somebody kills while a build of its payments is read, or once it is compared. Prints the build and the live view's digest."""

import asyncio
import sys
from pathlib import Path

from shared.kernel.views import digest
from shared.settings import Settings
from tests.house.shop import GOOD, Shop
from tests.ops.conftest import caught_up
from tests.ops.rebuilding import replayed


async def main(folder, until):
    shop = await (await Shop(Settings(data=folder / "data", key_file=folder / "keys" / "master.key")).open()).furnish()
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await shop.stage(order_id, "closed")
    await caught_up(shop)
    running = shop.house.running["payments"]
    live = digest([document async for document in running.documents.scan("payments@1")])
    if until == "compared":
        job = await replayed(shop, "payments.payments")
        print(job["build"], live, flush=True)
    else:
        await running.working.holding.acquire()
        _, job = await shop.ask("ops", "POST", "/views/payments/payments/replay")
        print(job["build"], live, flush=True)
    await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
