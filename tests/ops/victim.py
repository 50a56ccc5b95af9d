"""A shop that somebody kills while a build of its payments is read, or once it is compared; or that ends itself at a named point of the switch.

Prints the build and the live view's digest.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from shared.engines.embedded.engine import Engine
from shared.kernel.views import digest
from shared.settings import Settings
from tests.chaos.fuse import Fuse, Fused, say
from tests.house.shop import GOOD, Shop
from tests.ops.conftest import caught_up
from tests.ops.rebuilding import replayed, switched


class FusedDocuments(Fused):
    async def rename(self, collection, to):
        self._fuse.reached("before rename")
        await self._inner.rename(collection, to)
        self._fuse.reached("after rename")


class FusedEngine(Engine):
    fuse = Fuse("", 0)

    def ports(self, service):
        ports = super().ports(service)
        return replace(ports, documents=FusedDocuments(ports.documents, self.fuse))


async def main(folder, until):
    settings = Settings(data=folder / "data", key_file=folder / "keys" / "master.key")
    shop = await (await Shop(settings, engine=FusedEngine).open()).furnish()
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await shop.stage(order_id, "closed")
    await caught_up(shop)
    running = shop.house.running["payments"]
    live = digest([document async for document in running.documents.scan("payments@2")])
    if until == "reading":
        await running.working.holding.acquire()
        _, job = await shop.ask("ops", "POST", "/views/payments/payments/replay")
        await kept(running, job)
        say(job["build"], live)
    else:
        job = await replayed(shop, "payments.payments")
        say(job["build"], live)
        if until != "compared":
            FusedEngine.fuse.point, FusedEngine.fuse.left = until, 1
            await switched(shop, "payments.payments")
    await asyncio.Event().wait()


async def kept(running, job):
    """How far it is stands on record."""
    while (await running.documents.get("builds", job["build"])).data["done"] < job["events"]:
        await asyncio.sleep(0.01)


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
