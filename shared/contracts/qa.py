"""Events of qa. Outside consumers act on OrderApproved."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import SubmittedOrder
from shared.kernel.events import Event, Personal, Value

Verdict = Literal["approve", "deny"]


class QualityReviewRequested(Event, type="ringup.qa.QualityReviewRequested"):
    order_id: str
    why: Literal["external", "share"]
    submitted: SubmittedOrder


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
