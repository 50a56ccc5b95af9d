"""A customer orders and pays on a campaign's checkout page."""

import asyncio

import pytest_asyncio

from services.cart.views import newest
from shared.clients import call
from tests.gateway.shopper import ADDRESS, BROKE, LOST_AFTER, SUPERVISOR, WHOLE, cart, publish, shopper, sold
from tests.house.shop import until


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def shop(ringup):
    return await sold(ringup)


async def charges(ringup, order_id):
    ledger = ringup.all.house.running["payments"].state["simulator"].state.ledger
    return [entry for entry in ledger.entries.values() if entry["reference"].startswith(order_id) and entry["kind"] == "authorize"]


async def at_the_payment(ringup, shop, **typed):
    customer = await shopper(ringup, shop)
    await customer.open()
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "2", **typed})
    assert customer.title == "Pay", customer.errors()
    return customer


async def test_whoever_has_no_link_orders_and_pays(ringup, shop):
    customer = await shopper(ringup, shop)
    assert (await customer.open()).title == "Order here"
    await customer.send(act="update", **{f"lines.{shop.pillow}": "2", "coupon": "sleep10", "billing.country": "US", "shipping_same": "yes"})
    assert customer.total == "103.81 USD"
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "2", "coupons.0": "sleep10"})
    assert (customer.title, customer.total) == ("Pay", "112.37 USD")
    assert "Austin, TX 78701" in customer.text
    await customer.pay()
    assert customer.path.endswith("/done")
    await customer.settled()
    assert customer.title == "Thank you"
    order_id = customer.order_id
    await ringup.has(order_id, "Complete")
    state = (await cart(ringup, "GET", f"/orders/{order_id}"))["state"]
    assert (state["source"], state["terms_agreed"]) == ("checkout", True)
    assert len(await charges(ringup, order_id)) == 1


async def test_whoever_goes_no_further_than_to_the_payment_can_be_called(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    order_id = customer.order_id
    await ringup.has(order_id, "Partial")
    await customer.open("/details")
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "3"})
    assert (customer.title, customer.total) == ("Pay", "184.78 USD")
    await ringup.has(order_id, "Partial")
    await cart(ringup, "POST", f"/orders/{order_id}/complete", {})
    assert (await customer.open()).title == "We have your order open"


async def test_what_is_missing_is_said_at_its_field_and_what_was_typed_is_kept(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    await customer.send(act="continue", **{"customer.first_name": "Customer", "billing.country": "US", "shipping_same": "yes"})
    assert customer.status == 422
    assert set(customer.errors()) == {"customer.last_name", "customer.email", "billing.street", "billing.city", "billing.postal", "billing.region"}
    assert "Choose at least one product." in customer.text
    assert customer.value("customer.first_name") == "Customer"


async def test_another_address_is_asked_for_and_used(ringup, shop):
    elsewhere = {f"shipping.{name}": value for name, value in {**ADDRESS, "street": "7 Pattern Lane"}.items()}
    customer = await at_the_payment(ringup, shop, **{**elsewhere, "shipping_same": ""})
    assert "7 Pattern Lane" in customer.text
    assert "100 Example Street" not in customer.text
    wrong = await shopper(ringup, shop)
    await wrong.open()
    await wrong.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "1", "shipping_same": "", "shipping.country": "US"})
    assert "shipping.street" in wrong.errors()


async def test_an_address_is_asked_for_as_its_country_has_them(ringup, shop):
    german = {**ADDRESS, "country": "DE", "region": "", "postal": "10115", "city": "Berlin"}
    customer = await at_the_payment(ringup, shop, **{f"billing.{name}": value for name, value in german.items()})
    assert "Germany" in customer.text


