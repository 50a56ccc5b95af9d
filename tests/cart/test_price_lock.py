"""A link with a price lock: unit prices, shipping and discounts hold until it ends; tax follows the address; a changed line leaves the lock."""

from datetime import timedelta

import pytest
from hypothesis import given as forall
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from services.cart.changing import Reprice
from services.cart.links import Issue, Revoke
from services.cart.order import Send, order
from services.cart.partial import Complete, NoSale
from shared.contracts.cart import CartUpdated, OrderReopened, OrderSubmitted
from shared.contracts.catalog import Coupon, Offer, Settings, ShippingProfile, ShippingRule
from shared.contracts.order import Address
from tests.cart.ringing import AGENT, CALL, begun, change, known, lines, offered, submit
from tests.given import given
from tests.samples import NOON, ORDER

OFFERS = tuple(
    Offer(id=id, name=f"Pillow {id}", sku=id, price=price, shipping_price=ship) for id, price, ship in (("1", 4995, 695), ("2", 1000, 100))
)
COUPONS = (Coupon(id="11", code="SPRING", kind="flat", amount=1000, ends="2026-03-01"), Coupon(id="12", code="SHIP", on="shipping", percent="50"))
PROFILE = ShippingProfile(id="21", name="Standard", default=True, rules=(ShippingRule(id="1", country="US", region="NY", mode="add", price=500),))
SETTINGS = Settings(tax_rates={"US-TX": "8.25", "US-NY": "8"}, shipping_taxable={"US-TX": True})
SHOP = offered(*OFFERS, coupons=COUPONS, max_coupons=2, profiles=(PROFILE,), settings=SETTINGS, checkout=True)
LATER = NOON + timedelta(days=2)
ALBANY = Address(street="7 Pattern Lane", city="Albany", region="NY", postal="12207", country="US")
SPENT = known("2026-03-03")
"""The coupon has ended by then."""


def sent(*, lock=True, hours=72, **changes):
    issue = Issue(ORDER, SHOP.tariff.campaign, AGENT, NOON, "link-1", "hash", NOON + timedelta(hours=hours), lock)
    kept = NoSale(ORDER, SHOP.tariff.campaign, AGENT, NOON, "4000000001")
    wanted = lines(_1=2, _2=1)
    history = given(order, *given(order).when(begun(SHOP, wanted, coupons=("spring", "ship"), **changes)).decision)
    return given(order, *history.events, *history.when(Send(issue, kept)).decision)


def after(history, **changes):
    command = change(SHOP, changes.pop("wanted", None), actor="customer", now=changes.pop("now", LATER), knows=SPENT, **changes)
    decided = history.when(command).decision
    assert isinstance(decided, list), decided
    return given(order, *history.events, *decided)


def net(quote, *names):
    return [tuple(getattr(line, name) for name in names or ("price", "discount", "shipping", "shipping_discount")) for line in quote.lines]


def test_prices_shipping_and_discounts_hold_and_tax_follows_the_address():
    history = sent()
    before, held = history.state.quote, after(history, billing=ALBANY).state.quote
    assert net(held) == net(before)
    assert (held.discount, held.shipping, held.shipping_discount) == (1000, 1490, 745)
    assert [line.rate for line in held.tax_lines] == ["8"]
    taxable = before.price - before.discount
    assert held.tax == (taxable * 8 + 50) // 100
    assert held.total == held.price - held.discount + held.shipping - held.shipping_discount + held.tax
    free = after(sent(lock=False), billing=ALBANY).state.quote
    assert (free.discount, free.shipping) == (0, 1490 + 3 * 500)


def test_a_changed_line_leaves_the_lock_and_a_coupon_takes_no_more_than_it_would():
    history = after(sent(), wanted=lines(_1=2, _2=3), billing=ALBANY)
    first, second = net(history.state.quote)
    assert first == net(sent().state.quote)[0]
    assert second == (3000, 0, 3 * 600, second[3])
    by_code = {each.code: each.amount for each in history.state.quote.coupons}
    assert by_code["SPRING"] == first[1]


def test_a_line_that_comes_back_as_it_was_is_in_the_lock_again():
    history = after(sent(), wanted=lines(_1=1, _2=1))
    again = after(history, wanted=lines(_1=2, _2=1))
    assert net(again.state.quote) == net(sent().state.quote)


@pytest.mark.parametrize("changes", [{"coupons": ("ship",)}, {"coupons": ()}])
def test_other_coupons_leave_the_lock(changes):
    quote = after(sent(), billing=ALBANY, **changes).state.quote
    assert (quote.discount, quote.shipping) == (0, 1490 + 3 * 500)


def test_the_lock_ends_with_its_link():
    history = sent(hours=24)
    assert after(history, billing=ALBANY, now=NOON + timedelta(hours=23)).state.quote.discount == 1000
    assert after(history, billing=ALBANY, now=NOON + timedelta(hours=24)).state.quote.discount == 0
    revoked = given(order, *history.events, *history.when(Revoke(ORDER, "link-1")).decision)
    assert after(revoked, billing=ALBANY).state.quote.discount == 0


def test_a_locked_coupon_that_has_ended_is_charged_as_it_was_locked():
    opened = after(sent(), terms_agreed=True)
    assert opened.state.quote == sent().state.quote
    (event,) = opened.when(submit(SHOP, actor="customer", now=LATER, today="2026-03-03")).then_types(OrderSubmitted)
    assert event.submitted.amount == sent().state.quote.total
    late = NOON + timedelta(hours=72)
    opened.when(submit(SHOP, actor="customer", now=late, today="2026-03-04")).then_refused("coupon-ended")


def test_an_agent_who_takes_it_over_prices_it_anew():
    command = Complete(Reprice(ORDER, SHOP, SPENT, AGENT, LATER), CALL)
    *_, reopened, updated = sent().when(command).decision
    assert isinstance(reopened, OrderReopened)
    assert isinstance(updated, CartUpdated)
    assert updated.quote.discount == 0


QUANTITIES = st.fixed_dictionaries({"1": st.integers(0, 4), "2": st.integers(0, 4)})


@forall(QUANTITIES, st.sampled_from([None, ALBANY, Address()]))
@example_settings(deadline=None, max_examples=100)
def test_a_locked_quote_adds_up(quantities, place):
    history = after(sent(), wanted=lines(**{f"_{product}": n for product, n in quantities.items()}), **({"billing": place} if place else {}))
    quote = history.state.quote
    assert (
        quote.total == sum(line.total for line in quote.lines) == quote.price - quote.discount + quote.shipping - quote.shipping_discount + quote.tax
    )
    assert quote.tax == sum(line.tax for line in quote.lines) == sum(line.tax for line in quote.tax_lines)
    assert quote.discount + quote.shipping_discount == sum(each.amount for each in quote.coupons)
    for line in quote.lines:
        assert 0 <= line.discount == sum(each.amount for each in line.discounts) <= line.price
        assert 0 <= line.shipping_discount == sum(each.amount for each in line.shipping_discounts) <= line.shipping
