"""The status of an order as its row derives it, whichever topic comes first."""

import random

import pytest

from services.customers.service import customers
from services.customers.status import marks, status, summary, unfinished
from services.customers.views import orders
from shared.contracts.cart import CartChanges, CartUpdated
from shared.contracts.order import Attribution
from shared.kernel.views import digest
from tests.customers.facts import (
    APPROVED,
    ARRIVED,
    CAME_BACK,
    CANCELLED,
    CAPTURED,
    CHOSEN,
    CLOSED,
    CUSTOMER,
    DENIED,
    EXPORTED,
    LET_GO,
    MADE,
    NOT_CAPTURED,
    NOT_DELIVERED,
    PART_CAPTURED,
    RECALLED,
    RECORDED,
    RETURNED,
    SHIPPED,
    STARTED,
    STOPPED,
    TYPED,
    UNDONE,
    UNKNOWN,
    answered,
    asked_back,
    authorized,
    contradicted,
    decided,
    declined,
    external,
    folded,
    kept,
    linked,
    not_refunded,
    not_voided,
    opened,
    ordered,
    passed,
    refunded,
    reopened,
    resumed,
    review,
    revoked,
    row,
    sent,
    stream,
    voided,
)
from tests.samples import ORDER


def cart(*events):
    return stream(f"order-{ORDER}", *enumerate(events))


def payment(*events):
    return stream(f"payment-{ORDER}", *enumerate(events, 1))


def qa(*events):
    return stream(f"review-{ORDER}", *enumerate(events, 2))


def shipment(*events):
    return stream(f"shipment-{ORDER}", *enumerate(events, 3))


@pytest.mark.parametrize(
    ("expected", "streams"),
    [
        ("Open", [cart(STARTED, TYPED, CHOSEN)]),
        ("Partial", [cart(STARTED, TYPED, kept())]),
        ("Open", [cart(STARTED, TYPED, kept(), resumed())]),
        ("Open", [cart(STARTED, TYPED, kept(), linked(), resumed("customer"))]),
        ("Processing", [cart(STARTED, TYPED, kept(), resumed("customer"), sent())]),
        ("Declined", [cart(STARTED, TYPED, kept(), resumed(), sent()), payment(declined())]),
        ("Partial", [cart(STARTED, TYPED, sent(), reopened(), kept()), payment(declined())]),
        ("Open", [cart(STARTED, TYPED, sent(), reopened(), kept(), resumed()), payment(declined())]),
        ("Processing", [cart(STARTED, TYPED, sent(), reopened(), kept(), resumed(), sent(2)), payment(declined())]),
        ("Processing", [cart(STARTED, TYPED, sent())]),
        ("Processing", [cart(STARTED, TYPED, sent()), payment(authorized()), qa(passed())]),
        ("Declined", [cart(STARTED, TYPED, sent()), payment(declined())]),
        ("Declined", [cart(STARTED, TYPED, sent(), reopened(), CHOSEN), payment(declined())]),
        ("Processing", [cart(STARTED, TYPED, sent(), reopened(), sent(2)), payment(declined())]),
        ("Declined", [cart(STARTED, TYPED, sent(), reopened(), sent(2)), payment(declined(), declined(2))]),
        ("Pending", [cart(STARTED, TYPED, sent(method="external")), payment(external()), qa(review())]),
        ("Processing", [cart(STARTED, TYPED, sent(method="external")), payment(external()), qa(review(), decided())]),
        ("Pending", [cart(STARTED, TYPED, sent(method="external")), payment(external()), qa(review(), decided(), UNDONE)]),
        ("Complete", [cart(STARTED, TYPED, sent()), payment(authorized(), CAPTURED), qa(passed(), APPROVED)]),
        ("Complete", [cart(STARTED, TYPED, sent(), CLOSED), payment(authorized()), qa(APPROVED), shipment(EXPORTED)]),
        ("Cancelled", [cart(STARTED, TYPED, sent()), payment(external()), qa(review(), decided("deny"), DENIED)]),
        ("Cancelled", [cart(STARTED, TYPED, sent()), payment(authorized()), qa(APPROVED), shipment(CANCELLED)]),
        ("Cancelled", [cart(STARTED, TYPED, sent()), payment(declined()), shipment(CANCELLED)]),
        ("Refunded", [cart(STARTED, TYPED, sent()), payment(authorized(), CAPTURED, refunded()), qa(APPROVED), shipment(EXPORTED)]),
        ("Refunded", [cart(STARTED, TYPED, sent()), payment(authorized(), CAPTURED, STOPPED, refunded()), shipment(CANCELLED)]),
        ("Complete", [cart(STARTED, TYPED, sent()), payment(authorized(), CAPTURED, refunded(90)), qa(APPROVED)]),
        ("Complete", [cart(STARTED, TYPED, sent()), payment(authorized(), CAPTURED, not_refunded(), RETURNED), qa(APPROVED)]),
        ("Refunded", [cart(STARTED, TYPED, sent()), payment(authorized(), CAPTURED, refunded(90), refunded(5600, 2, 5690)), qa(APPROVED)]),
    ],
)
def test_status_is_the_first_that_holds(expected, streams):
    found = row(orders, *streams)
    assert status(found["parts"]) == expected
    assert found["status_at"] == f"{expected} {found['listed_at']}"


