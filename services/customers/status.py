"""What an order's row says, worked out from what each of its streams has said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from shared.kernel.views import Row

Status = Literal["Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded"]
Parts = Mapping[str, Row]
STATUSES: tuple[Status, ...] = get_args(Status)

_NOTHING: Row = {}
_CALM = frozenset(("exported", "partly-refunded"))
"""Marks that nobody has to do anything about."""


def status(parts: Parts) -> Status:
    """The first that holds."""
    order, payment, review, shipment = (parts.get(kind, _NOTHING) for kind in ("order", "payment", "review", "shipment"))
    if captured(payment) and refunded(payment) >= captured(payment):
        return "Refunded"
    if "cancelled" in shipment or "denied" in review:
        return "Cancelled"
    if "approved_by" in review:
        return "Complete"
    if review.get("waiting"):
        return "Pending"
    if order.get("stage") == "submitted":
        declined = payment.get("decline")
        return "Declined" if declined and declined["attempt"] >= order["attempt"] else "Processing"
    return "Partial" if order.get("stage") == "partial" else "Open"


def captured(payment: Row) -> int:
    """A refund knows better than the captures that were whole."""
    whole: int = sum(payment.get("captured", _NOTHING).values())
    told: int = payment.get("taken", 0)
    return max(whole, told)


def refunded(payment: Row) -> int:
    back: int = sum(payment.get("refunded", _NOTHING).values())
    return back


def marks(parts: Parts) -> Iterator[str]:
    payment, shipment = parts.get("payment", _NOTHING), parts.get("shipment", _NOTHING)
    if payment.get("unknown"):
        yield "outcome-unknown"
    if payment.get("contradicted"):
        yield "answer-contradicts"
    yield from sorted({mark for mark in payment.get("trouble", _NOTHING).values() if mark})
    if payment.get("returned"):
        yield "payment-returned"
    back = refunded(payment)
    if payment.get("stopped") and payment.get("charged") and back + sum(payment.get("returned", _NOTHING).values()) < max(captured(payment), 1):
        yield "refund-due"
    if 0 < back < captured(payment):
        yield "partly-refunded"
    if "exported_at" in shipment:
        yield "exported"
    elif "cancelled" not in shipment and shipment.get("delivery_failed"):
        yield "delivery-failed"


def indexed(parts: Parts) -> Row:
    """Orders that nobody has typed anything into are listed nowhere: they are under no status and no time."""
    created = min(part["created_at"] for part in parts.values())
    calm = _CALM | {"payment-returned"} if _dealt_with(parts) else _CALM
    listed = len(parts) > 1 or "order" not in parts or bool(parts["order"].get("touched"))
    return {
        "status_at": f"{status(parts)} {created}" if listed else None,
        "listed_at": created if listed else None,
        "attention_at": created if set(marks(parts)) - calm else None,
        "customer_id": parts.get("order", _NOTHING).get("customer_id"),
    }


def _dealt_with(parts: Parts) -> bool:
    """Of all that came back somebody has recorded so, or has released the shipment."""
    payment = parts.get("payment", _NOTHING)
    return bool(parts.get("shipment", _NOTHING).get("let_go")) or payment.get("returned", _NOTHING).keys() <= set(payment.get("recorded", ()))


def unfinished(row: Row) -> bool:
    """Somebody still has to know whose order this is; a refund stops nothing that is to be shipped."""
    parts: Parts = row["parts"]
    review, shipment = (parts.get(kind, _NOTHING) for kind in ("review", "shipment"))
    ends = "exported_at" in shipment or "cancelled" in shipment or "denied" in review
    return status(parts) in ("Processing", "Pending") or ("approved_by" in review and not ends)


def summary(row: Row) -> dict[str, Any]:
    parts: Parts = row["parts"]
    order, payment, review, shipment = (parts.get(kind, _NOTHING) for kind in ("order", "payment", "review", "shipment"))
    return {
        "order_id": row["id"],
        "status": status(parts),
        "marks": list(marks(parts)),
        "created_at": min(part["created_at"] for part in parts.values()),
        "updated_at": max(part["updated_at"] for part in parts.values()),
        "campaign": order.get("campaign", ""),
        "campaign_name": order.get("campaign_name", ""),
        "customer_id": order.get("customer_id", ""),
        "customer": order.get("customer"),
        "agent": order.get("agent", ""),
        "method": order.get("method", ""),
        "total": order.get("total", 0),
        "currency": order.get("currency", ""),
        "attempt": order.get("attempt", 0),
        "partial": order.get("partial"),
        "link": order.get("link"),
        "of": order.get("of", "agent"),
        "closed": order.get("closed", ""),
        "attribution": order.get("attribution") or {},
        "instrument": payment.get("instrument"),
        "captured": captured(payment),
        "refunded": refunded(payment),
        "decline": payment.get("decline"),
        "approved_by": review.get("approved_by", ""),
        "denied": review.get("denied"),
        "cancelled": shipment.get("cancelled"),
        "exported_at": shipment.get("exported_at"),
    }
