"""Pre-authorisations of an order: asked for, waited for, and what became of them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payments.barred import REFUSED_BEFORE
from services.payments.declines import explain
from services.payments.effects import Desk
from services.payments.limits_door import Held, Limits, Subject, of_card
from services.payments.means import Card
from services.payments.payment import payment
from services.payments.pre_auth import PreAuth, PreAuthorise, pre_auth
from services.payments.vault import Vault, is_stored
from shared.contracts.cards import PreAuthDeclined
from shared.http import RunningService, Sent
from shared.ids import OrderId
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.money import currencies, decimals
from shared.past import Moment, state_then
from shared.service import Running

router = APIRouter(prefix="/orders/{order_id}")

WAITS = 20.0
"""Seconds that whoever asks waits for the gateway; what it says later is found by asking again."""
_LOOKS = 0.05

Order = Annotated[OrderId, Path()]
Named = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class PreAuthBody(BaseModel):
    """``payment`` is a token of the vault, or a stored instrument of ``customer_id``; ``gateway`` that of the first chosen offer."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    payment: Named
    gateway: Named
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    customer_id: str = Field(default="", max_length=40)


@router.post("/pre-auth")
async def ask(order_id: Order, body: PreAuthBody, service: RunningService, sent: Sent) -> Any:
    """One unit of the currency, given back at once. ``outcome`` is approved, declined, or unknown while the gateway has not said.

    429 with Retry-After where a limit holds it back.
    """
    await _judge(order_id, body, service, sent)
    held = await _counted(order_id, body, service, sent)
    if held:
        return held.answer()
    amount = 10 ** decimals(body.currency)
    wanted = PreAuthorise(order_id, body.gateway, amount, body.currency, body.payment, sent.actor, sent.now)
    asked = await service.execute(pre_auth, order_id, wanted, sent)
    return told(await _outcome(service, order_id, max(asked.state.by_number)))


@router.get("/pre-auths")
async def all_of(order_id: Order, service: RunningService, as_of: Moment | None = None) -> dict[str, Any]:
    """Oldest first."""
    state, _ = await (state_then(service, pre_auth, order_id, as_of) if as_of else service.load(pre_auth, order_id))
    return {"rows": [told(each) for each in state.by_number.values()]}


async def _judge(order_id: str, body: PreAuthBody, service: Running, sent: Envelope) -> None:
    """What no gateway needs to be asked for does not count as one of the order's few. Raises Refusal."""
    if body.currency not in currencies():
        raise Refusal(Refused("unknown-currency", "There is no such currency.", "currency", conflict=False))
    state, _ = await service.load(pre_auth, order_id)
    if any(each.asked.payment == body.payment for each in state.by_number.values()):
        return
    desk: Desk = service.state["desk"]
    refusal = await _unfit(service, order_id, body, sent.actor)
    if refusal:
        raise Refusal(Refused(refusal, explain(refusal).say, "payment", conflict=False))
    closed = (await desk.at(body.gateway)).no_new_charge
    if closed:
        raise Refusal(Refused(closed, f"The gateway {body.gateway} takes nothing new: it is off, or not for the phone.", "lines", conflict=False))


async def _counted(order_id: str, body: PreAuthBody, service: Running, sent: Envelope) -> Held | None:
    """A token that this order has used already goes to no gateway again."""
    state, _ = await service.load(pre_auth, order_id)
    if state.use(body.payment) and not is_stored(body.payment):
        return None
    vault: Vault = service.state["vault"]
    token = None if is_stored(body.payment) else await vault.find(body.payment)
    means = token.means if token else await vault.stored(body.payment)
    subjects = [Subject("customer", body.customer_id, body.customer_id), Subject("agent", sent.actor, sent.actor.rpartition(":")[2])]
    limits: Limits = service.state["limits"]
    return await limits.admit("pre-auth", [*(of_card(vault, means) if means else ()), *subjects], order_id, body.payment, sent)


async def _unfit(service: Running, order_id: str, body: PreAuthBody, actor: str) -> str:
    """As a decline's reason."""
    vault: Vault = service.state["vault"]
    desk: Desk = service.state["desk"]
    stored = is_stored(body.payment)
    if stored and not await desk.wallet.belongs(body.payment, body.customer_id):
        return "not-this-order"
    token = None if stored else await vault.find(body.payment)
    means = await vault.stored(body.payment) if stored else token and token.means
    if not isinstance(means, Card):
        return "card-details-expired"
    if token and (token.order_id, token.actor) != (order_id, actor):
        return "not-this-order"
    state, _ = await service.load(payment, order_id)
    return REFUSED_BEFORE if await desk.barred(order_id, state, means) else ""


async def _outcome(service: Running, order_id: str, number: int) -> PreAuth:
    """As it stands at the latest when nobody should wait any longer."""
    try:
        async with asyncio.timeout(WAITS):
            while (known := await _known(service, order_id, number)).outcome is None:
                await asyncio.sleep(_LOOKS)
    except TimeoutError:
        known = await _known(service, order_id, number)
    return known


async def _known(service: Running, order_id: str, number: int) -> PreAuth:
    state, _ = await service.load(pre_auth, order_id)
    known: PreAuth = state.by_number[number]
    return known


def told(known: PreAuth) -> dict[str, Any]:
    outcome = known.outcome
    said = {
        "outcome": "unknown",
        "reason": "",
        "say": "",
        "try_next": "",
        "brand": "",
        "last4": "",
        "voided": bool(known.voided and known.voided.answer == "approved"),
    }
    if outcome is None:
        say = "The bank has not answered yet. It will be asked again, and whatever it reserves is given back."
        return {"number": known.asked.number, "gateway": known.asked.gateway, **said, "say": say}
    said |= {"brand": outcome.instrument.brand, "last4": outcome.instrument.last4, "outcome": "approved"}
    if isinstance(outcome, PreAuthDeclined):
        said |= {"outcome": "declined", "reason": outcome.reason, "say": outcome.say, "try_next": outcome.try_next}
    return {"number": known.asked.number, "gateway": known.asked.gateway, **said}
