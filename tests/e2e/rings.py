"""Orders and settings made over HTTP, for what the browser is to see."""

import contextlib
import itertools
import re

import httpx

from services.gateway.accounts import PASSWORD
from tests.house.shop import until

ADDRESS = {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
GOOD = "4242424242424242"
_KEYS = (f"order-{n:04}" for n in itertools.count())


@contextlib.asynccontextmanager
async def signed_in(shop, user):
    async with httpx.AsyncClient(base_url=shop.address) as client:
        await client.post("/sign-in", data={"user": user, "password": PASSWORD})
        page = (await client.get("/api/docs")).text
        client.headers["x-csrf-token"] = re.search(r'name="csrf" content="([^"]+)"', page)[1]
        yield client


async def placed(shop, last_name, user="agent1", status="Pending", within=30, **changed):
    """The order's id, once it has this status, in so many seconds."""
    customer = {"first_name": "Customer", "last_name": last_name, "phone": "+1 512 555 0160", "email": f"{last_name.lower()}@example.com"}
    order = {"campaign": "1", "customer": customer, "billing": ADDRESS, "lines": [{"product": "101", "quantity": 1}], **changed}
    async with signed_in(shop, user) as client:
        order_id = (await _accepted(client, order, within)).json()["order_id"]

        async def there():
            found = await client.get(f"/api/v1/orders/{order_id}")
            return found.status_code == 200 and found.json()["status"] == status

        await until(there, within)
        return order_id


async def _accepted(client, order, within):
    """Asked for again under the same key while a service does not answer."""
    key = next(_KEYS)

    async def answered():
        answer = await client.post("/api/v1/orders", json=order, headers={"idempotency-key": key})
        return answer if answer.status_code != 503 else None

    answer = await until(answered, within)
    assert answer.status_code == 202, answer.text
    return answer


async def external(shop, last_name, user="agent1", **changed):
    """One that waits for a review."""
    return await placed(shop, last_name, user, method="external", **changed)


async def charged(shop, last_name, status="Complete", number=GOOD, **changed):
    card = {"number": number, "expiry": "12/49", "cvv": "737"}
    return await placed(shop, last_name, status=status, method="card", card=card, **changed)


@contextlib.asynccontextmanager
async def settings(shop, **changed):
    """The account's settings for a while, as somebody sets them on the page."""
    async with signed_in(shop, "admin1") as client:
        before = await _form(client)
        await _saved(client, {**before, **{name: str(value) for name, value in changed.items()}})
        try:
            yield
        finally:
            await _saved(client, {**await _form(client), "undo_seconds": before["undo_seconds"]})


async def _form(client):
    page = (await client.get("/settings")).text
    value = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("number", "key", "undo_seconds")}
    return {**value, "place": re.findall(r'name="place"[^>]*value="([^"]+)"', page), "rate": re.findall(r'name="rate"[^>]*value="([^"]+)"', page)}


async def _saved(client, form):
    answer = await client.post("/settings", data=form)
    assert answer.status_code == 303, answer.text


async def kept(shop, last_name, **changed):
    """A partial of the campaign with a checkout page; its id, once it is listed."""
    customer = {"first_name": "Customer", "last_name": last_name, "phone": "+15125550161", "email": f"{last_name.lower()}@example.com"}
    said = {"campaign": "2", "customer": customer, "billing": ADDRESS, "disposition": "thinking", "source": "phone", **changed}
    async with signed_in(shop, "agent1") as client:
        answer = await client.post("/api/v1/partials", json=said, headers={"idempotency-key": next(_KEYS)})
        assert answer.status_code == 201, answer.text
        order_id = answer.json()["order_id"]

        async def there():
            return f"/orders/{order_id}" in (await client.get(f"/customers?q={last_name}")).text

        await until(there)
        return order_id
