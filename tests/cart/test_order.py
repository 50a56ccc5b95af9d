from dataclasses import replace
from datetime import timedelta

import pytest

from services.cart.changing import Reprice
from services.cart.lines import Wanted
from services.cart.order import Close, Place, Reopen, order
from shared.contracts.cart import CartUpdated, OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.catalog import CustomField, Offer, Settings, ShippingProfile
from shared.contracts.order import FieldValue
from shared.contracts.payments import Instrument
from tests.cart import ringing
from tests.cart.ringing import AGENT, begun, known, lines, offered
from tests.given import given
from tests.samples import NOON, ORDER

CATALOG = offered(Offer(id="1", name="Pillow", sku="RN-1", price=4995))
CHANGE = begun(CATALOG, lines(_1=1))


def submit(now=NOON):
    return ringing.submit(CATALOG, now=now)


def reopen(attempt):
    return Reopen(ORDER, attempt, "do-not-honour", "Declined.", True, "another card", Instrument(), 4995)


def declined(times, every=timedelta(minutes=5)):
    events = list(given(order).when(CHANGE).then_types(CartUpdated))
    for n in range(times):
        events += given(order, *events).when(submit(NOON + n * every)).then_types(OrderSubmitted)
        events += given(order, *events).when(reopen(n + 1)).then_types(OrderReopened)
    return given(order, *events)


def test_all_at_once_is_one_append_and_all_or_none():
    given(order).when(Place(CHANGE, submit())).then_types(CartUpdated, OrderSubmitted)
    given(order).when(Place(begun(CATALOG, {}), submit())).then_refused("incomplete")


def test_the_sixth_attempt_within_an_hour_of_five_declines_is_refused():
    given_five = declined(5)
    given_five.when(submit(NOON + timedelta(minutes=59))).then_refused("too-many-attempts")
    given_five.when(submit(NOON + timedelta(minutes=60))).then_types(OrderSubmitted)
    declined(4).when(submit(NOON + timedelta(minutes=25))).then_types(OrderSubmitted)


def test_a_retired_campaign_is_refused_by_its_name():
    retired = replace(CATALOG, retired=True)
    history = given(order, *given(order).when(CHANGE).then_types(CartUpdated))
    refused = history.when(replace(submit(), catalog=retired)).then_refused("campaign-retired")
    assert "Restful Nights" in refused.detail
    given(order).when(Place(CHANGE, replace(submit(), catalog=retired))).then_refused("campaign-retired")
    history.when(replace(CHANGE, catalog=retired, lines=lines(_1=2))).then_types(CartUpdated)


@pytest.mark.parametrize("retry", [True, False])
def test_a_decline_says_whether_another_try_makes_sense(retry):
    submitted = given(order, *declined(0).events, *declined(0).when(submit()).then_types(OrderSubmitted))
    (reopened,) = submitted.when(replace(reopen(1), retry=retry)).then_types(OrderReopened)
    assert [each.retry for each in given(order, *submitted.events, reopened).state.declines] == [retry]


def test_a_decline_reopens_its_own_attempt_alone():
    submitted = given(order, *declined(1).events, *declined(1).when(submit()).then_types(OrderSubmitted))
    submitted.when(reopen(1)).then_nothing()
    submitted.when(reopen(2)).then_types(OrderReopened)


def test_an_order_is_repriced_by_the_newest_version_and_loses_what_is_not_sold_any_more():
    old = offered(
        Offer(id="1", name="Pillow", sku="RN-1", price=4995, min_price=4000),
        Offer(id="2", name="Mask", sku="RN-2", price=1495),
        profiles=(ShippingProfile(id="21", name="Express"),),
        fields=(CustomField(id="1", label="Size"),),
        settings=Settings(price_adjustment=True),
    )
    changed = lines(_1=Wanted(2, 4500, None, "goodwill"), _2=1)
    order_so_far = given(order).when(begun(old, changed, profile="21", fields=(FieldValue(field="1", value="Queen"),))).then_types(CartUpdated)
    new = replace(offered(Offer(id="1", name="Pillow", sku="RN-1", price=3995), settings=Settings()), number=2)
    (event,) = given(order, *order_so_far).when(Reprice(ORDER, new, known(), AGENT, NOON)).then_types(CartUpdated)
    assert (event.campaign_version, event.changes.profile, event.changes.fields) == (2, "", ())
    assert [(line.product, line.quantity, line.price, line.reason) for line in event.changes.lines] == [
        ("1", 2, 4500, "goodwill"),
        ("2", 0, None, ""),
    ]
    assert [(line.product, line.list_price, line.price) for line in event.quote.lines] == [("1", 3995, 9000)]
    given(order, *order_so_far, event).when(Reprice(ORDER, new, known(), AGENT, NOON)).then_nothing()


def test_a_new_version_that_costs_the_same_is_pinned_all_the_same():
    (first,) = given(order).when(CHANGE).then_types(CartUpdated)
    (event,) = given(order, first).when(Reprice(ORDER, replace(CATALOG, number=2), known(), AGENT, NOON)).then_types(CartUpdated)
    assert (event.campaign_version, event.quote) == (2, None)


def test_nothing_is_repriced_by_a_retired_campaign_nor_while_it_is_charged():
    (first,) = given(order).when(CHANGE).then_types(CartUpdated)
    given(order, first).when(Reprice(ORDER, replace(CATALOG, retired=True), known(), AGENT, NOON)).then_refused("campaign-retired")
    sent = given(order, first).when(submit()).then_types(OrderSubmitted)
    given(order, first, *sent).when(Reprice(ORDER, CATALOG, known(), AGENT, NOON)).then_refused("being-charged")


@pytest.mark.parametrize("first", ["approved", "denied", "cancelled"])
def test_it_is_closed_once_but_an_approved_one_may_be_cancelled(first):
    history = [*given(order).when(CHANGE).then_types(CartUpdated), OrderClosed(order_id=ORDER, why=first)]
    for why in ("approved", "denied", "cancelled"):
        if (first, why) != ("approved", "cancelled"):
            given(order, *history).when(Close(ORDER, why)).then_nothing()
    cancelled = OrderClosed(order_id=ORDER, why="cancelled")
    if first == "approved":
        given(order, *history).when(Close(ORDER, "cancelled")).then(cancelled)
    for why in ("approved", "denied", "cancelled"):
        given(order, *history, cancelled).when(Close(ORDER, why)).then_nothing()


@pytest.mark.parametrize("why", ["approved", "denied", "cancelled"])
def test_what_becomes_of_a_submitted_order_is_written_down_after_its_customer_was_erased(why):
    (first,) = given(order).when(CHANGE).then_types(CartUpdated)
    sent = given(order, first).when(submit()).then_types(OrderSubmitted)
    (erased,) = given(order, first, *sent).when(Close(ORDER, "erased")).then_types(OrderClosed)
    (closed,) = given(order, first, *sent, erased).when(Close(ORDER, why)).then_types(OrderClosed)
    after = given(order, first, *sent, erased, closed)
    assert (after.state.closed_as, after.state.undecided) == (why, False)
    after.when(Close(ORDER, why)).then_nothing()
