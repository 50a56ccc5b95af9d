"""Events of qa. Outside consumers act on OrderApproved."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import SubmittedOrder
from shared.kernel.events import Event, Personal, Value

Verdict = Literal["approve", "deny"]
RuleKind = Literal["amount-over", "new-customer-express", "price-override", "address-mismatch", "velocity"]


class HoldRule(Value):
    """Card and eCheck orders to which it applies wait for a review. What a kind does not ask for stays as it is."""

    kind: RuleKind
    on: bool = True
    amount: int = 0
    """Minor units: over this (amount-over)."""
    currency: str = ""
    """Only orders in it; empty: any (amount-over)."""
    profiles: tuple[str, ...] = ()
    """Ids of the shipping profiles that are express (new-customer-express)."""
    percent: int = 0
    """Below the list price by at least this many percent; 0: any change (price-override)."""
    orders: int = 0
    """At least so many before within ``hours``, by the same phone, e-mail, address or card (velocity)."""
    hours: int = 0


class HoldRulesChanged(Event, type="ringup.qa.HoldRulesChanged"):
    """The hold rules as they are now. ``target_minutes``: so long at most an order should wait for its review."""

    rules: tuple[HoldRule, ...]
    by: str
    target_minutes: int = 30


class QualityReviewRequested(Event, type="ringup.qa.QualityReviewRequested"):
    """``rules``: why, in words for people, where hold rules applied."""

    order_id: str
    why: Literal["forced", "rule", "external", "share"]
    submitted: SubmittedOrder
    rules: tuple[str, ...] = ()


class ReviewDecided(Event, type="ringup.qa.ReviewDecided"):
    order_id: str
    verdict: Verdict
    reviewer: str
    reason: Personal[str] = ""
    effective: datetime


class ReviewUndone(Event, type="ringup.qa.ReviewUndone"):
    order_id: str
    reviewer: str


class ReviewPassed(Event, type="ringup.qa.ReviewPassed"):
    """The gate is open as far as quality goes: capture."""

    order_id: str
    attempt: int
    by: str
    submitted: SubmittedOrder


class ApprovedLine(Value):
    line: int
    sku: str
    name: str
    quantity: int


class OrderApproved(Event, type="ringup.qa.OrderApproved"):
    """Passed and settled: fulfil it. ``by`` is a reviewer's name, ``skip_qa`` or ``automatic``."""

    order_id: str
    attempt: int
    by: str
    lines: tuple[ApprovedLine, ...]
    currency: str
    total: int
    submitted: SubmittedOrder


class OrderDenied(Event, type="ringup.qa.OrderDenied"):
    order_id: str
    attempt: int
    reason: Personal[str]
    reviewer: str


class ReviewClosed(Event, type="ringup.qa.ReviewClosed"):
    order_id: str
    why: Literal["cancelled", "voided"]
