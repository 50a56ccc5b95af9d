"""What is done at gateways: authorise, capture, void. Whoever takes over an expired claim asks first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.payments.credentials import Credentials
from services.payments.gateway import no_new_charge
from services.payments.gateways.protocol import MISFIT, UNKNOWN, Charge, FollowUp, Gateway, Question, Said, Secrets
from services.payments.means import Means, kind_of
from services.payments.payment import Claim, Payment, Record
from services.payments.pre_auth import PreAuths
from services.payments.references import parsed, wanted
from services.payments.vault import LIFETIME, Vault, belongs, is_stored
from services.payments.views import work
from services.payments.wallet import Wallet
from shared.contracts.order import Method, Part
from shared.contracts.payments import AttemptOpened, CaptureRequested, GatewayConfigured, Instrument, VoidRequested
from shared.kernel.effects import Effect, Work
from shared.kernel.events import Event
from shared.service import Running


@dataclass(frozen=True)
class At:
    """A gateway, and why nothing new may be charged on it."""

    gateway: Gateway | None
    secrets: Secrets = field(repr=False)
    no_new_charge: str


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

    async def authorise(self, doing: Work, payment: Payment) -> Record:
        opened, part = _opened(doing, payment)
        at = await self._gateway(doing, payment)
        means, refusal = await self._means(payment, opened)
        if means is None or at.gateway is None or at.no_new_charge:
            return self._record(doing, payment, Said(answer="declined", reason=refusal or at.no_new_charge), means)
        stored = is_stored(opened.payment)
        charge = Charge(doing.reference, opened.order_id, part.amount, opened.submitted.currency, means, on_file=stored)
        said = await at.gateway.authorise(charge, at.secrets)
        return self._record(doing, payment, fitting(said, part.amount), means)

    async def ask_authorised(self, doing: Work, payment: Payment) -> Record:
        """Never heard of it: the same request again, where it is known as the same and the customer may still be waiting.

        Not where the gateway was switched off meanwhile: the first request may still be on its way, and a refusal would be believed before it.
        """
        opened, _ = _opened(doing, payment)
        at, said = await self._gateway(doing, payment), await self._ask(doing, payment)
        means, _ = await self._means(payment, opened)
        fresh = self.clock() < opened.submitted.submitted_at + LIFETIME
        if means and at.gateway and at.gateway.idempotent and not at.no_new_charge and said.answer == "never-heard" and fresh:
            return await self.authorise(doing, payment)
        return self._record(doing, payment, said, means)

    async def _means(self, payment: Payment, opened: AttemptOpened) -> tuple[Means | None, str]:
        """What an attempt is charged to; or None, and why it is not.

        A token serves one attempt, of its order, by the person that it was given to, for 15 minutes; a stored instrument its own customer.
        """
        if payment.stopped:
            return None, "not-charged"
        if is_stored(opened.payment):
            return await self._stored(opened)
        token = await self.vault.find(opened.payment)
        others = [attempt.opened for attempt in payment.attempts.values() if attempt.opened.attempt != opened.attempt]
        used = any(isinstance(other, AttemptOpened) and other.payment == opened.payment for other in others)
        used = used or bool((await self.pre_auths(opened.order_id)).use(opened.payment))
        if token is None or used or token.expires_at < opened.submitted.submitted_at:
            return None, "card-details-expired"
        mine = token.order_id == opened.order_id and token.actor == opened.submitted.placed_by
        return (token.means, "") if mine and _fits(token.means, opened) else (None, "not-this-order")

    async def _stored(self, opened: AttemptOpened) -> tuple[Means | None, str]:
        if not belongs(opened.payment, opened.submitted.order.customer_id):
            return None, "not-this-order"
        means = await self.vault.stored(opened.payment)
        if means is None:
            return None, "card-details-expired"
        return (means, "") if _fits(means, opened) else (None, "not-this-order")

    async def capture(self, doing: Work, payment: Payment) -> Record:
        at, (_, part) = await self._gateway(doing, payment), _opened(doing, payment)
        said = await at.gateway.capture(_follow_up(doing, payment), at.secrets) if at.gateway else UNKNOWN
        return self._record(doing, payment, fitting(said, part.amount))

    async def void(self, doing: Work, payment: Payment) -> Record:
        at = await self._gateway(doing, payment)
        said = await at.gateway.void(_follow_up(doing, payment), at.secrets) if at.gateway else UNKNOWN
        return self._record(doing, payment, said)

    async def ask_capture(self, doing: Work, payment: Payment) -> Record:
        said = await self._ask(doing, payment)
        return await self.capture(doing, payment) if said.answer == "never-heard" else self._record(doing, payment, said)

    async def ask_void(self, doing: Work, payment: Payment) -> Record:
        said = await self._ask(doing, payment)
        return await self.void(doing, payment) if said.answer == "never-heard" else self._record(doing, payment, said)

    async def recorded(self, doing: Work, payment: Payment) -> None:
        """Once its attempt has an outcome."""
        opened, _ = _opened(doing, payment)
        if payment.attempts[opened.attempt].status != "open" and not is_stored(opened.payment):
            await self.put_away(opened.payment, payment)

    async def put_away(self, token: str, payment: Payment) -> None:
        """What was authorised is kept for the customer; the token's own record, CVV and all, goes."""
        kept = await self.vault.find(token)
        for attempt in payment.attempts.values():
            if kept and isinstance(attempt.opened, AttemptOpened) and attempt.opened.payment == token and attempt.authorized:
                await self.wallet.keep(attempt.opened.submitted.order.customer_id, attempt.opened.order_id, kept.means)
        await self.vault.forget(token)

    async def _ask(self, doing: Work, payment: Payment) -> Said:
        at, (_, part) = await self._gateway(doing, payment), _opened(doing, payment)
        said = await at.gateway.lookup(_question(doing, payment), at.secrets) if at.gateway else UNKNOWN
        return said if parsed(doing.reference)[2] == "void" else fitting(said, part.amount)

    async def _gateway(self, doing: Work, payment: Payment) -> At:
        opened, part = _opened(doing, payment)
        return await self.at(part.gateway, opened.submitted.method)

    async def at(self, name: str, method: Method = "card") -> At:
        known = await self.configured(name)
        spoken = self.gateways.get(known.kind) if known else None
        return At(spoken, await self.credentials.find(known.credentials) if known else {}, no_new_charge(known, method))

    def _record(self, doing: Work, payment: Payment, said: Said, means: Means | None = None) -> Record:
        instrument, lease = Instrument(), payment.work[doing.reference].until
        if means:
            opened, _ = _opened(doing, payment)
            instrument = self.vault.instrument(means).model_copy(update={"id": opened.payment if is_stored(opened.payment) else ""})
        return Record(doing.reference, said.answer, self.clock(), said.reason, said.reference, said.avs, said.cvv, instrument, lease)


