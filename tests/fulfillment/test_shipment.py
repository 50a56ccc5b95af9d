from datetime import timedelta

import pytest

from services.fulfillment.commands import (
    Arrive,
    AskBack,
    Cancel,
    Claim,
    ClaimCancel,
    ClaimErasure,
    Create,
    Delivered,
    Deny,
    Erase,
    Erased,
    Failed,
    Hold,
    HoldByHand,
    LetGo,
    Release,
    Resend,
    Settle,
    Ship,
    Stopped,
    TakeBack,
    TooLate,
    Unanswered,
    Unstoppable,
)
from services.fulfillment.records import BACKOFF, LEASE, LONGEST_BACKOFF, LONGEST_WAIT
from services.fulfillment.shipment import MOST_TRIES, START, shipment
from shared.contracts.fulfillment import (
    DeliveryClaimed,
    DeliveryRequested,
    ErasureClaimed,
    ErasureRequested,
    ExportErased,
    FulfillmentCancelled,
    FulfillmentDelivered,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    FulfillmentReturned,
    FulfillmentReturnRequested,
    FulfillmentShipped,
    OrderCancelled,
    Parcel,
    PluginCancelAnswered,
    PluginCancelClaimed,
    PluginCancelRequested,
)
from tests.given import given
from tests.samples import NOON, ORDER, submitted

CREATED = FulfillmentRecordCreated(order_id=ORDER, plugin="csv", submitted=submitted())
RELEASED = FulfillmentReleased(order_id=ORDER, by="qa1", at=NOON, plugins=("csv",))
RELEASED_EARLY = RELEASED.model_copy(update={"plugins": ()})
EXPORT_ID = f"{ORDER}-csv"
DELIVERY = {"order_id": ORDER, "plugin": "csv", "export_id": EXPORT_ID}
REQUESTED = DeliveryRequested(**DELIVERY, due_at=NOON + timedelta(seconds=5))
CLAIMED = DeliveryClaimed(**DELIVERY, holder="me", until=NOON + LEASE, takeover=False)
EXPORTED = FulfillmentExported(**DELIVERY, their_id="x.csv")
CANCELLED = OrderCancelled(order_id=ORDER, reason="changed their mind", by="agent:supervisor1", plugins=("csv",))
EXPORT = {"order_id": ORDER, "export_id": EXPORT_ID}
TO_ERASE = ErasureRequested(**EXPORT, due_at=NOON + START)
ERASING = ErasureClaimed(**EXPORT, holder="me", until=NOON + LEASE, takeover=False)
ERASED = ExportErased(**EXPORT)
CANCEL = Cancel(ORDER, "changed their mind", "agent:supervisor1", NOON)


REFERENCE = f"{ORDER}-1-1-capture"
HOLD = Hold(ORDER, REFERENCE)
HELD = FulfillmentHeld(order_id=ORDER, why="payment-returned", reference=REFERENCE, plugins=("csv",))
HELD_EARLY = HELD.model_copy(update={"plugins": ()})
LET_GO = LetGo(ORDER, "agent:supervisor1", "paid by wire", NOON)
BY_HAND = FulfillmentReleased(order_id=ORDER, by="agent:supervisor1", by_hand=True, reason="paid by wire", plugins=("csv",))


RECALL = PluginCancelRequested(**DELIVERY, reason="changed their mind", by="agent:supervisor1", due_at=NOON + START)
RECALLING = PluginCancelClaimed(**DELIVERY, holder="me", until=NOON + LEASE, takeover=False)
SHIPPED = FulfillmentShipped(**DELIVERY, parcel=Parcel(carrier="UPS", tracking="1Z1"), at=NOON, source="csv", submitted=CREATED.submitted)
SENT = (CREATED, RELEASED, REQUESTED, CLAIMED, EXPORTED)
RESEND = Resend(ORDER, "csv", "agent:supervisor1", "They lost it.", NOON)


