"""The whole building, and whoever comes in through its door, without a browser."""

import contextlib
import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from services.gateway.accounts import PASSWORD
from services.gateway.app import Gateway
from services.server import Building, building
from shared.settings import Settings
from tests.house.shop import until

HERE = Path(__file__).parent
BASE = "http://127.0.0.1:8000"
ADDRESS = {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
EXTERNAL = {
    "campaign": "1",
    "customer": {"first_name": "Customer", "last_name": "Y", "phone": "+1 512 555 0159", "email": "customer.y@example.com"},
    "billing": ADDRESS,
    "lines": [{"product": "101", "quantity": 1}],
    "method": "external",
}


@dataclass
class Person:
    """Somebody at the door; ``csrf`` as a page told them."""

    http: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path, **kwargs):
        return await self.http.get(path, **kwargs)

    async def page(self, path, **headers):
        answer = await self.http.get(path, headers={"accept": "text/html", **headers})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:400])
        return answer.text

    async def send(self, method, path, *, key="", **kwargs):
        """As a script of ours would."""
        headers = {"x-csrf-token": self.csrf, **({"idempotency-key": key} if key else {}), **kwargs.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **kwargs)

    async def form(self, path, **data):
        """As htmx would."""
        return await self.send("POST", path, data=data, headers={"hx-request": "true"})


class Clock:
    """Stands still until it is put forward."""

    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at

    def forward(self, **by):
        self.at += timedelta(**by)


class Door:
    """``all`` is behind it."""

    def __init__(self, all: Building, stack: contextlib.AsyncExitStack, gateway: Gateway):
        self.all = all
        self.gateway = gateway
        self._stack = stack
        self._inside = {}

    def beside(self, **changed):
        """Another door to the same building, with another clock or other services."""
        door, blobs = self.gateway.door, self.all.engine.blobs
        parts = {"settings": door.settings, "clients": door.clients, "blobs": blobs, "live": door.live, "key": door.key, "clock": door.clock}
        return Door(self.all, self._stack, Gateway(**{**parts, **changed}))

    async def nobody(self, client="127.0.0.1", base=BASE):
        transport = httpx.ASGITransport(self.gateway.app, client=(client, 4711))
        return Person(await self._stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=base)))

    async def sign_in(self, user, client="127.0.0.1", base=BASE):
        """Whoever has signed in here stays so for other tests."""
        known = user, client, base
        if known not in self._inside:
            self._inside[known] = await self.signed_in(user, client, base)
        return self._inside[known]

    async def signed_in(self, user, client="127.0.0.1", base=BASE):
        somebody = await self.nobody(client, base)
        answer = await somebody.http.post("/sign-in", data={"user": user, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        somebody.csrf = re.search(r'name="csrf" content="([^"]+)"', await somebody.page("/api/docs"))[1]
        return somebody

    async def orders(self, **query):
        """As customers lists them."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return (await self.all.house.clients["customers"].request("GET", f"/orders?{asked}")).json()["rows"]

    async def has(self, order_id, status):
        async def there():
            answer = await self.all.house.clients["customers"].request("GET", f"/orders/{order_id}")
            return answer.status == 200 and answer.json()["status"] == status

        await until(there)


def pytest_collection_modifyitems(items):
    """All in the loop that the building runs in."""
    for item in items:
        if item.path.parent == HERE and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def ringup(tmp_path_factory):
    """One demo installation for all tests of this package: they look at it, or at orders of their own."""
    folder = tmp_path_factory.mktemp("ringup")
    async with contextlib.AsyncExitStack() as stack:
        all = await stack.enter_async_context(building(Settings(data=folder / "data", key_file=folder / "key")))
        door = Door(all, stack, all.gateway)
        await until(lambda: _settled(door))
        yield door


async def _settled(door):
    """All the demo's orders are where they stay."""
    return len(await door.orders(status="Complete")) == 3 and len(await door.orders(status="Pending")) == 2 and await door.orders(status="Declined")


@pytest_asyncio.fixture(loop_scope="package")
async def place(ringup):
    """Places an order that waits for a review; its id."""
    agent = await ringup.sign_in("agent1")

    async def placing(**changed):
        answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, **changed}, key=uuid.uuid4().hex)
        assert answer.status_code == 202, answer.text
        order_id = answer.json()["order_id"]
        await ringup.has(order_id, "Pending")
        return order_id

    return placing
