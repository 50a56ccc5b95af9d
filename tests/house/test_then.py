"""An order as it was at any moment, as every service tells it."""

from urllib.parse import quote

import pytest

from tests.house.shop import BROKE, GOOD, Shop, until


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def told(shop, service, path, moment=""):
    """None where there is nothing to tell."""
    code, body = await shop.ask(service, "GET", f"{path}?as_of={quote(moment)}" if moment else path)
    assert code in (200, 404), body
    return body if code == 200 else None


async def times(shop, id):
    return [row["time"] for row in (await told(shop, "customers", f"/orders/{id}/timeline"))["rows"]]


async def bought(shop):
    """Declined once, then paid, approved and gone out, and refunded in part; and the time of its last event."""
    id = (await shop.started())["order_id"]
    await shop.ask("cart", "POST", f"/orders/{id}/changes", {"lines": [{"product": "1", "quantity": 3}]})
    await shop.charge(id, BROKE)
    await shop.stage(id, "open")
    await shop.charge(id, GOOD)
    await shop.exported(id)
    await shop.ask("payments", "POST", f"/orders/{id}/refunds", {"amount": 100, "reason": "One torn"})

    async def whole():
        row = await told(shop, "customers", f"/orders/{id}")
        texts = [each["text"] for each in (await told(shop, "customers", f"/orders/{id}/timeline"))["rows"]]
        paid = await told(shop, "payments", f"/orders/{id}")
        return {"exported", "partly-refunded"} <= set(row["marks"]) and "Closed: approved" in texts and paid["refunded"]

    await until(whole)
    return id


async def test_as_of_its_last_event_it_is_what_it_is_now(shop):
    id = await bought(shop)
    last = (await times(shop, id))[-1]
    now, then = await told(shop, "customers", f"/orders/{id}"), await told(shop, "customers", f"/orders/{id}", last)
    assert then == now | {"customer": None, "attribution": {}}
    others = {"payments": f"/orders/{id}", "cart": f"/orders/{id}", "fulfillment": f"/shipments/{id}"}
    for service, path in [*others.items(), ("cart", f"/orders/{id}/why")]:
        assert await told(shop, service, path) == await told(shop, service, path, last), path


async def test_at_each_moment_it_is_what_it_was(shop):
    id = await bought(shop)
    moments = list(dict.fromkeys(await times(shop, id)))
    rows = [await told(shop, "customers", f"/orders/{id}", moment) for moment in moments]
    assert list(dict.fromkeys(row["status"] for row in rows)) == ["Open", "Processing", "Declined", "Complete"]
    sums = [(row["total"], row["captured"], row["refunded"]) for row in rows]
    assert sums == sorted(sums)
    lines = [(await told(shop, "cart", f"/orders/{id}", moment))["state"]["lines"] for moment in moments]
    assert list(dict.fromkeys(sum(line["quantity"] for line in each) for each in lines)) == [0, 2, 3]
    paid = [await told(shop, "payments", f"/orders/{id}", moment) for moment in moments]
    attempts = [[each["status"] for each in row["attempts"]] for row in paid if row]
    assert attempts[0] == ["open"]
    assert ["declined"] in attempts
    assert attempts[-1] == ["declined", "captured"]
    shipped = [await told(shop, "fulfillment", f"/shipments/{id}", moment) for moment in moments]
    assert shipped[0] is None
    assert list(dict.fromkeys(row["status"] for row in shipped if row)) == ["Hold", "Pending", "Pending Shipment"]


async def test_before_its_first_event_there_was_none(shop):
    id = (await shop.started())["order_id"]
    await until(lambda: told(shop, "customers", f"/orders/{id}"))
    for service in ("customers", "cart"):
        assert await shop.ask(service, "GET", f"/orders/{id}?as_of=2020-01-01T00:00:00Z") == (404, await refusal(shop, service, id))


async def refusal(shop, service, id):
    _, body = await shop.ask(service, "GET", f"/orders/{id}?as_of=2020-01-01T00:00:00Z")
    assert body["detail"] == "There was no such order yet."
    return body


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-01T12:00:00", "0001-01-01T00:00:00%2B14:00"])
@pytest.mark.parametrize(("service", "path"), [("cart", "/orders/0000000000"), ("payments", "/orders/0000000000"), ("qa", "/reviews/0000000000")])
async def test_what_is_no_moment_is_refused(shop, service, path, moment):
    code, body = await shop.ask(service, "GET", f"{path}?as_of={moment}")
    assert (code, "as_of" in str(body)) == (422, True)
