"""What a gateway said, now or late; each kind of operation has its own consequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from services.payments import attempt
from services.payments.capture import captured, renewed
from services.payments.commands import Claim, Record
from services.payments.pending import LEASE, Pending, next_ask
from services.payments.references import Kind
from services.payments.refunds import refunded
from services.payments.state import Operation, Payment
from services.payments.undoing import late, voided
from shared.contracts.payments import AnswerContradicted, AttemptClaimed, CaptureClaimed, RefundClaimed, RenewalClaimed, VoidClaimed
from shared.kernel.events import Event

Consequences = Callable[[Record, Payment, Operation, datetime | None], Sequence[Event]]
"""Of an answer: a final one, or one after which the gateway is asked again then."""


def _authorised(command: Record, payment: Payment, operation: Operation, again: datetime | None) -> Sequence[Event]:
    if again:
        return attempt.unanswered(command, payment, operation, ask_again_at=again)
    return attempt.answered(command, payment, operation)


CONSEQUENCES: Mapping[Kind, Consequences] = {
    "authorise": _authorised,
    "renew": renewed,
    "capture": captured,
    "void": voided,
    "refund": refunded,
}
RESERVES = ("authorise", "renew")
"""What is not done again by itself once the gateway will never hear of it."""


def claim(command: Claim, payment: Payment) -> Sequence[Event]:
    pending, operation = payment.work.get(command.reference), payment.operations.get(command.reference)
    if pending is None or operation is None or (pending.until and command.now < pending.until):
        return []
    held = {"holder": command.holder, "until": command.now + LEASE, "takeover": pending.until is not None}
    where = {"order_id": payment.attempts[operation.attempt].opened.order_id, "attempt": operation.attempt, "part": operation.part.number}
    named = {**where, "reference": operation.reference}
    match operation.kind:
        case "authorise":
            return [AttemptClaimed(**where, **held)]
        case "renew":
            return [RenewalClaimed(**named, **held)]
        case "capture":
            return [CaptureClaimed(**named, **held)]
        case "void":
            return [VoidClaimed(**named, **held)]
        case "refund":
            return [RefundClaimed(order_id=where["order_id"], number=operation.refund, reference=operation.reference, **held)]


def record(command: Record, payment: Payment) -> Sequence[Event]:
    operation, pending = payment.operations.get(command.reference), payment.work.get(command.reference)
    if operation is None:
        return []
    if pending is None:
        return _afterwards(command, payment, operation)
    again = None
    if command.answer in ("unknown", "never-heard"):
        early = command.answer == "never-heard" and pending.settled_at and command.now < pending.settled_at
        if early or not (pending.held and command.lease == pending.until):
            return []
        again = _ask_again(command, pending, operation.kind in RESERVES)
    return CONSEQUENCES[operation.kind](command, payment, operation, again)


def _ask_again(command: Record, pending: Pending, reserves: bool) -> datetime | None:
    if command.answer == "unknown":
        return next_ask(command.now, pending, command.reason)
    if pending.settled_at is None:
        return command.now + command.settles
    return None if reserves else next_ask(command.now, pending)


def _afterwards(command: Record, payment: Payment, operation: Operation) -> Sequence[Event]:
    """What was acted upon stays, and is undone or looked at where it was not so."""
    yes = command.answer == "approved"
    if command.answer not in ("approved", "declined") or yes == operation.yes or not command.asked:
        return []
    if yes and operation.kind in RESERVES:
        return late(command, payment, operation)
    if payment.contradicted.get(operation.reference) == command.answer:
        return []
    return [
        AnswerContradicted(
            order_id=payment.attempts[operation.attempt].opened.order_id,
            attempt=operation.attempt,
            reference=operation.reference,
            answer=command.answer,
            reason=command.reason,
            gateway_reference=command.gateway_reference,
        )
    ]
