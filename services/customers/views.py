"""Orders and customers, as every service's events tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.customers.status import INDEXES, followed, indexed
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
from shared.contracts.catalog import CampaignPublished
from shared.contracts.fulfillment import (
    FulfillmentCancelled,
    FulfillmentDelivered,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    FulfillmentReturned,
    FulfillmentShipped,
    OrderCancelled,
)
from shared.contracts.order import Attribution, OrderBody, Person
from shared.contracts.payments import (
    AnswerContradicted,
    Instrument,
    OrderDeclined,
    OutcomeRecorded,
    PartAnswered,
    PartCaptured,
    PartRefunded,
    PartRenewed,
    PartVoided,
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
from shared.contracts.qa import OrderApproved, OrderDenied, QualityReviewRequested, ReviewClosed, ReviewDecided, ReviewPassed, ReviewUndone
from shared.kernel.codec import stamp
from shared.kernel.events import Event, Fact
from shared.kernel.views import Row, view


def _order_key(event: Event, fact: Fact) -> Sequence[str]:
    kind, _, order_id = fact.stream.partition("-")
    return (order_id,) if kind in _SAID else ()


def _order(row: Row | None, fact: Fact) -> Row:
    kind, parts = fact.stream.partition("-")[0], row["parts"] if row else {}
    parts = {**parts, kind: followed(parts.get(kind), said(fact), stamp(fact.time))}
    return {**indexed(parts), "parts": parts}


def said(fact: Fact) -> Row:
    """What an event tells of its order, whatever was told before: a stream's own part of the row is made of these alone."""
    kind = fact.stream.partition("-")[0]
    return _SAID[kind](fact) if kind in _SAID else {}


def _rung_up(fact: Fact) -> Row:
    event = fact.event
    match event:
        case CartUpdated():
            changed = _typed(event.changes)
            return changed | {"total": event.quote.total, "currency": event.quote.currency} if event.quote else changed
        case OrderSubmitted(submitted=submitted):
            paid = {"attempt": event.attempt, "method": submitted.method, "total": submitted.amount, "currency": submitted.currency}
            return {**_body(submitted.order), **paid, "stage": "submitted", "agent": submitted.placed_by}
        case PartialCreated():
            partial = {**event.model_dump(mode="json", include={"disposition", "note", "source", "made_by"}), "at": stamp(event.created_at)}
            return {**_body(event.order), "stage": "partial", "partial": partial, "kept_by": event.made_by}
        case OrderReopened(why="completing"):
            return {"stage": "open", "of": event.of, **({"agent": event.call.agent} if event.call else {})}
        case DraftLinkIssued() | DraftLinkOpened() | DraftLinkRevoked():
            return _linked(event)
        case OrderClosed():
            return {"closed": event.why}
    return {}


def _body(order: OrderBody) -> Row:
    return {
        "touched": True,
        "campaign": order.campaign,
        "campaign_name": order.campaign_name,
        "customer_id": order.customer_id,
        "customer": _called(order.customer),
        "total": order.quote.total,
        "currency": order.quote.currency,
        "attribution": _sources(order.attribution),
    }


def _linked(event: DraftLinkIssued | DraftLinkOpened | DraftLinkRevoked) -> Row:
    """The newest link; what becomes of older ones, cart knows."""
    if isinstance(event, DraftLinkIssued):
        return {"link": {**event.model_dump(mode="json", include={"link_id", "channel", "price_lock"}), "expires_at": stamp(event.expires_at)}}
    return {"link_status": {event.link_id: "opened" if isinstance(event, DraftLinkOpened) else "revoked"}}


def _typed(changes: CartChanges) -> Row:
    changed: Row = {}
    if _touched(changes):
        changed["touched"] = True
    if changes.campaign is not None:
        changed["campaign"] = changes.campaign
    if changes.call:
        changed["agent"] = changes.call.agent
    if changes.customer:
        changed["customer"] = _called(changes.customer)
    if changes.customer_id is not None:
        changed["customer_id"] = changes.customer_id
    if changes.reorder_of:
        changed["reorder_of"] = changes.reorder_of
    if changes.attribution:
        changed["attribution"] = _sources(changes.attribution)
    return changed


def _touched(changes: CartChanges) -> bool:
    """Not by what the phone system says before anybody has answered."""
    typed = (
        changes.customer, changes.billing, changes.shipping, changes.shipping_same, changes.lines, changes.notes, changes.coupons,
        changes.profile, changes.fields, changes.terms_agreed, changes.particulars, changes.trial_override, changes.force_qa,
    )  # fmt: skip
    return any(section is not None for section in typed)


def _called(person: Person) -> Row:
    return {"first_name": person.first_name, "last_name": person.last_name, "phone": person.phone}


def _sources(attribution: Attribution) -> Row:
    return attribution.model_dump(mode="json", exclude_defaults=True)


