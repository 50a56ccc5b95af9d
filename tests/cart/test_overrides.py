"""Prices beyond the limits wait for a supervisor, and hold for what was approved; orders that were declined too often do, too."""

from datetime import timedelta

import pytest

from services.cart.blocked import AllowRetry
from services.cart.desk import desk
from services.cart.lines import Wanted
from services.cart.order import Close, Record, Reopen, order
from services.cart.overrides import Approve, Ask, Refuse
from services.cart.partial import NoSale
from shared.contracts.cart import (
    CartUpdated,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    OverrideApproved,
    OverrideRefused,
    OverrideRequested,
    RecordingPaused,
    RecordingResumed,
    RetryAllowed,
)
from shared.contracts.catalog import Offer, Settings
from shared.contracts.order import Instrument
from tests.cart.ringing import AGENT, begun, change, known, lines, offered, submit
from tests.customers.facts import folded, stream
from tests.given import given
from tests.samples import NOON, ORDER

BOSS = "agent:supervisor1"
PILLOW = Offer(id="1", name="Cloud pillow", sku="1", price=4995, shipping_price=695, min_price=3995, max_price=4995)
MASK = Offer(id="4", name="Silk mask", sku="4", price=1495)
FREE = Settings(price_adjustment=True, shipping_adjustment=True)
SHOP = offered(PILLOW, MASK, settings=FREE)


def ask(price=2995, *, product="1", shipping_price=None, reason="Torn seam", catalog=SHOP, actor=AGENT, now=NOON):
    return Ask(ORDER, catalog, product, price, shipping_price, reason, actor, now)


def approve(line=1, supervisor=BOSS, catalog=SHOP):
    return Approve(ORDER, catalog, known(), line, supervisor, NOON)


def rung_up(*commands, catalog=SHOP):
    made = given(order)
    for command in (begun(catalog, lines(_1=2, _4=1)), *commands):
        decided = made.when(command).decision
        assert isinstance(decided, list), decided
        made = given(order, *made.events, *decided)
    return made


def test_what_is_beyond_the_limits_waits_for_a_supervisor():
    (event,) = rung_up().when(ask()).then_types(OverrideRequested)
    assert (event.line, event.product, event.quantity, event.price, event.shipping_price) == (1, "1", 2, 2995, None)
    assert (event.list_price, event.list_shipping_price, event.currency, event.by) == (4995, 695, "USD", AGENT)
    assert event.limit == "price between 39.95 and 49.95"
    history = rung_up(ask())
    history.when(ask(now=NOON + timedelta(minutes=1))).then_nothing()
    (instead,) = history.when(ask(1995)).then_types(OverrideRequested)
    assert [each.price for each in given(order, *history.events, instead).state.asked] == [1995]


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (ask(3995), "within-limits", "lines.1.price"),
        (ask(None), "within-limits", "lines.1.price"),
        (ask(None, shipping_price=0), "within-limits", "lines.1.price"),
        (ask(reason=""), "missing", "lines.1.reason"),
        (ask(product="9"), "unknown-product", "lines.9"),
        (ask(catalog=offered(PILLOW, MASK)), "not-allowed", "lines.1.price"),
        (ask(shipping_price=0, catalog=offered(PILLOW, settings=Settings(price_adjustment=True))), "not-allowed", "lines.1.shipping_price"),
    ],
)
def test_what_nobody_can_or_has_to_approve(command, code, field):
    assert rung_up().when(command).then_refused(code).field == field


def test_an_approved_price_is_in_the_order_with_who_asked_and_why():
    agreed, updated = rung_up(ask()).when(approve()).then_types(OverrideApproved, CartUpdated)
    assert (agreed.price, agreed.quantity, agreed.supervisor) == (2995, 2, BOSS)
    (line, other) = updated.changes.lines
    assert (line.price, line.reason, line.by, line.quantity, other.price) == (2995, "Torn seam", AGENT, 2, None)
    assert updated.quote.price == 2 * 2995 + 1495
    history = rung_up(ask(), approve())
    assert history.state.asked == ()
    history.when(approve()).then_refused("not-asked")
    (sent,) = history.when(submit(SHOP)).then_types(OrderSubmitted)
    assert sent.submitted.amount == 2 * (2995 + 695) + 1495


def test_nobody_approves_what_they_asked_for():
    rung_up(ask(actor=BOSS)).when(approve()).then_refused("own-override")


def test_a_refusal():
    history = rung_up(ask())
    (event,) = history.when(Refuse(ORDER, 1, BOSS, "Too much.")).then_types(OverrideRefused)
    given(order, *history.events, event).when(approve()).then_refused("not-asked")
    history.when(Refuse(ORDER, 2, BOSS, "")).then_refused("not-asked")


@pytest.mark.parametrize("wanted", [lines(_1=3, _4=1), lines(_4=1), lines(_1=Wanted(2, 4000, None, "x"), _4=1)])
def test_it_is_void_when_the_line_changes(wanted):
    rung_up(ask(), change(SHOP, wanted)).when(approve()).then_refused("not-asked")


def test_it_waits_on_while_other_things_change():
    rung_up(ask(), change(SHOP, lines(_1=2, _4=3), notes="x")).when(approve()).then_types(OverrideApproved, CartUpdated)


def test_nothing_is_charged_while_another_price_is_waited_for():
    refused = rung_up(ask()).when(submit(SHOP)).then_refused("override-waiting")
    assert (refused.field, refused.conflict) == ("lines.1", False)
    assert "another price of Cloud pillow" in refused.detail
    for decided in (Refuse(ORDER, 1, BOSS, ""), approve(), change(SHOP, lines(_1=1, _4=1))):
        rung_up(ask(), decided).when(submit(SHOP)).then_types(OrderSubmitted)