def failed(retry_at, **said):
    return FulfillmentFailed(**DELIVERY, reason="no room", retry_at=retry_at, **said)


def test_it_goes_out_once_record_and_approval_are_there_in_either_order():
    given(shipment, CREATED).when(Release(ORDER, "qa1", NOON)).then(RELEASED, REQUESTED)
    given(shipment, RELEASED_EARLY).when(Create(submitted(), NOON)).then(CREATED, REQUESTED)
    given(shipment).when(Release(ORDER, "qa1", NOON)).then(RELEASED_EARLY)
    given(shipment).when(Create(submitted(), NOON)).then(CREATED)


def test_a_cancellation_wins_until_it_may_have_gone_out():
    for history in ((CREATED,), (CREATED, RELEASED, REQUESTED), (CREATED, RELEASED, REQUESTED, CLAIMED, failed(NOON, unknown=False))):
        given(shipment, *history).when(CANCEL).then(CANCELLED)
    given(shipment).when(CANCEL).then(CANCELLED.model_copy(update={"plugins": ()}))


def test_what_may_have_gone_out_its_plugin_is_asked_to_stop():
    under_way = (CREATED, RELEASED, REQUESTED, CLAIMED)
    given(shipment, *under_way).when(CANCEL).then(RECALL.model_copy(update={"due_at": NOON + LEASE + START}))
    given(shipment, *under_way, failed(NOON)).when(CANCEL).then(RECALL)
    sent = (*under_way, EXPORTED)
    given(shipment, *sent).when(CANCEL).then(RECALL)
    given(shipment, *sent, RECALL).when(CANCEL).then_nothing()
    given(shipment, *sent, SHIPPED).when(CANCEL).then_refused("already-shipped")


def test_a_recall_is_asked_for_until_it_is_answered():
    asked = (CREATED, RELEASED, REQUESTED, CLAIMED, EXPORTED, RECALL)
    given(shipment, *asked).when(ClaimCancel(EXPORT_ID, "me", NOON)).then(RECALLING)
    given(shipment, *asked, RECALLING).when(ClaimCancel(EXPORT_ID, "other", NOON)).then_nothing()
    assert given(shipment, *asked, RECALLING).when(ClaimCancel(EXPORT_ID, "other", NOON + LEASE)).then_types(PluginCancelClaimed)[0].takeover
    again = given(shipment, *asked, RECALLING).when(Unanswered(EXPORT_ID, "no answer", NOON, RECALLING.until)).then_types(PluginCancelAnswered)
    assert again[0].retry_at == NOON + BACKOFF
    given(shipment, *asked, RECALLING, *again).when(Unanswered(EXPORT_ID, "no answer", NOON, RECALLING.until)).then_nothing()
    stopped = FulfillmentCancelled(**DELIVERY, why="stopped")
    given(shipment, *asked, RECALLING).when(Stopped(EXPORT_ID)).then(PluginCancelAnswered(**DELIVERY, answer="stopped"), stopped)
    too_late = PluginCancelAnswered(**DELIVERY, answer="too-late", reason="packed")
    given(shipment, *asked, RECALLING).when(TooLate(EXPORT_ID, "packed")).then(too_late)
    for late in (Stopped(EXPORT_ID), ClaimCancel(EXPORT_ID, "me", NOON + LEASE)):
        given(shipment, *asked, RECALLING, too_late).when(late).then_nothing()
    given(shipment, *asked, RECALLING, too_late).when(CANCEL).then(RECALL)


def test_what_is_recalled_is_handed_over_by_nobody_and_recalled_only_once_no_try_is_under_way():
    asked = (CREATED, RELEASED, REQUESTED, CLAIMED, RECALL)
    given(shipment, *asked).when(Claim(EXPORT_ID, "other", NOON + LEASE)).then_nothing()
    given(shipment, *asked).when(ClaimCancel(EXPORT_ID, "me", NOON)).then_nothing()
    given(shipment, *asked).when(ClaimCancel(EXPORT_ID, "me", NOON + LEASE)).then_types(PluginCancelClaimed)
    told = given(shipment, *asked).when(TooLate(EXPORT_ID, "packed", "x.csv")).then_types(FulfillmentExported, PluginCancelAnswered)
    assert told[0] == EXPORTED


