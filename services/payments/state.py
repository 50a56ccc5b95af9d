"""An order's payment as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from services.payments.commands import NO_CARD, Why
from services.payments.pending import Pending
from services.payments.references import Kind
from shared.contracts.order import Part
from shared.contracts.payments import Answer, AnsweredPart, AttemptOpened, ExternalPaymentPending, Instrument

Status = Literal[
    "open", "authorized", "declined", "external", "renewing", "capturing", "captured", "capture-failed", "voiding", "voided", "void-failed"
]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a gateway was asked for, under its own reference.

    ``of`` is the authorisation that it is about, which they call ``theirs``, and ``captured`` our reference of what a refund gives back. ``answer``
    is None until it is final.
    """

    kind: Kind
    reference: str
    attempt: int
    part: Part
    of: str = ""
    theirs: str = ""
    captured: str = ""
    refund: int = 0
    answer: Answer | None = None
    reason: str = ""
    gateway_reference: str = ""
    avs: str = ""
    cvv: str = ""
    expires_at: datetime | None = None

    @property
    def yes(self) -> bool:
        return self.answer == "approved"

    def authorised(self) -> AnsweredPart:
        return AnsweredPart(
            part=self.part,
            reference=self.reference,
            gateway_reference=self.gateway_reference,
            avs=self.avs,
            cvv=self.cvv,
            expires_at=self.expires_at,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """``parts`` are those that were submitted and those that stand in for them: ``instead`` has the number of a part's.

    ``authorized`` is what is captured and voided, renewed where it had expired. The other three name what is asked for together, each
    operation in place of the one that it repeats; ``voiding`` until all of it is given back.
    """

    opened: AttemptOpened | ExternalPaymentPending
    status: Status
    parts: tuple[Part, ...] = ()
    instead: Mapping[int, int] = field(default_factory=dict)
    authorized: tuple[AnsweredPart, ...] = ()
    instrument: Instrument = NO_CARD
    refused: str = ""
    """Why it was declined."""
    renewing: tuple[str, ...] = ()
    capturing: tuple[str, ...] = ()
    voiding: tuple[str, ...] = ()

    @property
    def standing(self) -> tuple[Part, ...]:
        """What has to be answered with yes."""
        by_number = {part.number: part for part in self.parts}
        submitted = [part for part in self.parts if part.number not in self.instead.values()]
        return tuple(by_number[self.instead.get(part.number, part.number)] for part in submitted)


@dataclass(frozen=True, slots=True)
class Refunding:
    number: int
    amount: int
    by: str
    references: tuple[str, ...]
    status: Literal["open", "refunded", "failed"] = "open"


@dataclass(frozen=True, slots=True)
class Payment:
    """``operations`` is all that gateways were asked for, ``work`` what of it they have not answered for good, both by reference.

    ``returned`` is by capture, ``contradicted`` what somebody must look at since its gateway said something else later.
    """

    attempts: Mapping[int, Attempt] = field(default_factory=dict)
    operations: Mapping[str, Operation] = field(default_factory=dict)
    work: Mapping[str, Pending] = field(default_factory=dict)
    refunds: Mapping[int, Refunding] = field(default_factory=dict)
    returned: Mapping[str, int] = field(default_factory=dict)
    seen_returns: frozenset[str] = frozenset()
    """Those that somebody has dealt with."""
    contradicted: Mapping[str, Answer] = field(default_factory=dict)
    stopped: Why | None = None

    def uses(self, payment: str) -> bool:
        """An attempt is charged to this token, or was."""
        return any(isinstance(each.opened, AttemptOpened) and each.opened.payment == payment for each in self.attempts.values())

    def of_part(self, attempt: int, part: Part) -> Operation:
        """Its authorisation."""
        return next(each for each in self.operations.values() if (each.kind, each.attempt, each.part) == ("authorise", attempt, part))

    def pending(self, references: tuple[str, ...]) -> bool:
        return any(reference in self.work for reference in references)

    def uncaptured(self, attempt: Attempt) -> tuple[AnsweredPart, ...]:
        """Authorised, and neither taken nor given back."""
        taken = {each.of for each in self.operations.values() if each.kind == "capture" and each.yes}
        return tuple(part for part in attempt.authorized if part.reference not in taken and not self.voided(part.reference))

    def voided(self, authorisation: str) -> bool:
        """It is given back, or asked back."""
        return any(each.kind == "void" and each.of == authorisation for each in self.operations.values())

    @property
    def captured(self) -> int:
        return sum(each.part.amount for each in self.operations.values() if each.kind == "capture" and each.yes)

    @property
    def refunded(self) -> int:
        return sum(each.part.amount for each in self.operations.values() if each.kind == "refund" and each.yes)

    def left(self, capture: Operation) -> int:
        """What of it may still be given back."""
        back = (each for each in self.operations.values() if each.captured == capture.reference and (each.yes or each.reference in self.work))
        return max(capture.part.amount - self.returned.get(capture.reference, 0) - sum(each.part.amount for each in back), 0)


def with_attempt(payment: Payment, number: int, attempt: Attempt) -> Payment:
    return replace(payment, attempts={**payment.attempts, number: attempt})
