"""What became of an order's money: its attempts, everything that gateways were asked for, refunds and returns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.payments.references import Wanted, authorisation, kind_of, parsed, wanted
from services.payments.views.alarms import alarms
from shared.contracts.payments import (
    AnswerContradicted,
    AttemptOpened,
    CaptureRequested,
    ExternalPaymentPending,
    LateAuthorisationFound,
    OperationRetried,
    OrderDeclined,
    OutcomeRecorded,
    PartAnswered,
    PartCaptured,
    PartRefunded,
    PartRenewed,
    PartRerouted,
    PartVoided,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentOutcomeUnknown,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentReturned,
    PaymentStopped,
    PaymentVoided,
    PaymentVoidFailed,
    RefundRequested,
    RenewalRequested,
    VoidRequested,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

Answered = PartAnswered | PaymentOutcomeUnknown | PartRenewed | PartCaptured | PartVoided | PartRefunded
Outcome = PaymentAuthorized | OrderDeclined | PaymentCaptured | PaymentCaptureFailed | PaymentVoided | PaymentVoidFailed
Refunding = RefundRequested | PaymentRefunded | PaymentRefundFailed
Noted = AnswerContradicted | OutcomeRecorded | PaymentReturned | PaymentStopped | LateAuthorisationFound
Told = Wanted | Answered | Outcome | Refunding | Noted | ExternalPaymentPending

_OUTCOMES: dict[type[Outcome], str] = {
    PaymentAuthorized: "authorized",
    OrderDeclined: "declined",
    PaymentCaptured: "captured",
    PaymentCaptureFailed: "capture-failed",
    PaymentVoided: "voided",
    PaymentVoidFailed: "void-failed",
}
_NO_MONEY: Row = {"currency": "", "captured": 0, "refunded": 0, "refundable": 0}
_NOTHING: Row = {"attempts": [], "operations": [], "refunds": [], "returned": [], "stopped": "", "stopped_at": "", **_NO_MONEY}


def _payment_key(event: Told) -> str:
    return event.order_id


def _payment(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    before = row or _NOTHING
    row = {**before, "updated_at": stamp(fact.time)}
    if isinstance(event, Wanted):
        row = {**row, "operations": [*row["operations"], *_asked(row, fact, event)]}
    if isinstance(event, Answered):
        row = _changed(row, event.reference, **_answer(row, fact, event))
    if isinstance(event, Noted):
        row = _noted(row, fact, event)
    if isinstance(event, Refunding):
        row = {**row, "refunds": _refunds(row, fact, event)}
    if isinstance(event, AttemptOpened | ExternalPaymentPending):
        row = {**row, "currency": event.submitted.currency, "attempts": [*row["attempts"], _opened(event)]}
    attempts = [_followed(attempt, fact, event) if attempt["attempt"] == getattr(event, "attempt", None) else attempt for attempt in row["attempts"]]
    row = {**row, "attempts": attempts}
    moved = row["operations"] is not before["operations"] or row["returned"] is not before["returned"]
    return _looked_over(_summed(row) if moved else row)


# What gateways are asked


def _asked(row: Row, fact: Fact, event: Wanted) -> list[Row]:
    """An operation that is asked about at once is there already."""
    known = {operation["reference"]: operation for operation in row["operations"]}
    blank: Row = {"status": "open", "reason": "", "gateway_reference": "", "at": stamp(fact.time), "unknown_since": None, "contradicted": None}
    told: Row = {"avs": "", "cvv": "", "expires_at": None}
    fresh = [(n, reference) for n, reference in enumerate(wanted(event)) if reference not in known]
    return [{**_placed(reference), **_about(event, n, known), **blank, **told} for n, reference in fresh]


def _placed(reference: str) -> Row:
    known = parsed(reference)
    return {"reference": reference, "kind": known.kind, "attempt": known.attempt, "part": known.part, "number": known.refund} if known else {}


def _about(event: Wanted, n: int, known: dict[str, Row]) -> Row:
    """``of`` is the reference that it goes back to."""
    match event:
        case AttemptOpened():
            return _share(event.parts[n], "")
        case PartRerouted():
            return _share(event.part, "")
        case CaptureRequested() | VoidRequested():
            return _share(event.parts[n].part, event.parts[n].reference)
        case RefundRequested():
            return _share(event.parts[n].part, event.parts[n].captured)
        case RenewalRequested():
            before = known[event.reference.rpartition("-")[0]]
            return {"gateway": before["gateway"], "amount": before["amount"], "of": before["reference"]}
    return {name: known[event.of][name] for name in ("gateway", "amount", "of")}


def _share(part: Any, of: str) -> Row:
    return {"gateway": part.gateway, "amount": part.amount, "of": of}


def _answer(row: Row, fact: Fact, event: Answered) -> Row:
    said: Row = {"reason": event.reason, "at": stamp(fact.time)}
    if getattr(event, "ask_again_at", None):
        since = next(each["unknown_since"] for each in row["operations"] if each["reference"] == event.reference)
        return {**said, "status": "unknown", "unknown_since": since or stamp(fact.time)}
    said |= {"status": event.answer, "unknown_since": None}
    if not isinstance(event, PaymentOutcomeUnknown):
        said["gateway_reference"] = event.gateway_reference
    if isinstance(event, PartAnswered):
        said |= {"avs": event.avs, "cvv": event.cvv}
    return said | _until(event.expires_at) if isinstance(event, PartAnswered | PartRenewed) else said


def _until(expires_at: datetime | None) -> Row:
    return {"expires_at": stamp(expires_at) if expires_at else None}


def _changed(row: Row, reference: str, **changed: Any) -> Row:
    operations = [{**each, **changed} if each["reference"] == reference else each for each in row["operations"]]
    return {**row, "operations": operations}


def _noted(row: Row, fact: Fact, event: Noted) -> Row:
    at = stamp(fact.time)
    match event:
        case AnswerContradicted():
            return _changed(row, event.reference, contradicted=at)
        case OutcomeRecorded():
            back = [{**each, "seen": True} if each["reference"] == event.reference else each for each in row["returned"]]
            return {**_changed(row, event.reference, contradicted=None, evidence=event.evidence, recorded_by=event.by), "returned": back}
        case PaymentReturned():
            told = {"reference": event.reference, "code": event.code, "reason": event.reason, "amount": event.amount}
            return {**row, "returned": [*row["returned"], {"attempt": event.attempt, "part": event.part, **told, "at": at, "seen": False}]}
        case PaymentStopped():
            return {**row, "stopped": event.why, "stopped_at": at}
    return row


def _refunds(row: Row, fact: Fact, event: Refunding) -> list[Row]:
    if isinstance(event, RefundRequested):
        asked = {"number": event.number, "amount": event.amount, "status": "open", "failed": "", "reason": event.reason, "by": event.by}
        return [*row["refunds"], {**asked, "at": stamp(fact.time)}]
    failed = event.reason if isinstance(event, PaymentRefundFailed) else ""
    said = {"status": "failed" if failed else "refunded", "failed": failed, "at": stamp(fact.time)}
    return [{**each, **said} if each["number"] == event.number else each for each in row["refunds"]]


# What becomes of attempts


def _opened(event: AttemptOpened | ExternalPaymentPending) -> Row:
    submitted, opened = event.submitted, isinstance(event, AttemptOpened)
    paid = {"method": submitted.method, "amount": submitted.amount, "currency": submitted.currency, "instrument": None}
    parts = [_part(event, part) for part in event.parts] if isinstance(event, AttemptOpened) else []
    stands = {"status": "open" if opened else "external", "reason": "", "trouble": "", "trouble_at": ""}
    return {"attempt": event.attempt, **paid, **stands, "parts": parts}


def _part(event: AttemptOpened | PartRerouted, part: Any, instead_of: int = 0) -> Row:
    reference = authorisation(event.order_id, event.attempt, part.number)
    return {"part": part.number, "gateway": part.gateway, "amount": part.amount, "instead_of": instead_of, "reference": reference}


def _followed(attempt: Row, fact: Fact, event: Any) -> Row:
    attempt = {**attempt, "at": stamp(fact.time)}
    match event:
        case PartRerouted():
            return {**attempt, "parts": [*attempt["parts"], _part(event, event.part, event.instead_of)]}
        case PaymentAuthorized() | OrderDeclined() | PaymentCaptured() | PaymentCaptureFailed() | PaymentVoided() | PaymentVoidFailed():
            return {**attempt, **_outcome(attempt, fact, event)}
        case CaptureRequested() | RenewalRequested():
            return {**attempt, **_again(attempt)}
        case OperationRetried() if event.of != event.reference and kind_of(event.reference) != "refund":
            return {**attempt, **_again(attempt)}
    return attempt


def _again(attempt: Row) -> Row:
    """What was in trouble is under way."""
    return {"trouble": "", "status": "authorized" if attempt["trouble"] == "capture-failed" else attempt["status"]}


def _outcome(attempt: Row, fact: Fact, event: Outcome) -> Row:
    """What a declined attempt gives back leaves it declined, and what was reserved for nothing leaves one as it was."""
    stays = isinstance(event, PaymentVoided | PaymentVoidFailed) and (event.stands or attempt["status"] == "declined")
    changed: Row = {} if stays else {"status": _OUTCOMES[type(event)]}
    if isinstance(event, PaymentAuthorized | OrderDeclined):
        changed["instrument"] = event.instrument.model_dump(mode="json") if event.instrument.last4 else None
    if isinstance(event, OrderDeclined | PaymentCaptureFailed):
        changed["reason"] = event.reason
    failed = isinstance(event, PaymentCaptureFailed | PaymentVoidFailed)
    return {**changed, "trouble": _OUTCOMES[type(event)] if failed else "", "trouble_at": stamp(fact.time) if failed else ""}


# What it comes to


def _summed(row: Row) -> Row:
    yes = [each for each in row["operations"] if each["status"] == "approved"]
    captures = [each for each in yes if each["kind"] == "capture"]
    return {
        **row,
        "attempts": [_told(row, attempt) for attempt in row["attempts"]],
        "captured": sum(each["amount"] for each in captures),
        "refunded": sum(each["amount"] for each in yes if each["kind"] == "refund"),
        "refundable": sum(_left(row, each) for each in captures),
    }


def _looked_over(row: Row) -> Row:
    """``attention`` says why somebody must look, ``alarm_at`` from when on and ``look_at`` the references; all empty while all is well."""
    alarm_at, why, references = min(alarms(row), default=(None, "", []))
    return {**row, "attention": why, "alarm_at": alarm_at, "look_at": references}


def _left(row: Row, capture: Row) -> int:
    asked = [each for each in row["operations"] if each["kind"] == "refund" and each["of"] == capture["reference"]]
    back = sum(each["amount"] for each in asked if each["status"] in ("approved", "open", "unknown"))
    returned = sum(each["amount"] for each in row["returned"] if each["reference"] == capture["reference"])
    left: int = max(capture["amount"] - back - returned, 0)
    return left


def _told(row: Row, attempt: Row) -> Row:
    """With its parts as their operations leave them."""
    parts = [{**part, **_stands(row, attempt, part)} for part in attempt["parts"]]
    status = attempt["status"]
    if status in ("open", "unknown"):
        status = "unknown" if any(part["unknown_since"] for part in parts) else "open"
    return {**attempt, "parts": parts, "status": status}


def _stands(row: Row, attempt: Row, part: Row) -> Row:
    operations = [each for each in row["operations"] if each["part"] == part["part"] and each["attempt"] == attempt["attempt"]]
    since, held, done = None, operations[0], set()
    for each in operations:
        if each["status"] == "approved":
            done.add(each["kind"])
            held = each if each["kind"] in ("authorise", "renew") else held
        elif each["unknown_since"]:
            since = min(since or each["unknown_since"], each["unknown_since"])
    told = {name: held[name] for name in ("gateway_reference", "avs", "cvv", "expires_at")}
    return {**told, "status": _status(row, operations, done), "unknown_since": since}


def _status(row: Row, operations: list[Row], done: set[str]) -> str:
    returned = {each["reference"] for each in row["returned"]}
    if any(each["reference"] in returned for each in operations):
        return "returned"
    if "capture" in done:
        given = sum(each["amount"] for each in operations if each["kind"] == "refund" and each["status"] == "approved")
        return "refunded" if given >= operations[0]["amount"] else "captured"
    if "void" in done:
        return "voided"
    if "authorise" in done or any(each["kind"] == "void" for each in operations):
        return "authorized"
    status: str = operations[0]["status"]
    return {"never-heard": "not-charged", "unknown": "open"}.get(status, status)


payments_view = view("payments", 2, _payment_key, _payment, ["alarm_at", "updated_at"])
"""One row an order: its attempts as they stand, everything that gateways were asked for, and whether somebody must look."""
