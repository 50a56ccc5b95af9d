"""Shipments: listed, looked at, held, released, cancelled, sent once more, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints
from starlette.exceptions import HTTPException

from services.fulfillment.attempts import attempts
from services.fulfillment.commands import Arrive, AskBack, Cancel, Command, HoldByHand, LetGo, Resend, Settle, Ship, TakeBack
from services.fulfillment.moments import happened
from services.fulfillment.records import Shipment
from services.fulfillment.shipment import shipment
from services.fulfillment.views import PLACES, shipments, within
from shared.contracts.fulfillment import SHIPMENT_STATUSES, Parcel, ShipmentStatus
from shared.http import RunningService, Sent
from shared.ids import PLUGIN_NAME, PluginName, is_order_id
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.kernel.ports import Prefix, Where
from shared.kernel.views import Row
from shared.past import Moment as Past
from shared.past import row_then, state_then
from shared.service import Running
from shared.text import Id, Line

router = APIRouter()

Named = Annotated[str, Query(pattern=f"^({PLUGIN_NAME})?$")]
_FOREMOST = ("Failed", "Hold", "Pending", "Pending Shipment", "RMA Pending", "Shipped", "Delivered", "Returned", "Cancelled")
"""What an order's shipment is called where its records differ: what somebody waits for longest comes first."""
_UNSAID: Row = {
    "held": None, "reason": "", "retry_at": None, "attempts": 0, "exported_at": None, "their_id": "", "parcels": [], "delivered_at": None,
    "rma": None, "returned_at": None, "cancel": None, "cancelled": None,
}  # fmt: skip
_KEPT_BACK = ("failing", "failing_since", "requested_at", "tracking", "worked_at", *PLACES)
COUNTED = 1_000
"""Beyond that a list only says that there are more."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reason(Body):
    reason: Annotated[Line, StringConstraints(min_length=1)]


class Found(Reason):
    has: bool


class Sending(Body):
    """One parcel. Without ``at`` it is now. Many a carrier's number may look like a card's."""

    carrier: Line = ""
    tracking: Id = ""
    service: Line = ""
    at: AwareDatetime | None = None


class Moment(Body):
    at: AwareDatetime | None = None


def shown(row: Row) -> Row:
    """As it is answered: whatever was not said is there too."""
    told = {**_UNSAID, **{name: value for name, value in row.items() if name not in _KEPT_BACK}}
    return {**told, "export_id": row["id"]}


@router.get("/shipments")
async def find(
    service: RunningService,
    status: Literal["", ShipmentStatus] = "",
    plugin: Named = "",
    q: Annotated[str, Query(max_length=255)] = "",
    cursor: str | None = None,
) -> dict[str, Any]:
    """A row a record, the newest change first. ``q`` is an order's or export's id, or a tracking number.

    ``counts`` by status, of that plugin, each up to 1000.
    """
    counts = {each: await service.count(shipments, _listed(each, plugin)[0], most=COUNTED) for each in SHIPMENT_STATUSES}
    wanted = {name: value for name, value in (("status", status), ("plugin", plugin)) if value}
    q = q.strip()
    order_id = q.upper().partition("-")[0]
    if is_order_id(order_id):
        rows, following = await _of_order(service, order_id, wanted), None
    else:
        where, sort = ({**wanted, "tracking": q}, "updated_at") if q else _listed(status, plugin)
        rows, following = await service.find(shipments, where, sort=sort, descending=True, cursor=cursor or None)
    return {"rows": [shown(row) for row in rows], "next": following, "counts": counts}


def _listed(status: str, plugin: str) -> tuple[Where, str]:
    """The one index that has them in the order of their changes."""
    chosen = {"plugin": plugin, "status": status}
    named = {name: value for name, value in chosen.items() if value}
    index = "_".join([*(named or ("updated",)), "at"])
    return {index: Prefix(within(*named.values()))}, index


async def _of_order(service: Running, order_id: str, wanted: Row) -> list[Row]:
    state: Shipment = (await service.load(shipment, order_id))[0]
    found = [await service.get(shipments, record.export_id) for record in state.records.values()]
    return [row for row in found if row and wanted.items() <= row.items()]


@router.get("/shipments/{order_id}")
async def one(order_id: str, service: RunningService, min_version: str | None = None, as_of: Past | None = None) -> dict[str, Any]:
    """What is true of the order as a whole, and a row for each plugin. ``as_of``: as it was then."""
    stream = shipment.stream(order_id)
    if as_of:
        state, version = await state_then(service, shipment, order_id, as_of)
        then = [await row_then(service, shipments, record.export_id, stream, as_of) for record in state.records.values()]
        rows = [row for row in then if row]
    else:
        state, version = await service.load(shipment, order_id)
        rows = await _rows(service, order_id, state, min_version)
    return _told(order_id, state, version, rows)


def _told(order_id: str, state: Shipment, version: int, rows: Sequence[Row]) -> dict[str, Any]:
    if not rows and not state.cancelled and not state.held:
        raise HTTPException(404, "Nothing is to be shipped for this order.")
    found = [row["status"] for row in rows]
    status = "Cancelled" if state.cancelled else next((each for each in _FOREMOST if each in found), "Hold")
    about = {"approved": bool(state.approved), "cancelled": state.cancelled, "holdable": bool(state.open)}
    return {"order_id": order_id, "version": version, "status": status, "held": _held(state, rows), **about, "records": [shown(row) for row in rows]}


def _held(state: Shipment, rows: Sequence[Row]) -> Row | None:
    told: Row | None = next((row["held"] for row in rows if row.get("held")), None)
    return told or ({"why": state.held.why, "by": state.held.by, "reason": "", "at": None} if state.held and state.on_hold else None)


async def _rows(service: Running, order_id: str, state: Shipment, min_version: str | None) -> list[Row]:
    """Once one of them has seen the version, which need not be about all; and all of them are there."""
    ids = [record.export_id for record in state.records.values()]
    if min_version and ids:
        waiting = [asyncio.ensure_future(service.get(shipments, id, min_version)) for id in ids]
        done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for each in done:
            each.result()
    found = [await service.get(shipments, id, f"{shipment.stream(order_id)}@1") for id in ids]
    return [row for row in found if row]


@router.get("/shipments/{order_id}/log")
async def log(order_id: str, service: RunningService) -> dict[str, Any]:
    """``{"rows": […]}``: every try, what was answered, and when the next one is."""
    stored = await service.streams.load(shipment.stream(order_id))
    facts = [each.fact or service.codec.decode(dict(each.headers), each.data, position=each.position) for each in stored]
    return {"rows": attempts(facts)}


@router.post("/shipments/{order_id}/cancel")
async def cancel(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Nothing of it has gone out: the order is cancelled. What has, its plugin is asked to stop; 409 ``already-shipped`` where it is on its way."""
    return await _done(service, order_id, Cancel(order_id, body.reason, sent.actor, sent.now), sent)