@pytest.mark.parametrize(
    ("expected", "streams"),
    [
        ([], [cart(STARTED, sent()), payment(authorized())]),
        (["outcome-unknown"], [cart(STARTED, sent()), payment(UNKNOWN)]),
        ([], [cart(STARTED, sent()), payment(UNKNOWN, answered())]),
        (["capture-failed"], [cart(STARTED, sent()), payment(authorized(), NOT_CAPTURED)]),
        ([], [cart(STARTED, sent()), payment(authorized(), NOT_CAPTURED, CAPTURED)]),
        (["void-failed"], [cart(STARTED, sent()), payment(authorized(), STOPPED, not_voided())]),
        (["void-failed"], [cart(STARTED, sent()), payment(authorized(), NOT_CAPTURED, STOPPED, not_voided())]),
        (["void-failed"], [cart(STARTED, sent()), payment(declined(), not_voided(), authorized(2), STOPPED, voided(2))]),
        ([], [cart(STARTED, sent()), payment(authorized(), NOT_CAPTURED, STOPPED, voided())]),
        (["refund-due"], [cart(STARTED, sent()), payment(authorized(), STOPPED, PART_CAPTURED, CAPTURED), shipment(CANCELLED)]),
        (["refund-due"], [cart(STARTED, sent()), payment(authorized(), PART_CAPTURED, CAPTURED, STOPPED)]),
        ([], [cart(STARTED, sent()), payment(authorized(), PART_CAPTURED, CAPTURED)]),
        ([], [cart(STARTED, sent()), payment(authorized(), PART_CAPTURED, CAPTURED, STOPPED, refunded())]),
        (["refund-failed", "refund-due"], [cart(STARTED, sent()), payment(authorized(), PART_CAPTURED, CAPTURED, STOPPED, not_refunded())]),
        (["outcome-unknown"], [cart(STARTED, sent()), payment(authorized(), CAPTURED, asked_back())]),
        (["partly-refunded"], [cart(STARTED, sent()), payment(authorized(), CAPTURED, asked_back(), asked_back(again=False), refunded(90))]),
        (["refund-failed", "partly-refunded"], [cart(STARTED, sent()), payment(authorized(), CAPTURED, not_refunded(back=90))]),
        (["partly-refunded"], [cart(STARTED, sent()), payment(authorized(), CAPTURED, not_refunded(), refunded(90))]),
        (["payment-returned"], [cart(STARTED, sent()), payment(authorized(), CAPTURED, RETURNED)]),
        (["answer-contradicts"], [cart(STARTED, sent()), payment(authorized(), CAPTURED, contradicted())]),
        ([], [cart(STARTED, sent()), payment(authorized(), CAPTURED, contradicted(), RECORDED)]),
        (["exported"], [cart(STARTED, sent()), shipment(EXPORTED)]),
        (["delivery-failed"], [cart(STARTED, sent()), shipment(NOT_DELIVERED)]),
        (["exported"], [cart(STARTED, sent()), shipment(NOT_DELIVERED, EXPORTED)]),
        (["shipped"], [cart(STARTED, sent()), shipment(MADE, EXPORTED, SHIPPED, EXPORTED)]),
        (["delivered"], [cart(STARTED, sent()), shipment(MADE, EXPORTED, SHIPPED, ARRIVED)]),
        (["shipped"], [cart(STARTED, sent()), shipment(MADE, MADE.model_copy(update={"plugin": "toys"}), EXPORTED, SHIPPED, ARRIVED)]),
        (["shipment-stopped"], [cart(STARTED, sent()), payment(authorized(), CAPTURED), shipment(MADE, RECALLED)]),
        (["returned"], [cart(STARTED, sent()), shipment(MADE, EXPORTED, SHIPPED, ARRIVED, CAME_BACK)]),
        ([], [cart(STARTED, sent()), shipment(NOT_DELIVERED, CANCELLED)]),
    ],
)
def test_marks_stand_beside_the_status(expected, streams):
    found = row(orders, *streams)
    assert list(marks(found["parts"])) == expected
    assert bool(found["attention_at"]) == bool(set(expected) - {"exported", "shipped", "delivered", "returned", "partly-refunded"})


