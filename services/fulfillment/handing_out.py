"""Where an order goes, for whoever ships it without being a plugin: who was told so is in the order's history."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from services.fulfillment.commands import HandOut
from services.fulfillment.records import Shipment
from services.fulfillment.shipment import shipment
from services.fulfillment.views import shipments
from shared.http import RunningService, Sent
from shared.kernel.views import Row

router = APIRouter()

_TOLD = ("plugin", "status", "lines", "parcels", "exported_at", "delivered_at", "returned_at")


@router.post("/shipments/{order_id}/hand-out")
async def hand_out(order_id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """``approved`` is whether it may be shipped at all. Written down before it is told."""
    state: Shipment = (await service.load(shipment, order_id))[0]
    if not state.records:
        raise HTTPException(404, "Nothing is to be shipped for this order.")
    outcome = await service.execute(shipment, order_id, HandOut(order_id, sent.actor, sent.now), sent)
    rows = {record.export_id: await service.get(shipments, record.export_id, f"{shipment.stream(order_id)}@1") for record in state.records.values()}
    submitted = next(iter(state.records.values())).created.submitted
    opened = await service.opened(submitted.model_dump(mode="json"))
    order = opened["order"]
    return {
        "order_id": order_id,
        "version": outcome.version,
        "approved": state.approved is not None and not state.cancelled,
        "held": state.on_hold,
        "cancelled": state.cancelled,
        "customer": order["customer"],
        "ship_to": order["shipping"],
        "records": [_told(export_id, row) for export_id, row in rows.items() if row],
    }


def _told(export_id: str, row: Row) -> Row:
    return {"export_id": export_id, **{name: row.get(name) for name in _TOLD}, "parcels": row.get("parcels", [])}
