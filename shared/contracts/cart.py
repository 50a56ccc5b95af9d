"""Events of cart."""

from __future__ import annotations

from typing import Literal

from shared.contracts.order import (
    Address,
    Call,
    CustomerAnswers,
    FieldValue,
    Instrument,
    Line,
    Method,
    OrderBody,
    Part,
    Person,
    Quote,
    Rules,
    SubmittedOrder,
)
from shared.kernel.events import Event, Personal, Value


class CartChanges(Value):
    """Only the sections that changed, each whole; None: unchanged."""

    campaign: str | None = None
    call: Call | None = None
    customer: Person | None = None
    billing: Address | None = None
    shipping: Address | None = None
    shipping_same: bool | None = None
    lines: tuple[Line, ...] | None = None
    notes: Personal[str] | None = None
    coupons: tuple[str, ...] | None = None
    """Codes as typed, in the order in which they were."""
    profile: str | None = None
    """Id of the shipping profile that was chosen; empty: none."""
    fields: tuple[FieldValue, ...] | None = None
    terms_agreed: bool | None = None
    customer_id: str | None = None
    """Of a customer who is known already."""


class CartUpdated(Event, type="ringup.cart.CartUpdated"):
    order_id: str
    changes: CartChanges
    quote: Quote | None = None
    """The new quote where money moved."""
    campaign_version: int
    settings_version: int = 0


class OrderSubmitted(Event, type="ringup.cart.OrderSubmitted"):
    """Charge this. ``payment`` is the vault token for a card, empty for an external payment."""

    order_id: str
    attempt: int
    payment: str
    parts: tuple[Part, ...]
    submitted: SubmittedOrder
    customer: CustomerAnswers = CustomerAnswers()


class OrderReopened(Event, type="ringup.cart.OrderReopened"):
    order_id: str
    why: Literal["declined"]
    attempt: int
    reason: str
    say: str
    retry: bool
    try_next: str
    instrument: Instrument = Instrument()
    amount: int = 0


class OrderClosed(Event, type="ringup.cart.OrderClosed"):
    """Nothing may follow."""

    order_id: str
    why: Literal["approved", "denied", "cancelled", "erased"]


class CouponRedeemed(Event, type="ringup.cart.CouponRedeemed"):
    """One use of a limited coupon."""

    campaign: str
    code: str
    order_id: str


class CouponReturned(Event, type="ringup.cart.CouponReturned"):
    """The use is free again."""

    campaign: str
    code: str
    order_id: str
    why: Literal["denied", "cancelled", "not-submitted"]


class CustomerIdReserved(Event, type="ringup.cart.CustomerIdReserved"):
    customer_id: str
    order_id: str


__all__ = ["CartChanges", "CartUpdated", "CustomerIdReserved", "Method", "OrderBody", "OrderClosed", "OrderReopened", "OrderSubmitted", "Rules"]
