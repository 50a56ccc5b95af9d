"""An order's pre-authorisations: one unit of the currency reserved, to see what a card says, and given back at once. It changes nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.payments.declines import explain
from services.payments.pending import LEASE, SETTLE, START, Pending, next_ask
from shared.contracts.cards import PreAuthClaimed, PreAuthDeclined, PreAuthorized, PreAuthRequested, PreAuthUnanswered, PreAuthVoided
from shared.contracts.order import Instrument
from shared.contracts.payments import Answer
from shared.kernel.decider import Aggregate, Refused

MOST = 5
_NOBODY = Instrument()


@dataclass(frozen=True, slots=True)
class PreAuthorise:
    """``payment`` is a token of the vault, or a stored instrument of the order's customer."""

    order_id: str
    gateway: str
    amount: int
    currency: str
    payment: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ClaimPreAuth:
    reference: str
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class RecordPreAuth:
    """What a gateway said about a pre-authorisation or its void, asked under the claim that holds until ``lease``."""

    reference: str
    answer: Answer
    now: datetime
    reason: str = ""
    gateway_reference: str = ""
    instrument: Instrument = _NOBODY
    lease: datetime | None = None
    settles: timedelta = SETTLE


Command = PreAuthorise | ClaimPreAuth | RecordPreAuth


@dataclass(frozen=True, slots=True)
class PreAuth:
    """``voided`` is None while nothing is to be given back, or it is not known whether it was."""

    asked: PreAuthRequested
    outcome: PreAuthorized | PreAuthDeclined | None = None
    voided: PreAuthVoided | None = None


@dataclass(frozen=True, slots=True)
class PreAuths:
    """By number from 1. ``work`` is what gateways have not answered for good, by reference."""

    by_number: Mapping[int, PreAuth] = field(default_factory=dict)
    work: Mapping[str, Pending] = field(default_factory=dict)

    def of(self, reference: str) -> PreAuth | None:
        return self.by_number.get(numbered(reference))

    def use(self, payment: str) -> Sequence[PreAuth]:
        """Those that were asked for with this token or instrument."""
        return [each for each in self.by_number.values() if each.asked.payment == payment]


def referred(order_id: str, number: int) -> str:
    return f"{order_id}-pre-{number}"


def numbered(reference: str) -> int:
    return int(reference.split("-")[2])


def decide(command: Command, state: PreAuths) -> Sequence[PreAuthRequested | PreAuthClaimed | PreAuthUnanswered | Ended] | Refused:
    match command:
        case PreAuthorise():
            return _asked(command, state)
        case ClaimPreAuth():
            return _claimed(command, state)
        case RecordPreAuth():
            return _answered(command, state)


Ended = PreAuthorized | PreAuthDeclined | PreAuthVoided


def _asked(command: PreAuthorise, state: PreAuths) -> Sequence[PreAuthRequested] | Refused:
    earlier = state.use(command.payment)
    if any(each.outcome is None for each in earlier):
        return Refused("pre-auth-open", "The gateway has not said yet what it thinks of this card.", field="payment")
    if earlier and command.payment.startswith("tok_"):
        return Refused("card-details-expired", "These details have been used. Type the card again.", field="payment", conflict=False)
    number = len(state.by_number) + 1
    if number > MOST:
        return Refused("too-many-pre-auths", f"This order has had {MOST} pre-authorizations, and may have no more. Process it.", field="payment")
    return [
        PreAuthRequested(
            order_id=command.order_id,
            number=number,
            reference=referred(command.order_id, number),
            gateway=command.gateway,
            amount=command.amount,
            currency=command.currency,
            payment=command.payment,
            by=command.by,
            due_at=command.now + START,
        )
    ]


def _claimed(command: ClaimPreAuth, state: PreAuths) -> Sequence[PreAuthClaimed]:
    pending, known = state.work.get(command.reference), state.of(command.reference)
    if known is None or pending is None or (pending.until and command.now < pending.until):
        return []
    where = {"order_id": known.asked.order_id, "number": known.asked.number, "reference": command.reference}
    return [PreAuthClaimed(**where, holder=command.holder, until=command.now + LEASE, takeover=pending.until is not None)]


