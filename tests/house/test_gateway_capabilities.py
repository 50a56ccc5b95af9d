"""What a gateway needs decides what order entry offers, also where it changes after a campaign has been published."""

import pytest

from services.cart.views import gateways
from tests.house.shop import GOOD, Shop, until
from tests.payments.test_gateways import declined_by_payments, put


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def now_needs(shop, capability):
    assert (await put(shop, "simulator", {"kind": "simulator", "capabilities": [capability]}))[0] == 200

    async def known():
        return capability in (await shop.house.running["cart"].get(gateways, "simulator"))["capabilities"]

    await until(known)


@pytest.mark.parametrize(("capability", "words"), [("requires-3ds", "needs 3-D Secure"), ("requires-form", "needs a form of its own")])
async def test_process_is_refused_by_name_with_the_reason_and_the_way_out(shop, capability, words):
    order_id = (await shop.started())["order_id"]
    await now_needs(shop, capability)
    status, body = await shop.charge(order_id, GOOD)
    (error,) = body["errors"]
    assert (status, error["field"], error["code"]) == (422, "lines.1", "gateway-unusable")
    for word in ("Cloud pillow", "the gateway simulator", words, "Send the customer a link"):
        assert word in error["detail"]
    assert shop.ledger() == []


@pytest.mark.parametrize("capability", ["requires-3ds", "requires-form"])
async def test_what_was_submitted_before_cart_heard_of_it_is_declined_and_charges_nothing(shop, capability):
    await now_needs(shop, capability)
    declined = await declined_by_payments(shop)
    assert (declined["status"], declined["reason"]) == ("declined", "gateway-missing")
    assert shop.ledger() == []


async def test_no_card_is_tried_out_on_it(shop):
    order_id = (await shop.started())["order_id"]
    await now_needs(shop, "requires-3ds")
    _, token = await shop.ask("payments", "POST", "/tokens", {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"})
    asked = {"payment": token["token"], "gateway": "simulator", "currency": "USD"}
    status, body = await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", asked)
    assert (status, body["code"], "not for the phone" in body["detail"]) == (422, "gateway-missing", True)
    assert shop.ledger() == []
