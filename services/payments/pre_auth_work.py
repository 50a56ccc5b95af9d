"""What is done at gateways for a pre-authorisation. Whoever takes over an expired claim asks first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.payments.effects import At, Desk
from services.payments.gateways.protocol import UNKNOWN, Charge, FollowUp, Gateway, Question, Said, fitting, without
from services.payments.means import Card, Means
from services.payments.payment import Payment
from services.payments.pending import CANNOT_BE_ASKED, SETTLE
from services.payments.pre_auth import ClaimPreAuth, PreAuths, RecordPreAuth
from services.payments.vault import LIFETIME, is_stored
from services.payments.views import pre_auth_work
from shared.contracts.cards import PreAuthorized, PreAuthRequested
from shared.contracts.payments import Instrument
from shared.kernel.effects import Effect, Work
from shared.kernel.events import Event

_VOID = "-void"


@dataclass(frozen=True)
class Asking:
    desk: Desk
    payments: Callable[[str], Awaitable[Payment]]
    """Of an order."""

    async def authorise(self, doing: Work, state: PreAuths) -> RecordPreAuth:
        asked = _asked(doing, state)
        at, (means, refusal) = await self.desk.at(asked.gateway), await self._means(asked, state)
        if means is None or at.gateway is None or at.no_new_charge:
            return self._record(doing, state, Said(answer="declined", reason=refusal or at.no_new_charge), means)
        return await self._sent(doing, state, at, at.gateway, means)

    async def _sent(self, doing: Work, state: PreAuths, at: At, gateway: Gateway, means: Means) -> RecordPreAuth:
        asked = _asked(doing, state)
        charge = Charge(doing.reference, asked.order_id, asked.amount, asked.currency, means, on_file=is_stored(asked.payment))
        said = await gateway.authorise(charge, at.secrets)
        return self._record(doing, state, fitting(said, asked.amount), means, at)

    async def ask_authorised(self, doing: Work, state: PreAuths) -> RecordPreAuth:
        """Never heard of it: the same request again, as for an attempt."""
        asked = _asked(doing, state)
        at, (means, _) = await self.desk.at(asked.gateway), await self._means(asked, state)
        said = await self.desk.ask(at, Question(doing.reference, "authorise", asked.amount, asked.currency))
        fresh = self.desk.clock() < asked.due_at + LIFETIME
        again = said.answer == "never-heard" or said.reason == CANNOT_BE_ASKED
        if means and at.gateway and at.gateway.idempotent and not at.no_new_charge and again and fresh:
            return await self._sent(doing, state, at, at.gateway, means)
        return self._record(doing, state, fitting(said, asked.amount), means, at)

    async def void(self, doing: Work, state: PreAuths) -> RecordPreAuth:
        at, about = await self.desk.at(_asked(doing, state).gateway), _back(doing, state)
        return self._record(doing, state, await at.gateway.void(FollowUp(doing.reference, *about), at.secrets) if at.gateway else UNKNOWN)

    async def ask_void(self, doing: Work, state: PreAuths) -> RecordPreAuth:
        at, (authorisation, theirs, amount, currency) = await self.desk.at(_asked(doing, state).gateway), _back(doing, state)
        said = await self.desk.ask(at, Question(doing.reference, "void", amount, currency, authorisation, theirs))
        again = said.answer == "never-heard" or said.reason == CANNOT_BE_ASKED
        return await self.void(doing, state) if again else self._record(doing, state, said)

    async def told(self, doing: Work, state: PreAuths, said: Said) -> RecordPreAuth:
        """As if the gateway had been asked, where it tells by itself."""
        asked = _asked(doing, state)
        at, back = await self.desk.at(asked.gateway), doing.reference.endswith(_VOID)
        means = None if back else (await self._means(asked, state))[0]
        return self._record(doing, state, said if back else fitting(said, asked.amount), means, at)

    async def recorded(self, doing: Work, state: PreAuths) -> None:
        """The token is used up by an outcome."""
        known = state.of(doing.reference)
        if known and known.outcome and not is_stored(known.asked.payment):
            await self.desk.vault.forget(known.asked.payment)

    async def _means(self, asked: PreAuthRequested, state: PreAuths) -> tuple[Means | None, str]:
        """Whose the order is was judged when it was asked for; a token may have been taken for an attempt meanwhile."""
        if is_stored(asked.payment):
            means = await self.desk.vault.stored(asked.payment)
            return means, "" if means else "card-details-expired"
        token, payment = await self.desk.vault.find(asked.payment), await self.payments(asked.order_id)
        if token is None or payment.uses(asked.payment):
            return None, "card-details-expired"
        mine = token.order_id == asked.order_id and token.actor == asked.by and isinstance(token.means, Card)
        return (token.means, "") if mine else (None, "not-this-order")

    def _record(self, doing: Work, state: PreAuths, said: Said, means: Means | None = None, at: At | None = None) -> RecordPreAuth:
        instrument, said = (self.desk.vault.instrument(means), without(said, means)) if means else (Instrument(), said)
        pending, settles = state.work.get(doing.reference), at.gateway.settles if at and at.gateway else SETTLE
        until = pending.until if pending else None
        return RecordPreAuth(doing.reference, said.answer, self.desk.clock(), said.reason, said.reference, instrument, until, settles)


def _asked(doing: Work, state: PreAuths) -> PreAuthRequested:
    known = state.of(doing.reference)
    if known is None:
        raise LookupError(f"{doing.reference} was never asked for")
    return known.asked


def _back(doing: Work, state: PreAuths) -> tuple[str, str, int, str]:
    """What the void gives back: our reference, theirs, amount, currency."""
    known = state.of(doing.reference)
    outcome = known.outcome if known else None
    theirs = outcome.gateway_reference if isinstance(outcome, PreAuthorized) else ""
    asked = _asked(doing, state)
    return doing.reference.removesuffix(_VOID), theirs, asked.amount, asked.currency


def _wanted(event: Event) -> Iterable[Work]:
    return [Work(event.order_id, event.reference)] if isinstance(event, PreAuthRequested) else ()


def _wanted_back(event: Event) -> Iterable[Work]:
    return [Work(event.order_id, event.reference + _VOID)] if isinstance(event, PreAuthorized) else ()


def _claim(doing: Work, holder: str, now: datetime) -> ClaimPreAuth:
    return ClaimPreAuth(doing.reference, holder, now)


def pre_auth_effects(asking: Asking) -> Sequence[Effect]:
    return (
        Effect("pre-auth", _wanted, pre_auth_work, _claim, asking.authorise, asking.ask_authorised, {"kind": "pre-auth"}, asking.recorded),
        Effect("pre-auth-void", _wanted_back, pre_auth_work, _claim, asking.void, asking.ask_void, {"kind": "pre-auth-void"}),
    )