def _answered(command: RecordPreAuth, state: PreAuths) -> Sequence[PreAuthUnanswered | Ended]:
    pending, known = state.work.get(command.reference), state.of(command.reference)
    if known is None:
        return []
    voids = command.reference.endswith("-void")
    if pending is None:
        late = isinstance(known.outcome, PreAuthDeclined) and command.answer == "approved" and not voids
        return [_yes(command, known)] if late else []
    if command.answer in ("unknown", "never-heard"):
        if not (pending.held and command.lease == pending.until):
            return []
        return _unanswered(command, known, pending, voids)
    where = {"order_id": known.asked.order_id, "number": known.asked.number, "reference": command.reference}
    if voids:
        return [PreAuthVoided(**where, answer=command.answer, reason=command.reason)]
    return [_yes(command, known) if command.answer == "approved" else _no(command, known, command.reason)]


def _unanswered(command: RecordPreAuth, known: PreAuth, pending: Pending, voids: bool) -> Sequence[PreAuthUnanswered | PreAuthDeclined]:
    where = {"order_id": known.asked.order_id, "number": known.asked.number, "reference": command.reference, "answer": command.answer}
    if voids or command.answer == "unknown":
        return [PreAuthUnanswered(**where, reason=command.reason, ask_again_at=next_ask(command.now, pending, command.reason))]
    if pending.settled_at is None:
        return [PreAuthUnanswered(**where, ask_again_at=command.now + command.settles)]
    return [_no(command, known, "not-charged")] if command.now >= pending.settled_at else []


def _yes(command: RecordPreAuth, known: PreAuth) -> PreAuthorized:
    return PreAuthorized(
        order_id=known.asked.order_id,
        number=known.asked.number,
        reference=command.reference,
        gateway=known.asked.gateway,
        gateway_reference=command.gateway_reference,
        instrument=command.instrument,
        due_at=command.now + START,
    )


def _no(command: RecordPreAuth, known: PreAuth, reason: str) -> PreAuthDeclined:
    said = explain(reason, "card")
    return PreAuthDeclined(
        order_id=known.asked.order_id,
        number=known.asked.number,
        reference=command.reference,
        gateway=known.asked.gateway,
        reason=said.reason,
        say=said.say,
        try_next=said.try_next,
        instrument=command.instrument,
    )


def evolve(state: PreAuths, event: PreAuthRequested | PreAuthClaimed | PreAuthUnanswered | Ended) -> PreAuths:
    match event:
        case PreAuthRequested():
            return _with(state, PreAuth(event), {event.reference: Pending()})
        case PreAuthClaimed():
            return _with(state, work={event.reference: replace(state.work[event.reference], until=event.until, held=True)})
        case PreAuthUnanswered():
            settled_at = event.ask_again_at if event.answer == "never-heard" else None
            pending = Pending(event.ask_again_at, False, state.work[event.reference].unknown + 1, settled_at)
            return _with(state, work={event.reference: pending})
    known = state.by_number[event.number]
    known = replace(known, voided=event) if isinstance(event, PreAuthVoided) else replace(known, outcome=event)
    done = replace(state, work={reference: pending for reference, pending in state.work.items() if reference != event.reference})
    return _with(done, known, {f"{event.reference}-void": Pending()} if isinstance(event, PreAuthorized) else {})


def _with(state: PreAuths, known: PreAuth | None = None, work: Mapping[str, Pending] | None = None) -> PreAuths:
    by_number = {**state.by_number, known.asked.number: known} if known else state.by_number
    return PreAuths(by_number, {**state.work, **(work or {})})


pre_auth = Aggregate("preauth", PreAuths(), decide, evolve, (PreAuthorise, ClaimPreAuth, RecordPreAuth))
