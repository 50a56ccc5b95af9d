"""An order's money: what became of it, giving it back, and what somebody does about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payments.desk import Desk
from services.payments.payment import Payment, RecordOutcome, Refund, Retry, payment
from services.payments.refunds import left
from services.payments.views import payments_view, pre_auth_work
from shared.http import RunningService, Sent
from shared.ids import OrderId
from shared.kernel.codec import stamp
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.effects import Work
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.past import Moment, row_then
from shared.service import Running
from shared.text import Line, Note

router = APIRouter()

_MOST = 10**12
"""In minor units; more than any order comes to."""
Reason = Annotated[Note, StringConstraints(min_length=3, max_length=500)]
Evidence = Annotated[Note, StringConstraints(min_length=10, max_length=2_000)]
Referred = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[0-9A-Za-z-]+$")]


class RefundBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: int = Field(ge=1, le=_MOST, strict=True)
    reason: Reason


class RetryBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reference: Referred


class OutcomeBody(BaseModel):
    """``gateway_reference`` is what the gateway calls what was charged, where that was found out too."""

    model_config = ConfigDict(extra="forbid")

    reference: Referred
    outcome: Literal["charged", "not-charged"]
    evidence: Evidence
    gateway_reference: Line = ""


@router.get("/orders/{order_id}")
async def order(order_id: OrderId, service: RunningService, min_version: str | None = None, as_of: Moment | None = None) -> dict[str, Any]:
    """``as_of``: as it was then."""
    if as_of:
        row = await row_then(service, payments_view, order_id, payment.stream(order_id), as_of)
    else:
        row = await service.get(payments_view, order_id, min_version)
    if row is None:
        raise NotFound("No payment was asked for on this order.")
    return row


@router.post("/orders/{order_id}/refunds", status_code=202)
async def refund(order_id: OrderId, body: RefundBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Asked for; what became of it is in the order's ``refunds``. Without an Idempotency-Key a repeat is another refund."""
    state = await _known(service, order_id)
    desk: Desk = service.state["desk"]
    gateways = {capture.part.gateway for capture, _ in left(state)}
    able = frozenset([name for name in sorted(gateways) if (await desk.at(name)).refunds])
    try:
        done = await service.execute(payment, order_id, Refund(body.amount, body.reason, sent.actor, able, sent.now), sent)
    except Refusal as refusal:
        if refusal.refused.code != "erased":
            raise
        done = await service.execute(payment, order_id, Refund(body.amount, "", sent.actor, able, sent.now), sent)
    number = max(done.state.refunds)
    return {"number": number, "status": done.state.refunds[number].status, **_version(order_id, done)}


@router.post("/orders/{order_id}/retry", status_code=202)
async def retry(order_id: OrderId, body: RetryBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """What was refused is asked for once more, what is unknown is asked about now."""
    await _known(service, order_id)
    done = await service.execute(payment, order_id, Retry(body.reference, sent.actor, sent.now), sent)
    return {"reference": body.reference, **_version(order_id, done)}


@router.post("/orders/{order_id}/outcomes")
async def record_outcome(order_id: OrderId, body: OutcomeBody, service: RunningService, sent: Sent) -> dict[str, Any]:
    """What somebody found out; the same follows from it as if the gateway had said so."""
    state = await _known(service, order_id)
    desk: Desk = service.state["desk"]
    doing = Work(order_id, body.reference)
    done = await _recorded(service, sent, doing, body, await _instrument(desk, doing, state))
    await desk.recorded(doing, done.state)
    return {"reference": body.reference, "outcome": body.outcome, **_version(order_id, done)}


async def _instrument(desk: Desk, doing: Work, state: Payment) -> dict[str, Any]:
    return {"instrument": await desk.instrument(doing, state)} if doing.reference in state.operations else {}


async def _recorded(service: Running, sent: Envelope, doing: Work, body: OutcomeBody, about: dict[str, Any]) -> Outcome:
    """The evidence of an erased customer's order is kept by nobody, but its money still needs settling."""
    command = RecordOutcome(body.reference, body.outcome, body.evidence, sent.actor, sent.now, body.gateway_reference, **about)
    try:
        return await service.execute(payment, doing.id, command, sent)
    except Refusal as refusal:
        if refusal.refused.code != "erased":
            raise
        command = RecordOutcome(body.reference, body.outcome, "", sent.actor, sent.now, body.gateway_reference, **about)
        return await service.execute(payment, doing.id, command, sent)


_RESERVES = timedelta(days=30)
"""So long at most a bank keeps what was reserved: after it nobody has to look at a pre-authorisation that was not given back."""


@router.get("/attention")
async def attention(service: RunningService, cursor: str | None = None) -> dict[str, Any]:
    """Orders whose money needs somebody to look, longest waiting first; and the pre-authorisations that do."""
    now = service.clock()
    rows, following = await service.find(payments_view, {"alarm_at": Range(None, stamp(now))}, sort="alarm_at", cursor=cursor)
    pre_auths, _ = await service.find(pre_auth_work, {"alarm_at": Range(stamp(now - _RESERVES), stamp(now))}, sort="alarm_at")
    told = [{"order_id": row["id"], "why": row["attention"], "since": row["alarm_at"], "references": row["look_at"], **row} for row in rows]
    return {"rows": told, "pre_auths": pre_auths, "next": following}


async def _known(service: Running, order_id: str) -> Payment:
    state: Payment
    state, version = await service.load(payment, order_id)
    if not version:
        raise NotFound("No payment was asked for on this order.")
    return state


def _version(order_id: str, done: Outcome) -> dict[str, Any]:
    """To read what was written: ``min_version``."""
    return {"version": done.version, "min_version": f"{payment.stream(order_id)}@{done.version}"}
