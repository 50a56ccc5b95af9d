"""What may be ordered of each product, and for how much."""

from dataclasses import replace

import pytest

from services.cart.lines import Wanted
from services.cart.order import order
from shared.contracts.cart import CartUpdated
from shared.contracts.catalog import Offer, Settings, Variant
from shared.contracts.order import Line
from tests.cart.ringing import begun, change, lines, offered
from tests.given import given

SIZES = (Variant(id="31", sku="Q", values=("Queen",)), Variant(id="32", sku="K"))
PILLOW = Offer(
    id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695, min_quantity=2, max_quantity=5, min_price=4000, max_price=4995,
    max_shipping_price=1000,
)  # fmt: skip
TOPPER = Offer(
    id="3",
    name="Foam topper",
    sku="RN-TOP",
    price=11900,
    max_quantity=2,
    variants=SIZES,
)
FREE = Settings(price_adjustment=True, shipping_adjustment=True)
CATALOG = offered(PILLOW, TOPPER, settings=FREE)
FIXED = offered(PILLOW, TOPPER)


def asked(catalog=CATALOG, history=(), **wanted):
    return given(order, *history).when(begun(catalog, lines(**wanted)))


def wrong(field, code, **wanted):
    refused = asked(**wanted).then_refused(code)
    assert (refused.field, refused.conflict) == (field, False)
    return refused


def taken(decided):
    (event,) = decided.then_types(CartUpdated)
    return event.changes.lines


def test_it_is_said_with_which_versions_it_was_priced():
    (event,) = given(order).when(replace(begun(replace(CATALOG, number=4, settings_number=7)))).then_types(CartUpdated)
    assert (event.campaign_version, event.settings_version) == (4, 7)


@pytest.mark.parametrize("quantity", [0, 2, 5])
def test_quantities_within_the_limits_and_none_at_all(quantity):
    asked(_1=quantity).then_types(CartUpdated)


@pytest.mark.parametrize("quantity", [-1, 1, 6])
def test_quantities_beyond_the_limits(quantity):
    assert "Between 2 and 5 of Cloud pillow can be ordered, or none." in wrong("lines.1", "quantity", _1=quantity).detail


def test_the_limits_are_those_of_all_variants_of_an_offer_together():
    asked(_31=1, _32=1).then_types(CartUpdated)
    refused = wrong("lines.31", "quantity", _31=2, _32=1)
    assert [error["field"] for error in refused.data["errors"]] == ["lines.31", "lines.32"]


def test_an_offer_with_variants_is_not_sold_itself_nor_is_anything_else():
    wrong("lines.3", "unknown-product", _3=1)
    wrong("lines.9", "unknown-product", _9=0)


def test_one_that_has_left_the_campaign_can_be_taken_out():
    history = given(order, *asked(_1=2, _31=1).then_types(CartUpdated))
    smaller = offered(PILLOW)
    history.when(change(smaller, lines(_1=2, _31=1))).then_refused("unknown-product")
    (event,) = history.when(change(smaller, lines(_1=2, _31=0))).then_types(CartUpdated)
    assert [line.quantity for line in event.changes.lines] == [2, 0]


def test_every_line_that_is_not_right_is_named():
    refused = wrong("lines.1", "quantity", _1=9, _9=1, _31=Wanted(1, 5000))
    assert [(error["field"], error["code"]) for error in refused.data["errors"]] == [
        ("lines.1", "quantity"), ("lines.9", "unknown-product"), ("lines.31.reason", "missing"),
    ]  # fmt: skip


def test_a_changed_price_has_a_reason_and_says_by_whom():
    assert taken(asked(_1=Wanted(2, 4500, 0, "Torn seam"))) == (
        Line(line=1, product="1", quantity=2, price=4500, shipping_price=0, reason="Torn seam", by="agent:agent1"),
    )
    wrong("lines.1.reason", "missing", _1=Wanted(2, 4500))
    wrong("lines.1.reason", "missing", _1=Wanted(2, None, 0))


def test_it_stays_by_who_changed_it():
    history = asked(_1=Wanted(2, 4500, None, "Torn seam")).then_types(CartUpdated)
    again = change(CATALOG, lines(_1=Wanted(3, 4500, None, "Torn seam")), actor="agent:other")
    lower = change(CATALOG, lines(_1=Wanted(3, 4400, None, "Torn seam")), actor="agent:other")
    assert [line.by for line in taken(given(order, *history).when(again))] == ["agent:agent1"]
    assert [line.by for line in taken(given(order, *history).when(lower))] == ["agent:other"]


def test_the_campaign_s_own_price_is_no_changed_one():
    assert taken(asked(catalog=FIXED, _1=Wanted(2, 4995, 695, "why"))) == (Line(line=1, product="1", quantity=2),)


@pytest.mark.parametrize(("price", "right"), [(3999, False), (4000, True), (4994, True), (4996, False), (0, False)])
def test_the_price_within_its_limits(price, right):
    if right:
        asked(_1=Wanted(2, price, None, "Torn seam")).then_types(CartUpdated)
    else:
        assert "between 40.00 and 49.95" in wrong("lines.1.price", "price", _1=Wanted(2, price, None, "Torn seam")).detail


@pytest.mark.parametrize(("shipping", "right"), [(0, True), (1000, True), (1001, False)])
def test_the_shipping_price_within_its_limits(shipping, right):
    if right:
        asked(_1=Wanted(2, None, shipping, "Torn seam")).then_types(CartUpdated)
    else:
        wrong("lines.1.shipping_price", "price", _1=Wanted(2, None, shipping, "Torn seam"))


def test_prices_are_changed_only_where_the_account_allows_it():
    changed = Wanted(2, 4500, 100, "Torn seam")
    refused = asked(FIXED, _1=changed).then_refused("not-allowed")
    assert [error["field"] for error in refused.data["errors"]] == ["lines.1.price", "lines.1.shipping_price"]
    asked(offered(PILLOW, settings=Settings(price_adjustment=True)), _1=changed).then_refused("not-allowed")
    history = asked(_1=changed).then_types(CartUpdated)
    given(order, *history).when(change(FIXED, lines(_1=replace(changed, quantity=3)))).then_types(CartUpdated)
    given(order, *history).when(change(FIXED, lines(_1=replace(changed, price=4400)))).then_refused("not-allowed")


def test_a_line_of_none_forgets_what_was_changed_and_keeps_its_number():
    history = asked(_1=Wanted(2, 4500, None, "Torn seam"), _31=1).then_types(CartUpdated)
    (gone, other) = taken(given(order, *history).when(change(CATALOG, lines(_31=1))))
    assert (gone, other.line) == (Line(line=1, product="1", quantity=0), 2)
    assert given(order, *history).state.quote.lines[0].unit_price == 4500