UNSAID = (CREATED, RELEASED, REQUESTED, CLAIMED, failed(NOON), RECALL, RECALLING)
UNKNOWN = PluginCancelAnswered(**DELIVERY, answer="unknown", reason="Nobody can be asked.")
CANNOT = Unstoppable(EXPORT_ID, "Nobody can be asked.", NOON)
HAS, HAS_NOT = (Settle(ORDER, "csv", has, "agent:supervisor1", "They were called.") for has in (True, False))
SAID = {"by": "agent:supervisor1", "note": "They were called."}


def test_what_nobody_has_said_they_have_is_not_exported_where_they_cannot_stop_it():
    given(shipment, *UNSAID).when(CANNOT).then(UNKNOWN)
    marked = (
        given(shipment, CREATED, RELEASED, REQUESTED, CLAIMED, RECALL, RECALLING).when(CANNOT).then_types(FulfillmentFailed, PluginCancelAnswered)
    )
    assert (marked[0].given_up, marked[0].unknown) == (True, True), "nobody who looks after orders is told"
    given(shipment, *SENT, RECALL, RECALLING).when(CANNOT).then(PluginCancelAnswered(**DELIVERY, answer="too-late", reason="Nobody can be asked."))
    waits = (*UNSAID, UNKNOWN)
    for nothing in (Claim(EXPORT_ID, "me", NOON + LEASE), ClaimCancel(EXPORT_ID, "me", NOON + LEASE)):
        given(shipment, *waits).when(nothing).then_nothing()
    given(shipment, *waits).when(RESEND).then_refused("unsettled")
    given(shipment, *waits).when(Stopped(EXPORT_ID)).then_types(PluginCancelAnswered, FulfillmentCancelled)
    given(shipment, *waits).when(CANCEL).then(RECALL)


def test_a_person_says_whether_they_have_it():
    waits = (*UNSAID, UNKNOWN)
    has = PluginCancelAnswered(**DELIVERY, answer="too-late", **SAID)
    given(shipment, *waits).when(HAS).then(EXPORTED.model_copy(update={"their_id": ""}), has)
    stopped, cancelled = PluginCancelAnswered(**DELIVERY, answer="stopped", **SAID), CANCELLED.model_copy(update={"reason": "They were called."})
    given(shipment, *waits).when(HAS_NOT).then(stopped, cancelled)
    for settled in ((*waits, EXPORTED), (*waits, EXPORTED, has), (*waits, stopped, cancelled), UNSAID, (), SENT):
        given(shipment, *settled).when(HAS_NOT).then_refused("not-unknown")
    toys = {"order_id": ORDER, "plugin": "toys", "export_id": f"{ORDER}-toys"}
    other = (CREATED.model_copy(update={"plugin": "toys"}), FulfillmentExported(**toys))
    given(shipment, *other, *waits).when(HAS_NOT).then(stopped, FulfillmentCancelled(**DELIVERY, why="stopped"))


@pytest.mark.parametrize("end", [CANCELLED, FulfillmentCancelled(order_id=ORDER, why="denied")])
def test_what_is_cancelled_stays_so_whatever_comes_later(end):
    for later in (Create(submitted(), NOON), Release(ORDER, "qa1", NOON), Deny(ORDER), Claim(EXPORT_ID, "me", NOON), CANCEL):
        given(shipment, end).when(later).then_nothing()


def test_whoever_takes_over_after_the_lease_is_told_so():
    history = given(shipment, CREATED, RELEASED, REQUESTED, CLAIMED)
    history.when(Claim(EXPORT_ID, "other", NOON + LEASE - timedelta(seconds=1))).then_nothing()
    assert history.when(Claim(EXPORT_ID, "other", NOON + LEASE)).then_types(DeliveryClaimed)[0].takeover


