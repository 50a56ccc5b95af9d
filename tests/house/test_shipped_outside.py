"""Orders that go to a webhook and to ShipStation, from the charge to the parcel."""

import base64
import json
import time
from datetime import datetime, timedelta

import pytest
from defusedxml.ElementTree import fromstring

from shared.service import utc_now
from shared.webhooks import secret_of, signed
from tests.fulfillment.endpoint import OLD, SECRET, endpoint, said
from tests.house.shop import GOOD, Shop, until

NAME, PASSWORD = "store-7f3a", "long enough for anybody"
BASIC = {"x-hook-authorization": f"Basic {base64.b64encode(f'{NAME}:{PASSWORD}'.encode()).decode()}"}


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings.model_copy(update={"webhook_private": "127.0.0.1"})).open()
    yield shop
    await shop.close()


async def configured(shop, name, **body):
    status, row = await shop.ask("fulfillment", "PUT", f"/plugins/{name}", body, actor="user:admin")
    assert status == 200, row
    return row


async def sold(shop):
    order_id = (await shop.started())["order_id"]
    status, answer = await shop.charge(order_id, GOOD)
    assert status == 202, answer
    return order_id


async def record(shop, order_id, wanted):
    """The order's one record, once it has this status."""

    async def reached():
        _, found = await shop.ask("fulfillment", "GET", f"/shipments/{order_id}")
        return next((row for row in found.get("records", ()) if row["status"] == wanted), None)

    return await until(reached)


async def door(shop, name, method, query="", body=b"", **headers):
    path = f"/plugins/{name}/door?method={method}&query={query.replace('&', '%26').replace('=', '%3D')}"
    response = await shop.house.clients["fulfillment"].request("POST", path, json=body, headers={"x-ringup-actor": "hook", **headers})
    assert response.status == 200, response.body
    reply = response.json()
    return reply["status"], base64.b64decode(reply["body"])


async def test_an_order_goes_out_by_webhook_and_they_tell_of_its_parcel(shop):
    async with endpoint() as there:
        there.answer = said(200, b'{"id": "W-17"}')
        await configured(shop, "hook", kind="webhook", options={"url": there.url}, secrets={"secret": SECRET, "old_secret": OLD})
        await shop.furnish(default_plugin="hook")
        order_id = await sold(shop)
        row = await record(shop, order_id, "Pending Shipment")
        assert (row["their_id"], [json.loads(body)["data"]["export_id"] for _, _, body in there.got]) == ("W-17", [f"{order_id}-hook"])
        body = json.dumps({"type": "shipment.shipped", "data": {"export_id": f"{order_id}-hook", "carrier": "UPS", "tracking": "1Z999"}}).encode()
        for key in (OLD, SECRET):
            headers = {f"x-hook-{name}": value for name, value in signed(secret_of(key), "msg_1", int(time.time()), body).items()}
            assert (await door(shop, "hook", "POST", body=body, **headers))[0] == 200
        assert (await door(shop, "hook", "POST", body=body + b" ", **headers))[0] == 401
        row = await record(shop, order_id, "Shipped")
        assert [(parcel["carrier"], parcel["tracking"]) for parcel in row["parcels"]] == [("UPS", "1Z999")]


async def test_whoever_wants_nothing_any_more_gets_nothing_any_more(shop):
    async with endpoint() as there:
        there.answer = said(410)
        await configured(shop, "hook", kind="webhook", options={"url": there.url}, secrets={"secret": SECRET})
        await shop.furnish(default_plugin="hook")
        order_id = await sold(shop)

        async def off():
            _, found = await shop.ask("fulfillment", "GET", "/plugins")
            return next((row for row in found["rows"] if row["name"] == "hook" and not row["on"]), None)

        assert "410" in (await until(off))["why"]
        await record(shop, order_id, "Failed")
        assert len(there.got) == 1


async def test_a_no_after_silence_says_nothing_of_what_was_sent_before(shop):
    """So that cancelling asks them, rather than to believe that they never had it."""
    async with endpoint() as there:
        there.answer = said(500)
        await configured(shop, "hook", kind="webhook", options={"url": there.url, "cancels": "yes"}, secrets={"secret": SECRET})
        await shop.furnish(default_plugin="hook")
        order_id = await sold(shop)
        await record(shop, order_id, "Failed")
        there.answer = said(429, headers="retry-after: 7200\r\n")
        status, answer = await shop.ask("fulfillment", "POST", f"/shipments/{order_id}/hook/resend", {"reason": "Now."}, actor="user:admin")
        assert status == 200, answer

        async def refused():
            row = await record(shop, order_id, "Failed")
            return row if "429" in row["reason"] else None

        row = await until(refused)
        assert datetime.fromisoformat(row["retry_at"]) > utc_now() + timedelta(minutes=119)
        there.answer = said(200, b'{"stopped": true}')
        status, answer = await shop.ask(
            "fulfillment", "POST", f"/shipments/{order_id}/cancel", {"reason": "The customer asks for it."}, actor="user:admin"
        )
        assert status == 200, answer
        await record(shop, order_id, "Cancelled")
        assert [json.loads(body)["type"] for _, _, body in there.got] == ["shipment.requested"] * 2 + ["shipment.cancel_requested"]


