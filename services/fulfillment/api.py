import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.exceptions import HTTPException

from services.fulfillment.commands import Cancel, LetGo
from services.fulfillment.records import Shipment
from services.fulfillment.shipment import shipment
from services.fulfillment.views import shipments
from shared.http import RunningService, Sent
from shared.past import Moment, row_then, state_then
from shared.service import Running
from shared.text import Line

router = APIRouter()

_FOREMOST = ("Failed", "Hold", "Pending", "Pending Shipment", "RMA Pending", "Shipped", "Delivered", "Returned", "Cancelled")
"""What an order's shipment is called where its records differ: what somebody waits for longest comes first."""


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Line, StringConstraints(min_length=1)]


@router.get("/shipments")
async def find(service: RunningService, status: str = "Hold", cursor: str | None = None) -> dict[str, Any]:
    rows, following = await service.find(shipments, {"status": status}, sort="updated_at", descending=True, cursor=cursor)
    return {"rows": rows, "next": following}


@router.get("/shipments/{order_id}")
async def one(order_id: str, service: RunningService, min_version: str | None = None, as_of: Moment | None = None) -> dict[str, Any]:
    """What is true of the order as a whole, and a row for each plugin. ``as_of``: as it was then."""
    state: Shipment = (await (state_then(service, shipment, order_id, as_of) if as_of else service.load(shipment, order_id)))[0]
    rows = await (_rows_then(service, order_id, state, as_of) if as_of else _rows(service, order_id, state, min_version))
    if not rows and not state.cancelled and not state.held:
        raise HTTPException(404, "Nothing is to be shipped for this order.")
    found = [row["status"] for row in rows]
    status = "Cancelled" if state.cancelled else next((each for each in _FOREMOST if each in found), "Hold")
    return {"order_id": order_id, "status": status, "held": _held(state, rows), "records": rows}


def _held(state: Shipment, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    told = next((row["held"] for row in rows if row.get("held")), None)
    return told or ({"why": state.held.why, "by": state.held.by, "reason": "", "at": None} if state.held and not state.cancelled else None)


async def _rows_then(service: Running, order_id: str, state: Shipment, as_of: datetime) -> list[dict[str, Any]]:
    found = [await row_then(service, shipments, record.export_id, shipment.stream(order_id), as_of) for record in state.records.values()]
    return [row for row in found if row]


async def _rows(service: Running, order_id: str, state: Shipment, min_version: str | None) -> list[dict[str, Any]]:
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


@router.post("/shipments/{order_id}/cancel")
async def cancel(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(shipment, order_id, Cancel(order_id, body.reason, sent.actor, sent.now), sent)
    return {"version": outcome.version}


@router.post("/shipments/{order_id}/release")
async def release(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    """From a hold: what is approved goes out."""
    outcome = await service.execute(shipment, order_id, LetGo(order_id, sent.actor, body.reason, sent.now), sent)
    return {"version": outcome.version}
