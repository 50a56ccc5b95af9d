"""Events of cart."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import (
    Address,
    Attribution,
    Call,
    CustomerAnswers,
    FieldValue,
    Instrument,
    Line,
    Method,
    OrderBody,
    Part,
    Particulars,
    Person,
    Quote,
    Rules,
    SubmittedOrder,
)
from shared.kernel.events import Event, Personal, Value

Disposition = Literal[
    "call-back", "price", "thinking", "not-interested", "information", "payment", "disconnected", "unavailable", "test", "other"
]  # fmt: skip
"""Why a call ended without a sale."""
Source = Literal["phone", "lander", "checkout"]
Channel = Literal["copy", "email", "sms"]


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
    """Of a customer who is known already; empty: of nobody known."""
    attribution: Attribution | None = None
    particulars: Particulars | None = None
    trial_override: bool | None = None
    force_qa: bool | None = None
    """Held for review, whatever the campaign's share and the hold rules say."""
    reorder_of: str | None = None
    """Said by the first change: the order whose lines it was rung up again with."""
    source: Source | None = None
    """Said by the first change; None: by phone. One that begins on the checkout page is open for the customer."""


class CartUpdated(Event, type="ringup.cart.CartUpdated"):
    order_id: str
    changes: CartChanges
    quote: Quote | None = None
    """The new quote where money moved."""
    campaign_version: int
    settings_version: int = 0
    repriced_from: int | None = None
    """The total before, where it was re-priced by the campaign, settings and rates of now."""


class OrderSubmitted(Event, type="ringup.cart.OrderSubmitted"):
    """Charge this. ``payment`` is the vault token for a card, empty for an external payment."""

    order_id: str
    attempt: int
    payment: str
    parts: tuple[Part, ...]
    submitted: SubmittedOrder
    customer: CustomerAnswers = CustomerAnswers()


class OrderReopened(Event, type="ringup.cart.OrderReopened"):
    """Open again: declined, with what the gateway said, or to be completed, ``of`` an agent with a new call, or of the customer by a link."""

    order_id: str
    why: Literal["completing", "declined"]
    attempt: int = 0
    reason: str = ""
    say: str = ""
    retry: bool = False
    try_next: str = ""
    instrument: Instrument = Instrument()
    amount: int = 0
    of: Literal["agent", "customer"] = "agent"
    call: Call | None = None


class PartialCreated(Event, type="ringup.cart.PartialCreated"):
    """No sale yet, here is what is known, without payment. ``made_by`` is an actor; ``note`` says more than the disposition."""

    order_id: str
    disposition: Disposition | Literal[""] = ""
    note: Personal[str] = ""
    source: Source
    made_by: str
    created_at: datetime
    campaign_version: int
    order: OrderBody
    customer: CustomerAnswers = CustomerAnswers()


class DraftLinkIssued(Event, type="ringup.cart.DraftLinkIssued"):
    """The customer may finish the order until ``expires_at``. ``to`` is where it is sent, by ``channel``; the token can be made again from the
    link's id (``shared.ids.link_token``). ``order`` is what it is about, for the message."""

    order_id: str
    link_id: str
    token_hash: str
    expires_at: datetime
    price_lock: bool
    channel: Channel
    to: Personal[str] = ""
    campaign: str
    campaign_name: str = ""
    customer_id: str
    first_name: Personal[str] = ""
    issued_by: str
    total: int = 0
    currency: str = ""
    issued_at: datetime | None = None
    campaign_version: int = 0


class DraftLinkOpened(Event, type="ringup.cart.DraftLinkOpened"):
    """For the first time."""

    order_id: str
    link_id: str
    at: datetime


class DraftLinkRevoked(Event, type="ringup.cart.DraftLinkRevoked"):
    order_id: str
    link_id: str
    why: Literal["revoked", "taken-over", "erased"]


class SecondFactTried(Event, type="ringup.cart.SecondFactTried"):
    """Somebody with the bare order id said a postal code, or the end of a phone number. Private."""

    order_id: str
    matched: bool


class OverrideRequested(Event, type="ringup.cart.OverrideRequested"):
    """A price beyond the offer's limits waits for a supervisor, who approves it or not; void when the line changes. A price that is None is
    left as it is. Unit prices in minor units."""

    order_id: str
    line: int
    product: str
    name: str
    quantity: int
    price: int | None = None
    shipping_price: int | None = None
    list_price: int
    list_shipping_price: int
    limit: str = ""
    """What is allowed, in words."""
    currency: str
    reason: Personal[str]
    by: str
    was_price: int | None = None
    """What the line has now instead of the campaign's, as the next one."""
    was_shipping_price: int | None = None
    requested_at: datetime | None = None


class OverrideApproved(Event, type="ringup.cart.OverrideApproved"):
    """A CartUpdated with the changed line follows in the same append."""

    order_id: str
    line: int
    product: str
    quantity: int
    price: int | None = None
    shipping_price: int | None = None
    supervisor: str


class OverrideRefused(Event, type="ringup.cart.OverrideRefused"):
    order_id: str
    line: int
    product: str
    supervisor: str
    reason: Personal[str] = ""


class RetryAllowed(Event, type="ringup.cart.RetryAllowed"):
    """Declines before this one do not count against the five an hour."""

    order_id: str
    supervisor: str


class RecordingPaused(Event, type="ringup.cart.RecordingPaused"):
    """Card or bank details are being said: the call must not be recorded. Private."""

    order_id: str


class RecordingResumed(Event, type="ringup.cart.RecordingResumed"):
    """Private."""

    order_id: str


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
    why: Literal["denied", "cancelled", "no-sale", "not-submitted"]


class CustomerIdReserved(Event, type="ringup.cart.CustomerIdReserved"):
    customer_id: str
    order_id: str


__all__ = ["CartChanges", "CartUpdated", "CustomerIdReserved", "Method", "OrderBody", "OrderClosed", "OrderReopened", "OrderSubmitted", "Rules"]
