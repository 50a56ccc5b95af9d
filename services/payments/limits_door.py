"""Where a card is counted before it may go on to a gateway."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import JSONResponse

from services.payments.limits import OF_LAST, WINDOW, Judged, Limit, Tries, Trip, TryCard, hour, limit, named, tries
from services.payments.means import Card, Means, brand
from services.payments.payment import Payment, payment
from services.payments.pre_auth import PreAuths, pre_auth
from services.payments.vault import Vault
from shared.contracts.cards import CardTried, Counted, Dimension, Door, PreAuthDeclined
from shared.contracts.payments import AttemptOpened
from shared.http import problem
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.errors import Conflict
from shared.service import Running

_TRIES = 5
_REMEMBERED = 5_000
_CROWDED = 5
"""Seconds after which so many cards will have been answered that others may be asked about."""
_NOT_THE_CARD = frozenset((
    "amount-mismatch", "amount-not-accepted", "card-details-expired", "currency-not-supported", "duplicate", "gateway-missing", "gateway-off",
    "gateway-refused", "issuer-unavailable", "no-ach", "not-charged", "not-this-order", "processor-trouble", "refused-before", "try-again-later",
))  # fmt: skip
"""Declines that say nothing of the card."""


@dataclass(frozen=True, slots=True)
class Subject:
    """``shown`` is what people may be told of it."""

    dimension: Dimension
    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class Held:
    """Not let through, until then."""

    door: Door
    dimension: Dimension
    until: datetime | None
    seconds: int

    def answer(self) -> JSONResponse:
        """Says what to do, and nothing to a stranger of what was counted."""
        told = _CUSTOMER if self.door == "checkout" else _AGENT[self.dimension]
        detail = _CROWD if self.until is None else told.format(_in(self.seconds))
        more = {} if self.door == "checkout" or self.until is None else {"dimension": self.dimension, "until": self.until.isoformat()}
        answer = problem(429, "limit-tripped", detail, "payment", retry_after=self.seconds, **more)
        answer.headers["retry-after"] = str(self.seconds)
        return answer


_CROWD = "Many cards are being asked about at this moment. Nothing is lost and nothing was charged. Try again in a few seconds."
_CUSTOMER = (
    "For everybody's safety only so many cards are taken here, and there were too many. Nothing was charged and your order is kept. "
    "Try again {}, or call us."
)
_GOES_ON = "The order can be processed without it. It goes on {}, or when a supervisor releases it."
_AGENT = {
    "fingerprint": f"This card was pre-authorized too often within an hour. {_GOES_ON}",
    "bin": f"Too many cards of the same kind, alike in their first digits, were pre-authorized within an hour. {_GOES_ON}",
    "customer": f"Too many cards were pre-authorized for this customer within an hour. {_GOES_ON}",
    "agent": f"You have pre-authorized as many cards as one hour allows. {_GOES_ON}",
    "address": f"Too many cards were pre-authorized from this address within an hour. {_GOES_ON}",
    "declines": "Most of the last cards were declined: somebody may be trying out cards, or the gateway declines everything. "
    f"Nobody pre-authorizes for now. {_GOES_ON}",
}


def _once(order_id: str, payment: str, sent: Envelope) -> str:
    """A key of the caller's choice alone would let any number of cards through as one."""
    return hashlib.sha256(f"{order_id}\n{payment}\n{sent.command_id}".encode()).hexdigest()[:32]


def _held(door: Door, dimension: Dimension, until: datetime, now: datetime) -> Held:
    return Held(door, dimension, until, max(1, math.ceil((until - now).total_seconds())))