def test_what_was_exported_of_an_erased_customer_is_erased_once():
    sent = (CREATED, RELEASED, REQUESTED, CLAIMED, EXPORTED)
    given(shipment, *sent).when(Erase(NOON)).then(TO_ERASE)
    given(shipment, *sent, TO_ERASE).when(Erase(NOON)).then_nothing()
    given(shipment, *sent).when(ClaimErasure(EXPORT_ID, "me", NOON)).then_nothing()
    given(shipment, *sent, TO_ERASE).when(ClaimErasure(EXPORT_ID, "me", NOON)).then(ERASING)
    given(shipment, *sent, TO_ERASE, ERASING).when(ClaimErasure(EXPORT_ID, "other", NOON)).then_nothing()
    assert given(shipment, *sent, TO_ERASE, ERASING).when(ClaimErasure(EXPORT_ID, "other", NOON + LEASE)).then_types(ErasureClaimed)[0].takeover
    given(shipment, *sent, TO_ERASE, ERASING).when(Erased(EXPORT_ID)).then(ERASED)
    for late in (Erase(NOON), ClaimErasure(EXPORT_ID, "me", NOON + LEASE), Erased(EXPORT_ID)):
        given(shipment, *sent, TO_ERASE, ERASING, ERASED).when(late).then_nothing()


@pytest.mark.parametrize("history", [(), (CREATED,), (CREATED, CANCELLED)])
def test_what_never_went_out_has_nothing_to_erase(history):
    given(shipment, *history).when(Erase(NOON)).then_nothing()


def test_a_failure_is_tried_again_later_and_later_for_more_than_three_days():
    events, now, waits = [CREATED, RELEASED, REQUESTED], NOON, []
    for _ in range(MOST_TRIES):
        events += given(shipment, *events).when(Claim(EXPORT_ID, "me", now)).then_types(DeliveryClaimed)
        events += given(shipment, *events).when(Failed(EXPORT_ID, "no room", now, events[-1].until)).then_types(FulfillmentFailed)
        waits.append(events[-1].retry_at - now)
        now = events[-1].retry_at
    for n, wait in enumerate(waits):
        assert 0.75 <= wait / min(BACKOFF * 2**n, LONGEST_BACKOFF) <= 1.25
    assert sum(waits[:-1], timedelta()) > timedelta(days=3)
    assert [event.given_up for event in events if isinstance(event, FulfillmentFailed)] == [False] * (MOST_TRIES - 1) + [True]
    given(shipment, *events).when(Claim(EXPORT_ID, "me", now)).then_nothing()
    again = given(shipment, *events).when(RESEND).then_types(DeliveryRequested)
    given(shipment, *events, *again).when(Claim(EXPORT_ID, "me", now)).then_types(DeliveryClaimed)


def test_what_failed_together_does_not_come_again_together():
    def wait(order):
        created = CREATED.model_copy(update={"order_id": order})
        claimed = CLAIMED.model_copy(update={"order_id": order, "export_id": f"{order}-csv"})
        requested = REQUESTED.model_copy(update={"order_id": order, "export_id": f"{order}-csv"})
        history = given(shipment, created, RELEASED, requested, claimed)
        return history.when(Failed(f"{order}-csv", "no room", NOON, CLAIMED.until)).then_types(FulfillmentFailed)[0].retry_at

    assert len({wait(f"{n:010}") for n in range(20)}) > 15


def test_who_asks_to_be_left_alone_is_but_not_for_ever():
    tried = given(shipment, CREATED, RELEASED, REQUESTED, CLAIMED)
    for after, waits in ((timedelta(hours=2), timedelta(hours=2)), (timedelta(days=400), LONGEST_WAIT)):
        said = tried.when(Failed(EXPORT_ID, "busy", NOON, CLAIMED.until, after=after)).then_types(FulfillmentFailed)
        assert said[0].retry_at == NOON + waits
    refused = tried.when(Failed(EXPORT_ID, "unknown SKU", NOON, CLAIMED.until, again=False, unknown=False)).then_types(FulfillmentFailed)
    assert refused[0].given_up


