from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.exceptions import HTTPException

from services.fulfillment.shipment import Cancel, LetGo, shipment
from services.fulfillment.views import shipments
from shared.http import RunningService, Sent
from shared.past import Moment, row_then
from shared.text import Line

router = APIRouter()


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Line, StringConstraints(min_length=1)]


@router.get("/shipments")
async def find(service: RunningService, status: str = "Hold", cursor: str | None = None) -> dict[str, Any]:
    rows, following = await service.find(shipments, {"status": status}, sort="updated_at", descending=True, cursor=cursor)
    return {"rows": rows, "next": following}


@router.get("/shipments/{order_id}")
async def one(order_id: str, service: RunningService, min_version: str | None = None, as_of: Moment | None = None) -> dict[str, Any]:
    """``as_of``: as it was then."""
    if as_of:
        row = await row_then(service, shipments, order_id, shipment.stream(order_id), as_of)
    else:
        row = await service.get(shipments, order_id, min_version)
    if row is None:
        raise HTTPException(404, "Nothing is to be shipped for this order.")
    return row


@router.post("/shipments/{order_id}/cancel")
async def cancel(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(shipment, order_id, Cancel(order_id, body.reason, sent.actor), sent)
    return {"version": outcome.version}


@router.post("/shipments/{order_id}/release")
async def release(order_id: str, body: Reason, service: RunningService, sent: Sent) -> dict[str, Any]:
    """From a hold: what is approved goes out."""
    outcome = await service.execute(shipment, order_id, LetGo(order_id, sent.actor, body.reason, sent.now), sent)
    return {"version": outcome.version}
