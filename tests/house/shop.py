"""All services on the embedded engine, called as the gateway would call them."""

import asyncio
import csv
import json

from services.cart.views import newest
from services.cart.views import settings as settings_view
from services.house import SERVICES, House
from shared.contracts.catalog import Campaign, Offer, Settings
from shared.engines.embedded.engine import Engine
from shared.service import utc_now

GOOD, BROKE, LOST_BEFORE, LOST_AFTER = "4242424242424242", "4000000000009995", "4000000000000119", "4000000000000259"
PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
CAMPAIGN = Campaign(id="restful", name="Restful Nights (phone)", offers=(PILLOW,))
ADDRESS = {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
ORDER = {
    "campaign": "restful",
    "customer": {"first_name": "Customer", "last_name": "A", "phone": "+1 512 555 0142"},
    "billing": ADDRESS,
    "lines": [{"product": "1", "quantity": 2}],
}


async def until(check, seconds=30):
    """Ask again until the answer is true."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.01)
    return found


class Shop:
    """The house with its engine, as the gateway would call it."""

    def __init__(self, settings, clock=utc_now, engine=Engine, services=SERVICES):
        self.settings = settings
        self.clock = clock
        self.make_engine = engine
        self.services = services

    async def open(self):
        self.engine = self.make_engine(self.settings)
        self.house = House(self.settings, self.engine.ports, self.clock, self.services)
        await self.house.start()
        for running in self.house.running.values():
            running.subscribe(self.engine.broker)
        await self.engine.broker.start()
        return self

    async def close(self):
        await self.house.stop()
        await self.engine.close()

    async def ask(self, service, method, path, json=None, actor="agent:agent1", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.house.clients[service].request(method, path, json=json, headers={"x-ringup-actor": actor, **named})
        return response.status, response.json()

    async def furnish(self, **settings):
        changed = Settings(undo_seconds=0, tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True}, **settings)
        assert (await self.ask("catalog", "PUT", "/settings", changed.model_dump(mode="json")))[0] == 200
        assert (await self.ask("catalog", "PUT", "/campaigns/restful", CAMPAIGN.model_dump(mode="json")))[0] == 200

        async def known():
            cart = self.house.running["cart"]
            return await cart.get(newest, "restful") and await cart.get(settings_view, "account")

        await until(known)
        return self

    async def started(self):
        status, body = await self.ask("cart", "POST", "/orders", {"campaign": "restful"})
        assert status == 201
        changes = {name: value for name, value in ORDER.items() if name != "campaign"}
        status, body = await self.ask("cart", "POST", f"/orders/{body['order_id']}/changes", changes, if_match=f'"{body["version"]}"')
        assert status == 200, body
        return body

    async def charge(self, order_id, number, cvv="123", **headers):
        status, token = await self.ask("payments", "POST", "/tokens", {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": cvv})
        assert status == 201, token
        return await self.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": token["token"]}, **headers)

    async def stage(self, order_id, *wanted):
        async def reached():
            _, body = await self.ask("cart", "GET", f"/orders/{order_id}")
            return body if body["state"]["stage"] in wanted else None

        return await until(reached)

    def ledger(self):
        path = self.settings.data / "simulator.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def export(self, order_id):
        return self.settings.data / "exports" / f"{order_id}-csv.csv"

    async def exported(self, order_id):
        async def there():
            return self.export(order_id).exists()

        await until(there)
        with self.export(order_id).open(newline="") as file:
            return list(csv.DictReader(file))
