"""Orders and customers, as every service's events tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.customers.status import indexed
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
from shared.contracts.fulfillment import FulfillmentExported, FulfillmentFailed, FulfillmentHeld, FulfillmentReleased, OrderCancelled
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
    return (order_id,) if kind in _CHANGED else ()


def _order(row: Row | None, fact: Fact) -> Row:
    kind, at = fact.stream.partition("-")[0], stamp(fact.time)
    parts = row["parts"] if row else {}
    part = parts.get(kind) or {"created_at": at}
    changed = _CHANGED[kind](part, fact)
    parts = {**parts, kind: {**part, **changed, **_before(part, changed), "updated_at": at}}
    return {**indexed(parts), "parts": parts}


def _before(part: Row, changed: Row) -> Row:
    """The customers that it belonged to before, in ``before``."""
    was = part.get("customer_id")
    if not was or changed.get("customer_id", was) == was:
        return {}
    return {"before": sorted({*part.get("before", ()), was})}


def _rung_up(part: Row, fact: Fact) -> Row:
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
            return {**_body(event.order), "stage": "partial", "partial": partial, **({} if part.get("agent") else {"agent": event.made_by})}
        case OrderReopened(why="completing"):
            return {"stage": "open", "of": event.of, **({"agent": event.call.agent} if event.call else {})}
        case DraftLinkIssued() | DraftLinkOpened() | DraftLinkRevoked():
            return _linked(part, event)
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
        "attribution": _said(order.attribution),
    }


def _linked(part: Row, event: DraftLinkIssued | DraftLinkOpened | DraftLinkRevoked) -> Row:
    """The newest link; what becomes of older ones, cart knows."""
    if isinstance(event, DraftLinkIssued):
        issued = event.model_dump(mode="json", include={"link_id", "channel", "price_lock"})
        return {"link": {**issued, "status": "issued", "expires_at": stamp(event.expires_at)}}
    link = part.get("link")
    if not link or link["link_id"] != event.link_id:
        return {}
    return {"link": {**link, "status": "opened" if isinstance(event, DraftLinkOpened) else "revoked"}}


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
    if changes.attribution:
        changed["attribution"] = _said(changes.attribution)
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


def _said(attribution: Attribution) -> Row:
    return attribution.model_dump(mode="json", exclude_defaults=True)


def _paid(part: Row, fact: Fact) -> Row:
    event = fact.event
    match event:
        case PaymentOutcomeUnknown():
            return {"unknown": sorted({*part.get("unknown", ()), event.reference})}
        case PartCaptured() | PartVoided() | PartRenewed() | PartRefunded() if event.ask_again_at:
            return {"unknown": sorted({*part.get("unknown", ()), event.reference})}
        case PartAnswered() | PartCaptured() | PartVoided() | PartRenewed() | PartRefunded():
            answered = {"unknown": [reference for reference in part.get("unknown", ()) if reference != event.reference]}
            return answered | {"charged": True} if isinstance(event, PartCaptured) and event.answer == "approved" else answered
        case PaymentAuthorized():
            return {"instrument": _instrument(event.instrument)}
        case OrderDeclined():
            said = {name: getattr(event, name) for name in ("attempt", "reason", "say", "retry", "try_next")}
            return {"instrument": _instrument(event.instrument), "decline": {**said, "at": stamp(fact.time)}}
        case PaymentCaptureFailed() | PaymentVoidFailed():
            return _trouble(part, event.attempt, "void-failed" if isinstance(event, PaymentVoidFailed) else "capture-failed")
        case PaymentCaptured():
            return _trouble(part, event.attempt, "") | {"captured": {**part.get("captured", {}), str(event.attempt): event.amount}}
        case PaymentVoided():
            return _trouble(part, event.attempt, "")
        case PaymentRefunded() | PaymentRefundFailed() | PaymentReturned():
            return _given_back(part, event)
        case AnswerContradicted():
            return {"contradicted": sorted({*part.get("contradicted", ()), event.reference})}
        case OutcomeRecorded():
            left = [reference for reference in part.get("contradicted", ()) if reference != event.reference]
            return {"contradicted": left, "recorded": sorted({*part.get("recorded", ()), event.reference})}
        case PaymentStopped():
            return {"stopped": True}
    return {}


def _trouble(part: Row, of: int | str, mark: str) -> Row:
    """By attempt, or refund: what one of them gives back says nothing of the others."""
    return {"trouble": {**part.get("trouble", {}), str(of): mark}}


def _given_back(part: Row, event: PaymentRefunded | PaymentRefundFailed | PaymentReturned) -> Row:
    if isinstance(event, PaymentReturned):
        return {"returned": {**part.get("returned", {}), event.reference: event.amount}}
    number, refund = str(event.number), f"refund {event.number}"
    if isinstance(event, PaymentRefundFailed):
        return {**_trouble(part, refund, "refund-failed"), "refunded": {**part.get("refunded", {}), number: event.refunded}}
    return {**_trouble(part, refund, ""), "refunded": {**part.get("refunded", {}), number: event.amount}, "taken": event.captured}


def _instrument(instrument: Instrument) -> Row | None:
    return {"brand": instrument.brand, "last4": instrument.last4} if instrument.last4 else None


def _reviewed(part: Row, fact: Fact) -> Row:
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


def _shipped(part: Row, fact: Fact) -> Row:
    event = fact.event
    match event:
        case FulfillmentFailed():
            return {"delivery_failed": event.reason}
        case FulfillmentExported():
            return {"exported_at": stamp(fact.time), "delivery_failed": ""}
        case FulfillmentHeld():
            return {"let_go": False}
        case FulfillmentReleased(by_hand=True):
            return {"let_go": True}
        case OrderCancelled():
            return {"cancelled": {"reason": event.reason, "by": event.by}}
    return {}


_CHANGED: dict[str, Callable[[Row, Fact], Row]] = {"order": _rung_up, "payment": _paid, "review": _reviewed, "shipment": _shipped}
"""How a fact of each of an order's streams changes that stream's own part of the row."""

KINDS = tuple(_CHANGED)
"""The kinds of streams that an order has."""

orders = view("orders", 4, _order_key, _order, ["status_at", "listed_at", "attention_at", "customer_id"])
"""One row an order. ``status_at`` is status and creation in one text, ``listed_at`` creation alone; both None while nothing was typed.

``attention_at`` is its creation while somebody must look.
"""


def _campaign_key(event: CampaignPublished) -> str:
    return event.campaign_id


def _campaign(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    return {"name": event.campaign.name}


campaigns = view("campaigns", 1, _campaign_key, _campaign)
"""Names of campaigns, for orders that are not submitted yet."""
