"""Coupons in the house: agents race for the last use, what nobody submitted goes back, and a customer uses a code once."""

import asyncio
from datetime import timedelta

import pytest

from services.cart.coupon import coupon
from services.cart.held import held
from services.cart.redeeming import Coupons
from services.cart.used import used, used_codes
from services.cart.views import newest
from shared.contracts.catalog import CampaignPublished, Coupon
from shared.contracts.customers import CustomerErased
from shared.contracts.qa import OrderDenied
from shared.kernel.commands import Envelope
from shared.service import utc_now
from tests.cart.publishing import publish
from tests.house.shop import BROKE, CAMPAIGN, GOOD, ORDER, Shop, until

LAST = Coupon(id="11", code="Last", percent="10", max_uses=1)
ONCE = Coupon(id="12", code="ONCE", percent="10", once_per_customer=True)


class Clock:
    later = timedelta()

    def __call__(self):
        return utc_now() + self.later


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, Clock()).open()
    await shop.furnish()
    sold = CAMPAIGN.model_copy(update={"coupons": (LAST, ONCE), "max_coupons": 2})
    version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=9, campaign=sold))
    await shop.house.running["cart"].get(newest, "restful", version)
    yield shop
    await shop.close()


async def rung_up(shop, *coupons, number=0):
    customer = {**ORDER["customer"], "phone": f"+1 512 555 {number:04}"}
    status, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    changes = {**ORDER, "customer": customer, "coupons": list(coupons)}
    status, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {k: v for k, v in changes.items() if k != "campaign"})
    assert status == 200, body
    return body


async def submit(shop, body, method="external"):
    return await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": method})


def verdicts(body):
    return [(each["code"], each["verdict"], each["reason"]) for each in body["state"]["quote"]["coupons"]]


async def taken(shop):
    uses, _ = await shop.house.running["cart"].load(coupon, "restful-LAST")
    return uses.orders


async def test_of_many_agents_who_want_the_last_use_one_gets_it(shop):
    orders = [await rung_up(shop, "last", number=n) for n in range(12)]
    assert {verdicts(each)[0][1] for each in orders} == {"applied"}
    answers = await asyncio.gather(*(submit(shop, each) for each in orders))
    assert sorted(status for status, _ in answers) == [202, *[422] * 11]
    refused = [body for status, body in answers if status == 422]
    assert {(body["code"], body["field"]) for body in refused} == {("coupon-exhausted", "coupons")}
    assert all("LAST" in body["detail"] for body in refused)
    (winner,) = [body["order_id"] for status, body in answers if status == 202]
    assert await taken(shop) == {winner}


async def test_the_next_one_hears_that_it_is_used_up_and_can_go_on_without_it(shop):
    assert (await submit(shop, await rung_up(shop, "last")))[0] == 202
    body = await rung_up(shop, "last", number=1)
    assert verdicts(body) == [("LAST", "exhausted", "all-used")]
    assert body["coupons_said"] == {"LAST": "All of its uses are taken."}
    _, why = await shop.ask("cart", "GET", f"/orders/{body['order_id']}/why")
    assert why["coupons"] == [{"code": "LAST", "verdict": "exhausted", "detail": "All of its uses are taken."}]
    assert why["lines"][0]["unit"] == "49.95 each: the campaign's price."
    assert (await shop.ask("cart", "GET", "/orders/0000000000/why"))[0] == 404
    assert (await submit(shop, body))[0] == 202
    assert len(await taken(shop)) == 1


async def test_what_would_be_refused_takes_no_use(shop):
    body = await rung_up(shop, "last")
    assert (await submit(shop, body, "card"))[1]["code"] == "incomplete"
    path = f"/orders/{body['order_id']}/submit"
    assert (await shop.ask("cart", "POST", path, {"method": "external"}, if_match='"1"'))[1]["code"] == "stale"
    assert await taken(shop) == set()


async def test_pressing_twice_takes_one(shop):
    body = await rung_up(shop, "last")
    answers = await asyncio.gather(*(submit(shop, body) for _ in range(3)))
    assert sorted(status for status, _ in answers) == [202, 409, 409]
    assert await taken(shop) == {body["order_id"]}


