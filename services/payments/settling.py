"""What a supervisor does about money that is stuck, and what a bank sends back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.payments.answers import CONSEQUENCES, RESERVES
from services.payments.capture import captured, requested
from services.payments.commands import Record, RecordOutcome, Retry, Return
from services.payments.folding import evolve
from services.payments.nacha import why_returned
from services.payments.pending import START, Pending
from services.payments.references import once_more, parsed
from services.payments.state import Operation, Payment
from shared.contracts.payments import Answer, OperationRetried, OutcomeRecorded, PaymentReturned
from shared.kernel.decider import Refused
from shared.kernel.events import Event

MOST_TRIES = 5


def retry(command: Retry, payment: Payment) -> Sequence[Event] | Refused:
    operation, pending = payment.operations.get(command.reference), payment.work.get(command.reference)
    if operation is None:
        return _not_known()
    if pending:
        waits = pending.unknown and not pending.held and pending.until and pending.until > command.now
        return [_retried(command, payment, operation, command.reference)] if waits else []
    if not _failed(payment, operation):
        return Refused("not-to-retry", "This has not failed, or something else has taken its place meanwhile.", "reference")
    if operation.kind == "renew":
        return [requested(payment.attempts[operation.attempt], command.now)]
    known = parsed(command.reference)
    if known is None or known.again >= MOST_TRIES:
        return Refused("too-many-tries", f"The gateway has refused this {MOST_TRIES} times. Settle it where that gateway is run.", "reference")
    if operation.kind == "refund" and _too_much(operation, payment):
        return Refused("refund-too-much", "So much is not left any more: it was given back otherwise, or returned.", "reference")
    return [_retried(command, payment, operation, once_more(command.reference))]


def _too_much(refund: Operation, payment: Payment) -> bool:
    return refund.part.amount > payment.left(payment.operations[refund.captured])


def _retried(command: Retry, payment: Payment, operation: Operation, reference: str) -> OperationRetried:
    now = reference == command.reference
    return OperationRetried(
        order_id=payment.attempts[operation.attempt].opened.order_id,
        attempt=operation.attempt,
        part=operation.part.number,
        of=command.reference,
        reference=reference,
        by=command.by,
        due_at=command.now if now else command.now + START,
    )


def _failed(payment: Payment, operation: Operation) -> bool:
    """It was refused, nothing has taken its place, and somebody waits for it."""
    attempt = payment.attempts[operation.attempt]
    if operation.answer is None or operation.yes:
        return False
    match operation.kind:
        case "capture":
            return operation.reference in attempt.capturing and attempt.status == "capture-failed" and not payment.stopped
        case "renew":
            return operation.reference in attempt.renewing and attempt.status == "capture-failed" and not attempt.capturing and not payment.stopped
        case "void":
            return operation.reference in attempt.voiding
        case "refund":
            refund = payment.refunds[operation.refund]
            return operation.reference in refund.references and refund.status == "failed"
    return False


def record_outcome(command: RecordOutcome, payment: Payment) -> Sequence[Event] | Refused:
    operation, pending = payment.operations.get(command.reference), payment.work.get(command.reference)
    if operation is None:
        return _not_known()
    if pending and not (pending.unknown and _free(pending, command.now)):
        return Refused("being-asked", "The gateway is being asked right now. Try again in a minute.", "reference")
    if not pending and not _to_settle(command, payment, operation):
        return Refused("not-open", "The gateway has said meanwhile what became of it.", "reference", data={"answer": operation.answer})
    if command.outcome == "charged" and operation.kind == "refund" and not (pending or operation.yes) and _too_much(operation, payment):
        return Refused("refund-too-much", "So much was not left: with this, more would have been given back than was taken.", "reference")
    opened = payment.attempts[operation.attempt].opened
    recorded = OutcomeRecorded(
        order_id=opened.order_id,
        attempt=operation.attempt,
        reference=command.reference,
        outcome=command.outcome,
        evidence=command.evidence,
        by=command.by,
        customer_id=opened.submitted.order.customer_id if command.evidence else "",
    )
    return [recorded, *_follows(command, evolve(payment, recorded), operation)]


def _free(pending: Pending, now: datetime) -> bool:
    """Nobody may be at the gateway with it at this moment."""
    return not pending.held or (pending.until is not None and pending.until <= now)


def _to_settle(command: RecordOutcome, payment: Payment, operation: Operation) -> bool:
    """A final answer that somebody had to look at: contradicted, returned, or a no that was made up for elsewhere."""
    if operation.reference in payment.contradicted:
        return True
    if command.outcome == "not-charged":
        return operation.reference in payment.returned.keys() - payment.seen_returns
    return operation.kind not in RESERVES and _failed(payment, operation)


def _follows(command: RecordOutcome, payment: Payment, operation: Operation) -> Sequence[Event]:
    """The same as if the gateway had said so."""
    charged, reserves = command.outcome == "charged", operation.kind in RESERVES
    final = operation.reference not in payment.work
    if final and (reserves or charged == operation.yes or operation.reference in payment.returned):
        return []
    no: Answer = "never-heard" if reserves else "declined"
    answer, reason = ("approved" if charged else no), ("" if charged else "not-charged")
    said = Record(command.reference, answer, command.now, reason, command.gateway_reference, instrument=command.instrument)
    return CONSEQUENCES[operation.kind](said, payment, operation, None)


def returned(command: Return, payment: Payment) -> Sequence[Event]:
    """Of a capture whose answer is not known it says that it was made."""
    operation = payment.operations.get(command.reference)
    if operation is None or operation.kind != "capture" or command.reference in payment.returned:
        return []
    opened = payment.attempts[operation.attempt].opened
    if opened.submitted.method != "echeck" or not (operation.yes or command.reference in payment.work):
        return []
    event = PaymentReturned(
        order_id=opened.order_id,
        attempt=operation.attempt,
        part=operation.part.number,
        reference=command.reference,
        code=command.code,
        reason=why_returned(command.code).reason,
        amount=min(command.amount or operation.part.amount, operation.part.amount),
    )
    if operation.yes:
        return [event]
    before = captured(Record(command.reference, "approved", command.now), evolve(payment, event), operation, None)
    return [before[0], event, *before[1:]]


def _not_known() -> Refused:
    return Refused("unknown-reference", "Nothing was asked of a gateway under this reference.", "reference", conflict=False)
