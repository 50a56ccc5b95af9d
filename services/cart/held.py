"""Which orders hold a use of a limited coupon, and from when on it goes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from services.cart.coupon import Return, Why, stream_id
from services.cart.order import order
from shared.contracts.cart import CouponRedeemed, CouponReturned, OrderClosed, OrderReopened, OrderSubmitted, PartialCreated
from shared.kernel.codec import stamp
from shared.kernel.effects import Load
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

HOLD = timedelta(minutes=10)
"""After it was redeemed, or the charge declined: how long it waits for a submission."""

HeldEvent = CouponRedeemed | CouponReturned | OrderSubmitted | OrderReopened | OrderClosed | PartialCreated


def _key(event: HeldEvent) -> str:
    return event.order_id


def _held(row: Row | None, fact: Fact) -> Row | None:
    """``codes`` is what the coupons' streams say, ``sale`` what the order's says; nothing while no submission had a coupon."""
    codes, sale = (row["codes"], row["sale"]) if row else ({}, None)
    event = fact.event
    match event:
        case CouponRedeemed():
            codes = {**codes, event.code: {"campaign": event.campaign, "at": stamp(fact.time)}}
        case CouponReturned():
            codes = {code: each for code, each in codes.items() if code != event.code}
        case OrderSubmitted():
            used = [verdict.code for verdict in event.submitted.order.quote.coupons if verdict.amount]
            sale = {"stage": "submitted", "codes": used, "at": stamp(fact.time)} if used or sale else None
        case PartialCreated() if sale:
            sale = {**sale, "stage": "partial", "at": stamp(fact.time)}
        case OrderReopened() if sale:
            sale = {**sale, "stage": "open", "at": stamp(fact.time)}
        case OrderClosed(why="erased") if sale and sale["stage"] == "submitted":
            pass  # it may still be sold
        case OrderClosed() if sale and (sale["stage"] != "closed" or (sale["why"], event.why) == ("approved", "cancelled")):
            sale = {**sale, "stage": "closed", "why": event.why, "at": stamp(fact.time)}
    return _row(codes, sale) if codes or sale else None


def _row(codes: Row, sale: Row | None) -> Row:
    due = min(_due(codes, sale), default=None)
    if due is None:
        return {"codes": codes, "sale": sale, "due_at": None}
    at, code, why = due
    return {"codes": codes, "sale": sale, "due_at": at, "next": {"campaign": codes[code]["campaign"], "code": code, "why": why}}


def _due(codes: Row, sale: Row | None) -> Iterator[tuple[str, str, Why]]:
    """When each of them goes back, and why. One that is taken again falls due anew, since what is due at a time is done once."""
    for code, each in codes.items():
        if sale is None or code not in sale["codes"]:
            yield _later(each["at"]), code, "not-submitted"
        elif sale["stage"] == "partial":
            yield max(each["at"], sale["at"]), code, "no-sale"
        elif sale["stage"] == "open":
            yield _later(max(each["at"], sale["at"])), code, "not-submitted"
        elif sale["stage"] == "closed" and sale["why"] != "approved":
            yield max(each["at"], sale["at"]), code, sale["why"] if sale["why"] in ("denied", "cancelled") else "not-submitted"


def _later(at: str) -> str:
    return stamp(datetime.fromisoformat(at) + HOLD)


held = view("held", 2, _key, _held, ["due_at"])
"""One document an order that has, or was submitted with, coupons."""


def give_back(row: Row, now: datetime) -> tuple[str, Any]:
    following = row["next"]
    return stream_id(following["campaign"], following["code"]), Return(**following, order_id=row["id"])


async def not_sold(load: Load, row: Row) -> bool:
    """By the order's own stream, which the view may be behind."""
    state, _ = await load(order, row["id"])
    stands = state.stage == "submitted" or state.undecided or state.closed_as == "approved"
    used = {verdict.code for verdict in state.quote.coupons if verdict.amount} if state.quote else set()
    return not (stands and row["next"]["code"] in used)