def _paid(fact: Fact) -> Row:
    event = fact.event
    match event:
        case PaymentOutcomeUnknown():
            return {"unknown": {event.reference: True}}
        case PartCaptured() | PartVoided() | PartRenewed() | PartRefunded() if event.ask_again_at:
            return {"unknown": {event.reference: True}}
        case PartAnswered() | PartCaptured() | PartVoided() | PartRenewed() | PartRefunded():
            answered: Row = {"unknown": {event.reference: False}}
            return answered | {"charged": True} if isinstance(event, PartCaptured) and event.answer == "approved" else answered
        case PaymentAuthorized():
            return {"instrument": _instrument(event.instrument)}
        case OrderDeclined():
            said = {name: getattr(event, name) for name in ("attempt", "reason", "say", "retry", "try_next")}
            return {"instrument": _instrument(event.instrument), "decline": {**said, "at": stamp(fact.time)}}
        case PaymentCaptureFailed() | PaymentVoidFailed():
            return _trouble(event.attempt, "void-failed" if isinstance(event, PaymentVoidFailed) else "capture-failed")
        case PaymentCaptured():
            return _trouble(event.attempt, "") | {"captured": {str(event.attempt): event.amount}}
        case PaymentVoided():
            return _trouble(event.attempt, "")
        case PaymentRefunded() | PaymentRefundFailed() | PaymentReturned():
            return _given_back(event)
        case AnswerContradicted():
            return {"contradicted": {event.reference: True}}
        case OutcomeRecorded():
            return {"contradicted": {event.reference: False}, "recorded": {event.reference: True}}
        case PaymentStopped():
            return {"stopped": True}
    return {}


def _trouble(of: int | str, mark: str) -> Row:
    """By attempt, or refund: what one of them gives back says nothing of the others."""
    return {"trouble": {str(of): mark}}


def _given_back(event: PaymentRefunded | PaymentRefundFailed | PaymentReturned) -> Row:
    if isinstance(event, PaymentReturned):
        return {"returned": {event.reference: event.amount}}
    number, refund = str(event.number), f"refund {event.number}"
    if isinstance(event, PaymentRefundFailed):
        return {**_trouble(refund, "refund-failed"), "refunded": {number: event.refunded}}
    return {**_trouble(refund, ""), "refunded": {number: event.amount}, "taken": event.captured}


def _instrument(instrument: Instrument) -> Row | None:
    return {"brand": instrument.brand, "last4": instrument.last4} if instrument.last4 else None


def _reviewed(fact: Fact) -> Row:
    event = fact.event
    match event:
        case QualityReviewRequested() | ReviewUndone():
            return {"waiting": True}
        case ReviewDecided() | ReviewPassed() | ReviewClosed():
            return {"waiting": False}
        case OrderApproved():
            return {"waiting": False, "approved_by": event.by}
        case OrderDenied():
            return {"waiting": False, "denied": {"reason": event.reason, "by": event.reviewer}}
    return {}


def _shipped(fact: Fact) -> Row:
    event = fact.event
    match event:
        case FulfillmentRecordCreated():
            return {"made": {event.plugin: True}}
        case FulfillmentFailed():
            return {"delivery_failed": {event.plugin: event.reason}}
        case FulfillmentExported():
            return {"exported": {event.plugin: True}, "exported_at": stamp(fact.time), "delivery_failed": {event.plugin: ""}}
        case FulfillmentShipped():
            return {"shipped": {event.plugin: True}}
        case FulfillmentDelivered():
            return {"arrived": {event.plugin: True}}
        case FulfillmentReturned():
            return {"came_back": {event.plugin: True}}
        case FulfillmentCancelled() if event.plugin:
            return {"recalled": {event.plugin: True}, "delivery_failed": {event.plugin: ""}}
        case FulfillmentHeld():
            return {"let_go": False}
        case FulfillmentReleased(by_hand=True):
            return {"let_go": True}
        case OrderCancelled():
            return {"cancelled": {"reason": event.reason, "by": event.by}}
    return {}


_SAID: dict[str, Callable[[Fact], Row]] = {"order": _rung_up, "payment": _paid, "review": _reviewed, "shipment": _shipped}
"""What a fact of each of an order's streams tells."""

KINDS = tuple(_SAID)
"""The kinds of streams that an order has."""

orders = view("orders", 6, _order_key, _order, INDEXES)
"""One row an order. What ends in ``_at`` is created, after what it is named for, and None while nothing was typed: status.indexed."""


def _campaign_key(event: CampaignPublished) -> str:
    return event.campaign_id


def _campaign(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    return {"name": event.campaign.name}


campaigns = view("campaigns", 1, _campaign_key, _campaign)
"""Names of campaigns, for orders that are not submitted yet."""
