"""Taking what was reserved; and reserving it again where that has expired meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.payments.commands import Record
from services.payments.folding import evolve
from services.payments.pending import START
from services.payments.refunds import all_back
from services.payments.state import Attempt, Operation, Payment
from services.payments.undoing import void
from shared.contracts.payments import (
    CaptureRequested,
    PartCaptured,
    PartRenewed,
    PaymentCaptured,
    PaymentCaptureFailed,
    RenewalRequested,
)
from shared.kernel.events import Event

EXPIRED = "authorisation-expired"
_MARGIN = timedelta(hours=1)
"""What expires so soon may do so before it is captured."""


def capture(payment: Payment, number: int, now: datetime) -> Sequence[Event]:
    attempt = payment.attempts.get(number)
    if payment.stopped or attempt is None or attempt.status != "authorized":
        return []
    common = {"order_id": attempt.opened.order_id, "attempt": number}
    if not attempt.authorized:
        return [PaymentCaptured(**common, amount=0, references=())]
    expired = [part for part in attempt.authorized if part.expires_at and part.expires_at <= now + _MARGIN]
    if not expired:
        return [requested(attempt, now)]
    return [RenewalRequested(**common, part=part.part.number, reference=f"{part.reference}-r1", due_at=now + START) for part in expired]


def requested(attempt: Attempt, now: datetime) -> CaptureRequested:
    return CaptureRequested(order_id=attempt.opened.order_id, attempt=attempt.opened.attempt, parts=attempt.authorized, due_at=now + START)


def renewed(command: Record, payment: Payment, operation: Operation, again: datetime | None) -> Sequence[Event]:
    where = {"order_id": payment.attempts[operation.attempt].opened.order_id, "attempt": operation.attempt}
    said = {"answer": command.answer, "reason": command.reason, "gateway_reference": command.gateway_reference, "expires_at": command.expires_at}
    event = PartRenewed(**where, part=operation.part.number, reference=command.reference, **said, ask_again_at=again)
    after = evolve(payment, event)
    attempt = after.attempts[operation.attempt]
    if after.pending(attempt.renewing):
        return [event]
    if payment.stopped:
        return [event, void(attempt.opened, attempt.authorized, payment.stopped, command.now)]
    if all(after.operations[reference].yes for reference in attempt.renewing):
        return [event, requested(attempt, command.now)]
    return [event, PaymentCaptureFailed(**where, reason=EXPIRED)]


def captured(command: Record, payment: Payment, operation: Operation, again: datetime | None) -> Sequence[Event]:
    common = {"order_id": payment.attempts[operation.attempt].opened.order_id, "attempt": operation.attempt}
    said = {"answer": command.answer, "reason": command.reason, "gateway_reference": command.gateway_reference}
    event = PartCaptured(**common, part=operation.part.number, reference=command.reference, **said, ask_again_at=again)
    after = evolve(payment, event)
    attempt = after.attempts[operation.attempt]
    undone = all_back(after, command.now) if payment.stopped else []
    if after.pending(attempt.capturing):
        return [event]
    if operation.reference not in attempt.capturing:
        return [event, *undone]
    captures = [after.operations[reference] for reference in attempt.capturing]
    failed = next((each for each in captures if not each.yes), None)
    if failed is None:
        references = tuple(sorted(attempt.capturing))
        return [event, PaymentCaptured(**common, amount=sum(each.part.amount for each in captures), references=references), *undone]
    kept = after.uncaptured(attempt) if payment.stopped else ()
    voids = [void(attempt.opened, kept, payment.stopped, command.now)] if payment.stopped and kept else []
    return [event, PaymentCaptureFailed(**common, reason=failed.reason or "declined"), *voids, *undone]