async def test_delivery_and_coupons_are_chosen_and_taken_out_again(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    chosen = {f"lines.{shop.pillow}": "1", "billing.country": "US", "shipping_same": "yes"}
    await customer.send(act="update", profile=shop.express, coupon="ENDED", **chosen)
    assert "Shipping, Express" in customer.text
    assert "It ended on 2020-01-01." in customer.text
    await customer.send(**{**chosen, "coupons.0": "ENDED", "remove.ENDED": "yes", "profile": shop.express})
    assert "It ended" not in customer.text
    await customer.send(act="update", coupon="NOTHING-OF-OURS", **chosen)
    assert "We do not know this code." in customer.text


async def test_a_declined_card_is_told_in_words_for_a_customer_and_another_one_pays(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    await customer.pay(BROKE)
    await customer.settled()
    assert customer.title == "Pay"
    assert "Your bank did not approve this amount. Another card may work." in customer.text
    assert "Would you like" not in customer.text
    await customer.pay()
    await customer.settled()
    assert customer.title == "Thank you"
    assert len(await charges(ringup, customer.order_id)) == 2


async def test_while_the_bank_has_not_said_the_order_is_being_confirmed(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    await customer.pay(LOST_AFTER)

    async def unknown():
        return (await customer.http.get(f"{customer.here}/status")).json()["outcome"] == "unknown"

    await until(unknown)
    await customer.open("/done")
    assert customer.title == "Your order is being confirmed"
    assert "do not pay again" in customer.text
    assert (await customer.open()).path.endswith("/done")


async def test_pressed_twice_at_once_reloaded_or_gone_back_to_it_is_charged_once(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    token = (await customer.token()).json()["token"]
    form = {**customer.hidden(), "payment": token, "terms": "shown", "terms_agreed": "yes"}
    answers = await asyncio.gather(*(customer.http.post(f"{customer.here}/pay", data=form) for _ in range(3)))
    assert {(answer.status_code, answer.headers.get("location")) for answer in answers} == {(303, f"{customer.here}/done")}
    await customer.settled()
    order_id = customer.order_id
    assert (await customer.open()).title == "Thank you"
    assert (await customer.open("/details")).title == "Thank you"
    await customer.send("/pay", again=form)
    assert (customer.title, customer.path) == ("Thank you", f"{customer.here}/done")
    await customer.send(again=form, act="continue", **{f"lines.{shop.pillow}": "9"})
    assert customer.title == "Thank you"
    assert (await customer.http.post(f"{customer.here}/token", json={"number": "1", "expiry": "1", "cvv": "1"},
            headers={"x-csrf-token": form["csrf"], "idempotency-key": "0" * 32})).status_code == 409  # fmt: skip
    assert len(await charges(ringup, order_id)) == 1


async def test_two_windows_with_one_order_charge_once_and_say_what_changed(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    first, second = customer.hidden(), customer.hidden()
    await customer.open("/details")
    await customer.send(act="continue", **{**WHOLE, f"lines.{shop.pillow}": "3"})
    assert customer.total == "184.78 USD"
    token = (await customer.token()).json()["token"]
    await customer.send("/pay", again={**first, "payment": token, "terms": "shown", "terms_agreed": "yes"})
    assert customer.status == 422
    assert "The order has changed since this page was opened" in customer.text
    assert customer.total == "184.78 USD"
    await customer.pay()
    await customer.settled()
    await customer.send("/pay", again={**second, "payment": token, "terms": "shown", "terms_agreed": "yes"})
    assert customer.title == "Thank you"
    assert len(await charges(ringup, customer.order_id)) == 1


async def test_terms_are_agreed_to_where_the_campaign_says_so(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    token = (await customer.token()).json()["token"]
    await customer.send("/pay", payment=token, terms="shown")
    assert customer.errors() == {"terms_agreed": "Read the terms, and tick that you agree."}
    assert customer.status == 422


async def test_without_a_card_nothing_is_paid(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    await customer.send("/pay", terms="shown", terms_agreed="yes")
    assert customer.errors() == {"number": "Enter the card."}


async def test_after_five_declines_the_order_is_kept_and_no_card_is_taken(ringup, shop):
    customer = await at_the_payment(ringup, shop)
    for _ in range(5):
        await customer.pay(BROKE)
        await customer.settled()
    assert "Five cards were declined within an hour" in customer.text
    assert 'id="pay" disabled' in customer.text
    await customer.pay()
    assert "Five cards were declined within an hour" in customer.text
    assert len(await charges(ringup, customer.order_id)) == 5


async def test_what_costs_nothing_is_ordered_without_a_card(ringup):
    free = await sold(ringup, coupons=[{"id": "79999", "code": "GIFT", "percent": "100"}], profiles=[], fields=[])
    customer = await shopper(ringup, free)
    await customer.open()
    await customer.send(act="continue", **{**WHOLE, f"lines.{free.spray}": "1", "coupon": "GIFT"})
    assert "Place the order" in customer.text
    assert 'id="number"' not in customer.text
    await customer.send("/pay", terms="shown", terms_agreed="yes")
    await customer.settled()
    assert customer.title == "Thank you"


async def test_an_order_without_a_checkout_page_or_campaign_is_not_there(ringup):
    closed = await sold(ringup, checkout=False)
    for campaign in (closed, type(closed)("0000", "", "", "", "", {})):
        customer = await shopper(ringup, campaign)
        await customer.open()
        assert (customer.status, customer.title) == (404, "There is no such page")


async def test_of_many_products_those_in_the_order_are_first_and_others_are_found(ringup):
    offers = [{"id": str(60_000 + n), "name": f"Pillow {n}", "sku": f"P-{n}", "price": 1000 + n, "description": "x" * 100} for n in range(1000)]
    many = await sold(ringup, offers=offers, coupons=[], fields=[])
    customer = await shopper(ringup, many)
    await customer.open()
    assert len(customer.answer.content) < 100_000
    assert "The first 60 of 988." in customer.text
    await customer.send(act="update", find="pillow 777", shipping_same="yes", **{"billing.country": "US", "lines.60003": "2"})
    assert "1 found." in customer.text
    assert (customer.value("lines.60777"), customer.value("find"), customer.total) == ("0", "pillow 777", "20.06 USD")
    await customer.send(act="update", find="nothing", shipping_same="yes", **{"billing.country": "US", "lines.60003": "2", "lines.60777": "1"})
    assert "Nothing is called so." in customer.text
    assert (customer.value("lines.60003"), customer.value("lines.60777"), customer.total) == ("2", "1", "37.83 USD")


async def test_a_trial_that_the_customer_had_before_is_told_at_the_product(ringup):
    once = await sold(ringup)
    email = "customer.trial@example.com"
    first = await at_the_payment(ringup, once, **{f"lines.{once.spray}": "1", "customer.email": email, "customer.phone": ""})
    await first.pay()
    await first.settled()
    again = await at_the_payment(ringup, once, **{f"lines.{once.spray}": "1", "customer.email": email, "customer.phone": ""})
    await again.pay()
    assert again.errors() == {f"lines.{once.spray}": "You have tried this product before. Take it out here, or call us."}
    assert (again.status, again.value("customer.email")) == (422, email)
    await again.send(act="continue", **{**WHOLE, f"lines.{once.pillow}": "1", "customer.email": email})
    await again.pay()
    await again.settled()
    assert again.title == "Thank you"


async def test_a_delivery_that_does_not_go_there_is_said(ringup, shop):
    customer = await shopper(ringup, shop)
    await customer.open()
    german = {"billing.country": "DE", "billing.region": "", "billing.postal": "10115", "shipping_same": "yes"}
    await customer.send(act="update", profile=shop.express, **{f"lines.{shop.pillow}": "1", **german})
    assert "This delivery does not go to this address" in customer.text


async def test_what_is_not_sold_any_more_is_named_and_can_be_taken_out(ringup):
    changing = await sold(ringup)
    customer = await at_the_payment(ringup, changing, **{f"lines.{changing.topper}": "1"})
    left = [offer for offer in changing.body["offers"] if offer["name"] != "Topper"]
    await publish(ringup, changing, {**changing.body, "offers": left})
    await customer.pay()
    assert customer.status == 422
    assert "The total has changed since this page was opened" in customer.text
    assert "Topper" not in customer.text
    await customer.pay()
    await customer.settled()
    assert customer.title == "Thank you"


async def test_a_campaign_that_has_ended_says_so(ringup):
    ending = await sold(ringup)
    customer = await at_the_payment(ringup, ending)
    clients = ringup.all.house.clients
    version = (await clients["catalog"].request("GET", f"/campaigns/{ending.id}")).json()["version"]
    answer = await call(clients["catalog"], SUPERVISOR, "POST", f"/campaigns/{ending.id}/retire", key="retire-it-now", version=version)
    assert answer.status == 200, answer.json()

    async def ended():
        return (await ringup.all.house.running["cart"].get(newest, ending.id))["retired"]

    await until(ended)
    await customer.pay()
    assert "This offer has ended." in customer.text
    assert (await (await shopper(ringup, ending)).open()).status == 404


async def test_what_its_gateway_cannot_take_here_is_said_and_charges_nothing(ringup, shop):
    """A campaign that is not listed in order entry may name a gateway that needs a form of its own."""
    name = f"forms-{shop.id}"
    body = {"kind": "simulator", "capabilities": ["requires-form"]}
    assert (await call(ringup.all.house.clients["payments"], SUPERVISOR, "PUT", f"/gateways/{name}", body, key=name)).status == 200
    offers = [{**offer, "gateway": name} for offer in shop.body["offers"]]
    await publish(ringup, shop, {**shop.body, "offers": offers})
    try:
        customer = await at_the_payment(ringup, shop)
        await customer.pay()
        assert "Cloud pillow cannot be paid here at the moment" in customer.text or "This product cannot be paid here" in customer.text
        assert await charges(ringup, customer.order_id) == []
    finally:
        await publish(ringup, shop, shop.body)
