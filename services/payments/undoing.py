"""Giving back what was reserved; and stopping, after which nothing may follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from services.payments.commands import Record, Stop, Why
from services.payments.folding import evolve
from services.payments.pending import START
from services.payments.refunds import all_back
from services.payments.state import Attempt, Operation, Payment
from shared.contracts.payments import (
    AnsweredPart,
    AttemptOpened,
    ExternalPaymentPending,
    LateAuthorisationFound,
    PartVoided,
    PaymentStopped,
    PaymentVoided,
    PaymentVoidFailed,
    VoidRequested,
)
from shared.kernel.events import Event

Undone = Why | Literal["other-part-declined", "late"]


def void(opened: AttemptOpened | ExternalPaymentPending, parts: tuple[AnsweredPart, ...], why: Undone, now: datetime) -> VoidRequested:
    return VoidRequested(order_id=opened.order_id, attempt=opened.attempt, parts=parts, why=why, due_at=now + START)


def found_late(opened: AttemptOpened | ExternalPaymentPending, parts: tuple[AnsweredPart, ...], now: datetime) -> Sequence[Event]:
    common = {"order_id": opened.order_id, "attempt": opened.attempt}
    found = [LateAuthorisationFound(**common, part=p.part.number, reference=p.reference, amount=p.part.amount) for p in parts]
    return [*found, void(opened, parts, "late", now)]


def late(command: Record, payment: Payment, operation: Operation) -> Sequence[Event]:
    """A yes to an authorisation after it had another answer, which was acted upon."""
    if payment.voided(operation.reference):
        return []
    answered = {"gateway_reference": command.gateway_reference, "avs": command.avs, "cvv": command.cvv}
    part = AnsweredPart(part=operation.part, reference=operation.reference, **answered)
    return found_late(payment.attempts[operation.attempt].opened, (part,), command.now)


def voided(command: Record, payment: Payment, operation: Operation, again: datetime | None) -> Sequence[Event]:
    common = {"order_id": payment.attempts[operation.attempt].opened.order_id, "attempt": operation.attempt}
    said = {"answer": command.answer, "reason": command.reason, "gateway_reference": command.gateway_reference}
    event = PartVoided(**common, part=operation.part.number, reference=command.reference, **said, ask_again_at=again)
    after = evolve(payment, event)
    attempt = after.attempts[operation.attempt]
    if after.pending(attempt.voiding) or operation.reference not in attempt.voiding:
        return [event]
    voids = [after.operations[reference] for reference in attempt.voiding]
    failed = next((each for each in voids if not each.yes), None)
    if failed:
        return [event, PaymentVoidFailed(**common, reason=failed.reason or "declined", stands=_stands(attempt))]
    return [event, PaymentVoided(**common, amount=sum(each.part.amount for each in voids), stands=_stands(attempt))]


def _stands(attempt: Attempt) -> bool:
    return attempt.status not in ("declined", "voiding", "voided", "void-failed")


def stopped(command: Stop, payment: Payment) -> Sequence[Event]:
    """What is in flight is waited for, and undone then."""
    if payment.stopped:
        return []
    kept = [(each, payment.uncaptured(each)) for each in payment.attempts.values() if each.status in ("authorized", "capture-failed")]
    voids = [void(attempt.opened, parts, command.why, command.now) for attempt, parts in kept if parts]
    return [PaymentStopped(order_id=command.order_id, why=command.why), *voids, *all_back(payment, command.now)]
