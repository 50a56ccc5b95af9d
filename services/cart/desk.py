"""Orders as they lie on people's desks: the calls that an agent can go on with, and what waits for a supervisor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.cart.blocked import DECLINES, WITHIN
from shared.contracts.cart import (
    CartUpdated,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    OverrideApproved,
    OverrideRefused,
    OverrideRequested,
    PartialCreated,
    RetryAllowed,
)
from shared.contracts.order import Line
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

DeskEvent = (
    CartUpdated | OrderSubmitted | OrderReopened | OrderClosed | PartialCreated
    | OverrideRequested | OverrideApproved | OverrideRefused | RetryAllowed
)  # fmt: skip
_NEW: Row = {
    "campaign": "", "agent": "", "first_name": "", "last_name": "", "total": 0, "currency": "", "touched": False, "of": "agent",
    "asked": {}, "declines": 0, "recent": [], "submitted_at": "", "blocked_at": None, "blocked_until": None,
}  # fmt: skip


def _key(event: DeskEvent) -> str:
    return event.order_id


def _desk(row: Row | None, fact: Fact) -> Row | None:
    if isinstance(fact.event, OrderClosed):
        return None
    now = stamp(fact.time)
    after = {**(row or {**_NEW, "started_at": now}), **_after(row or _NEW, fact.event, fact.time), "updated_at": now}
    mine = after["stage"] == "open" and after["of"] == "agent" and after["touched"]
    waiting = [each["requested_at"] for each in after["asked"].values()]
    return {**after, "resumes": after["agent"] if mine else None, "asked_at": min(waiting, default=None)}


def _after(row: Row, event: Any, at: datetime) -> Row:
    match event:
        case CartUpdated():
            return _typed(row, event)
        case PartialCreated():
            return {"stage": "partial", "asked": {}}
        case OrderSubmitted(submitted=submitted):
            return {"stage": "submitted", "asked": {}, "submitted_at": stamp(submitted.submitted_at)}
        case OrderReopened(why="declined"):
            return {"stage": "open", "declines": row["declines"] + 1, **_blocked([*row["recent"], row["submitted_at"]][-DECLINES:], at)}
        case OrderReopened():
            call = {"agent": event.call.agent, "started_at": stamp(event.call.started_at)} if event.call else {}
            return {"stage": "open", "of": event.of, "touched": True, **call}
        case OverrideRequested():
            return {"asked": {**row["asked"], str(event.line): {**event.model_dump(mode="json"), "requested_at": stamp(at)}}}
        case OverrideApproved(line=line) | OverrideRefused(line=line):
            return {"asked": {number: each for number, each in row["asked"].items() if number != str(line)}}
        case RetryAllowed():
            return {"recent": [], "blocked_at": None, "blocked_until": None}
    return {}


def _typed(row: Row, event: CartUpdated) -> Row:
    """The first one starts the order; it has been touched when there is more than that."""
    changes, quote = event.changes, event.quote
    after: Row = {"stage": "open", "touched": row["touched"] or bool(row["campaign"]) or changes.customer is not None or changes.lines is not None}
    if changes.campaign:
        after |= {"campaign": changes.campaign, "of": "customer" if changes.source == "checkout" else "agent"}
    if changes.call:
        after |= {"agent": changes.call.agent, "started_at": stamp(changes.call.started_at)}
    if changes.customer:
        after |= {"first_name": changes.customer.first_name, "last_name": changes.customer.last_name}
    if quote:
        after |= {"total": quote.total, "currency": quote.currency}
    if changes.lines is not None and row["asked"]:
        after["asked"] = _still(row["asked"], changes.lines)
    return after


def _still(asked: Row, lines: Sequence[Line]) -> Row:
    now = {str(line.line): (line.quantity, line.price, line.shipping_price) for line in lines}
    return {n: each for n, each in asked.items() if now.get(n) == (each["quantity"], each["was_price"], each["was_shipping_price"])}


def _blocked(recent: list[str], at: datetime) -> Row:
    """``recent`` are the submissions that were declined, as many as it takes."""
    until = datetime.fromisoformat(recent[0]) + WITHIN
    if len(recent) < DECLINES or until <= at:
        return {"recent": recent, "blocked_at": None, "blocked_until": None}
    return {"recent": recent, "blocked_at": stamp(at), "blocked_until": stamp(until)}


desk = view("desk", 1, _key, _desk, ["resumes", "updated_at", "asked_at", "blocked_until"])
"""One document an order that is not closed."""
