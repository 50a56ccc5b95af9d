"""What is done at gateways: authorise, capture, void. Whoever takes over an expired claim asks first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.payments.credentials import Credentials
from services.payments.gateway import no_new_charge
from services.payments.gateways import MISFIT, UNKNOWN, Gateway, Said
from services.payments.payment import Claim, Payment, Record
from services.payments.references import parsed, wanted
from services.payments.vault import LIFETIME, Card, Vault
from services.payments.views import work
from shared.contracts.order import Part
from shared.contracts.payments import AttemptOpened, CaptureRequested, GatewayConfigured, Instrument, VoidRequested
from shared.kernel.effects import Effect, Work
from shared.kernel.events import Event
from shared.service import Running


@dataclass(frozen=True)
class At:
    """A gateway, and why nothing new may be charged on it."""

    gateway: Gateway | None
    credentials: str = field(repr=False)
    no_new_charge: str


@dataclass(frozen=True)
class Desk:
    """Does the work of one service at its gateways."""

    gateways: Mapping[str, Gateway]
    """By kind."""
    configured: Callable[[str], Awaitable[GatewayConfigured | None]]
    credentials: Credentials
    vault: Vault
    clock: Callable[[], datetime]

    async def authorise(self, doing: Work, payment: Payment) -> Record:
        opened, part = _opened(doing, payment)
        card, at = await self.vault.card(opened.payment), await self._gateway(doing, payment)
        refusal = _refusal(card, payment, opened) or at.no_new_charge
        if card is None or at.gateway is None or refusal:
            return self._record(doing, payment, Said(answer="declined", reason=refusal))
        said = await at.gateway.authorise(doing.reference, part.amount, opened.submitted.currency, card, at.credentials)
        return self._record(doing, payment, said, card)

    async def ask_authorised(self, doing: Work, payment: Payment) -> Record:
        """Never heard of it: the same request again, where it is known as the same and the customer may still be waiting.

        Not where the gateway was switched off meanwhile: the first request may still be on its way, and a refusal would be believed before it.
        """
        opened, _ = _opened(doing, payment)
        at, said = await self._gateway(doing, payment), await self._ask(doing, payment)
        card = await self.vault.card(opened.payment)
        fresh = self.clock() < opened.submitted.submitted_at + LIFETIME and not payment.stopped
        if card and at.gateway and at.gateway.idempotent and not at.no_new_charge and said.answer == "never-heard" and fresh:
            return await self.authorise(doing, payment)
        return self._record(doing, payment, said, None if _refusal(card, payment, opened) else card)

    async def capture(self, doing: Work, payment: Payment) -> Record:
        at, (_, part) = await self._gateway(doing, payment), _opened(doing, payment)
        authorisation = doing.reference.removesuffix("-capture")
        asked = at.gateway and at.gateway.capture(doing.reference, authorisation, part.amount, at.credentials)
        return self._record(doing, payment, await asked if asked else UNKNOWN)

    async def void(self, doing: Work, payment: Payment) -> Record:
        at = await self._gateway(doing, payment)
        authorisation = doing.reference.removesuffix("-void")
        asked = at.gateway and at.gateway.void(doing.reference, authorisation, at.credentials)
        return self._record(doing, payment, await asked if asked else UNKNOWN)

    async def ask_capture(self, doing: Work, payment: Payment) -> Record:
        said = await self._ask(doing, payment)
        return await self.capture(doing, payment) if said.answer == "never-heard" else self._record(doing, payment, said)

    async def ask_void(self, doing: Work, payment: Payment) -> Record:
        said = await self._ask(doing, payment)
        return await self.void(doing, payment) if said.answer == "never-heard" else self._record(doing, payment, said)

    async def recorded(self, doing: Work, payment: Payment) -> None:
        """The card's record, CVV and all, goes once its attempt has an outcome."""
        opened, _ = _opened(doing, payment)
        if payment.attempts[opened.attempt].status != "open":
            await self.vault.forget(opened.payment)

    async def _ask(self, doing: Work, payment: Payment) -> Said:
        """A yes to another amount is none: somebody must look."""
        at, (_, part) = await self._gateway(doing, payment), _opened(doing, payment)
        said = await at.gateway.lookup(doing.reference, at.credentials) if at.gateway else UNKNOWN
        other = said.amount not in (None, part.amount) and parsed(doing.reference)[2] != "void"
        return MISFIT if said.answer == "approved" and other else said

    async def _gateway(self, doing: Work, payment: Payment) -> At:
        _, part = _opened(doing, payment)
        return await self.at(part.gateway)

    async def at(self, name: str) -> At:
        known = await self.configured(name)
        spoken = self.gateways.get(known.kind) if known else None
        return At(spoken, await self.credentials.find(known.credentials) if known else "", no_new_charge(known))

    def _record(self, doing: Work, payment: Payment, said: Said, card: Card | None = None) -> Record:
        instrument = self.vault.instrument(card.number, card.expiry) if card else Instrument()
        lease = payment.work[doing.reference].until
        return Record(doing.reference, said.answer, self.clock(), said.reason, said.reference, said.avs, said.cvv, instrument, lease)


