"""Where an order goes is told to whoever may know it, and its history says to whom."""

from datetime import timedelta

import pytest

from services.fulfillment.commands import HandOut
from services.fulfillment.shipment import shipment
from shared.contracts.fulfillment import FulfillmentRecordCreated, ShipmentHandedOut
from shared.streams import event_row
from tests.given import given
from tests.house.shop import ADDRESS, GOOD, Shop, until
from tests.samples import NOON, ORDER, submitted

KEY = "key:warehouse"


def test_it_is_written_down_once_a_day_of_each():
    created = FulfillmentRecordCreated(order_id=ORDER, plugin="csv", submitted=submitted())
    given(shipment).when(HandOut(ORDER, KEY, NOON)).then_refused("nothing-to-ship")
    (first,) = given(shipment, created).when(HandOut(ORDER, KEY, NOON)).then_types(ShipmentHandedOut)
    assert (first.by, first.day) == (KEY, NOON.date().isoformat())
    later = given(shipment, created, first)
    later.when(HandOut(ORDER, KEY, NOON + timedelta(hours=2))).then_nothing()
    later.when(HandOut(ORDER, "key:other", NOON)).then_types(ShipmentHandedOut)
    later.when(HandOut(ORDER, KEY, NOON + timedelta(days=1))).then_types(ShipmentHandedOut)


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings).open()).furnish()
    yield shop
    await shop.close()


async def test_it_says_where_to_what_and_whether_it_may_be_shipped(shop):
    order = (await shop.started())["order_id"]
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{order}/hand-out", actor=KEY))[0] == 404
    await shop.charge(order, GOOD)
    await shop.exported(order)

    async def shown():
        _, body = await shop.ask("fulfillment", "POST", f"/shipments/{order}/hand-out", actor=KEY)
        return body if body["records"][0]["exported_at"] else None

    body = await until(shown)
    assert (body["approved"], body["held"], body["cancelled"]) == (True, False, False)
    assert {name: body["ship_to"][name] for name in ADDRESS} == ADDRESS
    assert (body["customer"]["first_name"], body["customer"]["phone"]) == ("Customer", "+15125550142")
    (record,) = body["records"]
    assert (record["plugin"], record["export_id"]) == ("csv", f"{order}-csv")
    assert [(line["sku"], line["quantity"]) for line in record["lines"]] == [("RN-PIL-01", 2)]
    events = await shop.house.running["fulfillment"].streams.load(f"shipment-{order}")
    told = [event_row(event) for event in events]
    assert [row["actor"] for row in told if row["type"] == ShipmentHandedOut.TYPE] == [KEY]
