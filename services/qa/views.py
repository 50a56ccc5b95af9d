from datetime import timedelta

from shared.contracts.catalog import AccountSettingsChanged
from shared.contracts.qa import OrderApproved, OrderDenied, QualityReviewRequested, ReviewClosed, ReviewDecided, ReviewPassed, ReviewUndone
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

ReviewEvent = QualityReviewRequested | ReviewDecided | ReviewUndone | ReviewPassed | OrderApproved | OrderDenied | ReviewClosed


def _queue_key(event: ReviewEvent) -> str:
    return event.order_id


def _queue(row: Row | None, fact: Fact) -> Row | None:
    event = fact.event
    if isinstance(event, QualityReviewRequested):
        submitted = event.submitted.model_dump(mode="json")
        return {"stage": "waiting", "why": event.why, "opened_at": stamp(fact.time), "submitted": submitted}
    if row is None:
        return None
    match event:
        case ReviewDecided():
            decision = event.model_dump(mode="json")
            return {**row, "stage": "decided", "decision": decision}
        case ReviewUndone():
            return {**row, "stage": "waiting", "decision": None}
        case ReviewPassed():
            return {**row, "stage": "passed"}
        case OrderApproved():
            return {**row, "stage": "approved"}
        case OrderDenied():
            return {**row, "stage": "denied"}
    return {**row, "stage": "closed"}


Queue = view("queue", 1, _queue_key, _queue, ["stage", "opened_at"])
"""One document an order that waits or waited, newest decision included. Orders that nobody held are not in it."""


def _undo_windows_key(event: ReviewEvent) -> str:
    return event.order_id


def _undo_windows(row: Row | None, fact: Fact) -> Row | None:
    return {"due_at": stamp(fact.event.effective)} if isinstance(fact.event, ReviewDecided) else None


UndoWindows = view("undo", 1, _undo_windows_key, _undo_windows, ["due_at"])
"""Decisions that have not taken effect, by when they do."""


def _review_settings_key(event: AccountSettingsChanged) -> str:
    return "account"


def _review_settings(row: Row | None, fact: Fact) -> Row | None:
    settings = fact.event.settings  # type: ignore[attr-defined]
    return {"undo_seconds": settings.undo_seconds, "own_review_allowed": settings.own_review_allowed}


ReviewSettings = view("settings", 1, _review_settings_key, _review_settings)


def undo_window(settings: Row | None) -> timedelta:
    """10 s until the account says otherwise."""
    return timedelta(seconds=settings["undo_seconds"] if settings else 10)