def fitting(said: Said, amount: int) -> Said:
    """A yes to another amount is none: somebody must look."""
    return MISFIT if said.answer == "approved" and said.amount not in (None, amount) else said


def _opened(doing: Work, payment: Payment) -> tuple[AttemptOpened, Part]:
    attempt, number, _ = parsed(doing.reference)
    opened = payment.attempts[attempt].opened
    if not isinstance(opened, AttemptOpened):
        raise TypeError(f"{doing.reference} has nothing to charge")
    return opened, next(part for part in opened.parts if part.number == number)


def _follow_up(doing: Work, payment: Payment) -> FollowUp:
    opened, part = _opened(doing, payment)
    authorisation, _, _ = doing.reference.rpartition("-")
    attempt = payment.attempts[opened.attempt]
    theirs = next((p.gateway_reference for p in (*attempt.voiding, *attempt.authorized) if p.part.number == part.number), "")
    submitted = opened.submitted
    return FollowUp(doing.reference, authorisation, theirs, part.amount, submitted.currency, account=submitted.method == "echeck")


def _question(doing: Work, payment: Payment) -> Question:
    opened, part = _opened(doing, payment)
    submitted, operation = opened.submitted, parsed(doing.reference)[2]
    question = Question(
        doing.reference, operation, part.amount, submitted.currency, account=submitted.method == "echeck", since=submitted.submitted_at
    )
    if operation == "authorise":
        return question
    asked = _follow_up(doing, payment)
    return replace(question, authorisation=asked.authorisation, theirs=asked.theirs)


def _fits(means: Means, opened: AttemptOpened) -> bool:
    """A card for a card payment, an account for an eCheck."""
    return (kind_of(means) == "account") == (opened.submitted.method == "echeck")


def in_use(token: str, payment: Payment, pre_auths: PreAuths) -> bool:
    return "open" in _statuses(token, payment) or any(each.outcome is None for each in pre_auths.use(token))


def spent(token: str, payment: Payment, pre_auths: PreAuths) -> bool:
    """It has an outcome: whoever recorded that may have died before the card was forgotten."""
    return bool(_statuses(token, payment) - {"open"}) or any(each.outcome for each in pre_auths.use(token))


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
