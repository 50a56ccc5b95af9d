from __future__ import annotations

from typing import Any

from shared.contracts.fulfillment import (
    DeliveryClaimed,
    DeliveryRequested,
    ErasureClaimed,
    ErasureRequested,
    ExportErased,
    FulfillmentCancelled,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    OrderCancelled,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

Ended = FulfillmentExported | FulfillmentCancelled | OrderCancelled


def _delivery_key(event: DeliveryRequested | DeliveryClaimed | FulfillmentFailed | FulfillmentHeld | Ended) -> str:
    return event.order_id


def _delivery(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case FulfillmentHeld():
            return {**row, "due_at": None} if row else None
        case FulfillmentFailed(export_id=reference) if row and row["due_at"] is None:
            return {"reference": reference, "due_at": None}
        case DeliveryRequested(due_at=due) | DeliveryClaimed(until=due) | FulfillmentFailed(retry_at=due):
            return {"reference": fact.event.export_id, "due_at": stamp(due)}
    return None


deliveries = view("deliveries", 1, _delivery_key, _delivery, ["due_at"])
"""Deliveries that are not done, and when the watchdog takes them: not while they are held."""


def _erasure_key(event: ErasureRequested | ErasureClaimed | ExportErased) -> str:
    return event.order_id


def _erasure(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case ErasureRequested(due_at=due) | ErasureClaimed(until=due):
            return {"reference": fact.event.export_id, "due_at": stamp(due)}
    return None


erasures = view("erasures", 1, _erasure_key, _erasure, ["due_at"])
"""Exports of erased customers that may still lie here."""


def _shipment_key(event: FulfillmentRecordCreated | FulfillmentHeld | FulfillmentReleased | DeliveryRequested | FulfillmentFailed | Ended) -> str:
    return event.order_id


def _shipment(row: Row | None, fact: Fact) -> Row:
    row = {**(row or {"status": "Hold"}), "updated_at": stamp(fact.time)}
    event: Any = fact.event
    match event:
        case FulfillmentRecordCreated():
            return {**row, "plugin": event.plugin, "submitted": event.submitted.model_dump(mode="json")}
        case FulfillmentHeld():
            return {**row, "status": "Hold", "held": {"why": event.why, "at": stamp(fact.time)}}
        case FulfillmentReleased(by_hand=True):
            return {**row, "held": None}
        case DeliveryRequested():
            return {**row, "status": "Pending", "export_id": event.export_id}
        case FulfillmentFailed():
            return {**row, "status": "Hold" if row.get("held") else "Failed", "reason": event.reason, "retry_at": stamp(event.retry_at)}
        case FulfillmentExported():
            return {**row, "status": "Pending Shipment", "held": None, "exported_at": stamp(fact.time), "their_id": event.their_id}
        case FulfillmentCancelled() | OrderCancelled():
            return {**row, "status": "Cancelled", "held": None}
    return row


shipments = view("shipments", 2, _shipment_key, _shipment, ["status", "updated_at"])
