"""What a bank has refused for good is not asked about again on the same order."""

import pytest

from tests.house.shop import BROKE, GOOD, Shop, until
from tests.house.test_pre_auth import asked, typed
from tests.house.test_wallet import account_token, charged

KEPT = "4000000000009979"
CLOSED = "1000000002"


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def token(shop, order_id, number):
    card = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123"}
    return await shop.ask("payments", "POST", "/tokens", card)


async def submitted(shop, order_id, payment, method="card"):
    status, body = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": method, "payment": payment})
    assert status in (200, 202), body
    return (await shop.stage(order_id, "open"))["state"]["declines"]


def authorisations(shop):
    return [entry["last4"] for entry in shop.ledger() if entry["kind"] == "authorize"]


async def test_a_card_that_is_never_to_be_tried_again_gets_no_token_on_this_order(shop):
    order_id = (await shop.started())["order_id"]
    assert await submitted(shop, order_id, (await token(shop, order_id, KEPT))[1]["token"])
    status, body = await token(shop, order_id, KEPT)
    assert (status, body["code"], body["field"], [each["field"] for each in body["errors"]]) == (422, "refused-before", "number", ["number"])
    assert KEPT not in str(body)
    assert (await token(shop, order_id, GOOD))[0] == 201
    assert (await token(shop, (await shop.started())["order_id"], KEPT))[0] == 201


async def test_nothing_of_an_order_says_why_such_a_card_was_refused(shop):
    order_id = (await shop.started())["order_id"]
    await submitted(shop, order_id, (await token(shop, order_id, KEPT))[1]["token"])

    async def story():
        rows = (await shop.ask("customers", "GET", f"/orders/{order_id}/timeline"))[1].get("rows", ())
        return rows if any(row["type"].endswith(".OrderDeclined") for row in rows) else None

    seen = str([await until(story), await shop.ask("payments", "GET", f"/orders/{order_id}"), await shop.ask("cart", "GET", f"/orders/{order_id}")])
    assert "not-accepted" in seen
    assert not [word for word in ("pick-up", "pick up", "stolen", "fraud") if word in seen]


async def test_one_whose_token_was_made_before_is_declined_without_asking_its_bank(shop):
    order_id = (await shop.started())["order_id"]
    first, second = [(await token(shop, order_id, KEPT))[1]["token"] for _ in range(2)]
    await submitted(shop, order_id, first)
    told = (await submitted(shop, order_id, second))[-1]
    assert (told["reason"], told["retry"], told["instrument"]["last4"]) == ("refused-before", True, KEPT[-4:])
    assert authorisations(shop) == [KEPT[-4:]]


async def test_a_card_that_may_be_tried_again_is(shop):
    order_id = (await shop.started())["order_id"]
    for _ in range(2):
        declines = await submitted(shop, order_id, (await token(shop, order_id, BROKE))[1]["token"])
    assert [each["reason"] for each in declines] == ["insufficient-funds"] * 2
    assert authorisations(shop) == [BROKE[-4:]] * 2


async def test_what_a_pre_authorisation_found_out_counts_and_the_other_way_round(shop):
    order_id = (await shop.started())["order_id"]
    kept = [await typed(shop, order_id, KEPT) for _ in range(3)]
    assert (await asked(shop, order_id, kept[0]))[1]["reason"] == "not-accepted"
    status, body = await asked(shop, order_id, kept[1])
    assert (status, body["code"]) == (422, "refused-before")
    assert (await submitted(shop, order_id, kept[2]))[-1]["reason"] == "refused-before"
    assert authorisations(shop) == [KEPT[-4:]]


async def test_a_closed_account_too(shop):
    order_id = (await shop.started())["order_id"]
    first, second = [(await account_token(shop, order_id, CLOSED))[1]["token"] for _ in range(2)]
    assert (await charged(shop, order_id, first))["reason"] == "account-closed"
    status, body = await account_token(shop, order_id, CLOSED)
    assert (status, body["code"], body["field"]) == (422, "refused-before", "account")
    assert (await charged(shop, order_id, second, attempt=2))["reason"] == "refused-before"
    assert (await account_token(shop, order_id))[0] == 201