@pytest.mark.parametrize(
    "streams", [[payment(authorized(), CAPTURED, RETURNED), shipment(LET_GO)], [payment(authorized(), CAPTURED, RETURNED, RECORDED)]]
)
def test_a_payment_that_came_back_needs_nobody_once_somebody_has_dealt_with_it(streams):
    found = row(orders, cart(STARTED, sent()), *streams)
    assert list(marks(found["parts"])) == ["payment-returned"]
    assert found["attention_at"] is None


@pytest.mark.parametrize(
    ("expected", "streams"),
    [
        (False, [cart(STARTED, TYPED)]),
        (False, [cart(STARTED, TYPED, kept())]),
        (False, [cart(STARTED, TYPED, sent(), reopened(), kept()), payment(declined())]),
        (True, [cart(STARTED, sent())]),
        (True, [cart(STARTED, sent()), qa(review())]),
        (False, [cart(STARTED, sent()), payment(declined())]),
        (True, [cart(STARTED, sent()), qa(APPROVED)]),
        (False, [cart(STARTED, sent()), qa(APPROVED), shipment(EXPORTED)]),
        (False, [cart(STARTED, sent()), qa(DENIED)]),
        (True, [cart(STARTED, sent()), payment(authorized(), CAPTURED, refunded()), qa(APPROVED)]),
        (False, [cart(STARTED, sent()), payment(authorized(), CAPTURED, refunded()), qa(APPROVED), shipment(EXPORTED)]),
        (False, [cart(STARTED, sent()), payment(authorized(), CAPTURED, refunded()), shipment(CANCELLED)]),
    ],
)
def test_an_order_is_unfinished_until_it_has_gone_out_or_never_will(expected, streams):
    assert unfinished(row(orders, *streams)) is expected


def test_an_order_that_nobody_has_typed_into_is_under_no_status_and_no_time():
    found = row(orders, cart(STARTED))
    assert (found["status_at"], found["listed_at"]) == (None, None)
    assert status(found["parts"]) == "Open"
    assert row(orders, cart(STARTED, CHOSEN))["status_at"].startswith("Open ")


def test_the_summary_says_what_a_list_needs():
    found = summary(row(orders, cart(STARTED, TYPED, sent(), reopened(), sent(2)), payment(declined(), authorized(2)), qa(APPROVED)))
    assert found["customer"] == {"first_name": "Customer", "last_name": "A", "phone": "+1 512 555 0142"}
    assert (found["customer_id"], found["campaign_name"], found["agent"]) == (CUSTOMER, "Restful Nights (phone)", "agent:agent1")
    assert (found["method"], found["total"], found["currency"], found["attempt"]) == ("card", 5690, "USD", 2)
    assert found["instrument"] == {"brand": "visa", "last4": "4242"}
    assert (found["decline"]["attempt"], found["decline"]["reason"]) == (1, "insufficient-funds")
    assert (found["created_at"], found["updated_at"]) == ("2026-03-01T12:00:00.000000+00:00", "2026-03-01T12:04:00.000000+00:00")


def test_a_partial_says_why_it_was_kept_and_by_whom_it_was_taken_up():
    partial = cart(STARTED, TYPED, kept(note="After the holidays"))
    told = summary(row(orders, partial))["partial"]
    assert (told["disposition"], told["note"], told["source"]) == ("thinking", "After the holidays", "phone")
    assert (told["made_by"], told["at"]) == ("agent:agent1", "2026-03-01T12:00:00.000000+00:00")
    assert (summary(row(orders, partial))["agent"], summary(row(orders, partial))["customer_id"]) == ("agent:agent1", CUSTOMER)
    assert summary(row(orders, cart(STARTED, TYPED, kept(), resumed())))["agent"] == "agent:agent2"
    assert summary(row(orders, cart(STARTED, TYPED, kept(), resumed("customer"))))["of"] == "customer"
    assert summary(row(orders, cart(kept(source="lander", made_by="key:shop"))))["agent"] == "key:shop"


