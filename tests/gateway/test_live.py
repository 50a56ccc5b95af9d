"""Live updates go on after the topics could not be read."""

import asyncio

from services.gateway.live import Live
from shared.kernel.errors import Unavailable
from shared.kernel.ports import Stored


async def test_listeners_are_told_to_fetch_again_and_then_hear_more():
    tails = iter((Unavailable("The disk is away."), Stored("order-1", 3, (("ce_type", "ringup.cart.CartUpdated"),), b"{}")))

    async def tail():
        found = next(tails, None)
        if isinstance(found, Unavailable):
            raise found
        if found:
            yield "cart", found
        await asyncio.Event().wait()

    live = Live(tail)
    heard = live.listen()
    assert await anext(heard) == {"type": "connected"}
    running = asyncio.create_task(live.run())
    assert (await anext(heard))["type"] == "missed"
    assert (await anext(heard))["type"] == "CartUpdated"
    running.cancel()
