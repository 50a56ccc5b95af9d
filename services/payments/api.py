from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.payments import gateway_api, health, limits_api, money_api, news, pre_auth_api, reconcile, vault_api, wallet_api
from services.payments.account import problems as account_problems
from services.payments.barred import REFUSED_BEFORE
from services.payments.card import Problem, problems
from services.payments.effects import Desk, spent
from services.payments.limits_door import Held, Limits, Subject, of_card
from services.payments.means import Account, AccountKind, Card, Means
from services.payments.payment import payment
from services.payments.vault import LIFETIME, Token, Vault
from shared.http import RunningService, Sent
from shared.ids import OrderId
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.service import Running
from shared.text import Line

router = APIRouter()
router.routes += [*gateway_api.router.routes, *health.router.routes, *news.router.routes, *reconcile.router.routes]
router.routes += [*money_api.router.routes, *pre_auth_api.router.routes, *wallet_api.router.routes]
router.routes += [*limits_api.router.routes, *vault_api.router.routes]

_CUSTOMER = "customer"


class CardDetails(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    order_id: OrderId
    number: str = Field(max_length=32)
    expiry: str = Field(max_length=7)
    cvv: str = Field(max_length=4)
    holder: Line = ""
    customer_id: str = Field(default="", max_length=40)
    address: str = Field(default="", max_length=60)
    """Of a customer at the checkout page."""


class AccountDetails(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    order_id: OrderId
    routing: str = Field(max_length=32)
    account: str = Field(max_length=40)
    kind: AccountKind = "checking"
    holder: Line = ""


@router.post("/tokens", status_code=201)
async def token(body: CardDetails, service: RunningService, sent: Sent) -> Any:
    """A token for one attempt of this order by this person, good for 15 minutes. A repeat gets it again, and brings no spent card back.

    A customer goes no way to a gateway but through here: 429 with Retry-After where a limit holds them back.
    """
    number, expiry = body.number.replace(" ", "").replace("-", ""), body.expiry.replace(" ", "")
    _refuse("card-invalid", problems(number, expiry, body.cvv, sent.now.date()))
    card = Card(number, expiry, body.cvv, body.holder)
    held = await _counted(service, sent, body, card) if sent.actor == _CUSTOMER else None
    return held.answer() if held else await _kept(service, sent, body.order_id, card)


@router.post("/tokens/account", status_code=201)
async def account_token(body: AccountDetails, service: RunningService, sent: Sent) -> dict[str, Any]:
    """As for a card, of a bank account for an eCheck."""
    routing, number = (text.replace(" ", "").replace("-", "") for text in (body.routing, body.account))
    _refuse("account-invalid", account_problems(routing, number, body.holder))
    return await _kept(service, sent, body.order_id, Account(routing, number, body.kind, body.holder))


_BARRED = "This very number was refused for good on this order, and is not asked about again. Check it digit by digit, or use another one."


async def _counted(service: Running, sent: Envelope, body: CardDetails, card: Card) -> Held | None:
    vault: Vault = service.state["vault"]
    limits: Limits = service.state["limits"]
    subjects = [*of_card(vault, card), Subject("customer", body.customer_id, body.customer_id), Subject("address", body.address, body.address)]
    return await limits.admit("checkout", subjects, body.order_id, vault.token(body.order_id, sent.actor, sent.command_id, card), sent)


def _refuse(code: str, found: Iterable[Problem]) -> None:
    wrong = list(found)
    if wrong:
        data = {"errors": [asdict(each) for each in wrong]}
        raise Refusal(Refused(code, wrong[0].detail, wrong[0].field, conflict=False, data=data))


async def _kept(service: Running, sent: Envelope, order_id: str, means: Means) -> dict[str, Any]:
    vault: Vault = service.state["vault"]
    desk: Desk = service.state["desk"]
    made = vault.token(order_id, sent.actor, sent.command_id, means)
    state, _ = await service.load(payment, order_id)
    if await desk.barred(order_id, state, means):
        _refuse(REFUSED_BEFORE, [Problem("account" if isinstance(means, Account) else "number", REFUSED_BEFORE, _BARRED)])
    if not spent(made, state, await desk.pre_auths(order_id)):
        await vault.keep(made, Token(means, order_id, sent.actor, sent.now + LIFETIME))
    instrument = vault.instrument(means)
    return {"token": made, "brand": instrument.brand, "last4": instrument.last4}
