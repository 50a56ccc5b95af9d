"""Opening an attempt, and what becomes of it: all parts yes, or the money is given back."""

from __future__ import annotations

from collections.abc import Sequence

from services.payments.commands import NO_CARD, Open, Record
from services.payments.declines import explain
from services.payments.folding import evolve
from services.payments.pending import START
from services.payments.state import Attempt, Operation, Payment
from services.payments.undoing import found_late, void
from shared.contracts.order import Part
from shared.contracts.payments import (
    AttemptOpened,
    ExternalPaymentPending,
    Instrument,
    OrderDeclined,
    PartAnswered,
    PartRerouted,
    PaymentAuthorized,
    PaymentOutcomeUnknown,
)
from shared.kernel.decider import Refused
from shared.kernel.events import Event


def opened(command: Open, payment: Payment) -> Sequence[Event] | Refused:
    submitted = command.submitted
    if payment.stopped or submitted.attempt in payment.attempts:
        return []
    if any(attempt.status == "open" for attempt in payment.attempts.values()):
        return Refused("attempt-open", "An earlier attempt has no outcome yet.")
    common = {"order_id": submitted.order_id, "attempt": submitted.attempt}
    if submitted.method == "external":
        return [ExternalPaymentPending(**common, amount=submitted.amount, submitted=submitted)]
    sound = _adds_up(command.parts, submitted.amount)
    parts = command.parts if sound and submitted.amount else ()
    event = AttemptOpened(**common, payment=command.payment, parts=parts, submitted=submitted, due_at=command.now + START)
    if not sound:
        return [event, _declined(event, "amount-mismatch", NO_CARD)]
    return [event] if parts else [event, PaymentAuthorized(**common, parts=(), instrument=NO_CARD, submitted=submitted)]


def _adds_up(parts: Sequence[Part], amount: int) -> bool:
    if amount == 0:
        return not any(part.amount for part in parts)
    numbers = {part.number for part in parts}
    return len(numbers) == len(parts) and all(part.amount > 0 for part in parts) and sum(part.amount for part in parts) == amount


def answered(command: Record, payment: Payment, operation: Operation) -> Sequence[Event]:
    number, part = operation.attempt, operation.part.number
    attempt = payment.attempts[number]
    where = {"order_id": attempt.opened.order_id, "attempt": number, "part": part, "reference": command.reference}
    said = {"answer": command.answer, "reason": command.reason, "gateway_reference": command.gateway_reference, "code": command.code}
    event = PartAnswered(**where, **said, avs=command.avs, cvv=command.cvv, expires_at=command.expires_at)
    after = evolve(payment, event)
    elsewhere = _elsewhere(command, after, attempt, operation)
    return [event, *(elsewhere or _outcome(command, after, attempt))]


def unanswered(command: Record, payment: Payment, operation: Operation, **when: object) -> Sequence[Event]:
    """For now."""
    where = {"order_id": payment.attempts[operation.attempt].opened.order_id, "attempt": operation.attempt, "part": operation.part.number}
    return [PaymentOutcomeUnknown(**where, reference=command.reference, answer=command.answer, reason=command.reason, **when)]


def _elsewhere(command: Record, payment: Payment, attempt: Attempt, operation: Operation) -> Sequence[Event]:
    """Once, where nothing else is in the way of a yes."""
    part, others = operation.part, [payment.of_part(operation.attempt, each) for each in attempt.standing if each != operation.part]
    lost = payment.stopped or any(each.answer not in (None, "approved") for each in others)
    if command.answer != "declined" or not command.fallback or command.fallback == part.gateway or lost:
        return []
    if part.number in attempt.instead or part.number in attempt.instead.values():
        return []
    number = max(each.number for each in attempt.parts) + 1
    common = {"order_id": attempt.opened.order_id, "attempt": operation.attempt, "instead_of": part.number, "due_at": command.now + START}
    return [PartRerouted(**common, part=Part(number=number, gateway=command.fallback, amount=part.amount))]


def _outcome(command: Record, payment: Payment, attempt: Attempt) -> Sequence[Event]:
    """Once every part is answered that stands."""
    opened, standing = attempt.opened, [payment.of_part(attempt.opened.attempt, part) for part in attempt.standing]
    if not isinstance(opened, AttemptOpened) or any(each.answer is None for each in standing):
        return []
    yes = tuple(each.authorised() for each in standing if each.yes)
    if len(yes) < len(standing):
        no = next(each for each in standing if not each.yes)
        declined = _declined(opened, "not-charged" if no.answer == "never-heard" else no.reason, command.instrument)
        return [declined, void(opened, yes, "other-part-declined", command.now)] if yes else [declined]
    if payment.stopped:
        return found_late(opened, yes, command.now)
    common = {"order_id": opened.order_id, "attempt": opened.attempt}
    return [PaymentAuthorized(**common, parts=yes, instrument=command.instrument, submitted=opened.submitted)]


def _declined(opened: AttemptOpened, reason: str, instrument: Instrument) -> OrderDeclined:
    said = explain(reason, opened.submitted.method)
    return OrderDeclined(
        order_id=opened.order_id,
        attempt=opened.attempt,
        reason=said.reason,
        say=said.say,
        retry=said.retry,
        try_next=said.try_next,
        instrument=instrument,
        amount=opened.submitted.amount,
    )