def test_it_waits_no_longer_than_the_order_is_open():
    kept = rung_up(ask(), NoSale(ORDER, SHOP.tariff.campaign, AGENT, NOON, "4000000001"))
    assert kept.state.asked == ()


def test_an_approved_price_holds_for_the_quantity_that_was_approved():
    history = rung_up(ask(), approve())
    cheap = Wanted(2, 2995, None, "Torn seam")
    history.when(change(SHOP, {"1": cheap, "4": Wanted(2)})).then_types(CartUpdated)
    refused = history.when(change(SHOP, {"1": Wanted(3, 2995, None, "Torn seam")})).then_refused("approved-for")
    assert (refused.field, "approved for 2" in refused.detail) == ("lines.1.price", True)
    history.when(change(SHOP, {"1": Wanted(3)})).then_types(CartUpdated)
    taken_back = rung_up(ask(), approve(), change(SHOP, lines(_1=2)))
    assert taken_back.when(change(SHOP, {"1": cheap})).then_refused("price").field == "lines.1.price"


def test_a_customer_keeps_an_approved_price_for_that_quantity_alone():
    history = rung_up(ask(), approve(), NoSale(ORDER, SHOP.tariff.campaign, AGENT, NOON, "4000000001", "price"))
    for quantity, price in ((2, 2995), (3, None)):
        _, changed = history.when(change(SHOP, lines(_1=quantity, _4=2), actor="customer")).then_types(OrderReopened, CartUpdated)
        assert changed.changes.lines[0].price == price


def test_a_refusal_s_reason_is_gone_with_its_customer():
    history = rung_up(ask(), Refuse(ORDER, 1, BOSS, "Too cheap for Customer A"))
    assert history.state.refused
    (closed,) = history.when(Close(ORDER, "erased")).then_types(OrderClosed)
    assert given(order, *history.events, closed).state.refused == ()


def test_shipping_below_its_limit_is_approved_alike():
    shop = offered(PILLOW.model_copy(update={"min_shipping_price": 495}), MASK, settings=FREE)
    history = rung_up(ask(None, shipping_price=0, catalog=shop), approve(catalog=shop), catalog=shop)
    assert (history.state.lines[0].shipping_price, history.state.lines[0].price) == (0, None)


def declined(times):
    """Each a minute after the other."""
    history = rung_up()
    for n in range(times):
        sent = history.when(submit(SHOP, now=NOON + timedelta(minutes=n))).then_types(OrderSubmitted)
        history = given(order, *history.events, *sent)
        back = history.when(Reopen(ORDER, n + 1, "do-not-honour", "Declined.", True, "another card", Instrument(), 1)).then_types(OrderReopened)
        history = given(order, *history.events, *back)
    return history


def test_after_five_declines_a_supervisor_has_to_help():
    history, now = declined(5), NOON + timedelta(minutes=6)
    history.when(submit(SHOP, now=now)).then_refused("too-many-attempts")
    (allowed,) = history.when(AllowRetry(ORDER, BOSS, now)).then_types(RetryAllowed)
    again = given(order, *history.events, allowed)
    again.when(submit(SHOP, now=now)).then_types(OrderSubmitted)
    again.when(AllowRetry(ORDER, BOSS, now)).then_nothing()
    history.when(submit(SHOP, now=NOON + timedelta(minutes=60))).then_types(OrderSubmitted)
    declined(4).when(AllowRetry(ORDER, BOSS, now)).then_nothing()


def test_the_recording_pauses_once_and_goes_on_once():
    history = rung_up(Record(ORDER, True))
    history.when(Record(ORDER, True)).then_nothing()
    history.when(Record(ORDER, False)).then(RecordingResumed(order_id=ORDER))
    rung_up(submit(SHOP)).when(Record(ORDER, True)).then(RecordingPaused(order_id=ORDER))
    rung_up(Close(ORDER, "cancelled")).when(Record(ORDER, True)).then_nothing()


def row(history):
    """As the desk has it, a minute after each other."""
    (document,) = folded(desk, stream(f"order-{ORDER}", *enumerate(history.events))).values()
    return document.data


def test_the_desk_shows_what_waits_and_what_can_be_gone_on_with():
    waiting = row(rung_up(ask()))
    assert (waiting["resumes"], waiting["asked_at"] is not None, list(waiting["asked"])) == (AGENT, True, ["1"])
    assert (waiting["first_name"], waiting["total"], waiting["stage"]) == ("Customer", 2 * 5690 + 1495, "open")
    for done in ([approve()], [Refuse(ORDER, 1, BOSS, "")], [change(SHOP, lines(_1=3))], [Close(ORDER, "cancelled")]):
        after = row(rung_up(ask(), *done))
        assert after is None or after["asked_at"] is None
    assert row(rung_up(submit(SHOP)))["resumes"] is None
    assert row(given(order, *given(order).when(change(SHOP, campaign="restful")).decision))["resumes"] is None
    assert row(rung_up(Close(ORDER, "cancelled"))) is None


def test_the_desk_shows_who_is_blocked_until_a_supervisor_allows_another_try():
    assert row(declined(4))["blocked_until"] is None
    blocked = row(declined(5))
    assert (blocked["declines"], blocked["blocked_until"]) == (5, (NOON + timedelta(hours=1)).isoformat(timespec="microseconds"))
    history = declined(5)
    (allowed,) = history.when(AllowRetry(ORDER, BOSS, NOON + timedelta(minutes=6))).decision
    assert row(given(order, *history.events, allowed))["blocked_until"] is None
