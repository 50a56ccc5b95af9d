"""One order's payment: its attempts, what each part was answered, and what became of the money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from services.payments.declines import explain
from services.payments.pending import LEASE, SETTLE, START, Pending, next_ask
from services.payments.references import claimed, parsed, wanted
from shared.contracts.order import Part, SubmittedOrder
from shared.contracts.payments import (
    Answer,
    AnsweredPart,
    AttemptClaimed,
    AttemptOpened,
    CaptureClaimed,
    CaptureRequested,
    ExternalPaymentPending,
    Instrument,
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
    VoidClaimed,
    VoidRequested,
)
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

NO_CARD = Instrument()

Status = Literal["open", "authorized", "declined", "external", "capturing", "captured", "capture-failed", "voiding", "voided", "void-failed"]


@dataclass(frozen=True, slots=True)
class Open:
    payment: str
    parts: tuple[Part, ...]
    submitted: SubmittedOrder
    now: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Take the work of this reference, or take it over once the lease of the last holder has ended."""

    reference: str
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """What a gateway said about an authorisation, capture or void, asked under the claim that holds until ``lease``."""

    reference: str
    answer: Answer
    now: datetime
    reason: str = ""
    gateway_reference: str = ""
    avs: str = ""
    cvv: str = ""
    instrument: Instrument = NO_CARD
    lease: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    attempt: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    why: Literal["denied", "cancelled"]
    order_id: str
    now: datetime


Command = Open | Claim | Record | Capture | Stop


@dataclass(frozen=True, slots=True)
class Attempt:
    """Answers are final ones, by part. ``voiding`` are the parts of voids that have no outcome yet."""

    opened: AttemptOpened | ExternalPaymentPending
    status: Status
    answers: Mapping[int, PartAnswered] = field(default_factory=dict)
    authorized: tuple[AnsweredPart, ...] = ()
    captures: Mapping[int, PartCaptured] = field(default_factory=dict)
    voiding: tuple[AnsweredPart, ...] = ()
    voids: Mapping[int, PartVoided] = field(default_factory=dict)

    @property
    def uncaptured(self) -> tuple[AnsweredPart, ...]:
        return tuple(p for p in self.authorized if p.part.number not in self.captures or self.captures[p.part.number].answer != "approved")


@dataclass(frozen=True, slots=True)
class Payment:
    """``work`` is what gateways have not answered for good, by reference."""

    attempts: Mapping[int, Attempt] = field(default_factory=dict)
    work: Mapping[str, Pending] = field(default_factory=dict)
    stopped: Literal["denied", "cancelled"] | None = None

    def uses(self, payment: str) -> bool:
        """An attempt is charged to this token, or was."""
        return any(isinstance(each.opened, AttemptOpened) and each.opened.payment == payment for each in self.attempts.values())


def decide(command: Command, payment: Payment) -> Sequence[Event] | Refused:
    match command:
        case Open():
            return _open(command, payment)
        case Claim():
            return _claim(command, payment)
        case Record():
            return _record(command, payment)
        case Capture(attempt, now):
            return _capture(payment, attempt, now)
        case Stop():
            return _stop(command, payment)


def _open(command: Open, payment: Payment) -> Sequence[Event] | Refused:
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
    opened = AttemptOpened(**common, payment=command.payment, parts=parts, submitted=submitted, due_at=command.now + START)
    if not sound:
        return [opened, _declined(opened, "amount-mismatch", NO_CARD)]
    return [opened] if parts else [opened, PaymentAuthorized(**common, parts=(), instrument=NO_CARD, submitted=submitted)]


def _adds_up(parts: Sequence[Part], amount: int) -> bool:
    if amount == 0:
        return not any(part.amount for part in parts)
    numbers = {part.number for part in parts}
    return len(numbers) == len(parts) and all(part.amount > 0 for part in parts) and sum(part.amount for part in parts) == amount


def _claim(command: Claim, payment: Payment) -> Sequence[Event]:
    pending = payment.work.get(command.reference)
    if pending is None or (pending.until and command.now < pending.until):
        return []
    number, part, kind = parsed(command.reference)
    event = {"authorise": AttemptClaimed, "capture": CaptureClaimed, "void": VoidClaimed}[kind]
    return [
        event(
            order_id=payment.attempts[number].opened.order_id,
            attempt=number,
            part=part,
            holder=command.holder,
            until=command.now + LEASE,
            takeover=pending.until is not None,
        )
    ]


def _record(command: Record, payment: Payment) -> Sequence[Event]:
    number, part, kind = parsed(command.reference)
    attempt, pending = payment.attempts.get(number), payment.work.get(command.reference)
    if attempt is None or not isinstance(attempt.opened, AttemptOpened):
        return []
    if pending is None:
        return _late(command, attempt, attempt.opened, part) if kind == "authorise" and command.answer == "approved" else []
    if command.answer in ("unknown", "never-heard") and not (pending.held and command.lease == pending.until):
        return []
    match kind:
        case "capture":
            return _captured(command, payment, attempt, pending)
        case "void":
            return _voided(command, payment, attempt, pending)
    return _answered(command, payment, attempt, attempt.opened, pending)


