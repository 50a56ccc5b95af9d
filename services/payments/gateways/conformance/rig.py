"""What the author of an adapter gives to the kit, and how the kit asks."""

from __future__ import annotations

import contextlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from starlette.types import ASGIApp

from services.payments.declines import known
from services.payments.gateways.kinds import Kind
from services.payments.gateways.protocol import (
    TIMEOUT,
    Account,
    Charge,
    FollowUp,
    Gateway,
    Listed,
    Means,
    NoList,
    Operation,
    Question,
    Said,
    Secrets,
)  # fmt: skip
from shared.contracts.order import Method
from shared.wire import Sent, Wire

Wish = Literal["approved", "declined", "account", "declined-account"]
AMOUNT, CURRENCY = 5690, "USD"


@dataclass(frozen=True)
class Line:
    """An adapter, and the line that it speaks on."""

    gateway: Gateway
    wire: Wire
    secrets: Secrets
    made: datetime

    async def authorise(self, charge: Charge) -> Said:
        return sound(await self.gateway.authorise(charge, self.secrets), "echeck" if isinstance(charge.means, Account) else "card")

    async def capture(self, asked: FollowUp) -> Said:
        return sound(await self.gateway.capture(asked, self.secrets))

    async def void(self, asked: FollowUp) -> Said:
        return sound(await self.gateway.void(asked, self.secrets))

    async def refund(self, asked: FollowUp) -> Said:
        return sound(await self.gateway.refund(asked, self.secrets))

    async def lookup(self, question: Question) -> Said:
        return sound(await self.gateway.lookup(question, self.secrets))

    async def listed(self) -> list[Listed]:
        """Of the day, or of both around midnight. Skips the test where there is no list."""
        days = {self.made.date(), datetime.now(UTC).date()}
        try:
            return [each for day in sorted(days) async for each in self.gateway.listed(day, self.secrets)]
        except NoList as none:
            pytest.skip(f"it has no list: {none}")

    async def taken(self, means: Means, amount: int = AMOUNT) -> tuple[FollowUp, Said]:
        """Authorised and captured: how a refund of all of it is asked for, and what was said of the capture."""
        charge = new(means, amount)
        said = await self.authorise(charge)
        assert said.answer == "approved"
        taken = await self.capture(follow_up(charge, said, "capture"))
        assert taken.answer == "approved"
        return follow_up(charge, said, "refund-1", captured=taken.reference), taken


class Rig(ABC):
    """``wrong_secrets`` are refused by the stand-in; None: it does not look."""

    kind: Kind
    secrets: Secrets = {}
    wrong_secrets: Secrets | None = None

    @abstractmethod
    def stand_in(self) -> ASGIApp | str:
        """What behaves like the gateway: an ASGI app, or the address of one that runs. Asked for once a test."""

    @abstractmethod
    def adapter(self, url: str, timeout: float) -> Gateway:
        """One that speaks with the gateway at this address, and waits for ``timeout`` seconds."""

    @abstractmethod
    def means(self, wish: Wish) -> Means | None:
        """What the stand-in answers so, a card or a bank account; None: it cannot."""

    def charges(self, sent: Sent) -> bool:
        """Whether this request authorises; one that goes before it, such as one for a token of the card, does not."""
        return True

    def hook(self) -> tuple[Mapping[str, str], bytes] | None:
        """A call of the gateway's own, in headers (their names in small letters) and body, signed by ``secrets``; None: it makes none."""
        return None

    @contextlib.asynccontextmanager
    async def line(self, patience: float = TIMEOUT) -> AsyncIterator[Line]:
        async with Wire(self.stand_in()) as wire:
            yield Line(self.adapter(wire.url, patience), wire, self.secrets, datetime.now(UTC))

    def wish(self, wish: Wish) -> Means:
        means = self.means(wish) if "account" not in wish or self.can("ach") else None
        if means is None:
            pytest.skip(f"it cannot be asked for something that is {wish}")
        return means

    def can(self, capability: str) -> bool:
        return capability in self.kind.always | self.kind.maybe

    def needs(self, *capabilities: str) -> None:
        for capability in capabilities:
            if not self.can(capability):
                pytest.skip(f"it cannot {capability}")


def sound(said: Said, method: Method = "card") -> Said:
    """What every answer must be, whatever was asked."""
    if said.answer == "declined":
        assert known(said.reason, method) or said.reason == "not-possible", f"{said.reason!r} is none of our reasons (services/payments/declines.py)"
    return said


def new(means: Means, amount: int = AMOUNT) -> Charge:
    order = uuid.uuid4().hex[:10].upper()
    return Charge(f"{order}-1-1", order, amount, CURRENCY, means)


def follow_up(charge: Charge, said: Said, what: str, amount: int | None = None, captured: str = "") -> FollowUp:
    """``what`` ends its reference."""
    account = isinstance(charge.means, Account)
    return FollowUp(
        f"{charge.reference}-{what}",
        charge.reference,
        said.reference,
        charge.amount if amount is None else amount,
        charge.currency,
        captured,
        account,
    )


def question(asked: Charge | FollowUp, operation: Operation) -> Question:
    since = datetime.now(UTC) - timedelta(minutes=1)
    if isinstance(asked, Charge):
        account = isinstance(asked.means, Account)
        return Question(asked.reference, operation, asked.amount, asked.currency, account=account, since=since)
    about = (asked.authorisation, asked.theirs, asked.captured, asked.account)
    return Question(asked.reference, operation, asked.amount, asked.currency, *about, since=since)
