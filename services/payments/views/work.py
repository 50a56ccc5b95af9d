"""Open work at gateways."""

from __future__ import annotations

from datetime import datetime

from services.payments.references import Claimed, Wanted, claimed, kind_of, wanted
from shared.contracts.payments import PartAnswered, PartCaptured, PartRefunded, PartRenewed, PartVoided, PaymentOutcomeUnknown
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

Unanswered = PaymentOutcomeUnknown | PartRenewed | PartCaptured | PartVoided | PartRefunded


def _work_key(event: Wanted | Claimed | Unanswered | PartAnswered) -> list[str]:
    if isinstance(event, Wanted):
        return wanted(event)
    return [claimed(event) if isinstance(event, Claimed) else event.reference]


def _work(row: Row | None, fact: Fact, id: str) -> Row | None:
    due = _due(fact.event)
    return {"order_id": id.split("-")[0], "reference": id, "kind": kind_of(id), "due_at": stamp(due)} if due else None


def _due(event: object) -> datetime | None:
    if isinstance(event, Wanted):
        return event.due_at
    if isinstance(event, Claimed):
        return event.until
    return event.ask_again_at if isinstance(event, Unanswered) else None


work = view("work", 2, _work_key, _work, ["kind", "due_at"])
"""Open work at gateways, one row a reference, and when the watchdog takes it."""
