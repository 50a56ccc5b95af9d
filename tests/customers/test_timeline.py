from datetime import timedelta
from typing import get_args

from services.customers import sentences
from services.customers.sentences import SENTENCES, say
from services.customers.timeline import timeline, told, until
from shared.contracts.cart import Disposition, OverrideRefused, OverrideRequested
from shared.contracts.customers import CustomerErased, CustomerUpdated, MessageFailed, MessageSent
from shared.contracts.order import Address
from shared.contracts.payments import PartAnswered
from shared.contracts.qa import OrderApproved, ReviewClosed
from shared.contracts.registry import EVENTS
from tests.customers.facts import (
    APPROVED,
    CANCELLED,
    CHOSEN,
    CUSTOMER,
    DENIED,
    PERSON,
    STARTED,
    TYPED,
    authorized,
    decided,
    declined,
    external,
    fact,
    folded,
    kept,
    linked,
    passed,
    resumed,
    revoked,
    sent,
    stream,
)
from tests.samples import NOON, ORDER

PROFILE = CustomerUpdated(customer_id=CUSTOMER, order_id=ORDER, as_of=NOON, person=PERSON, billing=Address(), shipping=Address())


def story(*streams):
    """The rows in the order of their places."""
    documents = folded(timeline, [each for stream in streams for each in stream])
    rows = [{**document.data, "id": document.id} for document in documents.values()]
    return [{**row, **told(row)} for row in sorted(rows, key=lambda row: row["place"])]


def test_one_row_an_event_from_every_service_by_time():
    rows = story(
        stream(f"review-{ORDER}", (3, passed()), (4, APPROVED)),
        stream(f"customer-{CUSTOMER}", (2, PROFILE)),
        stream(f"order-{ORDER}", (0, STARTED), (0, TYPED), (1, sent())),
        stream(f"payment-{ORDER}", (2, authorized())),
    )
    assert [(row["service"], row["version"], row["order_id"]) for row in rows] == [
        ("cart", 1, ORDER),
        ("cart", 2, ORDER),
        ("cart", 3, ORDER),
        ("customers", 1, ORDER),
        ("payments", 1, ORDER),
        ("qa", 1, ORDER),
        ("qa", 2, ORDER),
    ]


def test_events_of_one_append_stand_in_their_order_also_beyond_nine():
    rows = story(stream(f"order-{ORDER}", *[(0, STARTED)] * 12))
    assert [row["version"] for row in rows] == list(range(1, 13))


def test_the_story_as_of_a_moment_ends_with_that_moment():
    rows = story(stream(f"order-{ORDER}", (0, STARTED), (5, TYPED), (6, sent())))
    then, always = until(ORDER, NOON + timedelta(minutes=5)), until(ORDER, None)
    assert [row["version"] for row in rows if then.low <= row["place"] <= then.high] == [1, 2]
    assert all(always.low <= row["place"] <= always.high for row in rows)


def test_another_order_whose_id_begins_alike_is_another_story():
    (row,) = story(stream(f"order-{ORDER}", (0, STARTED)))
    other = until(ORDER[:-1], None)
    assert not other.low <= row["place"] <= other.high


def test_a_review_that_closes_before_it_opened_is_in_the_story_of_its_order():
    (row,) = story(stream(f"review-{ORDER}", (0, ReviewClosed(order_id="", why="cancelled"))))
    assert row["order_id"] == ORDER


def test_an_erasure_is_in_the_story_of_each_order():
    erased = CustomerErased(customer_id=CUSTOMER, order_ids=(ORDER, "7K2M9QX4TC"))
    documents = folded(timeline, [fact(erased, f"customer-{CUSTOMER}", 2)])
    assert {document.data["place"].split(" ")[0] for document in documents.values()} == {ORDER, "7K2M9QX4TC"}


def test_what_is_no_order_s_is_in_no_story():
    account = EVENTS["ringup.payments.GatewayConfigured"](name="simulator", kind="simulator", capabilities=(), on=True)
    assert folded(timeline, [fact(account, "gateway-simulator", 1)]) == {}


