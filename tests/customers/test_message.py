from datetime import timedelta

import pytest

from services.customers.message import (
    BACKOFF,
    CONSENT,
    LEASE,
    MOST_TRIES,
    START,
    Claim,
    Failed,
    Request,
    Resend,
    Retry,
    Sent,
    Stop,
    message,
    message_id,
)
from services.customers.messages import consents, messages, sending
from services.customers.policies import confirm_order, hand_over_consent, send_link, stop_confirmation, stop_link, tell_shipped
from shared.contracts.customers import CustomerErased, MessageClaimed, MessageFailed, MessageRequested, MessageSent
from shared.contracts.fulfillment import FulfillmentShipped, OrderCancelled, Parcel
from shared.contracts.order import CustomerAnswers, Particulars, Person
from shared.contracts.qa import OrderApproved
from tests.customers.facts import CUSTOMER, fact, folded, kept, linked, revoked, sent, stream
from tests.given import given
from tests.samples import NOON, ORDER, submitted

ID = message_id("draft-link", ORDER, "1")
WHICH = {"message_id": ID, "order_id": ORDER}
WANTED = MessageRequested(
    **WHICH, channel="email", template="draft-link", customer_id=CUSTOMER, about="1", campaign="restful", to="customer.a@example.com",
    due_at=NOON + START, campaign_name="Restful Nights", first_name="Customer", total=5690, currency="USD", expires_at=NOON + timedelta(hours=72),
)  # fmt: skip
CLAIMED = MessageClaimed(**WHICH, holder="a", until=NOON + LEASE, takeover=False)
DONE = MessageSent(**WHICH, channel="email", about="1", template="draft-link", by="smtp")


def failed(reason="The mail server cannot be reached.", retry=NOON + BACKOFF, over=False):
    return MessageFailed(**WHICH, channel="email", about="1", template="draft-link", reason=reason, retry_at=retry, over=over)


def failure(now=NOON, lease=NOON + LEASE, **said):
    return Failed("The mail server cannot be reached.", now, lease, **said)


def test_it_is_wanted_once_and_sent_once():
    given(message).when(Request(WANTED)).then(WANTED)
    given(message, WANTED).when(Request(WANTED)).then_nothing()
    given(message, WANTED, CLAIMED).when(Sent("smtp")).then(DONE)
    given(message, WANTED, CLAIMED, DONE).when(Sent("smtp")).then_nothing()
    given(message, WANTED, CLAIMED, DONE).when(Claim("b", NOON + LEASE)).then_nothing()


def test_nobody_else_takes_it_while_somebody_may_be_at_it_and_then_asks_first():
    given(message, WANTED).when(Claim("a", NOON)).then(CLAIMED)
    given(message, WANTED, CLAIMED).when(Claim("b", NOON + LEASE - timedelta(seconds=1))).then_nothing()
    (taken,) = given(message, WANTED, CLAIMED).when(Claim("b", NOON + LEASE)).then_types(MessageClaimed)
    assert taken.takeover


def test_what_fails_is_tried_again_later_and_later_and_not_for_ever():
    given(message, WANTED, CLAIMED).when(failure()).then(failed())
    once = given(message, WANTED, CLAIMED, failed())
    once.when(Claim("a", NOON + BACKOFF - timedelta(seconds=1))).then_nothing()
    once.when(Claim("a", NOON + BACKOFF)).then_types(MessageClaimed)
    given(message, WANTED, CLAIMED, failed(), CLAIMED).when(failure()).then(failed(retry=NOON + 2 * BACKOFF))
    often = [WANTED, *[CLAIMED, failed()] * (MOST_TRIES - 1), CLAIMED]
    given(message, *often).when(failure()).then(failed(retry=None))


def test_what_can_never_work_is_not_tried_again():
    given(message, WANTED, CLAIMED).when(failure(again=False)).then(failed(retry=None))
    given(message, WANTED, CLAIMED).when(failure(over=True)).then(failed(retry=None, over=True))
    given(message, WANTED, CLAIMED, failed(retry=None)).when(Claim("a", NOON + LEASE)).then_nothing()


def test_a_failure_that_comes_after_its_lease_counts_for_nothing():
    given(message, WANTED, CLAIMED, failed()).when(failure()).then_nothing()


def test_what_is_over_is_not_sent_unless_it_was_on_its_way():
    given(message).when(Stop("The link was revoked.")).then_nothing()
    over = failed("The link was revoked.", retry=None, over=True)
    given(message, WANTED).when(Stop("The link was revoked.")).then(over)
    given(message, WANTED, over).when(Claim("a", NOON)).then_nothing()
    given(message, WANTED, over).when(Stop("The link was revoked.")).then_nothing()
    given(message, WANTED, CLAIMED, DONE).when(Stop("The link was revoked.")).then_nothing()
    given(message, WANTED, CLAIMED, over).when(Sent("smtp")).then(DONE)
    given(message, WANTED, CLAIMED, over).when(failure()).then_nothing()


