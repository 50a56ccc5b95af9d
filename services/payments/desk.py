"""What is done at gateways: authorise, renew, capture, void, refund. Whoever takes over an expired claim asks first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.payments.answers import RESERVES
from services.payments.barred import REFUSED_BEFORE, barred
from services.payments.credentials import Credentials
from services.payments.declines import explain, told
from services.payments.gateway import no_new_charge
from services.payments.gateways.protocol import UNKNOWN, Charge, FollowUp, Gateway, Question, Said, Secrets, fitting, without
from services.payments.means import Means, kind_of
from services.payments.payment import Payment, Record
from services.payments.pending import CANNOT_BE_ASKED, SETTLE
from services.payments.pre_auth import PreAuths
from services.payments.state import Operation
from services.payments.vault import LIFETIME, Vault, is_stored
from services.payments.wallet import Wallet
from shared.contracts.order import Address, Method
from shared.contracts.payments import AttemptOpened, GatewayConfigured, Instrument
from shared.kernel.effects import Work
from shared.kernel.events import ERASED

_CUSTOMER = "customer"
"""Who places an order on the checkout page, or by a link."""


@dataclass(frozen=True)
class At:
    """A gateway, and why nothing new may be charged on it."""

    gateway: Gateway | None
    secrets: Secrets = field(repr=False)
    no_new_charge: str
    renews: bool = False
    refunds: bool = False
    fallback: str = ""


@dataclass(frozen=True)
class Desk:
    """Does the work of one service at its gateways."""

    gateways: Mapping[str, Gateway]
    """By kind."""
    configured: Callable[[str], Awaitable[GatewayConfigured | None]]
    credentials: Credentials
    vault: Vault
    wallet: Wallet
    pre_auths: Callable[[str], Awaitable[PreAuths]]
    """Of an order."""
    clock: Callable[[], datetime]
    unsealed: Callable[[Any], Awaitable[Any]]
    """A copy with its personal fields opened."""
    over: Callable[[str, Gateway], Gateway] = lambda name, gateway: gateway
    """Watches what a gateway is asked."""

    async def at(self, name: str, method: Method = "card") -> At:
        known = await self.configured(name)
        if known is None:
            return At(None, {}, no_new_charge(known, self.gateways, method))
        secrets, able = await self.credentials.find(known.credentials), "refund" in known.capabilities
        spoken = self.gateways.get(known.kind)
        gateway = self.over(name, spoken) if spoken else None
        return At(gateway, secrets, no_new_charge(known, self.gateways, method), known.renews, able, known.fallback)

    # Reserving

    async def authorise(self, doing: Work, payment: Payment) -> Record:
        """Anew, or again where it has expired."""
        operation, opened = _asked(doing, payment)
        at = await self._at(operation, opened)
        means, refusal = await self._means(operation, payment, opened, at)
        if means and operation.kind != "renew" and await self.barred(opened.order_id, payment, means):
            refusal = REFUSED_BEFORE
        if means is None or refusal or at.gateway is None or at.no_new_charge:
            said = Said(answer="declined", reason=refusal or at.no_new_charge)
            return replace(await self._reserved(doing, payment, at, said, means), asked=False)
        return await self._sent(doing, payment, at, means)

    async def _sent(self, doing: Work, payment: Payment, at: At, means: Means) -> Record:
        operation, opened = _asked(doing, payment)
        if at.gateway is None:
            return self._record(doing, payment, at, UNKNOWN)
        stored = is_stored(opened.payment) or operation.kind == "renew"
        by_phone, billing = opened.submitted.placed_by != _CUSTOMER, await self._billing(opened)
        charge = Charge(doing.reference, opened.order_id, operation.part.amount, opened.submitted.currency, means, stored, by_phone, billing)
        said = fitting(await at.gateway.authorise(charge, at.secrets), operation.part.amount)
        return await self._reserved(doing, payment, at, said, means)

    async def _billing(self, opened: AttemptOpened) -> Address:
        """Without what was erased meanwhile."""
        told = await self.unsealed(opened.submitted.order.billing.model_dump(mode="json"))
        return Address.model_validate({name: value for name, value in told.items() if value != ERASED})

    async def ask_authorised(self, doing: Work, payment: Payment) -> Record:
        """Never heard of it: the same request again, where it is known as the same and the customer may still be waiting.

        Not where the gateway was switched off or the card refused for good meanwhile: the first request may still be on its way, and a refusal would
        be believed before it.
        """
        operation, opened = _asked(doing, payment)
        at = await self._at(operation, opened)
        said = await self.ask(at, _question(operation, opened, payment))
        means, _ = await self._means(operation, payment, opened, at)
        fresh = operation.kind == "renew" or self.clock() < opened.submitted.submitted_at + LIFETIME
        again = fresh and (said.answer == "never-heard" or said.reason == CANNOT_BE_ASKED)
        if again and means and operation.kind != "renew":
            again = not await self.barred(opened.order_id, payment, means)
        if again and means and at.gateway and at.gateway.idempotent and not at.no_new_charge:
            return await self._sent(doing, payment, at, means)
        return await self._reserved(doing, payment, at, said, means)

    async def _reserved(self, doing: Work, payment: Payment, at: At, said: Said, means: Means | None) -> Record:
        operation, opened = _asked(doing, payment)
        recorded = self._record(doing, payment, at, without(said, means) if means else said)
        if means is None:
            return recorded
        instrument = self.vault.instrument(means).model_copy(update={"id": opened.payment if is_stored(opened.payment) else ""})
        soft = said.answer == "declined" and operation.kind == "authorise" and explain(said.reason, opened.submitted.method).soft
        return replace(recorded, instrument=instrument, fallback=await self._fallback(at, opened) if soft else "")

    async def told(self, doing: Work, payment: Payment, said: Said) -> Record:
        """As if the gateway had been asked, where it tells by itself; no other gateway is asked after a no that nobody has asked about."""
        operation, opened = _asked(doing, payment)
        at = await self._at(operation, opened)
        if operation.kind not in RESERVES:
            return self._record(doing, payment, at, said)
        means, _ = await self._means(operation, payment, opened, at)
        return replace(await self._reserved(doing, payment, at, said, means), fallback="")

    async def _fallback(self, at: At, opened: AttemptOpened) -> str:
        """Empty where the other one may not be charged on either."""
        other = await self.at(at.fallback, opened.submitted.method) if at.fallback else None
        return at.fallback if other and other.gateway and not other.no_new_charge else ""

    async def instrument(self, doing: Work, payment: Payment) -> Instrument:
        """What the attempt was charged to, as far as the vault still knows it."""
        operation, opened = _asked(doing, payment)
        means, _ = await self._means(operation, payment, opened, await self._at(operation, opened))
        stored = opened.payment if is_stored(opened.payment) else ""
        return self.vault.instrument(means).model_copy(update={"id": stored}) if means else Instrument()

    # What it is charged to

    async def barred(self, order_id: str, payment: Payment, means: Means) -> bool:
        return barred(self.vault.instrument(means).fingerprint, payment, await self.pre_auths(order_id))

    async def _means(self, operation: Operation, payment: Payment, opened: AttemptOpened, at: At) -> tuple[Means | None, str]:
        """Or None, and why it is not.

        A token serves one attempt, of its order, by the person that it was given to, for 15 minutes; a stored instrument its own customer.
        """
        if payment.stopped:
            return None, "not-charged"
        if operation.kind == "renew":
            return await self._renewable(payment, opened) if at.renews else (None, "authorisation-expired")
        if is_stored(opened.payment):
            return await self._stored(opened, opened.payment)
        token = await self.vault.find(opened.payment)
        others = [attempt.opened for attempt in payment.attempts.values() if attempt.opened.attempt != opened.attempt]
        used = any(isinstance(other, AttemptOpened) and other.payment == opened.payment for other in others)
        used = used or bool((await self.pre_auths(opened.order_id)).use(opened.payment))
        if token is None or used or token.expires_at < opened.submitted.submitted_at:
            return None, "card-details-expired"
        mine = token.order_id == opened.order_id and token.actor == opened.submitted.placed_by
        return (token.means, "") if mine and _fits(token.means, opened) else (None, "not-this-order")

    async def _renewable(self, payment: Payment, opened: AttemptOpened) -> tuple[Means | None, str]:
        """The token goes with the attempt's outcome; what was charged is kept for its customer."""
        if is_stored(opened.payment):
            return await self._stored(opened, opened.payment)
        token = await self.vault.find(opened.payment)
        if token:  # not put away yet
            return token.means, ""
        customer, fingerprint = opened.submitted.order.customer_id, payment.attempts[opened.attempt].instrument.fingerprint
        return await self._stored(opened, self.vault.named(customer, fingerprint)) if fingerprint else (None, "card-details-expired")

    async def _stored(self, opened: AttemptOpened, reference: str) -> tuple[Means | None, str]:
        if not await self.wallet.belongs(reference, opened.submitted.order.customer_id):
            return None, "not-this-order"
        means = await self.vault.stored(reference)
        if means is None:
            return None, "card-details-expired"
        return (means, "") if _fits(means, opened) else (None, "not-this-order")

    # Taking and giving back

    async def follow(self, doing: Work, payment: Payment) -> Record:
        """Capture, void or refund."""
        operation, opened = _asked(doing, payment)
        at = await self._at(operation, opened)
        if operation.kind == "refund" and not at.refunds:
            return replace(self._record(doing, payment, at, Said(answer="declined", reason="refund-unsupported")), asked=False)
        if at.gateway is None:
            return self._record(doing, payment, at, UNKNOWN)
        asked = _follow_up(operation, opened, payment)
        ways = {"capture": at.gateway.capture, "void": at.gateway.void, "refund": at.gateway.refund}
        said = await ways[operation.kind](asked, at.secrets)
        return self._record(doing, payment, at, _as_asked(operation, said))

    async def ask_followed(self, doing: Work, payment: Payment) -> Record:
        """Never heard of it: again at once where a repeat is known as one, else when the first request cannot arrive any more."""
        operation, opened = _asked(doing, payment)
        at, settled_at = await self._at(operation, opened), payment.work[doing.reference].settled_at
        said = await self.ask(at, _question(operation, opened, payment))
        settled = bool(settled_at and settled_at <= self.clock())
        again = said.answer == "never-heard" and (settled or bool(at.gateway and at.gateway.idempotent))
        if again or (said.reason == CANNOT_BE_ASKED and at.gateway and at.gateway.idempotent):
            return await self.follow(doing, payment)
        return self._record(doing, payment, at, said)

    # Putting away

    async def recorded(self, doing: Work, payment: Payment) -> None:
        """Once its attempt has an outcome."""
        _, opened = _asked(doing, payment)
        if payment.attempts[opened.attempt].status != "open" and not is_stored(opened.payment):
            await self.put_away(opened.payment, payment)

    async def put_away(self, token: str, payment: Payment) -> None:
        """What was authorised is kept for the customer; the token's own record, CVV and all, goes."""
        kept = await self.vault.find(token)
        for attempt in payment.attempts.values():
            if kept and isinstance(attempt.opened, AttemptOpened) and attempt.opened.payment == token and attempt.authorized:
                await self.wallet.keep(attempt.opened.submitted.order.customer_id, attempt.opened.order_id, kept.means)
        await self.vault.forget(token)

    async def ask(self, at: At, question: Question) -> Said:
        if at.gateway is None:
            return UNKNOWN
        if not at.gateway.askable:
            return Said(answer="unknown", reason=CANNOT_BE_ASKED)
        said = await at.gateway.lookup(question, at.secrets)
        return said if question.operation == "void" else fitting(said, question.amount)

    async def _at(self, operation: Operation, opened: AttemptOpened) -> At:
        return await self.at(operation.part.gateway, opened.submitted.method)

    def _record(self, doing: Work, payment: Payment, at: At, said: Said) -> Record:
        pending, settles = payment.work.get(doing.reference), at.gateway.settles if at.gateway else SETTLE
        lease = pending.until if pending else None
        reason = told(said.reason)
        asked = Record(doing.reference, said.answer, self.clock(), reason, said.reference, said.avs, said.cvv, lease=lease, settles=settles)
        return replace(asked, code=said.code, expires_at=said.expires_at)


