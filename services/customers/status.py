"""What an order's row says, worked out from what each of its streams has said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from shared.kernel.views import Row
from shared.money import decimals

Status = Literal["Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded"]
Parts = Mapping[str, Row]
STATUSES: tuple[Status, ...] = get_args(Status)

_NOTHING: Row = {}
MARKS = (
    "outcome-unknown", "answer-contradicts", "capture-failed", "void-failed", "refund-failed", "payment-returned", "refund-due", "partly-refunded",
    "delivery-failed", "exported", "shipped", "delivered", "returned", "shipment-stopped",
)  # fmt: skip
WAY = ("exported", "shipped", "delivered", "returned")
"""Marks of which an order has one at most."""
_CALM = {*WAY, "partly-refunded"}
"""Marks that nobody has to do anything about."""
INDEXES = ("status_at", "listed_at", "attention_at", "customer_id", "campaign_at", "agent_at", "method_at", "way_at", "marked_at", "amount")
_BY_NAME = (
    "link_status", "unknown", "contradicted", "recorded", "trouble", "captured", "refunded", "returned", "made",
    "exported", "shipped", "arrived", "came_back", "recalled", "delivery_failed",
)  # fmt: skip
"""What is told of one thing at a time: a link, a reference, an attempt, a refund, a plugin."""
_PLACES = 4
"""Decimals of an amount that is compared across currencies; none has more."""


def followed(part: Row | None, said: Row, at: str) -> Row:
    """What one stream has said of an order, after it has said this."""
    before = part or {"created_at": at}
    grown = {name: {**before.get(name, _NOTHING), **said[name]} for name in _BY_NAME if name in said}
    return {**before, **said, **grown, **_was(before, said), "updated_at": at}


def _was(part: Row, said: Row) -> Row:
    """The customers that it belonged to before, in ``before``."""
    was = part.get("customer_id")
    if not was or said.get("customer_id", was) == was:
        return {}
    return {"before": sorted({*part.get("before", ()), was})}


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
    if any(payment.get("unknown", _NOTHING).values()):
        yield "outcome-unknown"
    if any(payment.get("contradicted", _NOTHING).values()):
        yield "answer-contradicts"
    yield from sorted({mark for mark in payment.get("trouble", _NOTHING).values() if mark})
    if payment.get("returned"):
        yield "payment-returned"
    back = refunded(payment)
    if payment.get("stopped") and payment.get("charged") and back + sum(payment.get("returned", _NOTHING).values()) < max(captured(payment), 1):
        yield "refund-due"
    if 0 < back < captured(payment):
        yield "partly-refunded"
    yield from _on_its_way(shipment)


def _on_its_way(shipment: Row) -> Iterator[str]:
    """How far it has got, and which plugin could not be handed its part."""
    going = shipment.get("made", _NOTHING).keys() - shipment.get("recalled", _NOTHING).keys()
    if shipment.get("came_back"):
        yield "returned"
    elif going and going <= shipment.get("arrived", _NOTHING).keys():
        yield "delivered"
    elif shipment.get("shipped") or shipment.get("arrived"):
        yield "shipped"
    elif shipment.get("exported"):
        yield "exported"
    if shipment.get("recalled"):
        yield "shipment-stopped"
    if "cancelled" not in shipment and any(shipment.get("delivery_failed", _NOTHING).values()):
        yield "delivery-failed"


def indexed(parts: Parts) -> Row:
    """What orders are found by. Orders that nobody has typed anything into are listed nowhere: they are under no status and no time.

    Each ``…_at`` ends in the order's creation, so that whatever is asked for is read newest first: ``status_at``, ``campaign_at``, ``agent_at``,
    ``method_at`` and ``way_at`` begin with what they are named for, ``listed_at`` with nothing; ``attention_at`` is there while somebody must look,
    ``marked_at`` while there is a mark that few orders have. ``amount`` is the total in ten-thousandths, whatever the currency; any other mark is a
    field of its own.
    """
    created = min(part["created_at"] for part in parts.values())
    listed = len(parts) > 1 or "order" not in parts or bool(parts["order"].get("touched"))
    order, marked = parts.get("order", _NOTHING), set(marks(parts))
    named = {"status": status(parts), "campaign": order.get("campaign"), "agent": _agent(order), "method": order.get("method")}
    named["way"] = next((mark for mark in WAY if mark in marked), None)
    return {
        **{f"{name}_at": f"{value} {created}" if listed and value else None for name, value in named.items()},
        "listed_at": created if listed else None,
        "attention_at": created if marked - _calm(parts) else None,
        "marked_at": created if listed and marked.difference(WAY) else None,
        "amount": comparable(order.get("total", 0), order.get("currency") or "USD") if listed else None,
        "customer_id": order.get("customer_id"),
        **{marked_as(mark): True for mark in sorted(marked.difference(WAY))},
    }


def marked_as(mark: str) -> str:
    """The field that says that an order has it."""
    return f"is_{mark.replace('-', '_')}"


def comparable(amount: int, currency: str) -> int:
    return int(amount * 10 ** (_PLACES - decimals(currency)))


def _agent(order: Row) -> str:
    """Whoever sells it; of one that nobody has a call about, whoever kept it."""
    agent: str = order.get("agent") or order.get("kept_by", "")
    return agent


def _calm(parts: Parts) -> set[str]:
    """What was stopped after it went out leaves money to give back."""
    payment = parts.get("payment", _NOTHING)
    back = {"shipment-stopped"} if refunded(payment) >= captured(payment) else set()
    return _CALM | back | ({"payment-returned"} if _dealt_with(parts) else set())


def _dealt_with(parts: Parts) -> bool:
    """Of all that came back somebody has recorded so, or has released the shipment."""
    payment = parts.get("payment", _NOTHING)
    return bool(parts.get("shipment", _NOTHING).get("let_go")) or payment.get("returned", _NOTHING).keys() <= set(payment.get("recorded", ()))


def unfinished(row: Row) -> bool:
    """Somebody still has to know whose order this is; a refund stops nothing that is to be shipped."""
    parts: Parts = row["parts"]
    review, shipment = (parts.get(kind, _NOTHING) for kind in ("review", "shipment"))
    gone = shipment.get("exported", _NOTHING).keys() | shipment.get("recalled", _NOTHING).keys()
    out = bool(gone) and shipment.get("made", _NOTHING).keys() <= gone
    ends = out or "cancelled" in shipment or "denied" in review
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
        "agent": _agent(order),
        "method": order.get("method", ""),
        "total": order.get("total", 0),
        "currency": order.get("currency", ""),
        "attempt": order.get("attempt", 0),
        "partial": order.get("partial"),
        "link": _link(order),
        "of": order.get("of", "agent"),
        "reorder_of": order.get("reorder_of", ""),
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


def _link(order: Row) -> Row | None:
    link = order.get("link")
    return {**link, "status": order.get("link_status", _NOTHING).get(link["link_id"], "issued")} if link else None
