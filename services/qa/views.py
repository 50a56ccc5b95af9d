from datetime import timedelta

from shared.contracts.catalog import AccountSettingsChanged
from shared.contracts.qa import (
    HoldRulesChanged,
    OrderApproved,
    OrderDenied,
    QualityReviewRequested,
    ReviewClosed,
    ReviewDecided,
    ReviewPassed,
    ReviewUndone,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view
from shared.money import decimals

ReviewEvent = QualityReviewRequested | ReviewDecided | ReviewUndone | ReviewPassed | OrderApproved | OrderDenied | ReviewClosed


def _order(event: ReviewEvent) -> str:
    return event.order_id


def _stage(fact: Fact) -> Row:
    match fact.event:
        case ReviewDecided():
            return {"stage": "decided"}
        case ReviewUndone():
            return {"stage": "waiting"}
        case ReviewPassed():
            return {"stage": "passed"}
        case OrderApproved():
            return {"stage": "approved"}
        case OrderDenied():
            return {"stage": "denied"}
    return {"stage": "closed"}


def _review(row: Row | None, fact: Fact) -> Row | None:
    event = fact.event
    if isinstance(event, QualityReviewRequested):
        submitted = event.submitted.model_dump(mode="json")
        return {"stage": "waiting", "why": event.why, "rules": list(event.rules), "opened_at": stamp(fact.time), "submitted": submitted}
    if row is None:
        return None
    decision = event.model_dump(mode="json") if isinstance(event, ReviewDecided) else None if isinstance(event, ReviewUndone) else row.get("decision")
    return {**row, **_stage(fact), "decision": decision}


reviews = view("reviews", 1, _order, _review)
"""One document an order that waits or waited, newest decision included. Orders that nobody held are not in it."""


def _queue(row: Row | None, fact: Fact) -> Row | None:
    event = fact.event
    if isinstance(event, QualityReviewRequested):
        submitted, order = event.submitted, event.submitted.order
        return _placed({
            "stage": "waiting", "why": event.why, "rules": list(event.rules), "share": submitted.rules.qa_share, "opened_at": stamp(fact.time),
            "amount": submitted.amount, "currency": submitted.currency, "size": submitted.amount * 10 ** (3 - decimals(submitted.currency)),
            "campaign": order.campaign, "campaign_name": order.campaign_name, "agent": submitted.placed_by, "customer_id": order.customer_id,
            "first_name": order.customer.first_name, "last_name": order.customer.last_name,
        })  # fmt: skip
    return _placed({**row, **_stage(fact)}) if row else None


def _placed(row: Row) -> Row:
    """Each list is one range of one index, in its order, however many wait: by stage, and by what one is chosen by."""
    stage = "waiting" if row["stage"] == "waiting" else "done"
    places = {name: f"{within(stage, row[of])}{row['opened_at']}" for name, of in CHOSEN_BY.items()}
    return {**row, **places, "place": f"{within(stage)}{row['opened_at']}"}


def within(stage: str, value: str = "") -> str:
    """What places of this stage, and of this value that it is chosen by, begin with."""
    return f"{stage}\t{value}\t" if value else f"{stage}\t"


CHOSEN_BY = {"by_agent": "agent", "by_campaign": "campaign", "by_why": "why", "by_customer": "customer_id"}
queue = view("queue", 2, _order, _queue, ["place", *CHOSEN_BY])
"""What a list of reviews shows: one small document each, ``reviews`` has the whole. ``size`` is its amount in thousandths of the currency's unit."""


def _undo_windows(row: Row | None, fact: Fact) -> Row | None:
    return {"due_at": stamp(fact.event.effective)} if isinstance(fact.event, ReviewDecided) else None


UndoWindows = view("undo", 1, _order, _undo_windows, ["due_at"])
"""Decisions that have not taken effect, by when they do."""


def _review_settings_key(event: AccountSettingsChanged) -> str:
    return "account"


def _review_settings(row: Row | None, fact: Fact) -> Row | None:
    settings = fact.event.settings  # type: ignore[attr-defined]
    return {"undo_seconds": settings.undo_seconds, "own_review_allowed": settings.own_review_allowed}


ReviewSettings = view("settings", 1, _review_settings_key, _review_settings)


def _rules_key(event: HoldRulesChanged) -> str:
    return "account"


def _rules(row: Row | None, fact: Fact) -> Row:
    return {**fact.event.model_dump(mode="json"), "at": stamp(fact.time)}


hold_rules = view("rules", 1, _rules_key, _rules)


def undo_window(settings: Row | None) -> timedelta:
    """10 s until the account says otherwise."""
    return timedelta(seconds=settings["undo_seconds"] if settings else 10)