@router.post("/shipments/{order_id}/hold")
async def hold(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    return await _done(service, order_id, HoldByHand(order_id, sent.actor, body.reason), sent)


@router.post("/shipments/{order_id}/release")
async def release(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    """From a hold: what is approved goes out."""
    return await _done(service, order_id, LetGo(order_id, sent.actor, body.reason, sent.now), sent)


# Of one record


@router.post("/shipments/{order_id}/{plugin}/resend")
async def resend(order_id: str, plugin: PluginName, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Under the same export id: whoever has it already ships nothing twice."""
    return await _done(service, order_id, Resend(order_id, plugin, sent.actor, body.reason, sent.now), sent)


@router.post("/shipments/{order_id}/{plugin}/settle")
async def settle(order_id: str, plugin: PluginName, body: Found, service: RunningService, sent: Sent) -> dict[str, Any]:
    """It was to be stopped, and nobody knew whether they have it. Where they do not, and nobody else does, the order is cancelled."""
    return await _done(service, order_id, Settle(order_id, plugin, body.has, sent.actor, body.reason), sent)


@router.post("/shipments/{order_id}/{plugin}/return")
async def ask_back(order_id: str, plugin: PluginName, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Answers the number under which the customer sends it back: ``rma``."""
    outcome = await service.execute(shipment, order_id, AskBack(order_id, plugin, sent.actor, body.reason), sent)
    return {"version": outcome.version, "rma": outcome.state.records[plugin].rma}


@router.post("/shipments/{order_id}/{plugin}/returned")
async def returned(order_id: str, plugin: PluginName, body: Moment, service: RunningService, sent: Sent) -> dict[str, Any]:
    at = await _happened(service, order_id, plugin, body.at, sent)
    return await _done(service, order_id, TakeBack(order_id, plugin, at, sent.actor), sent)


@router.post("/shipments/{order_id}/{plugin}/shipped")
async def shipped(order_id: str, plugin: PluginName, body: Sending, service: RunningService, sent: Sent) -> dict[str, Any]:
    parcel = Parcel(carrier=body.carrier, tracking=body.tracking, service=body.service)
    at = await _happened(service, order_id, plugin, body.at, sent)
    return await _done(service, order_id, Ship(order_id, plugin, parcel, at, sent.actor), sent)


@router.post("/shipments/{order_id}/{plugin}/delivered")
async def delivered(order_id: str, plugin: PluginName, body: Moment, service: RunningService, sent: Sent) -> dict[str, Any]:
    at = await _happened(service, order_id, plugin, body.at, sent)
    return await _done(service, order_id, Arrive(order_id, plugin, at, sent.actor), sent)


async def _happened(service: Running, order_id: str, plugin: str, at: datetime | None, sent: Envelope) -> datetime:
    """Raises Refusal."""
    if at is None:
        return sent.now
    record = (await service.load(shipment, order_id))[0].records.get(plugin)
    try:
        return happened(at, sent.now, record and record.created.submitted.submitted_at)
    except ValueError as error:
        raise Refusal(Refused("date-odd", str(error), "at", conflict=False)) from error


async def _done(service: Running, order_id: str, command: Command, sent: Envelope) -> dict[str, Any]:
    outcome = await service.execute(shipment, order_id, command, sent)
    return {"version": outcome.version}
