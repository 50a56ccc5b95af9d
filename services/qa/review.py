"""The QA gate: an order waits here until a person, or a rule stamped on it, lets it through."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from shared.contracts.order import SubmittedOrder
from shared.contracts.qa import (
    ApprovedLine,
    OrderApproved,
    OrderDenied,
    QualityReviewRequested,
    ReviewClosed,
    ReviewDecided,
    ReviewPassed,
    ReviewUndone,
    Verdict,
)
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

Why = Literal["forced", "rule", "external", "share"]


@dataclass(frozen=True, slots=True)
class Open:
    """``rules``: those of the hold rules that apply, in words."""

    submitted: SubmittedOrder
    external: bool
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decide:
    verdict: Verdict
    reviewer: str
    reason: str
    own_allowed: bool
    now: datetime
    undo: timedelta


@dataclass(frozen=True, slots=True)
class Undo:
    reviewer: str
    now: datetime


@dataclass(frozen=True, slots=True)
class TakeEffect:
    """The undo window of the last decision has passed."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Settle:
    """The capture that ReviewPassed asked for is done."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Close:
    """The order was cancelled or, with an attempt, its authorisation voided."""

    order_id: str
    attempt: int | None = None


Command = Open | Decide | Undo | TakeEffect | Settle | Close


@dataclass(frozen=True, slots=True)
class Review:
    stage: Literal["none", "waiting", "decided", "passed", "closed"] = "none"
    submitted: SubmittedOrder | None = None
    decision: ReviewDecided | None = None
    by: str = ""


def decide(command: Command, review: Review) -> Sequence[Event] | Refused:
    match command:
        case Open():
            return _open(command) if review.stage == "none" else []
        case Decide():
            return _decide(command, review)
        case Undo(reviewer, now):
            return _undo(reviewer, now, review)
        case TakeEffect(now):
            due = review.stage == "decided" and review.decision is not None and now >= review.decision.effective
            return [_outcome(review)] if due else []
        case Settle(attempt):
            settled = review.stage == "passed" and review.submitted is not None and review.submitted.attempt == attempt
            return [_approved(review.submitted, review.by)] if settled and review.submitted else []
        case Close():
            return _close(command, review)


def _open(command: Open) -> Sequence[Event]:
    submitted = command.submitted
    why = _held(command)
    if why:
        return [QualityReviewRequested(order_id=submitted.order_id, why=why, submitted=submitted, rules=command.rules)]
    if command.external:
        return [_approved(submitted, "skip_qa")]
    return [ReviewPassed(order_id=submitted.order_id, attempt=submitted.attempt, by="automatic", submitted=submitted)]


def _held(command: Open) -> Why | None:
    """The first that holds. Whoever asked for a review gets one, also where external payments skip it."""
    rules = command.submitted.rules
    if rules.force_qa:
        return "forced"
    if command.external:
        return None if rules.skip_qa else "external"
    if command.rules:
        return "rule"
    return "share" if _lot(command.submitted.order_id) < rules.qa_share else None


def _lot(order_id: str) -> int:
    """0 to 99, always the same for an order: never a coin."""
    return int.from_bytes(hashlib.sha256(order_id.encode()).digest()[:8], "big") % 100


def _decide(command: Decide, review: Review) -> Sequence[Event] | Refused:
    if review.stage != "waiting" or review.submitted is None:
        return Refused("not-waiting", _decided_already(review))
    if not command.own_allowed and command.reviewer == review.submitted.placed_by:
        return Refused("own-order", "Someone else has to review an order that you placed.")
    if command.verdict == "deny" and not command.reason:
        return Refused("reason-missing", "A denial needs a reason.", field="reason", conflict=False)
    decided = ReviewDecided(
        order_id=review.submitted.order_id,
        verdict=command.verdict,
        reviewer=command.reviewer,
        reason=command.reason,
        effective=command.now + command.undo,
    )
    return [decided] if command.undo else [decided, _outcome(replace(review, decision=decided))]


def _decided_already(review: Review) -> str:
    if review.decision is None:
        return "This order is not waiting for a review."
    verdict = "approved" if review.decision.verdict == "approve" else "denied"
    return f"{review.decision.reviewer.partition(':')[2] or review.decision.reviewer} has {verdict} this order already."


def _undo(reviewer: str, now: datetime, review: Review) -> Sequence[Event] | Refused:
    if review.decision is None:
        return Refused("not-decided", "There is no decision to undo.")
    if review.stage != "decided" or now >= review.decision.effective:
        return Refused("too-late", "It is too late to undo this: the decision has taken effect.")
    return [ReviewUndone(order_id=review.decision.order_id, reviewer=reviewer)]


def _outcome(review: Review) -> Event:
    decision, submitted = review.decision, review.submitted
    if decision is None or submitted is None:
        raise AssertionError("an outcome needs a decision on an order")
    if decision.verdict == "deny":
        return OrderDenied(order_id=submitted.order_id, attempt=submitted.attempt, reason=decision.reason, reviewer=decision.reviewer)
    if submitted.method == "external":
        return _approved(submitted, decision.reviewer)
    return ReviewPassed(order_id=submitted.order_id, attempt=submitted.attempt, by=decision.reviewer, submitted=submitted)


def _approved(submitted: SubmittedOrder, by: str) -> OrderApproved:
    lines = tuple(ApprovedLine(line=line.line, sku=line.sku, name=line.name, quantity=line.quantity) for line in submitted.order.quote.lines)
    return OrderApproved(
        order_id=submitted.order_id,
        attempt=submitted.attempt,
        by=by,
        lines=lines,
        currency=submitted.currency,
        total=submitted.amount,
        submitted=submitted,
    )


def _close(command: Close, review: Review) -> Sequence[Event]:
    """Also before anything was asked for, so that nothing is then."""
    if review.stage == "closed":
        return []
    if command.attempt is None:
        return [ReviewClosed(order_id=command.order_id, why="cancelled")]
    current = review.submitted is not None and review.submitted.attempt == command.attempt
    return [ReviewClosed(order_id=command.order_id, why="voided")] if current else []


def evolve(review: Review, event: Event) -> Review:
    match event:
        case QualityReviewRequested():
            return replace(review, stage="waiting", submitted=event.submitted)
        case ReviewDecided():
            return replace(review, stage="decided", decision=event)
        case ReviewUndone():
            return replace(review, stage="waiting", decision=None)
        case ReviewPassed():
            return replace(review, stage="passed", submitted=event.submitted, by=event.by)
        case OrderApproved() | OrderDenied() | ReviewClosed():
            return replace(review, stage="closed")
    return review


review = Aggregate("review", Review(), decide, evolve, (Open, Decide, Undo, TakeEffect, Settle, Close))
