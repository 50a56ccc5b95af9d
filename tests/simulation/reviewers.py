"""Reviewers: alone, two at once, many orders at once; and they change their minds, as late as they can."""

import asyncio

from shared.clients import Caller

REVIEWERS = tuple(Caller(f"agent:{name}", "qa") for name in ("reviewer1", "reviewer2", "agent1"))
WINDOWS = (0, 5)
"""Seconds in which a decision can be undone, as the settings have it by turns."""


class Reviewers:
    def __init__(self, people, chance):
        self._people, self._chance = people, chance

    async def work(self):
        while True:
            await self._people.think(20)
            caller = self._chance.choice(REVIEWERS)
            listed = await self._people.ask("list", "qa", caller, "GET", "/reviews", tries=1)
            orders = [row["id"] for row in listed.body.get("rows", ())]
            if len(orders) > 1 and self._chance.random() < 0.5:
                await self._approve_all(caller, orders)
            for order in orders:
                await self._look_at(caller, order)

    async def _look_at(self, caller, order):
        if self._chance.random() < 0.2:
            await asyncio.gather(*(self._decide(each, order) for each in REVIEWERS[:2]))
        else:
            await self._decide(caller, order)
        if self._chance.random() < 0.3:
            await asyncio.sleep(self._chance.choice((self._chance.uniform(0, WINDOWS[1]), WINDOWS[1])))
            await self._people.ask("undo", "qa", caller, "POST", f"/reviews/{order}/undo", order=order, tries=2)

    async def _decide(self, caller, order):
        verdict = self._chance.choice(("approve", "approve", "deny"))
        body = {"verdict": verdict, "reason": "Looked at."}
        await self._people.ask("decide", "qa", caller, "POST", f"/reviews/{order}/decide", body, order=order, tries=2)

    async def _approve_all(self, caller, orders):
        """Each is decided by itself, under a command of its own."""
        await self._people.ask("approve all", "qa", caller, "POST", "/reviews/approve", {"order_ids": orders}, tries=2)
        if self._chance.random() < 0.3:
            await self._people.ask("undo all", "qa", caller, "POST", "/reviews/undo", {"order_ids": orders[:2]}, tries=2)