def _opened(doing: Work, payment: Payment) -> tuple[AttemptOpened, Part]:
    attempt, number, _ = parsed(doing.reference)
    opened = payment.attempts[attempt].opened
    if not isinstance(opened, AttemptOpened):
        raise TypeError(f"{doing.reference} has nothing to charge")
    return opened, next(part for part in opened.parts if part.number == number)


def _refusal(card: Card | None, payment: Payment, opened: AttemptOpened) -> str:
    """A token serves one attempt, of its order, by the person that it was given to, for 15 minutes."""
    if payment.stopped:
        return "not-charged"
    others = [attempt.opened for attempt in payment.attempts.values() if attempt.opened.attempt != opened.attempt]
    used = any(isinstance(other, AttemptOpened) and other.payment == opened.payment for other in others)
    if card is None or used or card.expires_at < opened.submitted.submitted_at:
        return "card-details-expired"
    mine = card.order_id == opened.order_id and card.actor == opened.submitted.placed_by
    return "" if mine else "not-this-order"


def in_use(token: str, payment: Payment) -> bool:
    return "open" in _statuses(token, payment)


def spent(token: str, payment: Payment) -> bool:
    """Its attempt has an outcome: whoever recorded that may have died before the card was forgotten."""
    return bool(_statuses(token, payment) - {"open"})


def _statuses(token: str, payment: Payment) -> set[str]:
    attempts = [(attempt.opened, attempt.status) for attempt in payment.attempts.values()]
    return {status for opened, status in attempts if isinstance(opened, AttemptOpened) and opened.payment == token}


Wanting = type[AttemptOpened] | type[CaptureRequested] | type[VoidRequested]


def _wants(kind: Wanting) -> Callable[[Event], Iterable[Work]]:
    def wants(event: Event) -> Iterable[Work]:
        return [Work(event.order_id, reference) for reference in wanted(event)] if isinstance(event, kind) else ()

    return wants


def _claim(doing: Work, holder: str, now: datetime) -> Claim:
    return Claim(doing.reference, holder, now)


Act = Callable[[Work, Payment], Awaitable[Record]]


def effects(running: Running) -> Sequence[Effect]:
    desk: Desk = running.state["desk"]

    def effect(name: str, kind: Wanting, do: Act, ask: Act) -> Effect:
        return Effect(name, _wants(kind), work, _claim, do, ask, {"kind": name}, desk.recorded if kind is AttemptOpened else None)

    return (
        effect("authorise", AttemptOpened, desk.authorise, desk.ask_authorised),
        effect("capture", CaptureRequested, desk.capture, desk.ask_capture),
        effect("void", VoidRequested, desk.void, desk.ask_void),
    )
