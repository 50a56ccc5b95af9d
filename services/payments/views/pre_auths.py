"""Pre-authorisations that are not done with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.payments.pending import CANNOT_BE_ASKED
from services.payments.views.alarms import ALARM
from shared.contracts.cards import PreAuthClaimed, PreAuthDeclined, PreAuthorized, PreAuthRequested, PreAuthUnanswered, PreAuthVoided
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

PreAuthTold = PreAuthRequested | PreAuthClaimed | PreAuthUnanswered | PreAuthorized | PreAuthDeclined | PreAuthVoided


def _pre_auth_key(event: PreAuthTold) -> str:
    return f"{event.order_id}-pre-{event.number}"


def _pre_auth(row: Row | None, fact: Fact) -> Row | None:
    event: Any = fact.event
    match event:
        case PreAuthRequested() | PreAuthorized():
            back = isinstance(event, PreAuthorized)
            kind, reference = ("pre-auth-void", f"{event.reference}-void") if back else ("pre-auth", event.reference)
            asked = {"order_id": event.order_id, "number": event.number, "gateway": event.gateway, "reference": reference, "kind": kind}
            return {**asked, "due_at": stamp(event.due_at), "unknown_since": None, "alarm_at": None, "attention": ""}
        case PreAuthVoided(answer="declined"):
            return {**(row or {}), "kind": "", "due_at": None, "alarm_at": stamp(fact.time), "attention": "void-failed"}
        case PreAuthDeclined() | PreAuthVoided():
            return None
        case PreAuthClaimed():
            return {**(row or {}), "due_at": stamp(event.until)}
    since = (row or {}).get("unknown_since") or stamp(fact.time)
    silent = event.reason == CANNOT_BE_ASKED
    alarm_at = since if silent else stamp(datetime.fromisoformat(since) + ALARM)
    why = "answer-does-not-fit" if event.reason and not silent else "outcome-unknown"
    return {**(row or {}), "due_at": stamp(event.ask_again_at), "unknown_since": since, "alarm_at": alarm_at, "attention": why}


pre_auth_work = view("pre_auth_work", 1, _pre_auth_key, _pre_auth, ["kind", "due_at", "alarm_at"])
"""Pre-authorisations that are not done with, and those that somebody must look at."""