def test_it_is_sent_once_more_under_the_same_name():
    requested = given(shipment, *SENT).when(RESEND).then_types(DeliveryRequested)
    assert requested[0].export_id == EXPORT_ID
    again = given(shipment, *SENT, *requested)
    again.when(RESEND).then_nothing()
    assert again.state.records["csv"].resend
    claimed = again.when(Claim(EXPORT_ID, "me", NOON)).then_types(DeliveryClaimed)
    assert not claimed[0].takeover
    given(shipment, *SENT, *requested, *claimed).when(Delivered(EXPORT_ID, "x.csv")).then(EXPORTED)
    given(shipment, CREATED).when(RESEND).then_refused("not-approved")
    given(shipment, CREATED, CANCELLED).when(RESEND).then_refused("cancelled")
    given(shipment, *SENT, TO_ERASE).when(RESEND).then_refused("erased")
    given(shipment, *SENT, RECALL).when(RESEND).then_refused("cancelled")
    stopped = (PluginCancelAnswered(**DELIVERY, answer="stopped"), FulfillmentCancelled(**DELIVERY, why="stopped"))
    given(shipment, *SENT, RECALL, *stopped).when(RESEND).then_refused("cancelled")
    given(shipment, *SENT, FulfillmentCancelled(**DELIVERY, why="stopped")).when(RESEND).then_refused("cancelled")


def test_what_is_sent_once_more_stays_here_once_its_customer_is_erased():
    requested = given(shipment, *SENT).when(RESEND).then_types(DeliveryRequested)
    given(shipment, *SENT, *requested, TO_ERASE).when(Claim(EXPORT_ID, "me", NOON + LEASE)).then_nothing()
    claimed = given(shipment, *SENT, *requested).when(Claim(EXPORT_ID, "me", NOON)).then_types(DeliveryClaimed)
    under_way = given(shipment, *SENT, *requested, *claimed, TO_ERASE)
    under_way.when(ClaimErasure(EXPORT_ID, "me", NOON + LEASE - timedelta(seconds=1))).then_nothing()
    under_way.when(ClaimErasure(EXPORT_ID, "me", NOON + LEASE)).then_types(ErasureClaimed)
    assert under_way.when(Failed(EXPORT_ID, "no answer", NOON, claimed[0].until)).then_types(FulfillmentFailed)[0].given_up


def test_an_order_goes_out_by_each_plugin_that_its_lines_name():
    order = submitted(plugin="house")
    lines = [order.order.quote.lines[0].model_copy(update={"line": n, "plugin": plugin}) for n, plugin in ((1, ""), (2, "toys"), (3, ""))]
    quote = order.order.quote.model_copy(update={"lines": tuple(lines)})
    order = order.model_copy(update={"order": order.order.model_copy(update={"quote": quote})})
    created = given(shipment, RELEASED).when(Create(order, NOON)).then_types(*2 * (FulfillmentRecordCreated,), *2 * (DeliveryRequested,))
    assert [(event.plugin, event.lines) for event in created[:2]] == [("house", (1, 3)), ("toys", (2,))]
    assert [event.export_id for event in created[2:]] == [f"{ORDER}-house", f"{ORDER}-toys"]
    claimed = given(shipment, RELEASED, *created).when(Claim(f"{ORDER}-toys", "me", NOON)).then_types(DeliveryClaimed)
    stopped, recall = given(shipment, RELEASED, *created, *claimed).when(CANCEL).then_types(FulfillmentCancelled, PluginCancelRequested)
    assert (stopped.plugin, recall.plugin) == ("house", "toys")


