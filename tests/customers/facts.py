"""Streams of one order as each service writes them, and a view folded from facts in any interleaving."""

from datetime import timedelta

from shared.contracts.cart import (
    CartChanges,
    CartUpdated,
    DraftLinkIssued,
    DraftLinkOpened,
    DraftLinkRevoked,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    PartialCreated,
)
from shared.contracts.fulfillment import (
    FulfillmentCancelled,
    FulfillmentDelivered,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    FulfillmentReturned,
    FulfillmentShipped,
    OrderCancelled,
)
from shared.contracts.order import Address, Call, Line, Person, Quote
from shared.contracts.payments import (
    AnswerContradicted,
    ExternalPaymentPending,
    Instrument,
    OrderDeclined,
    OutcomeRecorded,
    PartAnswered,
    PartCaptured,
    PartRefunded,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentOutcomeUnknown,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentReturned,
    PaymentStopped,
    PaymentVoided,
    PaymentVoidFailed,
)
from shared.contracts.qa import OrderApproved, OrderDenied, QualityReviewRequested, ReviewDecided, ReviewPassed, ReviewUndone
from shared.kernel.events import Fact
from shared.kernel.views import Document, advance
from tests.samples import NOON, ORDER, submitted

CUSTOMER = "4000000001"
PERSON = Person(first_name="Customer", last_name="A", phone="+1 512 555 0142")


def fact(event, stream, version, minute=0, actor="agent:agent1"):
    return Fact(event, stream, version, NOON + timedelta(minutes=minute), actor, ORDER, "", part=event.TOPIC)


def stream(name, *timed):
    """``timed`` are pairs of minute and event."""
    return [fact(event, name, version, minute) for version, (minute, event) in enumerate(timed, 1)]


def ordered(method="card", attempt=1):
    order = submitted(method, attempt=attempt)
    body = order.order.model_copy(update={"customer_id": CUSTOMER, "customer": PERSON, "campaign_name": "Restful Nights (phone)"})
    return order.model_copy(update={"order": body})


STARTED = CartUpdated(
    order_id=ORDER,
    changes=CartChanges(campaign="restful", call=Call(agent="agent:agent1", started_at=NOON)),
    quote=Quote(currency="USD"),
    campaign_version=1,
)
TYPED = CartUpdated(order_id=ORDER, changes=CartChanges(customer=PERSON, billing=Address(city="Austin")), campaign_version=1)
CHOSEN = CartUpdated(
    order_id=ORDER,
    changes=CartChanges(lines=(Line(line=1, product="1", quantity=1),)),
    quote=Quote(currency="USD", total=5690),
    campaign_version=1,
)
APPROVED = OrderApproved(order_id=ORDER, attempt=1, by="automatic", lines=(), currency="USD", total=5690, submitted=ordered())
DENIED = OrderDenied(order_id=ORDER, attempt=1, reason="not agreed", reviewer="agent:qa1")
CANCELLED = OrderCancelled(order_id=ORDER, reason="changed their mind", by="agent:agent1")
EXPORTED = FulfillmentExported(order_id=ORDER, plugin="csv", export_id=f"{ORDER}-csv")
MADE = FulfillmentRecordCreated(order_id=ORDER, plugin="csv", submitted=submitted())
SHIPPED = FulfillmentShipped(order_id=ORDER, plugin="csv", export_id=f"{ORDER}-csv", at=NOON)
ARRIVED = FulfillmentDelivered(order_id=ORDER, plugin="csv", export_id=f"{ORDER}-csv", at=NOON)
CAME_BACK = FulfillmentReturned(order_id=ORDER, plugin="csv", export_id=f"{ORDER}-csv", at=NOON)
RECALLED = FulfillmentCancelled(order_id=ORDER, why="stopped", plugin="csv", export_id=f"{ORDER}-csv")
NOT_DELIVERED = FulfillmentFailed(order_id=ORDER, plugin="csv", export_id=f"{ORDER}-csv", reason="disk full", retry_at=NOON)
UNKNOWN = PaymentOutcomeUnknown(order_id=ORDER, attempt=1, part=1, reference=f"{ORDER}-1-1", ask_again_at=NOON)
NOT_CAPTURED = PaymentCaptureFailed(order_id=ORDER, attempt=1, reason="declined")
CAPTURED = PaymentCaptured(order_id=ORDER, attempt=1, amount=5690, references=())
RETURNED = PaymentReturned(order_id=ORDER, attempt=1, part=1, reference=f"{ORDER}-1-1-capture", code="R01", reason="insufficient-funds", amount=5690)
RECORDED = OutcomeRecorded(
    order_id=ORDER, attempt=1, reference=f"{ORDER}-1-1-capture", outcome="not-charged", evidence="Their list of the day.", by="agent:supervisor1"
)
LET_GO = FulfillmentReleased(order_id=ORDER, by="agent:supervisor1", by_hand=True, reason="paid by wire")
STOPPED = PaymentStopped(order_id=ORDER, why="cancelled")
PART_CAPTURED = PartCaptured(order_id=ORDER, attempt=1, part=1, reference=f"{ORDER}-1-1-capture", answer="approved")
UNDONE = ReviewUndone(order_id=ORDER, reviewer="agent:qa1")
CLOSED = OrderClosed(order_id=ORDER, why="approved")
VISA, MASTERCARD = Instrument(brand="visa", last4="4242"), Instrument(brand="mastercard", last4="4444")


