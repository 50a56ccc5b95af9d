from datetime import timedelta

import pytest

from services.fulfillment.shipment import (
    BACKOFF,
    LEASE,
    START,
    Cancel,
    Claim,
    ClaimErasure,
    Create,
    Delivered,
    Deny,
    Erase,
    Erased,
    Failed,
    Hold,
    LetGo,
    Release,
    shipment,
)
from shared.contracts.fulfillment import (
    DeliveryClaimed,
    DeliveryRequested,
    ErasureClaimed,
    ErasureRequested,
    ExportErased,
    FulfillmentCancelled,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    OrderCancelled,
)
from tests.given import given
from tests.samples import NOON, ORDER, submitted

CREATED = FulfillmentRecordCreated(order_id=ORDER, plugin="csv", submitted=submitted())
RELEASED = FulfillmentReleased(order_id=ORDER, by="qa1")
DELIVERY = {"order_id": ORDER, "plugin": "csv", "export_id": f"{ORDER}-csv"}
REQUESTED = DeliveryRequested(**DELIVERY, due_at=NOON + timedelta(seconds=5))
CLAIMED = DeliveryClaimed(**DELIVERY, holder="me", until=NOON + LEASE, takeover=False)
EXPORTED = FulfillmentExported(**DELIVERY, their_id="x.csv")
CANCELLED = OrderCancelled(order_id=ORDER, reason="changed their mind", by="agent:supervisor1")
EXPORT = {"order_id": ORDER, "export_id": f"{ORDER}-csv"}
TO_ERASE = ErasureRequested(**EXPORT, due_at=NOON + START)
ERASING = ErasureClaimed(**EXPORT, holder="me", until=NOON + LEASE, takeover=False)
ERASED = ExportErased(**EXPORT)
CANCEL = Cancel(ORDER, "changed their mind", "agent:supervisor1")


REFERENCE = f"{ORDER}-1-1-capture"
HOLD = Hold(ORDER, REFERENCE)
HELD = FulfillmentHeld(order_id=ORDER, why="payment-returned", reference=REFERENCE)
LET_GO = LetGo(ORDER, "agent:supervisor1", "paid by wire", NOON)
BY_HAND = FulfillmentReleased(order_id=ORDER, by="agent:supervisor1", by_hand=True, reason="paid by wire")


def failed(retry_at):
    return FulfillmentFailed(**DELIVERY, reason="no room", retry_at=retry_at)


def test_it_goes_out_once_record_and_approval_are_there_in_either_order():
    given(shipment, CREATED).when(Release(ORDER, "qa1", NOON)).then(RELEASED, REQUESTED)
    given(shipment, RELEASED).when(Create("csv", submitted(), NOON)).then(CREATED, REQUESTED)
    given(shipment).when(Release(ORDER, "qa1", NOON)).then(RELEASED)
    given(shipment).when(Create("csv", submitted(), NOON)).then(CREATED)


def test_a_cancellation_wins_until_somebody_has_claimed_the_delivery():
    for history in ((), (CREATED,), (CREATED, RELEASED, REQUESTED)):
        given(shipment, *history).when(CANCEL).then(CANCELLED)
    for history in ((CREATED, RELEASED, REQUESTED, CLAIMED), (CREATED, RELEASED, REQUESTED, CLAIMED, EXPORTED)):
        given(shipment, *history).when(CANCEL).then_refused("already-exported")


@pytest.mark.parametrize("end", [CANCELLED, FulfillmentCancelled(order_id=ORDER, why="denied")])
def test_what_is_cancelled_stays_so_whatever_comes_later(end):
    for later in (Create("csv", submitted(), NOON), Release(ORDER, "qa1", NOON), Deny(ORDER), Claim("me", NOON), CANCEL):
        given(shipment, end).when(later).then_nothing()


def test_whoever_takes_over_after_the_lease_is_told_so():
    history = given(shipment, CREATED, RELEASED, REQUESTED, CLAIMED)
    history.when(Claim("other", NOON + LEASE - timedelta(seconds=1))).then_nothing()
    assert history.when(Claim("other", NOON + LEASE)).then_types(DeliveryClaimed)[0].takeover


