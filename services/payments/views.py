"""Open work at gateways, and what became of each order's money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.payments.references import Claimed, Wanted, authorisation, claimed, parsed, wanted
from shared.contracts.customers import CustomerErased
from shared.contracts.payments import (
    AttemptClaimed,
    AttemptOpened,
    CaptureClaimed,
    CaptureRequested,
    ExternalPaymentPending,
    InstrumentsErased,
    LateAuthorisationFound,
    OrderDeclined,
    PartAnswered,
    PartCaptured,
    PartVoided,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentOutcomeUnknown,
    PaymentStopped,
    PaymentVoided,
    PaymentVoidFailed,
    PreAuthClaimed,
    PreAuthDeclined,
    PreAuthorized,
    PreAuthRequested,
    PreAuthUnanswered,
    PreAuthVoided,
    VoidClaimed,
    VoidRequested,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

ALARM = timedelta(minutes=15)
"""So long an outcome may be unknown before somebody must look."""

Answered = PartAnswered | PartCaptured | PartVoided | PaymentOutcomeUnknown


def _work_key(event: Wanted | Claimed | Answered) -> list[str]:
    match event:
        case AttemptOpened() | CaptureRequested() | VoidRequested():
            return wanted(event)
        case AttemptClaimed() | CaptureClaimed() | VoidClaimed():
            return [claimed(event)]
    return [event.reference]


def _work(row: Row | None, fact: Fact, id: str) -> Row | None:
    due = _due(fact.event)
    return {"order_id": id.split("-")[0], "reference": id, "kind": parsed(id)[2], "due_at": stamp(due)} if due else None


def _due(event: object) -> datetime | None:
    match event:
        case AttemptOpened() | CaptureRequested() | VoidRequested():
            return event.due_at
        case AttemptClaimed() | CaptureClaimed() | VoidClaimed():
            return event.until
        case PaymentOutcomeUnknown() | PartCaptured() | PartVoided():
            return event.ask_again_at
    return None


work = view("work", 1, _work_key, _work, ["kind", "due_at"])
"""Open work at gateways, one row a reference, and when the watchdog takes it."""

Told = (
    AttemptOpened
    | ExternalPaymentPending
    | PartAnswered
    | PaymentAuthorized
    | OrderDeclined
    | PaymentOutcomeUnknown
    | LateAuthorisationFound
    | PartCaptured
    | PaymentCaptured
    | PaymentCaptureFailed
    | PartVoided
    | PaymentVoided
    | PaymentVoidFailed
    | PaymentStopped
)
Outcome = PaymentAuthorized | OrderDeclined | PaymentCaptured | PaymentCaptureFailed | PaymentVoided | PaymentVoidFailed

_OUTCOMES: dict[type[Outcome], str] = {
    PaymentAuthorized: "authorized",
    OrderDeclined: "declined",
    PaymentCaptured: "captured",
    PaymentCaptureFailed: "capture-failed",
    PaymentVoided: "voided",
    PaymentVoidFailed: "void-failed",
}
_MONEY = {"approved": "authorized", "declined": "declined", "never-heard": "not-charged"}


def _payment_key(event: Told) -> str:
    return event.order_id


def _payment(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    row = {**(row or {"attempts": [], "stopped": ""}), "updated_at": stamp(fact.time)}
    if isinstance(event, PaymentStopped):
        return _looked_over({**row, "stopped": event.why})
    attempts = {attempt["attempt"]: attempt for attempt in row["attempts"]}
    attempt = attempts.get(event.attempt) or {"attempt": event.attempt}
    attempts[event.attempt] = {**attempt, **_changed(attempt, fact, event), "at": stamp(fact.time)}
    return _looked_over({**row, "attempts": [attempts[number] for number in sorted(attempts)]})


def _changed(attempt: Row, fact: Fact, event: Any) -> Row:
    match event:
        case AttemptOpened() | ExternalPaymentPending():
            return _opened(event)
        case PaymentOutcomeUnknown():
            return _unknown(attempt, fact, event.part, event.reason)
        case PartCaptured() | PartVoided() if event.ask_again_at:
            return _unknown(attempt, fact, event.part, event.reason)
        case PartAnswered():
            return _part(attempt, event.part, status=_MONEY[event.answer], gateway_reference=event.gateway_reference)
        case LateAuthorisationFound():
            return _part(attempt, event.part, status="authorized")
        case PartCaptured():
            return _part(attempt, event.part, **({"status": "captured"} if event.answer == "approved" else {}))
        case PartVoided():
            return _part(attempt, event.part, **({"status": "voided"} if event.answer == "approved" else {}))
    return _outcome(attempt, event)


def _opened(event: AttemptOpened | ExternalPaymentPending) -> Row:
    submitted = event.submitted
    parts = event.parts if isinstance(event, AttemptOpened) else ()
    return {
        "status": "open" if isinstance(event, AttemptOpened) else "external",
        "method": submitted.method,
        "amount": submitted.amount,
        "currency": submitted.currency,
        "instrument": None,
        "reason": "",
        "trouble": "",
        "parts": [
            {"part": p.number, "gateway": p.gateway, "amount": p.amount, "status": "open", "gateway_reference": "",
             "reference": authorisation(event.order_id, event.attempt, p.number), "unknown_since": None}
            for p in parts
        ],
    }  # fmt: skip


def _unknown(attempt: Row, fact: Fact, number: int, reason: str) -> Row:
    since = next(part["unknown_since"] for part in attempt["parts"] if part["part"] == number)
    return _part(attempt, number, unknown_since=since or stamp(fact.time), **({"misfit": reason} if reason else {}))


def _part(attempt: Row, number: int, *, unknown_since: str | None = None, **changed: str) -> Row:
    parts = [{**part, **changed, "unknown_since": unknown_since} if part["part"] == number else part for part in attempt["parts"]]
    if attempt["status"] not in ("open", "unknown"):
        return {"parts": parts}
    return {"parts": parts, "status": "unknown" if any(part["unknown_since"] for part in parts) else "open"}


def _outcome(attempt: Row, event: Outcome) -> Row:
    """What a declined attempt gives back leaves it declined."""
    undone = isinstance(event, PaymentVoided | PaymentVoidFailed)
    changed: Row = {} if undone and attempt["status"] == "declined" else {"status": _OUTCOMES[type(event)]}
    if isinstance(event, PaymentAuthorized | OrderDeclined):
        changed["instrument"] = event.instrument.model_dump(mode="json") if event.instrument.last4 else None
    if isinstance(event, OrderDeclined | PaymentCaptureFailed):
        changed["reason"] = event.reason
    if isinstance(event, PaymentCaptureFailed | PaymentVoidFailed | PaymentVoided):
        changed["trouble"] = "" if isinstance(event, PaymentVoided) else _OUTCOMES[type(event)]
    return changed


def _looked_over(row: Row) -> Row:
    """``attention`` says why somebody must look, ``alarm_at`` from when on; both empty while all is well."""
    alarms = [alarm for attempt in row["attempts"] for alarm in _alarms(row, attempt)]
    alarm_at, why = min(alarms, default=(None, ""))
    return {**row, "attention": why, "alarm_at": alarm_at}


def _alarms(row: Row, attempt: Row) -> Iterator[tuple[str, str]]:
    parts = attempt.get("parts", ())
    if row["stopped"] and any(part["status"] == "captured" for part in parts):
        yield attempt["at"], "refund-due"
    if attempt.get("trouble"):
        yield attempt["at"], attempt["trouble"]
    for part in parts:
        if part["unknown_since"] and part.get("misfit"):
            yield part["unknown_since"], "answer-does-not-fit"
        elif part["unknown_since"]:
            yield stamp(datetime.fromisoformat(part["unknown_since"]) + ALARM), "outcome-unknown"


payments_view = view("payments", 1, _payment_key, _payment, ["alarm_at", "updated_at"])
"""One row an order: its attempts as they stand, and whether somebody must look."""


def _erased_key(event: CustomerErased) -> Sequence[str]:
    return event.order_ids


def _erased(row: Row | None, fact: Fact) -> Row:
    return {"at": stamp(fact.time)}


erased_orders = view("erased", 1, _erased_key, _erased)
"""Orders whose customer is erased: the vault keeps nothing for them."""


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
    alarm_at = stamp(datetime.fromisoformat(since) + ALARM)
    why = "answer-does-not-fit" if event.reason else "outcome-unknown"
    return {**(row or {}), "due_at": stamp(event.ask_again_at), "unknown_since": since, "alarm_at": alarm_at, "attention": why}


pre_auth_work = view("pre_auth_work", 1, _pre_auth_key, _pre_auth, ["kind", "due_at", "alarm_at"])
"""Pre-authorisations that are not done with, and those that somebody must look at."""


def _to_erase_key(event: CustomerErased | InstrumentsErased) -> str:
    return event.customer_id


def _to_erase(row: Row | None, fact: Fact) -> Row:
    """In either order: each stream says its own."""
    row = {**(row or {"asked": False, "done": False}), ("asked" if isinstance(fact.event, CustomerErased) else "done"): True}
    return {**row, "due": "yes" if row["asked"] and not row["done"] else ""}


to_erase = view("to_erase", 1, _to_erase_key, _to_erase, ["due"])
"""Erased customers, and whether what is stored for them is still to be forgotten."""