def kept(minute=0, **changed):
    """No Sale."""
    said = {"disposition": "thinking", "source": "phone", "made_by": "agent:agent1", "created_at": NOON + timedelta(minutes=minute)}
    return PartialCreated(**{**said, "order_id": ORDER, "campaign_version": 1, "order": ordered().order, **changed})


def resumed(of="agent", agent="agent:agent2"):
    call = Call(agent=agent, started_at=NOON) if of == "agent" else None
    return OrderReopened(order_id=ORDER, why="completing", of=of, call=call)


def linked(link_id="1", channel="email", **changed):
    said = {"token_hash": "hash", "expires_at": NOON + timedelta(hours=72), "price_lock": False, "to": "customer.a@example.com"}
    said |= {"campaign": "restful", "campaign_name": "Restful Nights", "customer_id": CUSTOMER, "first_name": "Customer", "issued_by": "agent:agent1"}
    return DraftLinkIssued(**{**said, "order_id": ORDER, "link_id": link_id, "channel": channel, "total": 5690, "currency": "USD", **changed})


def opened(link_id="1"):
    return DraftLinkOpened(order_id=ORDER, link_id=link_id, at=NOON)


def revoked(link_id="1", why="revoked"):
    return DraftLinkRevoked(order_id=ORDER, link_id=link_id, why=why)


def sent(attempt=1, method="card"):
    return OrderSubmitted(order_id=ORDER, attempt=attempt, payment="tok_1", parts=(), submitted=ordered(method, attempt))


def declined(attempt=1):
    said = {"say": "Another card?", "retry": True, "try_next": "another card"}
    return OrderDeclined(order_id=ORDER, attempt=attempt, reason="insufficient-funds", amount=5690, instrument=MASTERCARD, **said)


def reopened(attempt=1):
    return OrderReopened(order_id=ORDER, why="declined", attempt=attempt, reason="insufficient-funds", say="", retry=True, try_next="")


def authorized(attempt=1):
    return PaymentAuthorized(order_id=ORDER, attempt=attempt, parts=(), instrument=VISA, submitted=ordered(attempt=attempt))


def answered(answer="approved"):
    return PartAnswered(order_id=ORDER, attempt=1, part=1, reference=f"{ORDER}-1-1", answer=answer)


def voided(attempt=1):
    return PaymentVoided(order_id=ORDER, attempt=attempt, amount=5690)


def not_voided(attempt=1):
    return PaymentVoidFailed(order_id=ORDER, attempt=attempt, reason="declined")


def contradicted():
    return AnswerContradicted(order_id=ORDER, attempt=1, reference=f"{ORDER}-1-1-capture", answer="declined")


def asked_back(again=True):
    later = NOON if again else None
    answer = "unknown" if again else "approved"
    return PartRefunded(order_id=ORDER, number=1, reference=f"{ORDER}-refund-1-1-1", answer=answer, ask_again_at=later)


def refunded(amount=5690, number=1, so_far=None):
    figures = {"amount": amount, "refunded": amount if so_far is None else so_far, "captured": 5690}
    return PaymentRefunded(order_id=ORDER, number=number, references=(), by="agent:supervisor1", **figures)


def not_refunded(number=1, back=0):
    return PaymentRefundFailed(order_id=ORDER, number=number, amount=5690, reason="declined", refunded=back)


def external():
    return ExternalPaymentPending(order_id=ORDER, attempt=1, amount=5690, submitted=ordered("external"))


def review():
    return QualityReviewRequested(order_id=ORDER, why="external", submitted=ordered("external"))


def decided(verdict="approve"):
    return ReviewDecided(order_id=ORDER, verdict=verdict, reviewer="agent:qa1", effective=NOON)


def passed():
    return ReviewPassed(order_id=ORDER, attempt=1, by="automatic", submitted=ordered())


def folded(view, facts):
    """The view's documents by id."""
    documents = {}
    for each in facts:
        if view.handles(type(each.event)):
            for id in view.keys(each):
                documents[id] = advance(view, documents.get(id) or Document(id, None), each)
    return documents


def row(view, *streams, id=ORDER):
    document = folded(view, [each for stream in streams for each in stream])[id]
    return {**document.data, "id": id}
