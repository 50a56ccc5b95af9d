"""An order that is paid through Stripe, in the whole house, against a stand-in at an address."""

import pytest

from services.cart.views import gateways, newest
from services.payments.gateways.conformance import Wire
from shared.service import utc_now
from tests.house.shop import ADDRESS, CAMPAIGN, ORDER, PILLOW, Shop, until
from tests.payments.fake_stripe import GOOD, HOOK, KEY, Stripe, call

TILL = {"kind": "stripe", "title": "Stripe", "credentials": {"secret_key": KEY, "webhook_secret": HOOK}}


@pytest.fixture
def stripe():
    return Stripe(utc_now)


@pytest.fixture
async def shop(settings, stripe):
    async with Wire(stripe) as wire:
        shop = await Shop(settings.model_copy(update={"stripe_url": wire.url})).open()
        await shop.furnish()
        assert (await shop.ask("payments", "PUT", "/gateways/till", TILL, actor="agent:admin1"))[0] == 200
        sold = CAMPAIGN.model_copy(update={"checkout": True, "offers": (PILLOW.model_copy(update={"gateway": "till"}),)})
        assert (await shop.ask("catalog", "PUT", "/campaigns/restful", sold.model_dump(mode="json")))[0] == 200

        async def known():
            cart = shop.house.running["cart"]
            return (await cart.get(newest, "restful"))["number"] == 2 and await cart.get(gateways, "till")

        await until(known)
        yield shop
        await shop.close()


async def paid(shop, order_id, wanted):
    async def reached():
        status, body = await shop.ask("payments", "GET", f"/orders/{order_id}")
        return status == 200 and wanted(body) and body

    return await until(reached)


async def test_an_order_is_authorised_captured_and_refunded(shop, stripe):
    order = (await shop.started())["order_id"]
    await shop.charge(order, GOOD)
    await shop.exported(order)
    (intent,) = stripe.intents.values()
    assert (intent["status"], intent["amount_received"], intent["metadata"]["capture"]) == ("succeeded", intent["amount"], f"{order}-1-1-capture")
    body = await paid(shop, order, lambda row: row["captured"])
    (part,) = body["attempts"][0]["parts"]
    assert (part["gateway_reference"], part["avs"], part["cvv"], bool(part["expires_at"])) == (intent["id"], "Y", "M", True)
    refund = {"amount": 1000, "reason": "One of two came broken"}
    assert (await shop.ask("payments", "POST", f"/orders/{order}/refunds", refund, actor="agent:supervisor1"))[0] == 202
    await paid(shop, order, lambda row: row["refunded"] == 1000)
    assert [(each["amount"], each["metadata"]["reference"]) for each in stripe.refunds.values()] == [(1000, f"{order}-refund-1-1-1")]


async def test_the_bank_is_told_the_billing_address_and_that_it_is_by_phone(shop, stripe):
    order = (await shop.started())["order_id"]
    await shop.charge(order, GOOD)
    await shop.exported(order)
    (_, _, card, _), (_, _, charge, _), *_ = stripe.asked
    assert {name: value for name, value in card.items() if "address" in name} == {
        "billing_details[address][line1]": ADDRESS["street"],
        "billing_details[address][city]": ADDRESS["city"],
        "billing_details[address][state]": ADDRESS["region"],
        "billing_details[address][postal_code]": ADDRESS["postal"],
        "billing_details[address][country]": ADDRESS["country"],
    }
    assert charge["payment_method_options[card][moto]"] == "true"


async def test_a_charge_whose_answer_was_500_is_found_and_captured_once(shop, stripe):
    stripe.stumbles = {"payment_intents"}
    order = (await shop.started())["order_id"]
    await shop.charge(order, GOOD)
    await shop.exported(order)
    assert [intent["status"] for intent in stripe.intents.values()] == ["succeeded"]


async def test_a_decline_reaches_the_agent_in_our_words_and_stripes_nowhere(shop, settings):
    order = (await shop.started())["order_id"]
    await shop.charge(order, "4000000000009995")
    body = await paid(shop, order, lambda row: row["attempts"][0]["status"] == "declined")
    assert body["attempts"][0]["reason"] == "insufficient-funds"
    written = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    assert [each for each in (KEY, HOOK, "canary message", "4000000000009995") if each.encode() in written] == []


async def test_what_a_customer_submits_themselves_is_not_told_as_by_phone(shop, stripe):
    async def customer(service, path, body, **headers):
        status, answer = await shop.ask(service, "POST", path, body, actor="customer", **headers)
        assert status < 300, answer
        return answer

    begun = await customer("cart", "/orders", {"campaign": "restful", "source": "checkout"})
    order = begun["order_id"]
    changes = {name: value for name, value in ORDER.items() if name != "campaign"}
    await customer("cart", f"/orders/{order}/changes", changes, if_match=f'"{begun["version"]}"')
    token = await customer("payments", "/tokens", {"order_id": order, "number": GOOD, "expiry": "12/99", "cvv": "123"})
    await customer("cart", f"/orders/{order}/submit", {"method": "card", "payment": token["token"]})
    await shop.exported(order)
    (_, _, charge, _) = stripe.asked[1]
    assert "payment_method_options[card][moto]" not in charge
    assert "off_session" not in charge


async def told(shop, stripe):
    """What Stripe has to say last."""
    headers, body = call(stripe.events[-1], utc_now())
    return await shop.ask("payments", "POST", "/gateways/till/hooks", body, **{f"x_hook_{name}": value for name, value in headers.items()})


async def refunded(shop, stripe):
    order = (await shop.started())["order_id"]
    await shop.charge(order, GOOD)
    await shop.exported(order)
    refund = {"amount": 1000, "reason": "One of two came broken"}
    await shop.ask("payments", "POST", f"/orders/{order}/refunds", refund, actor="agent:supervisor1")
    await paid(shop, order, lambda row: row["refunded"] == 1000)
    return order


async def test_a_refund_that_the_bank_gives_back_days_later_needs_attention(shop, stripe):
    order = await refunded(shop, stripe)
    assert await told(shop, stripe) == (200, {"heard": 1})
    (refund,) = stripe.refunds
    stripe.refund_fails(refund)
    assert (await told(shop, stripe))[0] == 200
    await paid(shop, order, lambda row: row["attention"])


async def test_a_call_of_nobodys_is_not_heard(shop, stripe):
    await refunded(shop, stripe)
    stripe.events[-1]["data"]["object"]["status"] = "failed"
    headers, body = call(stripe.events[-1], utc_now(), "whsec_other")
    status, problem = await shop.ask("payments", "POST", "/gateways/till/hooks", body, x_hook_stripe_signature=headers["stripe-signature"])
    assert (status, problem["code"]) == (400, "signature-wrong")


async def test_a_day_is_reconciled(shop, stripe):
    await refunded(shop, stripe)
    day = utc_now().date()
    status, found = await shop.ask("payments", "GET", f"/gateways/till/reconcile?day={day}", actor="agent:ops1")
    assert (status, found["rows"]) == (200, []), found
    assert found["ours"] == found["theirs"] == 3
    stripe.by_hand(next(iter(stripe.intents)), "refund", 500)
    _, found = await shop.ask("payments", "GET", f"/gateways/till/reconcile?day={day}", actor="agent:ops1")
    assert [(row["why"], row["kind"], row["theirs"]["amount"]) for row in found["rows"]] == [("missing-here", "refund", 500)]
