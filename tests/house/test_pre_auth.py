"""Pre-authorisations from the door of payments to the gateway's ledger."""

import pytest

from tests.house.shop import GOOD, Shop, until


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def typed(shop, order_id, number=GOOD, actor="agent:agent1"):
    card = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123"}
    status, token = await shop.ask("payments", "POST", "/tokens", card, actor)
    assert status == 201, token
    return token["token"]


async def asked(shop, order_id, payment, actor="agent:agent1", **body):
    wanted = {"payment": payment, "gateway": "simulator", "currency": "USD", **body}
    return await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted, actor)


async def given_back(shop, reference):
    async def voided():
        return [entry for entry in shop.ledger() if entry["reference"] == f"{reference}-void" and entry["status"] == "approved"]

    await until(voided)


async def test_a_good_card_is_approved_and_the_dollar_given_back_and_nothing_else_changes(shop):
    order = await shop.started()
    order_id = order["order_id"]
    token = await typed(shop, order_id)
    status, body = await asked(shop, order_id, token)
    assert (status, body["outcome"], body["brand"], body["last4"], body["number"]) == (200, "approved", "Visa", "4242", 1)
    await given_back(shop, f"{order_id}-pre-1")
    held = next(entry for entry in shop.ledger() if entry["reference"] == f"{order_id}-pre-1")
    assert (held["kind"], held["amount"], held["currency"]) == ("authorize", 100, "USD")
    after = (await shop.ask("cart", "GET", f"/orders/{order_id}"))[1]
    assert (after["version"], after["state"]["stage"]) == (order["version"], "open")
    assert (await shop.ask("payments", "GET", f"/orders/{order_id}"))[0] == 404
    assert not await shop.engine.blobs.ids("tokens")
