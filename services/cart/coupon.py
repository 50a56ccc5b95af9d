"""The uses of a limited coupon: one an order, given back where the order comes to nothing (prices.md, uses)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.contracts.cart import CouponRedeemed, CouponReturned
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

Why = Literal["denied", "cancelled", "no-sale", "not-submitted"]


@dataclass(frozen=True, slots=True)
class Redeem:
    campaign: str
    code: str
    order_id: str
    limit: int


@dataclass(frozen=True, slots=True)
class Keep:
    """The order has been submitted with it: it has a use, though it may have been given back a moment before."""

    campaign: str
    code: str
    order_id: str


@dataclass(frozen=True, slots=True)
class Return:
    campaign: str
    code: str
    order_id: str
    why: Why


Command = Redeem | Keep | Return


@dataclass(frozen=True, slots=True)
class Uses:
    """``limited``: somebody has redeemed it ever."""

    limited: bool = False
    orders: frozenset[str] = frozenset()


def stream_id(campaign: str, code: str) -> str:
    return f"{campaign}-{code}"


def decide(command: Command, uses: Uses) -> Sequence[Event] | Refused:
    mine = command.order_id in uses.orders
    match command:
        case Redeem(campaign, code, order_id, limit):
            if not mine and len(uses.orders) >= limit:
                return Refused(
                    "coupon-exhausted",
                    f"The last use of the coupon {code} has just been taken. The total is another one without it.",
                    field="coupons",
                    conflict=False,
                )
            return [] if mine else [CouponRedeemed(campaign=campaign, code=code, order_id=order_id)]
        case Keep(campaign, code, order_id):
            return [] if mine or not uses.limited else [CouponRedeemed(campaign=campaign, code=code, order_id=order_id)]
        case Return(campaign, code, order_id, why):
            return [CouponReturned(campaign=campaign, code=code, order_id=order_id, why=why)] if mine else []


def evolve(uses: Uses, event: Event) -> Uses:
    match event:
        case CouponRedeemed(order_id=order_id):
            return Uses(True, uses.orders | {order_id})
        case CouponReturned(order_id=order_id):
            return Uses(uses.limited, uses.orders - {order_id})
    return uses


coupon = Aggregate("coupon", Uses(), decide, evolve, (Redeem, Keep, Return))