def _in(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if minutes > 90:
        return f"in {-(-minutes // 60)} hours"
    return "in a minute" if minutes == 1 else f"in {minutes} minutes"


def of_card(vault: Vault, means: Means) -> Iterable[Subject]:
    if isinstance(means, Card):
        instrument, digits = vault.instrument(means), means.number
        yield Subject("fingerprint", instrument.fingerprint, f"{instrument.brand} ending {instrument.last4}")
        yield Subject("bin", digits[: 8 if len(digits) >= 16 else 6], f"{brand(means)}, numbers that begin {digits[:6]}")


class Limits:
    """Counts exactly, in whichever process, by the streams: a restart forgets nothing. ``key``: 32 bytes. Raises Unavailable."""

    def __init__(self, running: Running, key: bytes) -> None:
        self._running = running
        self._key = key
        self._turns: dict[Door, asyncio.Lock] = {"pre-auth": asyncio.Lock(), "checkout": asyncio.Lock()}
        self._answers: OrderedDict[tuple[str, str], bool] = OrderedDict()

    async def admit(self, door: Door, subjects: Iterable[Subject], order_id: str, payment: str, sent: Envelope) -> Held | None:
        """None: it is counted, and may go on. The same command again is the same card. Raises Conflict, when nothing was counted."""
        known = [*((self._counted(each), each.shown) for each in subjects if each.value), (Counted(dimension="declines", subject="all"), "All cards")]
        async with self._turns[door]:
            for _ in range(_TRIES):
                try:
                    return await self._admitted(door, dict(known), order_id, payment, sent)
                except Conflict as conflict:
                    lost = conflict
            raise lost

    def holds(self, actor: str, state: Limit) -> bool:
        """It is about this very person."""
        tripped = state.tripped
        return bool(tripped and tripped.dimension == "agent" and tripped.subject == self._counted(Subject("agent", actor, "")).subject)

    def _counted(self, subject: Subject) -> Counted:
        hashed = hmac.digest(self._key, f"{subject.dimension}\n{subject.value}".encode(), "sha256")
        return Counted(dimension=subject.dimension, subject=hashed.hex()[:24])

    async def _admitted(self, door: Door, known: dict[Counted, str], order_id: str, payment: str, sent: Envelope) -> Held | None:
        bucket = hour(door, sent.now)
        states: list[Limit] = await asyncio.gather(*(self._state(door, counted) for counted in known))
        judged = tuple(Judged(counted, state.since, state.closed_until(sent.now)) for counted, state in zip(known, states, strict=True))
        closed = next((each for each in judged if each.closed_until), None)
        if closed and closed.closed_until and not await self._let_through(bucket, order_id, payment):
            return _held(door, closed.counted.dimension, closed.closed_until, sent.now)
        before: Tries = (await self._running.load(tries, hour(door, sent.now - WINDOW)))[0]
        here: Tries = (await self._running.load(tries, bucket))[0]
        wanted = TryCard(door, order_id, payment, judged, before, await self._answered(door, [*before, *here]), sent.now)
        try:
            await self._running.execute(tries, bucket, wanted, Envelope(_once(order_id, payment, sent), sent.actor, sent.now))
        except Refusal as refusal:
            return await self._refused(door, known, refusal, sent)
        return None

    async def _let_through(self, bucket: str, order_id: str, payment: str) -> bool:
        """As far as is known without reading anything: whoever floods a closed door costs little."""
        state: Tries = (await self._running.seen(tries, bucket))[0]
        return any((each.order, each.payment) == (order_id, payment) for each in state)

    async def _refused(self, door: Door, known: dict[Counted, str], refusal: Refusal, sent: Envelope) -> Held:
        data = refusal.refused.data
        if refusal.refused.code == "limit-crowded":
            return Held(door, data["dimension"], None, _CROWDED)
        if refusal.refused.code == "limit-tripped":
            return _held(door, data["dimension"], data["until"], sent.now)
        if refusal.refused.code != "limit-reached":
            raise refusal
        counted = next(each for each in known if each.dimension == data["dimension"])
        wanted, id = Trip(door, counted, known[counted], data["count"], sent.now), named(door, counted)
        state: Limit = (await self._running.execute(limit, id, wanted, Envelope(f"{sent.command_id}-trip", sent.actor, sent.now))).state
        return _held(door, counted.dimension, state.closed_until(sent.now) or sent.now, sent.now)

    async def _state(self, door: Door, counted: Counted) -> Limit:
        state: Limit = (await self._running.load(limit, named(door, counted)))[0]
        return state

    async def _answered(self, door: Door, tried: Sequence[CardTried]) -> dict[tuple[str, str], bool]:
        """An answer is for good, so it is asked for until there is one and never again."""
        found = await asyncio.gather(*(self._answer(door, each) for each in tried[-OF_LAST:]))
        return {(each.order, each.payment): answer for each, answer in zip(tried[-OF_LAST:], found, strict=True) if answer is not None}

    async def _answer(self, door: Door, tried: CardTried) -> bool | None:
        key = (tried.order, tried.payment)
        if key not in self._answers:
            answer = await (self._of_pre_auth(*key) if door == "pre-auth" else self._of_attempt(*key))
            if answer is None:
                return None
            self._answers[key] = answer
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        return self._answers[key]

    async def _of_pre_auth(self, order_id: str, token: str) -> bool | None:
        state: PreAuths = (await self._running.load(pre_auth, order_id))[0]
        outcomes = [each.outcome for each in state.use(token) if each.outcome]
        return not (isinstance(outcomes[-1], PreAuthDeclined) and outcomes[-1].reason not in _NOT_THE_CARD) if outcomes else None

    async def _of_attempt(self, order_id: str, token: str) -> bool | None:
        state: Payment = (await self._running.load(payment, order_id))[0]
        for number, attempt in state.attempts.items():
            if isinstance(attempt.opened, AttemptOpened) and attempt.opened.payment == token and attempt.status != "open":
                asked = (each for each in state.operations.values() if (each.kind, each.attempt) == ("authorise", number))
                return not any(each.answer == "declined" and each.reason not in _NOT_THE_CARD for each in asked)
        return None