def test_what_was_exported_of_an_erased_customer_is_erased_once():
    sent = (CREATED, RELEASED, REQUESTED, CLAIMED, EXPORTED)
    given(shipment, *sent).when(Erase(NOON)).then(TO_ERASE)
    given(shipment, *sent, TO_ERASE).when(Erase(NOON)).then_nothing()
    given(shipment, *sent).when(ClaimErasure("me", NOON)).then_nothing()
    given(shipment, *sent, TO_ERASE).when(ClaimErasure("me", NOON)).then(ERASING)
    given(shipment, *sent, TO_ERASE, ERASING).when(ClaimErasure("other", NOON)).then_nothing()
    assert given(shipment, *sent, TO_ERASE, ERASING).when(ClaimErasure("other", NOON + LEASE)).then_types(ErasureClaimed)[0].takeover
    given(shipment, *sent, TO_ERASE, ERASING).when(Erased()).then(ERASED)
    for late in (Erase(NOON), ClaimErasure("me", NOON + LEASE), Erased()):
        given(shipment, *sent, TO_ERASE, ERASING, ERASED).when(late).then_nothing()


@pytest.mark.parametrize("history", [(), (CREATED,), (CREATED, CANCELLED)])
def test_what_never_went_out_has_nothing_to_erase(history):
    given(shipment, *history).when(Erase(NOON)).then_nothing()


def test_a_failure_is_tried_again_later_and_later():
    events, now, waits = [CREATED, RELEASED, REQUESTED], NOON, []
    for _ in range(10):
        events += given(shipment, *events).when(Claim("me", now)).then_types(DeliveryClaimed)
        events += given(shipment, *events).when(Failed("no room", now, events[-1].until)).then_types(FulfillmentFailed)
        waits.append(events[-1].retry_at - now)
        now = events[-1].retry_at
    assert waits[:3] == [BACKOFF, 2 * BACKOFF, 4 * BACKOFF]
    assert waits[-1] == timedelta(hours=1)


def test_a_failure_counts_only_for_whoever_holds_the_claim():
    tried = (CREATED, RELEASED, REQUESTED, CLAIMED)
    given(shipment, *tried, failed(NOON + BACKOFF)).when(Failed("no room", NOON, CLAIMED.until)).then_nothing()
    again = DeliveryClaimed(**DELIVERY, holder="other", until=NOON + 2 * LEASE, takeover=True)
    given(shipment, *tried, again).when(Failed("no room", NOON + LEASE, CLAIMED.until)).then_nothing()
    given(shipment, *tried, again).when(Delivered("x.csv")).then(EXPORTED)


@pytest.mark.parametrize("history", [(), (CREATED,), (CREATED, RELEASED, REQUESTED), (CREATED, RELEASED, REQUESTED, CLAIMED, failed(NOON))])
def test_a_payment_that_came_back_holds_what_has_not_gone_out(history):
    given(shipment, *history).when(HOLD).then(HELD)
    given(shipment, *history, HELD).when(HOLD).then_nothing()
    given(shipment, *history, HELD).when(Claim("me", NOON + LEASE)).then_nothing()


@pytest.mark.parametrize("end", [CANCELLED, EXPORTED, FulfillmentCancelled(order_id=ORDER, why="denied")])
def test_what_has_gone_out_or_never_will_is_not_held(end):
    given(shipment, CREATED, end).when(HOLD).then_nothing()
    given(shipment, CREATED, HELD, end).when(LET_GO).then_refused("not-held")


def test_a_hold_ends_by_hand_alone():
    given(shipment, HELD).when(Create("csv", submitted(), NOON)).then(CREATED)
    given(shipment, HELD, CREATED).when(Release(ORDER, "qa1", NOON)).then(RELEASED)
    given(shipment, CREATED, RELEASED, REQUESTED, HELD).when(LET_GO).then(BY_HAND, DeliveryRequested(**DELIVERY, due_at=NOON + START))
    given(shipment, CREATED, RELEASED).when(LET_GO).then_refused("not-held")


def test_what_was_let_go_once_is_not_held_for_the_same_again():
    let_go = given(shipment, CREATED, HELD, BY_HAND)
    let_go.when(HOLD).then_nothing()
    let_go.when(Hold(ORDER, f"{ORDER}-1-2-capture")).then_types(FulfillmentHeld)
    let_go.when(Release(ORDER, "qa1", NOON)).then(RELEASED, REQUESTED)


def test_letting_go_approves_nothing():
    given(shipment, CREATED, HELD).when(LET_GO).then(BY_HAND)


def test_whoever_lets_go_of_what_is_tried_later_waits_as_long():
    tried = (CREATED, RELEASED, REQUESTED, CLAIMED, failed(NOON + BACKOFF), HELD)
    given(shipment, *tried).when(LET_GO).then(BY_HAND, DeliveryRequested(**DELIVERY, due_at=NOON + BACKOFF + START))
