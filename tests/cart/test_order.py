from dataclasses import replace
from datetime import timedelta

import pytest

from services.cart.order import Close, Place, Reopen, order
from shared.contracts.cart import CartUpdated, OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.catalog import Offer
from shared.contracts.payments import Instrument
from tests.cart import ringing
from tests.cart.ringing import begun, lines, offered
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
