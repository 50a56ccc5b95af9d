"""What an adapter of a gateway has to do, and what it is told and answers with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from services.payments.means import Account, Card, Means, hidden
from shared.contracts.order import Address
from shared.contracts.payments import Answer

__all__ = [
    "Account",
    "Address",
    "Answer",
    "Card",
    "Charge",
    "FollowUp",
    "Gateway",
    "Heard",
    "Listed",
    "Means",
    "NoList",
    "NotTheirs",
    "Operation",
    "Polled",
    "Question",
    "Said",
    "Secrets",
]

TIMEOUT = 30.0
"""Seconds after which an adapter gives up on an answer: unknown. The lease of a claim is longer."""
SETTLES = timedelta(minutes=10)

Operation = Literal["authorise", "capture", "void", "refund"]
Secrets = Mapping[str, str]
"""By name of the kind's secrets, as they were typed in; empty where there are none. Never logged."""


@dataclass(frozen=True, slots=True)
class Charge:
    """Reserve ``amount``, minor units of ``currency``. ``reference`` is ours and stable: the same one is the same request.

    ``on_file``: stored earlier by this customer, so there is no security code. ``by_phone``: the customer does not type it in themselves.
    ``billing`` is for the bank to compare (AVS), where a gateway takes it.
    """

    reference: str
    order_id: str
    amount: int
    currency: str
    means: Means = field(repr=False)
    on_file: bool = False
    by_phone: bool = True
    billing: Address = field(default=Address(), repr=False)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Capture, void or refund, under ``reference``, ``amount`` of what was authorised under ``authorisation``, which they call ``theirs``.

    A refund's ``captured`` is what they call the capture. ``account``: it was an eCheck.
    """

    reference: str
    authorisation: str
    theirs: str
    amount: int
    currency: str
    captured: str = ""
    account: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What became of a request that was, or may have been, made under ``reference`` not before ``since``. The rest as in the request itself."""

    reference: str
    operation: Operation
    amount: int
    currency: str
    authorisation: str = ""
    theirs: str = ""
    captured: str = ""
    account: bool = False
    since: datetime | None = None


class Said(BaseModel):
    """An answer. ``reason`` is one of ours (``services.payments.declines``), ``code`` what they call it, ``reference`` theirs.

    ``amount`` is what the request was about and ``expires_at`` when they give back what they reserve, where they say so.
    """

    model_config = ConfigDict(frozen=True)

    answer: Answer
    reason: str = ""
    code: str = ""
    reference: str = ""
    avs: str = ""
    cvv: str = ""
    amount: int | None = None
    expires_at: datetime | None = None


def without(said: Said, means: Means) -> Said:
    """A gateway may repeat what it was asked to charge, and what it says is recorded."""
    return said.model_copy(update={name: hidden(getattr(said, name), means) for name in ("reason", "code", "reference", "avs", "cvv")})


UNKNOWN = Said(answer="unknown")
MISFIT = Said(answer="unknown", reason="does-not-fit")
"""They did something else under this reference than the order wants."""


def fitting(said: Said, amount: int) -> Said:
    """A yes to another amount is none: somebody must look."""
    return MISFIT if said.answer == "approved" and said.amount not in (None, amount) else said


@dataclass(frozen=True, slots=True)
class Listed:
    """One operation as the gateway lists it. ``reference`` is ours; empty where they do not know it, then ``theirs`` names it."""

    reference: str
    operation: Operation
    amount: int
    currency: str
    approved: bool
    at: datetime
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a gateway tells by itself: ``settled`` an operation of ours has this answer now, ``returned`` a captured debit came back.

    ``reference`` is ours, of the capture where it came back; ``code`` of a return is NACHA's, such as R01.
    """

    kind: Literal["settled", "returned"]
    reference: str
    said: Said | None = None
    code: str = ""
    amount: int = 0


class NotTheirs(Exception):
    """What was sent is not signed by the gateway, or cannot be read."""


class NoList(Exception):
    """The gateway has no list of what it did, or did not give it; says why, for people."""


@runtime_checkable
class Polled(Protocol):
    """A gateway that does not call about everything: asked every ``polls`` while debits of eChecks can come back."""

    polls: timedelta

    async def news(self, since: datetime, secrets: Secrets) -> Sequence[Heard]:
        """What it would have called about after then. Told again it changes nothing. Raises NoList."""


class Gateway(Protocol):
    """An answer is yes, no or unknown, and is never raised: whatever goes wrong over there, we don't know what they did.

    ``idempotent``: the same reference sent again is one request, however often. ``askable``: ``lookup`` can answer. ``settles``: so long after a
    request was sent it can still arrive there. A bank account is charged only where the gateway takes eChecks: authorised is checked and
    accepted, and the capture sends the debit.
    """

    idempotent: bool
    askable: bool
    settles: timedelta

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said: ...

    async def capture(self, asked: FollowUp, secrets: Secrets) -> Said: ...

    async def void(self, asked: FollowUp, secrets: Secrets) -> Said: ...

    async def refund(self, asked: FollowUp, secrets: Secrets) -> Said: ...

    async def lookup(self, question: Question, secrets: Secrets) -> Said:
        """``never-heard`` where they know nothing of it."""

    async def trouble(self, secrets: Secrets) -> str:
        """Asks about a request that was never made: what is wrong, as a sentence, or empty where it answers as it must."""

    def listed(self, day: date, secrets: Secrets) -> AsyncIterator[Listed]:
        """Everything of this day, in UTC. Raises NoList."""

    async def hear(self, headers: Mapping[str, str], body: bytes, secrets: Secrets) -> Sequence[Heard]:
        """What a call of theirs says; nothing for what we do not follow. Raises NotTheirs."""