def test_somebody_may_try_it_again_at_once():
    again = WANTED.model_copy(update={"due_at": NOON + timedelta(hours=1) + START})
    later = Retry(NOON + timedelta(hours=1))
    given(message, WANTED, CLAIMED, failed(retry=None)).when(later).then(again)
    given(message, WANTED, CLAIMED, failed(retry=NOON + timedelta(days=1))).when(later).then(again)
    tried = given(message, WANTED, CLAIMED, failed(retry=None), again)
    tried.when(Claim("a", NOON)).then_types(MessageClaimed)
    assert tried.state.failures == 0


def test_nobody_tries_again_what_is_being_sent_was_sent_or_is_over():
    given(message, WANTED, CLAIMED).when(Retry(NOON)).then_nothing()
    given(message).when(Retry(NOON)).then_refused("unknown-message")
    given(message, WANTED, CLAIMED, DONE).when(Retry(NOON)).then_refused("sent")
    given(message, WANTED, failed(retry=None, over=True)).when(Retry(NOON)).then_refused("over")


def test_somebody_may_want_it_once_more_and_then_it_goes_under_another_name():
    later = NOON + timedelta(hours=1)
    again = WANTED.model_copy(update={"due_at": later + START})
    done = given(message, WANTED, CLAIMED, DONE)
    done.when(Resend(later)).then(again)
    done.when(Resend(NOON + timedelta(hours=72))).then_refused("over")
    given(message, WANTED, CLAIMED).when(Resend(later)).then_refused("not-sent")
    given(message).when(Resend(later)).then_refused("unknown-message")
    once_more = given(message, WANTED, CLAIMED, DONE, again)
    (claimed,) = once_more.when(Claim("b", later)).then_types(MessageClaimed)
    assert (claimed.takeover, done.state.reference(ID), given(message, WANTED).state.reference(ID)) == (False, f"{ID}-2", ID)
    once_more.when(Sent("smtp")).then(DONE)
    consent = WANTED.model_copy(update={"template": CONSENT})
    given(message, consent, CLAIMED, DONE).when(Resend(later)).then_refused("once")


def test_somebody_may_stop_what_waits():
    stop = Stop("Stopped by supervisor1.", by_hand=True)
    over = failed("Stopped by supervisor1.", retry=None, over=True)
    given(message, WANTED, CLAIMED, failed()).when(stop).then(over)
    given(message, WANTED, CLAIMED, DONE).when(stop).then_refused("not-waiting")
    given(message).when(stop).then_refused("not-waiting")


def reacted(policy, event, stream=f"order-{ORDER}"):
    return list(policy.react(fact(event, stream, 3)))


def approved(letters=("order-confirmation", "shipped"), email="customer.a@example.com", **changed):
    order = submitted(letters=letters, campaign_version=4)
    person = Person(first_name="Customer", last_name="A", email=email)
    body = order.order.model_copy(update={"customer_id": CUSTOMER, "campaign_name": "Restful Nights", "customer": person})
    order = order.model_copy(update={"order": body})
    said = {"attempt": 1, "by": "automatic", "lines": (), "currency": "USD", "total": 5690}
    return OrderApproved(**{**said, "order_id": ORDER, "submitted": order, **changed})


def sent_off(tracking="1Z 999", letters=("shipped",), **said):
    known = {"plugin": "csv", "export_id": f"{ORDER}-csv", "at": NOON, "submitted": approved(letters).submitted}
    return FulfillmentShipped(**{"order_id": ORDER, **known, **said}, parcel=Parcel(carrier="UPS", tracking=tracking))


def test_an_approval_is_told_once_in_the_words_of_its_campaign_version():
    ((id, request),) = reacted(confirm_order, approved(), f"review-{ORDER}")
    wanted = request.wanted
    assert (wanted.template, wanted.to, wanted.customer_id, wanted.campaign_version) == ("order-confirmation", "customer.a@example.com", CUSTOMER, 4)
    assert wanted.about == f"review-{ORDER}@3"
    assert [each for each, _ in reacted(confirm_order, approved(attempt=2, by="qa1"), f"review-{ORDER}")] == [id]
    assert reacted(stop_confirmation, OrderCancelled(order_id=ORDER, reason="x", by="y")) == [(id, Stop("The order was cancelled."))]


@pytest.mark.parametrize("said", [{"letters": ()}, {"letters": ("shipped",)}, {"email": ""}])
def test_what_the_campaign_does_not_send_or_nobody_can_get_is_not_asked_for(said):
    assert reacted(confirm_order, approved(**said)) == []


