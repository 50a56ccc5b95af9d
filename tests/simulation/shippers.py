"""A supervisor after the call: configures plugins; holds, releases, cancels, sends again and takes back what is shipped; merges customers."""

from shared.clients import Caller
from tests.simulation.plugins import COURIERS

SUPERVISOR = Caller("agent:supervisor2", "supervisor")
REASON = {"reason": "The customer called."}
_WAYS = ("hold", "hold", "cancel", "resend", "resend", "shipped", "delivered", "return", "returned")


class Shippers:
    def __init__(self, people, chance):
        self._people, self._chance = people, chance
        self._held = set()

    async def open(self):
        for plugin in COURIERS:
            await self._configure(plugin)

    async def follow(self, order):
        """What its customer calls for."""
        for way in self._chance.sample(_WAYS, self._chance.choice((0, 1, 2))):
            await self._people.think(30)
            match way:
                case "hold":
                    self._held.add(order)
                    await self._of_order("hold", order)
                    await self._people.think(15)
                    if self._chance.random() < 0.7:
                        await self._of_order("release", order)
                case "cancel":
                    await self._of_order("cancel", order)
                case _:
                    await self._of_record(way, order)

    async def switch(self):
        """Off, and on again."""
        plugin = self._chance.choice(COURIERS)
        await self._configure(plugin, on=False)
        await self._people.think(30)
        await self._configure(plugin)

    async def _ask(self, what, path, body, order="", **options):
        return await self._people.ask(what, "fulfillment", SUPERVISOR, "POST", path, body, order=order, tries=2, **options)

    async def _of_order(self, what, order):
        await self._ask(what, f"/shipments/{order}/{what}", REASON, order)

    async def _of_record(self, what, order):
        whole = await self._people.ask("look", "fulfillment", SUPERVISOR, "GET", f"/shipments/{order}", order=order, tries=2)
        if not whole.body.get("records"):
            return
        plugin = self._chance.choice(whole.body["records"])["plugin"]
        body = {"shipped": {"carrier": "Post", "tracking": f"T-{self._chance.randint(1, 3)}"}, "delivered": {}, "returned": {}}.get(what, REASON)
        await self._ask(what, f"/shipments/{order}/{plugin}/{what}", body, order)

    async def _configure(self, plugin, on=True):
        body = {"kind": "courier", "on": on, "options": {"account": plugin}}
        await self._people.ask("configure", "fulfillment", SUPERVISOR, "PUT", f"/plugins/{plugin}", body)

    async def merge(self, order, other):
        """And often apart again; the same two the other way round as well."""
        mine, theirs = [await self._whose(each) for each in (order, other)]
        if mine and theirs:
            for what in self._chance.choice((("merge",), ("merge", "unmerge"))):
                await self._people.ask(what, "customers", SUPERVISOR, "POST", f"/customers/{mine}/{what}", {"alias": theirs}, tries=2)

    async def _whose(self, order):
        row = await self._people.ask("look", "customers", SUPERVISOR, "GET", f"/orders/{order}", order=order, tries=1)
        return row.body.get("customer_id")

    # Once nothing goes wrong any more

    async def calm(self):
        """Nothing that somebody has stopped waits for ever."""
        await self.open()
        for order in sorted(self._held):
            await self._of_order("release", order)

    async def finish(self):
        """What a plugin has refused for good is sent once more by hand."""
        listed = await self._people.ask("list", "fulfillment", SUPERVISOR, "GET", "/shipments?status=Failed")
        for row in listed.body["rows"]:
            await self._ask("resend", f"/shipments/{row['order_id']}/{row['plugin']}/resend", REASON, row["order_id"])
