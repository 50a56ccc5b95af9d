"""How an event changes a payment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.payments.pending import Pending
from services.payments.references import Claimed, Kind, Wanted, claimed, kind_of, wanted
from services.payments.state import Attempt, Operation, Payment, Refunding, with_attempt
from shared.contracts.payments import (
    AnswerContradicted,
    AttemptClaimed,
    AttemptOpened,
    CaptureClaimed,
    CaptureRequested,
    ExternalPaymentPending,
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
    RefundClaimed,
    RefundRequested,
    RenewalClaimed,
    RenewalRequested,
    VoidClaimed,
    VoidRequested,
)
from shared.kernel.events import Event

Answered = PartAnswered | PartRenewed | PartCaptured | PartVoided | PartRefunded


def evolve(payment: Payment, event: Event) -> Payment:
    match event:
        case AttemptOpened() | ExternalPaymentPending():
            payment = _opened(payment, event)
        case PaymentStopped():
            return replace(payment, stopped=event.why)
        case AttemptClaimed() | RenewalClaimed() | CaptureClaimed() | VoidClaimed() | RefundClaimed():
            return _claimed(payment, event)
        case PaymentOutcomeUnknown():
            return _ask_again(payment, event.reference, event.ask_again_at, event.answer == "never-heard")
        case PartAnswered() | PartRenewed() | PartCaptured() | PartVoided() | PartRefunded():
            return _answered(payment, event)
        case AnswerContradicted():
            return replace(payment, contradicted={**payment.contradicted, event.reference: event.answer})
        case OutcomeRecorded():
            return _recorded(payment, event)
        case PaymentReturned():
            return replace(payment, returned={**payment.returned, event.reference: event.amount})
        case RefundRequested() | PaymentRefunded() | PaymentRefundFailed():
            payment = _refunding(payment, event)
    return _attempted(_asked(payment, event), event)


def _opened(payment: Payment, event: AttemptOpened | ExternalPaymentPending) -> Payment:
    attempt = Attempt(event, "open", event.parts) if isinstance(event, AttemptOpened) else Attempt(event, "external")
    return with_attempt(payment, event.attempt, attempt)


# What gateways are asked


def _asked(payment: Payment, event: Event) -> Payment:
    match event:
        case OperationRetried() if event.of == event.reference:
            pending = replace(payment.work[event.of], until=event.due_at, held=False)
            return replace(payment, work={**payment.work, event.of: pending})
        case AttemptOpened() | PartRerouted() | RenewalRequested() | CaptureRequested() | VoidRequested() | RefundRequested() | OperationRetried():
            asked = {operation.reference: operation for operation in _operations(payment, event)}
            work = {**payment.work, **{reference: Pending() for reference in asked}}
            return replace(payment, operations={**payment.operations, **asked}, work=work)
    return payment


def _operations(payment: Payment, event: Wanted) -> Iterable[Operation]:
    match event:
        case AttemptOpened():
            return [Operation("authorise", named, event.attempt, part) for named, part in zip(wanted(event), event.parts, strict=True)]
        case PartRerouted():
            return [Operation("authorise", named, event.attempt, event.part) for named in wanted(event)]
        case RenewalRequested():
            before = next(part for part in payment.attempts[event.attempt].authorized if part.part.number == event.part)
            return [Operation("renew", event.reference, event.attempt, before.part, before.reference)]
        case CaptureRequested() | VoidRequested():
            step: Kind = "capture" if isinstance(event, CaptureRequested) else "void"
            pairs = zip(wanted(event), event.parts, strict=True)
            return [Operation(step, named, event.attempt, p.part, p.reference, p.gateway_reference) for named, p in pairs]
        case RefundRequested():
            captures = [(part, payment.operations[part.captured]) for part in event.parts]
            return [
                Operation("refund", part.reference, part.attempt, part.part, of.of, of.theirs, of.reference, event.number) for part, of in captures
            ]
        case OperationRetried():
            refused = payment.operations[event.of]
            return [replace(refused, reference=event.reference, answer=None, reason="", gateway_reference="")]


def _claimed(payment: Payment, event: Claimed) -> Payment:
    reference = claimed(event)
    return replace(payment, work={**payment.work, reference: replace(payment.work[reference], until=event.until, held=True)})


def _ask_again(payment: Payment, reference: str, at: datetime, unheard: bool) -> Payment:
    pending = Pending(at, False, payment.work[reference].unknown + 1, at if unheard else None)
    return replace(payment, work={**payment.work, reference: pending})


def _answered(payment: Payment, event: Answered) -> Payment:
    if not isinstance(event, PartAnswered) and event.ask_again_at:
        return _ask_again(payment, event.reference, event.ask_again_at, event.answer == "never-heard")
    said: dict[str, Any] = {"answer": event.answer, "reason": event.reason, "gateway_reference": event.gateway_reference}
    if isinstance(event, PartAnswered | PartRenewed):
        said["expires_at"] = event.expires_at
    if isinstance(event, PartAnswered):
        said |= {"avs": event.avs, "cvv": event.cvv}
    operation = replace(payment.operations[event.reference], **said)
    work = {reference: pending for reference, pending in payment.work.items() if reference != event.reference}
    answered = replace(payment, operations={**payment.operations, event.reference: operation}, work=work)
    return _renewed(answered, operation) if isinstance(event, PartRenewed) and operation.yes else answered


def _renewed(payment: Payment, operation: Operation) -> Payment:
    attempt = payment.attempts[operation.attempt]
    parts = tuple(operation.authorised() if part.reference == operation.of else part for part in attempt.authorized)
    return with_attempt(payment, operation.attempt, replace(attempt, authorized=parts))


def _recorded(payment: Payment, event: OutcomeRecorded) -> Payment:
    contradicted = {reference: answer for reference, answer in payment.contradicted.items() if reference != event.reference}
    seen = payment.seen_returns | ({event.reference} & payment.returned.keys())
    return replace(payment, contradicted=contradicted, seen_returns=seen)


def _refunding(payment: Payment, event: RefundRequested | PaymentRefunded | PaymentRefundFailed) -> Payment:
    if isinstance(event, RefundRequested):
        refund = Refunding(event.number, event.amount, event.by, tuple(wanted(event)))
    else:
        refund = replace(payment.refunds[event.number], status="refunded" if isinstance(event, PaymentRefunded) else "failed")
    return replace(payment, refunds={**payment.refunds, event.number: refund})


# What becomes of attempts


def _attempted(payment: Payment, event: Event) -> Payment:
    if isinstance(event, OperationRetried):
        return _retried(payment, event)
    number = getattr(event, "attempt", None)
    attempt = payment.attempts.get(number) if number else None
    if number is None or attempt is None:
        return payment
    after = _evolved(payment, attempt, event)
    return payment if after is attempt else with_attempt(payment, number, after)


def _retried(payment: Payment, event: OperationRetried) -> Payment:
    """It takes the place of the one that it repeats."""
    kind, instead = kind_of(event.reference), {event.of: event.reference}
    if kind == "refund":
        number = payment.operations[event.of].refund
        refund = payment.refunds[number]
        refund = replace(refund, references=_replaced(refund.references, instead), status="open")
        return replace(payment, refunds={**payment.refunds, number: refund})
    attempt = payment.attempts[event.attempt]
    attempt = replace(attempt, capturing=_replaced(attempt.capturing, instead), voiding=_replaced(attempt.voiding, instead))
    if event.of != event.reference and kind == "capture":
        attempt = replace(attempt, status="capturing")
    elif event.of != event.reference and attempt.status == "void-failed":
        attempt = replace(attempt, status="voiding")
    return with_attempt(payment, event.attempt, attempt)


def _replaced(references: tuple[str, ...], instead: dict[str, str]) -> tuple[str, ...]:
    return tuple(instead.get(reference, reference) for reference in references)


def _evolved(payment: Payment, attempt: Attempt, event: Event) -> Attempt:
    match event:
        case PartRerouted():
            return replace(attempt, parts=(*attempt.parts, event.part), instead={**attempt.instead, event.instead_of: event.part.number})
        case PaymentAuthorized():
            return replace(attempt, status="authorized", authorized=event.parts, instrument=event.instrument)
        case OrderDeclined():
            return replace(attempt, status="declined", instrument=event.instrument, refused=event.reason)
        case RenewalRequested():
            return replace(attempt, status="renewing", renewing=(*attempt.renewing, event.reference))
        case CaptureRequested():
            return replace(attempt, status="capturing", capturing=tuple(wanted(event)))
        case PaymentCaptured():
            return replace(attempt, status="captured")
        case PaymentCaptureFailed():
            return replace(attempt, status="capture-failed")
        case VoidRequested():
            attempt = replace(attempt, voiding=(*attempt.voiding, *wanted(event)))
            return replace(attempt, status="voiding") if _undoes(payment, attempt, event) else attempt
        case PaymentVoided():
            return replace(attempt, status="voided" if attempt.status == "voiding" else attempt.status, voiding=())
        case PaymentVoidFailed():
            return replace(attempt, status="void-failed" if attempt.status == "voiding" else attempt.status)
    return attempt


def _undoes(payment: Payment, attempt: Attempt, event: VoidRequested) -> bool:
    """Not what a part that stood for nothing gives back."""
    if attempt.status in ("authorized", "renewing", "capture-failed"):
        return event.why in ("denied", "cancelled")
    answered = all(payment.of_part(event.attempt, part).answer for part in attempt.standing)
    return attempt.status == "open" and answered
