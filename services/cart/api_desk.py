"""What lies on people's desks over HTTP: overrides, blocked orders, an agent's open calls, and whether a call is recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from services.cart.blocked import AllowRetry
from services.cart.bodies import OverrideBody, RecordingBody, RefuseBody
from services.cart.commanding import answer, decided, priced_with, seen
from services.cart.desk import desk
from services.cart.lookups import catalog, circumstances
from services.cart.order import Record, order
from services.cart.overrides import Approve, Ask, Refuse, to_price
from services.cart.state import Order, about
from shared.http import Answer, RunningService, Sent
from shared.kernel.codec import stamp
from shared.kernel.commands import Envelope
from shared.kernel.ports import Range

router = APIRouter()

_RECENT = timedelta(hours=24)
_SUPERVISES = frozenset(("supervisor", "admin"))
_WAITING = (
    "line", "product", "name", "quantity", "price", "shipping_price", "list_price", "list_shipping_price", "limit", "currency", "reason", "by",
    "requested_at", "was_price", "was_shipping_price",
)  # fmt: skip
_CALL = ("campaign", "first_name", "last_name", "started_at", "updated_at", "total", "currency", "stage")


@router.post("/orders/{id}/overrides")
async def ask(id: str, body: OverrideBody, service: RunningService, sent: Sent) -> Answer:
    """Only beyond the limits: within them a change does."""

    async def made(state: Order) -> Ask:
        known = await catalog(service, state.campaign, state.campaign_version)
        return Ask(id, known, body.product, body.price, body.shipping_price, body.reason, sent.actor, sent.now)

    outcome = await decided(service, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/overrides/{line}/approve")
async def approve(id: str, line: int, service: RunningService, sent: Sent) -> Answer:
    """By a supervisor who did not ask for it. The price holds for as many as were asked for."""
    _supervises(sent)

    async def made(state: Order) -> Approve:
        known, asked = await catalog(service, state.campaign, state.campaign_version), about(state)
        found = await circumstances(service, known, id, asked, sent.now)
        return await priced_with(service, Approve(id, known, {asked: found}.get, line, sent.actor, sent.now), state, asked, found, to_price)

    outcome = await decided(service, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/overrides/{line}/refuse")
async def refuse(id: str, line: int, body: RefuseBody, service: RunningService, sent: Sent) -> Answer:
    _supervises(sent)
    await seen(service, id)
    outcome = await service.execute(order, id, Refuse(id, line, sent.actor, body.reason), sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.get("/overrides")
async def waiting(service: RunningService, cursor: str | None = None, min_version: str | None = None) -> dict[str, Any]:
    """What waits for a supervisor, oldest first: 50 orders a page, a row for each line. Unit prices in minor units.

    ``min_version``: once ``order-<id>@<version>`` is seen, or all of several with commas, or after 2 s; so do the others.
    """
    await service.caught_up(desk, min_version)
    rows, following = await service.find(desk, {"asked_at": Range(low="")}, sort="asked_at", cursor=cursor)
    found = [
        {"order_id": row["id"], "campaign": row["campaign"], **{name: each[name] for name in _WAITING}}
        for row in rows
        for each in sorted(row["asked"].values(), key=lambda each: each["requested_at"])
    ]
    return {"rows": found, "next": following}


@router.get("/blocked")
async def blocked(service: RunningService, cursor: str | None = None, min_version: str | None = None) -> dict[str, Any]:
    """Orders that were declined too often within an hour, and wait for a supervisor, the first that will be free again first."""
    await service.caught_up(desk, min_version)
    now = stamp(service.clock())
    rows, following = await service.find(desk, {"blocked_until": Range(low=now)}, sort="blocked_until", cursor=cursor)
    found = [{"order_id": row["id"], "campaign": row["campaign"], "by": row["agent"], **_chosen(row, "declines", "blocked_at")} for row in rows]
    return {"rows": found, "next": following}


@router.post("/orders/{id}/retry")
async def retry(id: str, service: RunningService, sent: Sent) -> Answer:
    _supervises(sent)
    await seen(service, id)
    outcome = await service.execute(order, id, AllowRetry(id, sent.actor, sent.now), sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.get("/calls")
async def calls(service: RunningService, sent: Sent, min_version: str | None = None) -> dict[str, Any]:
    """The asker's own orders of the last 24 hours that they can go on with, newest first."""
    await service.caught_up(desk, min_version)
    since = stamp(service.clock() - _RECENT)
    where = {"resumes": sent.actor, "updated_at": Range(low=since)}
    rows, _ = await service.find(desk, where, sort="updated_at", descending=True)
    return {"rows": [{"order_id": row["id"], **_chosen(row, *_CALL)} for row in rows]}


@router.post("/orders/{id}/recording")
async def recording(id: str, body: RecordingBody, service: RunningService, sent: Sent) -> Answer:
    """Paused while card or bank details are being said."""
    await seen(service, id)
    outcome = await service.execute(order, id, Record(id, body.paused), sent)
    return await answer(service, id, outcome.version, outcome.state)


def _chosen(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _supervises(sent: Envelope) -> None:
    if sent.role not in _SUPERVISES:
        raise HTTPException(403, "Only a supervisor does this.")