def _late(command: Record, attempt: Attempt, opened: AttemptOpened, number: int) -> Sequence[Event]:
    """A yes after the attempt was final without it."""
    known = attempt.answers.get(number)
    if known is None or known.answer == "approved" or number in {part.part.number for part in attempt.voiding} | attempt.voids.keys():
        return []
    part = next(part for part in opened.parts if part.number == number)
    found = AnsweredPart(part=part, reference=command.reference, gateway_reference=command.gateway_reference, avs=command.avs, cvv=command.cvv)
    return _found_late(opened, (found,), command.now)


def _found_late(opened: AttemptOpened, parts: tuple[AnsweredPart, ...], now: datetime) -> Sequence[Event]:
    common = {"order_id": opened.order_id, "attempt": opened.attempt}
    found = [LateAuthorisationFound(**common, part=p.part.number, reference=p.reference, amount=p.part.amount) for p in parts]
    return [*found, _void(opened, parts, "late", now)]


def _answered(command: Record, payment: Payment, attempt: Attempt, opened: AttemptOpened, pending: Pending) -> Sequence[Event]:
    part = parsed(command.reference)[1]
    where = {"order_id": opened.order_id, "attempt": opened.attempt, "part": part, "reference": command.reference}
    if command.answer == "unknown":
        return [PaymentOutcomeUnknown(**where, ask_again_at=next_ask(command.now, pending), reason=command.reason)]
    if command.answer == "never-heard" and pending.settled_at is None:
        return [PaymentOutcomeUnknown(**where, answer="never-heard", ask_again_at=command.now + SETTLE)]
    if command.answer == "never-heard" and command.now < (pending.settled_at or command.now):
        return []
    said = {"answer": command.answer, "reason": command.reason, "gateway_reference": command.gateway_reference}
    answered = PartAnswered(**where, **said, avs=command.avs, cvv=command.cvv)
    answers = {**attempt.answers, part: answered}
    return [answered] if len(answers) < len(opened.parts) else [answered, *_outcome(command, payment, opened, answers)]


def _outcome(command: Record, payment: Payment, opened: AttemptOpened, answers: Mapping[int, PartAnswered]) -> Sequence[Event]:
    yes = tuple(_authorized(part, answers[part.number]) for part in opened.parts if answers[part.number].answer == "approved")
    if len(yes) < len(opened.parts):
        no = next(answers[part.number] for part in opened.parts if answers[part.number].answer != "approved")
        declined = _declined(opened, "not-charged" if no.answer == "never-heard" else no.reason, command.instrument)
        return [declined, _void(opened, yes, "other-part-declined", command.now)] if yes else [declined]
    if payment.stopped:
        return _found_late(opened, yes, command.now)
    common = {"order_id": opened.order_id, "attempt": opened.attempt}
    return [PaymentAuthorized(**common, parts=yes, instrument=command.instrument, submitted=opened.submitted)]


def _authorized(part: Part, answer: PartAnswered) -> AnsweredPart:
    return AnsweredPart(part=part, reference=answer.reference, gateway_reference=answer.gateway_reference, avs=answer.avs, cvv=answer.cvv)


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


def _void(opened: AttemptOpened | ExternalPaymentPending, parts: tuple[AnsweredPart, ...], why: str, now: datetime) -> VoidRequested:
    return VoidRequested(order_id=opened.order_id, attempt=opened.attempt, parts=parts, why=why, due_at=now + START)


def _capture(payment: Payment, number: int, now: datetime) -> Sequence[Event]:
    attempt = payment.attempts.get(number)
    if payment.stopped or attempt is None or attempt.status != "authorized":
        return []
    common = {"order_id": attempt.opened.order_id, "attempt": number}
    if not attempt.authorized:
        return [PaymentCaptured(**common, amount=0, references=())]
    return [CaptureRequested(**common, parts=attempt.authorized, due_at=now + START)]


def _captured(command: Record, payment: Payment, attempt: Attempt, pending: Pending) -> Sequence[Event]:
    _, part, _ = parsed(command.reference)
    common = {"order_id": attempt.opened.order_id, "attempt": attempt.opened.attempt}
    again = next_ask(command.now, pending) if command.answer in ("unknown", "never-heard") else None
    event = PartCaptured(**common, part=part, reference=command.reference, answer=command.answer, reason=command.reason, ask_again_at=again)
    captures = {**attempt.captures, part: event}
    if again or len(captures) < len(attempt.authorized):
        return [event]
    failed = next((capture for capture in captures.values() if capture.answer != "approved"), None)
    if failed is None:
        references = tuple(sorted(capture.reference for capture in captures.values()))
        return [event, PaymentCaptured(**common, amount=sum(p.part.amount for p in attempt.authorized), references=references)]
    failure = PaymentCaptureFailed(**common, reason=failed.reason or "declined")
    if not payment.stopped:
        return [event, failure]
    return [event, failure, _void(attempt.opened, replace(attempt, captures=captures).uncaptured, payment.stopped, command.now)]