def test_a_parcel_is_told_once_however_its_number_is_written():
    ((id, request),) = reacted(tell_shipped, sent_off())
    assert (request.wanted.carrier, request.wanted.tracking, request.wanted.about) == ("UPS", "1Z 999", f"{ORDER}-csv")
    assert [each for each, _ in reacted(tell_shipped, sent_off("1z999", source="import"))] == [id]
    others = {each for event in (sent_off("2"), sent_off(plugin="web", export_id=f"{ORDER}-web")) for each, _ in reacted(tell_shipped, event)}
    assert len({id, *others}) == 3
    assert reacted(tell_shipped, sent_off(letters=("order-confirmation",))) == reacted(tell_shipped, sent_off(submitted=None)) == []


def test_who_wants_no_advertising_is_told_of_their_order_all_the_same():
    opted_out = sent().model_copy(update={"customer": CustomerAnswers(particulars=Particulars(do_not_sell=True))})
    assert reacted(hand_over_consent, opted_out) == []
    assert len(reacted(confirm_order, approved(), f"review-{ORDER}")) == 1


def test_a_link_is_sent_where_it_was_asked_for():
    assert reacted(send_link, linked()) == [(ID, Request(WANTED))]
    ((_, request),) = reacted(send_link, linked(channel="sms", to="+15125550100"))
    assert (request.wanted.channel, request.wanted.to) == ("sms", "+15125550100")
    assert reacted(send_link, linked(channel="copy")) == []


def test_the_message_of_a_link_that_ended_is_stopped():
    assert reacted(stop_link, revoked()) == [(ID, Stop("The link was revoked."))]
    assert reacted(stop_link, revoked(why="taken-over")) == [(ID, Stop("The order was taken over by an agent."))]


def test_a_consent_is_handed_over_with_the_number_of_then():
    agreed = {"customer": CustomerAnswers(particulars=Particulars(sms_consent=True))}
    ids = set()
    for event in (kept(**agreed), sent().model_copy(update=agreed)):
        ((id, request),) = reacted(hand_over_consent, event)
        assert (request.wanted.template, request.wanted.to, request.wanted.message_id) == (CONSENT, "+1 512 555 0142", id)
        ids.add(id)
    assert len(ids) == 2
    assert reacted(hand_over_consent, sent()) == []


def story(*events):
    return stream(f"message-{ID}", *enumerate(events))


def test_the_outbox_says_how_a_message_is_and_why():
    def row(*events):
        found = folded(messages, story(*events))[ID].data
        return found["status"], found["reason"], found["tries"]

    assert row(WANTED) == ("Waiting", "", 0)
    assert row(WANTED, CLAIMED, failed()) == ("Waiting", "The mail server cannot be reached.", 1)
    assert row(WANTED, CLAIMED, failed(retry=None)) == ("Failed", "The mail server cannot be reached.", 1)
    assert row(WANTED, CLAIMED, failed(retry=None), WANTED) == ("Waiting", "The mail server cannot be reached.", 1)
    assert row(WANTED, failed("The link was revoked.", retry=None, over=True)) == ("Stopped", "The link was revoked.", 0)
    assert row(WANTED, CLAIMED, DONE) == ("Sent", "", 1)
    twice = folded(messages, story(WANTED, CLAIMED, DONE, WANTED, CLAIMED, DONE))[ID].data
    assert (twice["status"], twice["sends"], twice["tries"]) == ("Sent", 2, 2)
    assert folded(messages, story(WANTED, CLAIMED))[ID].data["status_at"] == "Waiting 2026-03-01T12:00:00.000000+00:00"


def test_only_what_is_not_sent_is_due():
    def due(*events):
        document = folded(sending, story(*events))[ID]
        return document.data and document.data["due_at"][11:19]

    assert due(WANTED) == "12:00:05"
    assert due(WANTED, CLAIMED) == "12:02:00"
    assert due(WANTED, CLAIMED, failed()) == "12:00:30"
    assert due(WANTED, CLAIMED, failed(retry=None)) is None
    assert due(WANTED, CLAIMED, DONE) is None


def test_a_consent_is_known_by_a_hash_until_the_customer_is_erased():
    ((id, request),) = reacted(hand_over_consent, sent().model_copy(update={"customer": CustomerAnswers(particulars=Particulars(sms_consent=True))}))
    hashing = consents.apply

    def apply(row, event):
        return hashing(row, fact(event, f"message-{id}", 1), id, lambda text: f"hash of {text}")

    row = apply(None, request.wanted)
    at = "2026-03-01T12:00:00.000000+00:00"
    assert row == {"whose": f"hash of consent/{CUSTOMER}/5125550142", "handed": "no", "message": id, "at": at}
    assert apply(row, request.wanted.model_copy(update={"due_at": NOON + timedelta(hours=1)})) == row
    assert apply(row, MessageSent(message_id=id, order_id=ORDER, channel="sms", about=CONSENT, by="plugin"))["handed"] == "yes"
    erased = CustomerErased(customer_id=CUSTOMER, order_ids=(ORDER,))
    assert id in consents.keys(fact(erased, f"customer-{CUSTOMER}", 2))
    assert apply(row, erased) is None
    assert consents.keys(fact(WANTED, f"message-{ID}", 1)) == ()