def test_the_newest_link_of_an_order_is_told():
    def link(*events):
        found = summary(row(orders, cart(STARTED, kept(), *events)))["link"]
        return found and (found["link_id"], found["status"])

    assert link() is None
    assert link(linked()) == ("1", "issued")
    assert link(linked(), opened()) == ("1", "opened")
    assert link(linked(), opened(), revoked()) == ("1", "revoked")
    assert link(linked(), linked("2"), revoked("1")) == ("2", "issued")


def test_where_an_order_came_from_is_told_and_makes_none_that_nobody_typed_into():
    said = CartUpdated(order_id=ORDER, changes=CartChanges(attribution=Attribution(affiliate="radio", dnis="8005550100")), campaign_version=1)
    assert summary(row(orders, cart(STARTED, said)))["attribution"] == {"affiliate": "radio", "dnis": "8005550100"}
    assert row(orders, cart(STARTED, said))["listed_at"] is None
    body = ordered().order.model_copy(update={"attribution": Attribution(voice_log="77")})
    assert summary(row(orders, cart(STARTED, said, kept(order=body))))["attribution"] == {"voice_log": "77"}


def test_the_total_follows_what_is_changed_after_a_decline():
    cheaper = CHOSEN.model_copy(update={"quote": CHOSEN.quote.model_copy(update={"total": 100})})
    assert summary(row(orders, cart(STARTED, TYPED, sent(), reopened(), cheaper), payment(declined())))["total"] == 100


def test_an_order_whose_own_stream_comes_last_is_listed_by_what_is_known():
    found = row(orders, qa(APPROVED))
    assert (summary(found)["status"], found["customer_id"]) == ("Complete", None)
    assert summary(found)["customer"] is None


def test_no_event_of_another_kind_of_stream_touches_an_order():
    reserved = stream(f"customerid-{CUSTOMER}", (0, STARTED))
    assert folded(orders, reserved) == {}


HISTORIES = [
    [
        cart(STARTED, TYPED, CHOSEN, sent(), CLOSED),
        payment(authorized(), CAPTURED, RETURNED, asked_back(), not_refunded(back=90), refunded(5600, 2, 5690)),
        qa(passed(), APPROVED),
        shipment(LET_GO, EXPORTED),
    ],
    [
        cart(STARTED, TYPED, CHOSEN, sent(), reopened(), sent(2), CLOSED),
        payment(UNKNOWN, answered("declined"), declined(), not_voided(), authorized(2), NOT_CAPTURED, STOPPED, PART_CAPTURED),
        qa(passed(), APPROVED),
        shipment(NOT_DELIVERED, EXPORTED),
    ],
    [cart(STARTED, kept(), linked(), opened(), resumed("customer"), revoked(), sent()), payment(authorized()), qa(APPROVED), shipment(EXPORTED)],
    [cart(STARTED, TYPED, sent(method="external")), payment(external()), qa(review(), decided(), UNDONE, DENIED), shipment(CANCELLED)],
]


@pytest.mark.parametrize("streams", HISTORIES)
def test_the_interleaving_of_the_topics_does_not_matter(streams):
    facts = [each for stream in streams for each in stream]
    expected = {view.name: digests(view, facts) for view in customers.views}
    for seed in range(100):
        shuffled = list(interleaved(streams, random.Random(seed)))  # noqa: S311 - an order of arrival, not a secret
        assert {view.name: digests(view, shuffled) for view in customers.views} == expected, seed


@pytest.mark.parametrize("streams", HISTORIES)
def test_what_comes_again_changes_nothing(streams):
    facts = [each for stream in streams for each in stream]
    for view in customers.views:
        for seen in range(len(facts)):
            assert digests(view, facts + facts[:seen]) == digests(view, facts)


def digests(view, facts):
    documents = folded(view, facts)
    return digest(documents[id] for id in sorted(documents))


def interleaved(streams, chance):
    """One of the orders in which consumers may see them: each stream in its own order."""
    waiting = [list(stream) for stream in streams]
    while left := [stream for stream in waiting if stream]:
        yield chance.choice(left).pop(0)
