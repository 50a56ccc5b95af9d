"""What a link opens, what an order's bare number does, and what of an order somebody sees who has shown nothing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from services.gateway.checkout import words
from tests.gateway.conftest import Clock
from tests.gateway.shopper import ADDRESS, PERSON, WHOLE, cart, drafted, linked, publish, shopper, sold

PERSONAL = (*(value for name, value in PERSON.items() if name in ("email", "phone")), ADDRESS["street"], ADDRESS["postal"], "555 0147", "0147")


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def shop(ringup):
    return await sold(ringup, kind="phone")


async def followed(ringup, shop, order_id, **more):
    link = await linked(ringup, order_id, **more)
    customer = await shopper(ringup, shop)
    await customer.open(f"?link={link['token']}")
    return customer, link


async def statuses(ringup, order_id):
    return [link["status"] for link in (await cart(ringup, "GET", f"/orders/{order_id}/links"))["rows"]]


async def test_a_link_opens_the_order_as_agreed_and_pays_it(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer, _ = await followed(ringup, shop, order_id, price_lock=True)
    assert (customer.status, customer.title, customer.total) == (200, "Finish your order", "123.19 USD")
    assert customer.path == customer.here
    assert "These prices are yours until" in customer.text
    assert await statuses(ringup, order_id) == ["opened"]
    await customer.pay()
    await customer.settled()
    assert (customer.title, customer.order_id) == ("Thank you", order_id)
    assert await statuses(ringup, order_id) == ["completed"]
    await ringup.has(order_id, "Complete")
    state = (await cart(ringup, "GET", f"/orders/{order_id}"))["state"]
    assert state["customer"]["last_name"] == "K"


async def test_a_link_that_was_paid_by_says_so_and_shows_nothing_to_another_browser(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer, link = await followed(ringup, shop, order_id)
    await customer.pay()
    await customer.settled()
    again = await (await shopper(ringup, shop)).open(f"?link={link['token']}")
    assert (again.status, again.title) == (410, "This order has been placed already")
    assert not [text for text in PERSONAL if text in again.text]
    assert (await customer.open(f"?link={link['token']}")).title == "Thank you"


@pytest.mark.parametrize("token", ["x", "A" * 32, "../../orders", "%00" * 20, "a" * 5000, "💊" * 20])
async def test_a_link_that_leads_nowhere_says_so(ringup, shop, token):
    customer = await (await shopper(ringup, shop)).open(f"?link={token}")
    assert (customer.status, customer.title) == (404, words.UNKNOWN.title)


async def test_a_link_of_another_campaign_leads_nowhere(ringup, shop):
    other = await sold(ringup)
    link = await linked(ringup, await drafted(ringup, other))
    assert (await (await shopper(ringup, shop)).open(f"?link={link['token']}")).status == 404


async def test_a_link_that_is_taken_back_holds_for_nobody_any_more(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer, link = await followed(ringup, shop, order_id)
    form = customer.hidden()
    await cart(ringup, "DELETE", f"/orders/{order_id}/links/{link['link_id']}")
    for more in (f"?link={link['token']}", "", "/details", "/done"):
        await customer.open(more)
        assert (customer.status, customer.title) == (410, "This link is not in use any more"), more
        assert not [text for text in PERSONAL if text in customer.text]
    for more in ("", "/pay"):
        await customer.send(more, again=form, act="continue")
        assert customer.status == 410


async def test_a_link_that_is_over_says_that_a_new_one_can_be_had(ringup, shop):
    order_id = await drafted(ringup, shop)
    link = await linked(ringup, order_id, hours=1)
    clock = Clock(datetime.now(UTC) + timedelta(hours=2))
    running = ringup.all.house.running["cart"]
    before, running.clock = running.clock, clock
    try:
        customer = await (await shopper(ringup, shop)).open(f"?link={link['token']}")
    finally:
        running.clock = before
    assert (customer.status, customer.title) == (410, "This link has expired")
    assert "send you a new one" in customer.text


async def test_prices_that_have_changed_are_shown_before_and_after_unless_they_are_locked(ringup):
    campaign = await sold(ringup)
    free, locked = [await drafted(ringup, campaign) for _ in range(2)]
    dearer = [{**offer, "price": 5995} if offer["id"] == campaign.pillow else offer for offer in campaign.body["offers"]]
    held, _ = await followed(ringup, campaign, locked, price_lock=True)
    await publish(ringup, campaign, {**campaign.body, "offers": dearer})
    await held.open()
    assert held.total == "123.19 USD"
    assert "Prices have changed" not in held.text
    customer, _ = await followed(ringup, campaign, free)
    assert "It was 123.19 USD, and is 144.84 USD now." in customer.text
    assert customer.total == "144.84 USD"
    await customer.pay()
    await customer.settled()
    assert (customer.title, customer.total) == ("Thank you", "144.84 USD")


@pytest.mark.parametrize("lock", [False, True])
async def test_what_is_gone_since_the_order_was_drawn_up_is_named_unless_it_is_locked(ringup, lock):
    campaign = await sold(ringup)
    lines = {campaign.pillow: 2, campaign.spray: 1}
    order_id = await drafted(ringup, campaign, lines, coupons=["SLEEP10"], profile=campaign.express)
    link = await linked(ringup, order_id, price_lock=lock)
    offers = [offer for offer in campaign.body["offers"] if offer["id"] != campaign.spray]
    profiles = [profile for profile in campaign.body["profiles"] if profile["id"] != campaign.express]
    await publish(ringup, campaign, {**campaign.body, "offers": offers, "profiles": profiles, "coupons": []})
    customer = await shopper(ringup, campaign)
    gone = ("Not sold any more: Spray.", "The coupon SLEEP10 does not count any more.", "The delivery that was chosen is not there any more")
    for more in (f"?link={link['token']}", "", "/details"):
        await customer.open(more)
        assert [said in customer.text for said in gone] == [not lock] * 3, more
    assert ("Prices have changed since your order was drawn up." in customer.text) is not lock


async def test_nothing_is_named_where_nothing_is_gone(ringup, shop):
    customer, _ = await followed(ringup, shop, await drafted(ringup, shop, {shop.pillow: 2}, coupons=["SLEEP10", "ENDED"]))
    assert "Finish your order" in customer.title
    assert "any more" not in customer.text


async def test_a_price_that_moves_while_the_customer_looks_is_not_charged_unseen(ringup):
    campaign = await sold(ringup)
    customer, _ = await followed(ringup, campaign, await drafted(ringup, campaign))
    dearer = [{**offer, "price": 5995} if offer["id"] == campaign.pillow else offer for offer in campaign.body["offers"]]
    await publish(ringup, campaign, {**campaign.body, "offers": dearer})
    await customer.pay()
    assert customer.status == 422
    assert "The total has changed since this page was opened" in customer.text
    assert customer.total == "144.84 USD"
    await customer.pay()
    await customer.settled()
    assert customer.title == "Thank you"


async def test_a_price_that_an_agent_gave_stays_while_the_customer_changes_other_things(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer, _ = await followed(ringup, shop, order_id, price_lock=True)
    await customer.open("/details")
    typed = {"customer.first_name": "Customer", "customer.last_name": "L", "customer.email": "customer.l@example.com", "shipping_same": "yes"}
    address = {f"billing.{name}": value for name, value in ADDRESS.items()}
    await customer.send(act="continue", **typed, **address, **{f"lines.{shop.pillow}": "2", f"lines.{shop.topper}": "1"})
    assert customer.title == "Finish your order", customer.errors()
    assert "1 × Topper, Twin" in customer.text  # noqa: RUF001 - times
    state = (await cart(ringup, "GET", f"/orders/{order_id}"))["state"]
    assert (state["of"], state["customer"]["last_name"]) == ("customer", "L")


async def test_an_order_that_an_agent_has_taken_over_says_so(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer, _ = await followed(ringup, shop, order_id)
    form = customer.hidden()
    await cart(ringup, "POST", f"/orders/{order_id}/complete", {})
    for more in ("", "/details"):
        await customer.open(more)
        assert (customer.status, customer.title) == (409, "We have your order open"), more
        assert not [text for text in PERSONAL if text in customer.text]
    for more in ("", "/pay"):
        await customer.send(more, again=form, act="continue")
        assert (customer.status, customer.title) == (409, "We have your order open")


async def test_a_bare_number_shows_nothing_and_with_products_those_alone(ringup, shop):
    order_id = await drafted(ringup, shop)
    for more in (f"?{order_id}", f"?orderId={order_id}", f"?{order_id.lower()}"):
        customer = await (await shopper(ringup, shop)).open(more)
        assert customer.title == "Your order"
        assert "Cloud pillow" not in customer.text
        assert not [text for text in PERSONAL if text in customer.text]
    for more in (f"?{order_id}&includeProducts=1", f"?orderId={order_id}&includeProducts=1"):
        customer = await (await shopper(ringup, shop)).open(more)
        assert "2 × Cloud pillow" in customer.text  # noqa: RUF001 - times
        assert "123.19" not in customer.text
        assert not [text for text in PERSONAL if text in customer.text]
        for inside in ("/details", "/done"):
            assert not [text for text in PERSONAL if text in (await customer.open(inside)).text]
        assert (await customer.http.get(f"{customer.here}/status")).status_code == 409


async def test_a_bare_number_changes_and_pays_nothing(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer = await (await shopper(ringup, shop)).open(f"?{order_id}&includeProducts=1")
    form = customer.hidden()
    assert (await customer.token()).status_code == 409
    for more in ("", "/pay"):
        await customer.send(more, again=form, act="continue", **WHOLE, **{f"lines.{shop.pillow}": "9"})
        assert (customer.status, customer.title) == (409, words.NO_COOKIES.title)
        assert not [text for text in PERSONAL if text in customer.text]
    state = (await cart(ringup, "GET", f"/orders/{order_id}"))["state"]
    assert (state["stage"], [line["quantity"] for line in state["lines"]]) == ("partial", [2])


@pytest.mark.parametrize("fact", ["78701", " 78701 ", "0147"])
async def test_a_second_fact_opens_the_order(ringup, shop, fact):
    customer = await (await shopper(ringup, shop)).open(f"?{await drafted(ringup, shop)}&includeProducts=1")
    await customer.send("/fact", fact=fact)
    assert (customer.title, customer.total) == ("Finish your order", "123.19 USD")
    assert "100 Example Street" in customer.text


async def test_without_the_products_the_cart_is_empty_and_the_customers_details_are_there(ringup, shop):
    customer = await (await shopper(ringup, shop)).open(f"?{await drafted(ringup, shop)}")
    await customer.send("/fact", fact="78701")
    assert (customer.title, customer.total) == ("Your order", None)
    assert customer.value("billing.street") == "100 Example Street"
    assert customer.value(f"lines.{shop.pillow}") == "0"


async def test_five_wrong_facts_leave_the_link_alone(ringup, shop):
    order_id = await drafted(ringup, shop)
    customer = await (await shopper(ringup, shop)).open(f"?{order_id}")
    for n in range(5):
        await customer.send("/fact", fact=f"1000{n}")
        assert (customer.status, customer.errors()) == (422, {"fact": words.NO_MATCH})
    await customer.send("/fact", fact="78701")
    assert (customer.status, customer.errors()) == (422, {"fact": words.NO_MATCH})
    other = await (await shopper(ringup, shop)).open(f"?{order_id}")
    assert (await other.send("/fact", fact="78701")).status == 422
    by_link, _ = await followed(ringup, shop, order_id)
    assert by_link.title == "Finish your order"


async def test_enumeration_finds_nothing(ringup, shop):
    """The same pages for an order, for one of another campaign, for one that is not kept for a customer, for one that is finished, and for none."""
    elsewhere, kept = await drafted(ringup, await sold(ringup)), await drafted(ringup, shop)
    open_with_agent = (await cart(ringup, "POST", "/orders", {"campaign": shop.id}))["order_id"]
    finished, _ = await followed(ringup, shop, await drafted(ringup, shop))
    await finished.pay()
    await finished.settled()
    hidden = [elsewhere, open_with_agent, finished.order_id, "0123456789"]
    for more, orders in (("", [kept, *hidden]), ("&includeProducts=1", hidden)):
        found = set()
        for order_id in orders:
            customer = await (await shopper(ringup, shop)).open(f"?{order_id}{more}")
            shown = [customer.text, (await customer.send("/fact", fact="99999")).text]
            found.add(tuple(re.sub(r'value="[^"]*"|content="[^"]*"', "", text) for text in shown))
        assert len(found) == 1, more


async def test_twenty_facts_an_hour_from_one_address(ringup, shop):
    customer = await shopper(ringup, shop)
    for n in range(20):
        await customer.open(f"?012345678{n % 10}")
        assert (await customer.send("/fact", fact="99999")).status == 422
    await customer.open("?0123456789")
    await customer.send("/fact", fact="99999")
    assert (customer.status, customer.title) == (429, "That was a little too often")
    assert 0 < int(customer.answer.headers["retry-after"]) <= 3600
    assert "What you typed is still there" in customer.text


@pytest.mark.parametrize("fact", ["", " ", "x" * 5000, "\0", "‮78701", "💊", "4242424242424242", "<script>alert(1)</script>"])
async def test_a_fact_of_any_kind_is_answered_in_words(ringup, shop, fact):
    customer = await (await shopper(ringup, shop)).open(f"?{await drafted(ringup, shop)}")
    await customer.send("/fact", fact=fact)
    assert (customer.status, customer.errors()) == (422, {"fact": words.NO_MATCH})