def test_what_is_on_its_way_arrives_or_comes_back():
    ship = Ship(ORDER, "csv", SHIPPED.parcel, NOON, "csv")
    given(shipment, CREATED, RELEASED, REQUESTED).when(ship).then_refused("not-exported")
    given(shipment, *SENT[:-1]).when(ship).then(EXPORTED.model_copy(update={"their_id": ""}), SHIPPED)
    given(shipment, *SENT).when(ship).then(SHIPPED)
    given(shipment, *SENT, SHIPPED).when(ship).then_nothing()
    arrived = given(shipment, *SENT, SHIPPED).when(Arrive(ORDER, "csv", NOON, "csv")).then_types(FulfillmentDelivered)
    back = given(shipment, *SENT, *arrived).when(AskBack(ORDER, "csv", "agent:supervisor1", "Too firm.")).then_types(FulfillmentReturnRequested)
    assert back[0].rma == f"{ORDER}-R1"
    given(shipment, *SENT, *arrived, *back).when(AskBack(ORDER, "csv", "agent:supervisor1", "Too firm.")).then_nothing()
    returned = given(shipment, *SENT, *arrived, *back).when(TakeBack(ORDER, "csv", NOON, "csv")).then_types(FulfillmentReturned)
    assert returned[0].rma == f"{ORDER}-R1"
    given(shipment, *SENT, *returned).when(AskBack(ORDER, "csv", "agent:supervisor1", "Too firm.")).then_refused("returned")


def test_what_is_held_by_hand_waits_for_a_hand():
    hold = HoldByHand(ORDER, "agent:supervisor1", "The address looks odd.")
    held = given(shipment, CREATED, RELEASED, REQUESTED).when(hold).then_types(FulfillmentHeld)
    history = given(shipment, CREATED, RELEASED, REQUESTED, *held)
    history.when(hold).then_nothing()
    history.when(Claim(EXPORT_ID, "me", NOON)).then_nothing()
    history.when(RESEND).then_refused("held")
    history.when(LET_GO).then_types(FulfillmentReleased, DeliveryRequested)
    for nothing in ((), SENT, (CREATED, CANCELLED)):
        given(shipment, *nothing).when(hold).then_refused("nothing-to-hold")


def test_a_failure_counts_only_for_whoever_holds_the_claim():
    tried = (CREATED, RELEASED, REQUESTED, CLAIMED)
    given(shipment, *tried, failed(NOON + BACKOFF)).when(Failed(EXPORT_ID, "no room", NOON, CLAIMED.until)).then_nothing()
    again = DeliveryClaimed(**DELIVERY, holder="other", until=NOON + 2 * LEASE, takeover=True)
    given(shipment, *tried, again).when(Failed(EXPORT_ID, "no room", NOON + LEASE, CLAIMED.until)).then_nothing()
    given(shipment, *tried, again).when(Delivered(EXPORT_ID, "x.csv")).then(EXPORTED)


@pytest.mark.parametrize("history", [(), (CREATED,), (CREATED, RELEASED, REQUESTED), (CREATED, RELEASED, REQUESTED, CLAIMED, failed(NOON))])
def test_a_payment_that_came_back_holds_what_has_not_gone_out(history):
    given(shipment, *history).when(HOLD).then(HELD if history else HELD_EARLY)
    given(shipment, *history, HELD).when(HOLD).then_nothing()
    given(shipment, *history, HELD).when(Claim(EXPORT_ID, "me", NOON + LEASE)).then_nothing()


@pytest.mark.parametrize("end", [CANCELLED, EXPORTED, FulfillmentCancelled(order_id=ORDER, why="denied")])
def test_what_has_gone_out_or_never_will_is_not_held(end):
    given(shipment, CREATED, end).when(HOLD).then_nothing()
    given(shipment, CREATED, HELD, end).when(LET_GO).then_refused("not-held")


def test_a_hold_ends_by_hand_alone():
    given(shipment, HELD_EARLY).when(Create(submitted(), NOON)).then(CREATED, HELD)
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
