from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.payments import gateway_api
from services.payments.card import problems
from services.payments.effects import spent
from services.payments.payment import payment
from services.payments.vault import LIFETIME, Card, Vault
from services.payments.views import payments_view
from shared.http import RunningService, Sent
from shared.ids import OrderId
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.text import Line

router = APIRouter()
router.routes += gateway_api.router.routes


class CardDetails(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    order_id: OrderId
    number: str = Field(max_length=32)
    expiry: str = Field(max_length=7)
    cvv: str = Field(max_length=4)
    holder: Line = ""


@router.post("/tokens", status_code=201)
async def token(body: CardDetails, service: RunningService, sent: Sent) -> dict[str, Any]:
    """A token for one attempt of this order by this person, good for 15 minutes. A repeat gets it again, and brings no spent card back."""
    number, expiry = body.number.replace(" ", "").replace("-", ""), body.expiry.replace(" ", "")
    found = list(problems(number, expiry, body.cvv, sent.now.date()))
    if found:
        first = found[0]
        raise Refusal(Refused("card-invalid", first.detail, first.field, conflict=False, data={"errors": [asdict(each) for each in found]}))
    vault: Vault = service.state["vault"]
    made = vault.token(body.order_id, sent.actor, sent.command_id, number, expiry)
    state, _ = await service.load(payment, body.order_id)
    if not spent(made, state):
        await vault.keep(made, Card(number, expiry, body.cvv, body.holder, body.order_id, sent.actor, sent.now + LIFETIME))
    instrument = vault.instrument(number, expiry)
    return {"token": made, "brand": instrument.brand, "last4": instrument.last4}


@router.get("/orders/{order_id}")
async def order(order_id: str, service: RunningService, min_version: str | None = None) -> dict[str, Any]:
    row = await service.get(payments_view, order_id, min_version)
    if row is None:
        raise NotFound("No payment was asked for on this order.")
    return row


@router.get("/attention")
async def attention(service: RunningService, cursor: str | None = None) -> dict[str, Any]:
    """Orders whose money needs somebody to look, longest waiting first."""
    rows, following = await service.find(payments_view, {"alarm_at": Range(None, stamp(service.clock()))}, sort="alarm_at", cursor=cursor)
    return {"rows": rows, "next": following}
