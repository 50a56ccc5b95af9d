"""What may be asked of an order's payment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.payments.pending import SETTLE
from shared.contracts.order import Part, SubmittedOrder
from shared.contracts.payments import Answer, Instrument

NO_CARD = Instrument()

Why = Literal["denied", "cancelled"]
Charged = Literal["charged", "not-charged"]


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
    """What a gateway said about an operation, asked under the claim that holds until ``lease``.

    ``fallback`` is the gateway that may be asked instead, after a soft no. ``asked`` is false where we refused, and asked nobody.
    """

    reference: str
    answer: Answer
    now: datetime
    reason: str = ""
    gateway_reference: str = ""
    avs: str = ""
    cvv: str = ""
    instrument: Instrument = NO_CARD
    lease: datetime | None = None
    code: str = ""
    expires_at: datetime | None = None
    settles: timedelta = SETTLE
    fallback: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Capture:
    attempt: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    why: Why
    order_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """``able`` are the gateways that can give back."""

    amount: int
    reason: str
    by: str
    able: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """What was refused is asked for once more; what is unknown is asked about now."""

    reference: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What somebody found out about an operation that a gateway has not, or not rightly, told. ``gateway_reference`` is theirs."""

    reference: str
    outcome: Charged
    evidence: str
    by: str
    now: datetime
    gateway_reference: str = ""
    instrument: Instrument = NO_CARD


@dataclass(frozen=True, slots=True)
class Return:
    """The debit that was captured under ``reference`` came back; ``amount`` 0 is all of it."""

    reference: str
    code: str
    now: datetime
    amount: int = 0


Command = Open | Claim | Record | Capture | Stop | Refund | Retry | RecordOutcome | Return