async def test_what_they_cannot_stop_and_may_not_have_is_cancelled_once_somebody_has_found_out(shop):
    async with endpoint() as there:
        there.answer = said(500)
        await configured(shop, "hook", kind="webhook", options={"url": there.url}, secrets={"secret": SECRET})
        await shop.furnish(default_plugin="hook")
        order_id = await sold(shop)
        await record(shop, order_id, "Failed")
        asked = {"reason": "The customer asks for it."}
        assert (await shop.ask("fulfillment", "POST", f"/shipments/{order_id}/cancel", asked, actor="user:admin"))[0] == 200

        async def unknown():
            return ((await record(shop, order_id, "Failed"))["cancel"] or {}).get("state") == "unknown"

        await until(unknown)
        _, order = await shop.ask("customers", "GET", f"/orders/{order_id}")
        assert (order["exported_at"], order["cancelled"], "delivery-failed" in order["marks"]) == (None, None, True)
        found = {"has": False, "reason": "They never got it."}
        assert (await shop.ask("fulfillment", "POST", f"/shipments/{order_id}/hook/settle", found, actor="user:admin"))[0] == 200

        async def given_back():
            _, order = await shop.ask("customers", "GET", f"/orders/{order_id}")
            _, payment = await shop.ask("payments", "GET", f"/orders/{order_id}")
            return payment["captured"] and payment["refunded"] == payment["captured"] and order["cancelled"]

        assert (await until(given_back))["reason"] == "They never got it."


async def test_nothing_that_is_not_public_is_called_from_a_shop_that_did_not_allow_it(settings):
    shop = await Shop(settings).open()
    async with endpoint() as there:
        await configured(shop, "hook", kind="webhook", options={"url": there.url}, secrets={"secret": SECRET})
        await shop.furnish(default_plugin="hook")
        row = await record(shop, await sold(shop), "Failed")
        assert ("not a public address" in row["reason"], there.connections) == (True, 0)
    await shop.close()


async def exported(shop, page=1):
    now = utc_now().strftime("%m/%d/%Y %H:%M").replace(" ", "%20")
    status, body = await door(shop, "ship", "GET", f"action=export&start_date=01/01/2026%2000:00&end_date={now}&page={page}", **BASIC)
    assert status == 200, body
    return {order.findtext("OrderNumber"): order.findtext("OrderStatus") for order in fromstring(body)}


async def test_shipstation_fetches_ships_and_hears_of_what_is_cancelled(shop):
    await configured(shop, "ship", kind="shipstation", secrets={"username": NAME, "password": PASSWORD})
    await shop.furnish(default_plugin="ship")
    first, second = await sold(shop), await sold(shop)
    for order_id in (first, second):
        await record(shop, order_id, "Pending Shipment")
    assert await exported(shop) == {first: "paid", second: "paid"}
    notice = f"<ShipNotice><OrderID>{first}-ship</OrderID><Carrier>UPS</Carrier><TrackingNumber>1Z999</TrackingNumber></ShipNotice>".encode()
    for _ in range(2):
        assert (await door(shop, "ship", "POST", "action=shipnotify", notice, **BASIC))[0] == 200
    assert len((await record(shop, first, "Shipped"))["parcels"]) == 1
    for other in (f"{first}-csv", f"{first}-hook", "nowhere-ship", first):
        unknown = notice.replace(f"{first}-ship".encode(), other.encode())
        assert (await door(shop, "ship", "POST", "action=shipnotify", unknown, **BASIC))[0] == 404
    status, answer = await shop.ask("fulfillment", "POST", f"/shipments/{second}/cancel", {"reason": "The customer asks for it."}, actor="user:admin")
    assert status in (200, 202), answer

    async def asked():
        row = await record(shop, second, "Pending Shipment")
        return (row.get("cancel") or {}).get("state") == "requested"

    await until(asked)
    assert await exported(shop) == {first: "shipped", second: "cancelled"}
    await record(shop, second, "Cancelled")
    assert (await door(shop, "ship", "GET", "action=export"))[0] == 401


async def test_an_order_that_changes_while_pages_are_turned_hides_no_other(shop, monkeypatch):
    monkeypatch.setattr("services.fulfillment.desk.PAGE", 1)
    await configured(shop, "ship", kind="shipstation", secrets={"username": NAME, "password": PASSWORD})
    await shop.furnish(default_plugin="ship")
    orders = {await sold(shop), await sold(shop), await sold(shop)}
    for order_id in orders:
        await record(shop, order_id, "Pending Shipment")
    found = await exported(shop)
    (first,) = found
    notice = f"<ShipNotice><OrderID>{first}-ship</OrderID><TrackingNumber>1Z999</TrackingNumber></ShipNotice>".encode()
    assert (await door(shop, "ship", "POST", "action=shipnotify", notice, **BASIC))[0] == 200
    await record(shop, first, "Shipped")
    assert {*found, *await exported(shop, 2), *await exported(shop, 3)} == orders
    assert await exported(shop, 4) == {}