def _asked(doing: Work, payment: Payment) -> tuple[Operation, AttemptOpened]:
    operation = payment.operations[doing.reference]
    opened = payment.attempts[operation.attempt].opened
    if not isinstance(opened, AttemptOpened):
        raise TypeError(f"{doing.reference} has nothing to charge")
    return operation, opened


def _as_asked(operation: Operation, said: Said) -> Said:
    """A void gives back whatever there was."""
    return said if operation.kind == "void" else fitting(said, operation.part.amount)


def _follow_up(operation: Operation, opened: AttemptOpened, payment: Payment) -> FollowUp:
    submitted, part = opened.submitted, operation.part
    captured = payment.operations[operation.captured].gateway_reference if operation.captured else ""
    account = submitted.method == "echeck"
    return FollowUp(operation.reference, operation.of, operation.theirs, part.amount, submitted.currency, captured, account)


def _question(operation: Operation, opened: AttemptOpened, payment: Payment) -> Question:
    asked, kind = _follow_up(operation, opened, payment), operation.kind
    question = Question(
        operation.reference,
        "authorise" if kind == "renew" else kind,
        asked.amount,
        asked.currency,
        account=asked.account,
        since=opened.submitted.submitted_at,
    )
    if kind in RESERVES:
        return question
    return replace(question, authorisation=asked.authorisation, theirs=asked.theirs, captured=asked.captured)


def _fits(means: Means, opened: AttemptOpened) -> bool:
    """A card for a card payment, an account for an eCheck."""
    return (kind_of(means) == "account") == (opened.submitted.method == "echeck")