def _voided(command: Record, payment: Payment, attempt: Attempt, pending: Pending) -> Sequence[Event]:
    _, part, _ = parsed(command.reference)
    common = {"order_id": attempt.opened.order_id, "attempt": attempt.opened.attempt}
    again = next_ask(command.now, pending) if command.answer in ("unknown", "never-heard") else None
    event = PartVoided(**common, part=part, reference=command.reference, answer=command.answer, reason=command.reason, ask_again_at=again)
    open_voids = {f"{answered.reference}-void" for answered in attempt.voiding} & payment.work.keys()
    if again or open_voids - {command.reference}:
        return [event]
    answers = [attempt.voids.get(p.part.number, event) for p in attempt.voiding]
    failed = next((answer for answer in answers if answer.answer != "approved"), None)
    if failed:
        return [event, PaymentVoidFailed(**common, reason=failed.reason or "declined")]
    return [event, PaymentVoided(**common, amount=sum(answered.part.amount for answered in attempt.voiding))]


def _stop(command: Stop, payment: Payment) -> Sequence[Event]:
    """What is in flight is waited for, and undone then. What is captured already needs somebody: refunds are not built."""
    if payment.stopped:
        return []
    kept = [a for a in payment.attempts.values() if a.status in ("authorized", "capture-failed") and a.uncaptured]
    voids = [_void(attempt.opened, attempt.uncaptured, command.why, command.now) for attempt in kept]
    return [PaymentStopped(order_id=command.order_id, why=command.why), *voids]


def evolve(payment: Payment, event: Event) -> Payment:
    return _fold_attempt(_fold_work(payment, event), event)


def _fold_work(payment: Payment, event: Event) -> Payment:
    match event:
        case AttemptOpened() | CaptureRequested() | VoidRequested():
            return replace(payment, work={**payment.work, **{reference: Pending() for reference in wanted(event)}})
        case AttemptClaimed() | CaptureClaimed() | VoidClaimed():
            reference = claimed(event)
            return replace(payment, work={**payment.work, reference: replace(payment.work[reference], until=event.until, held=True)})
        case PaymentOutcomeUnknown():
            settled_at = event.ask_again_at if event.answer == "never-heard" else None
            return _ask_again(payment, event.reference, event.ask_again_at, settled_at)
        case PartCaptured(ask_again_at=again) | PartVoided(ask_again_at=again) if again:
            return _ask_again(payment, event.reference, again, None)
        case PartAnswered() | PartCaptured() | PartVoided():
            return replace(payment, work={reference: pending for reference, pending in payment.work.items() if reference != event.reference})
    return payment


def _ask_again(payment: Payment, reference: str, at: datetime, settled_at: datetime | None) -> Payment:
    pending = Pending(at, False, payment.work[reference].unknown + 1, settled_at)
    return replace(payment, work={**payment.work, reference: pending})


def _fold_attempt(payment: Payment, event: Event) -> Payment:
    match event:
        case AttemptOpened() | ExternalPaymentPending():
            status: Status = "open" if isinstance(event, AttemptOpened) else "external"
            return replace(payment, attempts={**payment.attempts, event.attempt: Attempt(event, status)})
        case PaymentStopped():
            return replace(payment, stopped=event.why)
    number = getattr(event, "attempt", None)
    attempt = payment.attempts.get(number) if number else None
    return replace(payment, attempts={**payment.attempts, number: _evolved(attempt, event)}) if number and attempt else payment


def _evolved(attempt: Attempt, event: Event) -> Attempt:
    undoing = attempt.status in ("open", "authorized", "capture-failed", "voiding")
    match event:
        case PartAnswered():
            return replace(attempt, answers={**attempt.answers, event.part: event})
        case PaymentAuthorized():
            return replace(attempt, status="authorized", authorized=event.parts)
        case OrderDeclined():
            return replace(attempt, status="declined")
        case CaptureRequested():
            return replace(attempt, status="capturing")
        case PartCaptured(ask_again_at=None):
            return replace(attempt, captures={**attempt.captures, event.part: event})
        case PaymentCaptured():
            return replace(attempt, status="captured")
        case PaymentCaptureFailed():
            return replace(attempt, status="capture-failed")
        case VoidRequested():
            return replace(attempt, status="voiding" if undoing else attempt.status, voiding=attempt.voiding + event.parts)
        case PartVoided(ask_again_at=None):
            return replace(attempt, voids={**attempt.voids, event.part: event})
        case PaymentVoided():
            return replace(attempt, status="voided" if undoing else attempt.status, voiding=())
        case PaymentVoidFailed():
            return replace(attempt, status="void-failed" if undoing else attempt.status, voiding=())
    return attempt


payment = Aggregate("payment", Payment(), decide, evolve, (Open, Claim, Record, Capture, Stop))