async def test_a_denied_order_gives_its_use_back(shop):
    body = await rung_up(shop, "last")
    await submit(shop, body)
    await publish(
        shop, "qa", "denial", body["order_id"], OrderDenied(order_id=body["order_id"], attempt=1, reason="not agreed", reviewer="agent:qa1")
    )
    await until(lambda: _nobody(shop))
    assert verdicts(await rung_up(shop, "last", number=1)) == [("LAST", "applied", "")]


async def test_what_nobody_submitted_goes_back_after_ten_minutes(shop):
    body, cart = await rung_up(shop, "last"), shop.house.running["cart"]
    tariff = next(iter(cart.state["tariffs"].values()))
    coupons: Coupons = cart.state["coupons"]
    await coupons.redeem(tariff, ["LAST"], body["order_id"], _envelope(cart))
    await cart.get(held, body["order_id"], "coupon-restful-LAST@1")
    assert await taken(shop) == {body["order_id"]}
    shop.clock.later = timedelta(minutes=10)
    await until(lambda: _nobody(shop))
    assert (await submit(shop, body))[0] == 202
    assert await taken(shop) == {body["order_id"]}


async def test_a_customer_uses_a_code_once_by_phone(shop):
    first = await rung_up(shop, "once", number=7)
    assert (await submit(shop, first))[0] == 202
    await shop.house.running["cart"].get(used, first["order_id"], f"order-{first['order_id']}@3")
    assert verdicts(await rung_up(shop, "once", number=7)) == [("ONCE", "exhausted", "used-by-customer")]
    assert verdicts(await rung_up(shop, "once", number=8)) == [("ONCE", "applied", "")]


async def test_used_codes_are_those_of_the_customer_s_other_orders_in_this_campaign(shop):
    body = await rung_up(shop, "once", number=7)
    await submit(shop, body)
    cart, phone = shop.house.running["cart"], "+1 512 555 0007"
    await until(lambda: used_codes(cart, "restful", "", phone, ""))
    assert await used_codes(cart, "restful", "", phone, "") == ("ONCE",)
    assert await used_codes(cart, "restful", body["order_id"], phone, "") == ()
    assert await used_codes(cart, "other", "", phone, "") == ()


async def test_one_that_was_used_in_another_order_meanwhile_is_refused_by_name(shop):
    first, second = [await rung_up(shop, "once", number=7) for _ in range(2)]
    assert (await submit(shop, first))[0] == 202
    await shop.house.running["cart"].get(used, first["order_id"], f"order-{first['order_id']}@3")
    status, problem = await submit(shop, second)
    assert (status, problem["code"], problem["field"]) == (422, "coupon-used", "coupons")


async def test_neither_phone_nor_email_is_kept_for_it_and_an_erased_customer_s_is_gone(shop):
    body, cart = await rung_up(shop, "once", number=7), shop.house.running["cart"]
    await submit(shop, body)
    row = await cart.get(used, body["order_id"], f"order-{body['order_id']}@3")
    assert "5550007" not in str(row)
    assert len(row["phone"]) == 32
    state = (await shop.ask("cart", "GET", f"/orders/{body['order_id']}"))[1]["state"]
    erased = CustomerErased(customer_id=state["customer_id"], order_ids=(body["order_id"],))
    version = await publish(shop, "customers", "erasure", state["customer_id"], erased)
    assert await cart.get(used, body["order_id"], version) is None


async def test_a_declined_order_keeps_its_use_for_the_next_try(shop):
    body = await rung_up(shop, "last")
    assert (await shop.charge(body["order_id"], BROKE))[0] == 202
    await shop.stage(body["order_id"], "open")
    assert await taken(shop) == {body["order_id"]}
    assert (await shop.charge(body["order_id"], GOOD))[0] == 202
    assert await taken(shop) == {body["order_id"]}


async def _nobody(shop):
    return not await taken(shop)


def _envelope(service):
    return Envelope("redeeming", "agent:agent1", service.clock())