def test_sentences_say_it_in_words():
    assert say(declined()) == "Card declined: insufficient funds"
    assert say(APPROVED) == "Approved automatically"
    assert say(APPROVED.model_copy(update={"by": "agent:qa1"})) == "Approved by qa1"
    assert say(APPROVED.model_copy(update={"by": "skip_qa"})) == "Approved without review: prepaid orders skip it"
    assert say(DENIED) == "Denied by qa1"
    assert say(decided()) == "Approved by qa1"
    assert say(STARTED) == "Started by agent1, inbound call"
    assert say(TYPED) == "Changed: customer, billing address"
    assert say(CHOSEN) == "Changed: products"
    assert say(sent(2)) == "Submitted by agent1, to be charged (attempt 2)"
    assert say(external()) == "Paid elsewhere: nobody was charged"


def test_what_becomes_of_a_partial_and_its_link_is_told():
    which = {"message_id": "m1", "order_id": ORDER, "channel": "email", "about": "1"}
    assert say(kept()) == "No sale by agent1: wants to think about it"
    assert say(kept(disposition="", source="lander")) == "Left unfinished on the landing page"
    assert say(resumed()) == "Taken up again by agent2"
    assert say(resumed("customer")) == "The customer went on with it"
    assert say(linked()) == "Link for the customer made by agent1, to be sent by e-mail"
    assert say(revoked(why="taken-over")) == "The link ended: an agent took the order over"
    assert say(MessageSent(**which, by="smtp")) == "The link was sent by e-mail"
    assert say(MessageSent(**which, by="outbox")) == "The link was put into the outbox: no mail server is set"
    assert say(MessageFailed(**which, reason="The link was revoked.")) == "The link was not sent by e-mail: the link was revoked"
    assert say(MessageSent(**{**which, "channel": "sms", "about": "consent"}, by="acme")) == "The consent to SMS was handed over to acme"


def test_another_price_is_told_with_what_was_asked_by_whom_and_why():
    asked = OverrideRequested(
        order_id=ORDER, line=1, product="1", name="Cloud pillow", quantity=2, price=2995, shipping_price=0, list_price=4995, list_shipping_price=695,
        limit="", currency="USD", reason="Torn seam", by="agent:agent1",
    )  # fmt: skip
    refused = OverrideRefused(order_id=ORDER, line=1, product="1", supervisor="agent:supervisor1", reason="Too low")
    assert [row["text"] for row in story(stream(f"order-{ORDER}", (0, asked), (1, refused)))] == [
        "agent1 asks for a price of 29.95 instead of 49.95 and a shipping price of 0.00 instead of 6.95 for Cloud pillow: Torn seam",
        "The price was refused by supervisor1: Too low",
    ]


def test_every_disposition_has_words():
    assert set(get_args(Disposition)) == set(sentences._DISPOSITIONS)


def test_a_reason_stands_behind_its_sentence():
    rows = story(stream(f"review-{ORDER}", (0, decided()), (0, DENIED)), stream(f"shipment-{ORDER}", (1, CANCELLED)))
    assert [row["text"] for row in rows] == ["Approved by qa1", "Denied by qa1: not agreed", "Cancelled by agent1: changed their mind"]


def test_every_event_of_an_order_has_a_sentence_of_its_own():
    assert {event for event in EVENTS.values() if {"order_id", "order_ids"} & event.model_fields.keys()} == set(SENTENCES)


def test_nothing_personal_is_said():
    for event in (TYPED, sent(), authorized(), external(), PROFILE):
        (row,) = story([fact(event, f"order-{ORDER}", 1)])
        for personal in ("Customer A", "512", "Austin"):
            assert personal not in str(row)


def test_an_event_without_a_sentence_of_its_own_is_told_by_its_name():
    class OrderApprovedTwice(OrderApproved):
        pass

    assert say(OrderApprovedTwice(**dict(APPROVED))) == "Order approved twice"


def test_what_a_person_recorded_is_not_told_as_the_gateways_words():
    answered = PartAnswered(order_id=ORDER, attempt=1, part=1, reference=f"{ORDER}-1-1", answer="never-heard", reason="not-charged")
    assert say(answered, "service:payments").startswith("The gateway answered")
    assert say(answered, "agent:supervisor1") == "It counts as not done from now on"
    assert say(answered.model_copy(update={"answer": "approved"}), "agent:supervisor1") == "It counts as done from now on"
