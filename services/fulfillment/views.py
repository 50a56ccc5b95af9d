from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.contracts.fulfillment import (
    DeliveryClaimed,
    DeliveryRequested,
    ErasureClaimed,
    ErasureRequested,
    ExportErased,
    FulfillmentCancelled,
    FulfillmentDelivered,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    FulfillmentReturned,
    FulfillmentReturnRequested,
    FulfillmentShipped,
    OrderCancelled,
    PluginCancelAnswered,
    PluginCancelClaimed,
    PluginCancelRequested,
    PluginConfigured,
    ShipmentStatus,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

_FIRST = ("csv",)
"""What events of before there were several plugins are about."""

Whole = FulfillmentHeld | FulfillmentReleased | FulfillmentCancelled | OrderCancelled
"""What is said of an order's records all at once."""


def _records(event: Any) -> Sequence[str]:
    """The export ids that an event is about."""
    if not isinstance(event, Whole):
        return (f"{event.order_id}-{event.plugin}",)
    if isinstance(event, FulfillmentCancelled) and event.plugin:
        return (event.export_id,)
    return tuple(f"{event.order_id}-{plugin}" for plugin in event.plugins or _FIRST)


def _pending(event: Any, due_at: str | None) -> Row:
    return {"order_id": event.order_id, "reference": event.export_id, "plugin": event.plugin, "due_at": due_at}


def _delivery_key(
    event: DeliveryRequested | DeliveryClaimed | FulfillmentFailed | FulfillmentHeld | FulfillmentExported | FulfillmentCancelled | OrderCancelled
    | PluginCancelRequested | ErasureRequested,
) -> Sequence[str]:  # fmt: skip
    return (event.export_id,) if isinstance(event, ErasureRequested) else _records(event)


def _delivery(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case FulfillmentHeld():
            return {**row, "due_at": None, "held": True} if row else None
        case FulfillmentFailed(given_up=True):
            return None
        case FulfillmentFailed() if row and row.get("held"):
            return row
        case DeliveryRequested(due_at=due) | DeliveryClaimed(until=due) | FulfillmentFailed(retry_at=due):
            return _pending(fact.event, stamp(due))
    return None


deliveries = view("deliveries", 2, _delivery_key, _delivery, ["plugin", "due_at"])
"""Deliveries that are not done, and when the watchdog takes them: not while they are held, nor once they are given up, recalled or erased."""


def _cancellation_key(event: PluginCancelRequested | PluginCancelClaimed | PluginCancelAnswered) -> Sequence[str]:
    return _records(event)


def _cancellation(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case PluginCancelRequested(due_at=due) | PluginCancelClaimed(until=due) | PluginCancelAnswered(answer="none", retry_at=due):
            return _pending(fact.event, stamp(due) if due else None)
    return None


cancellations = view("cancellations", 1, _cancellation_key, _cancellation, ["plugin", "due_at"])
"""What went out and is to be stopped, as long as nobody has said whether it is."""


def _erasure_key(event: ErasureRequested | ErasureClaimed | ExportErased) -> str:
    return event.export_id


def _erasure(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case ErasureRequested(due_at=due) | ErasureClaimed(until=due):
            return {"order_id": fact.event.order_id, "reference": fact.event.export_id, "due_at": stamp(due)}
    return None


erasures = view("erasures", 2, _erasure_key, _erasure, ["due_at"])
"""Exports of erased customers that may still lie here."""


def status(row: Row) -> ShipmentStatus:
    """Of a record: the first that holds. Whoever ships it knows best."""
    told: Sequence[tuple[str, ShipmentStatus]] = (
        ("returned_at", "Returned"),
        ("rma", "RMA Pending"),
        ("delivered_at", "Delivered"),
        ("parcels", "Shipped"),
        ("cancelled", "Cancelled"),
    )
    for name, said in (*told, ("exported_at", "Pending Shipment"), ("held", "Hold"), ("failing", "Failed"), ("requested_at", "Pending")):
        if row.get(name):
            return said
    return "Hold"


_RESTS: Row = {"failing_since": None, "retry_at": None}
"""What nobody tries any more says nothing of how its plugin does."""


def _created(row: Row, event: FulfillmentRecordCreated, at: str) -> Row:
    lines = [line.model_dump(mode="json") for line in event.submitted.order.quote.lines if not event.lines or line.line in event.lines]
    order = event.submitted.order
    about = {"campaign": order.campaign_name or order.campaign, "customer": order.customer.model_dump(), "shipping": order.shipping.model_dump()}
    shown = [{name: line[name] for name in ("line", "sku", "name", "quantity")} for line in lines]
    return {"order_id": event.order_id, "plugin": event.plugin, "created_at": at, "lines": shown, "method": event.submitted.method, **about}


def _failed(row: Row, event: FulfillmentFailed, at: str) -> Row:
    told = {"failing": True, "reason": event.reason, "attempts": row.get("attempts", 0) + 1}
    if event.given_up or row.get("held"):
        return {**told, **_RESTS}
    return {**told, "failing_since": row.get("failing_since") or at, "retry_at": stamp(event.retry_at)}


def _exported(row: Row, event: FulfillmentExported, at: str) -> Row:
    well = {**_RESTS, "failing": False, "held": None, "reason": "", "attempts": row.get("attempts", 0) + 1}
    cancel = row.get("cancel")
    known = {"cancel": {**cancel, "state": "too-late"}} if cancel and cancel["state"] == "unknown" else {}
    worked = {"exported_at": row.get("exported_at") or at, "worked_at": at}
    return {**well, **known, **worked, "their_id": event.their_id or row.get("their_id", "")}


def _recalled(row: Row, event: PluginCancelAnswered, at: str) -> Row:
    """Where a person has to find out, nothing is tried any more that could be failing."""
    state = "requested" if event.answer == "none" else event.answer
    told = {"answer": event.note or event.reason, "retry_at": event.retry_at and stamp(event.retry_at), "told_by": event.by}
    ended = _RESTS if event.answer == "unknown" else {}
    return {**ended, "cancel": {**(row.get("cancel") or {}), "state": state, **told}}


def _shipped(row: Row, event: FulfillmentShipped, at: str) -> Row:
    parcel = {**event.parcel.model_dump(), "at": stamp(event.at), "source": event.source}
    return {"parcels": [*row.get("parcels", ()), parcel], "tracking": row.get("tracking") or event.parcel.tracking}


def _held(row: Row, event: FulfillmentHeld, at: str) -> Row:
    return {**_RESTS, "held": {"why": event.why, "reason": event.reason, "by": event.by, "at": at}}


def _recalling(row: Row, event: PluginCancelRequested, at: str) -> Row:
    return {**_RESTS, "held": None, "cancel": {"state": "requested", "reason": event.reason, "by": event.by, "at": at}}


def _stopped(row: Row, event: FulfillmentCancelled, at: str) -> Row:
    return {**_RESTS, "cancelled": {"why": event.why, "at": at}, "held": None}


def _order_stopped(row: Row, event: OrderCancelled, at: str) -> Row:
    return {**_RESTS, "cancelled": {"why": "order", "reason": event.reason, "by": event.by, "at": at}, "held": None}


_CHANGES: Mapping[type, Callable[[Row, Any, str], Row]] = {
    FulfillmentRecordCreated: _created,
    FulfillmentHeld: _held,
    FulfillmentReleased: lambda row, event, at: {"held": None} if event.by_hand else {},
    DeliveryRequested: lambda row, event, at: {"requested_at": at, "failing": False, "retry_at": None},
    FulfillmentFailed: _failed,
    FulfillmentExported: _exported,
    PluginCancelRequested: _recalling,
    PluginCancelAnswered: _recalled,
    FulfillmentShipped: _shipped,
    FulfillmentDelivered: lambda row, event, at: {"delivered_at": stamp(event.at)},
    FulfillmentReturnRequested: lambda row, event, at: {"rma": {"rma": event.rma, "reason": event.reason, "by": event.by, "at": at}},
    FulfillmentReturned: lambda row, event, at: {"returned_at": stamp(event.at)},
    FulfillmentCancelled: _stopped,
    OrderCancelled: _order_stopped,
    ErasureRequested: lambda row, event, at: {**_RESTS, "updated_at": row["updated_at"]},
}


def _shipment_key(
    event: FulfillmentRecordCreated | FulfillmentHeld | FulfillmentReleased | DeliveryRequested | FulfillmentFailed | FulfillmentExported
    | PluginCancelRequested | PluginCancelAnswered | FulfillmentShipped | FulfillmentDelivered | FulfillmentReturnRequested | FulfillmentReturned
    | FulfillmentCancelled | OrderCancelled | ErasureRequested,
) -> Sequence[str]:  # fmt: skip
    return (event.export_id,) if isinstance(event, ErasureRequested) else _records(event)


def _shipment(row: Row | None, fact: Fact) -> Row | None:
    if row is None and not isinstance(fact.event, FulfillmentRecordCreated):
        return None
    at = stamp(fact.time)
    changed = {**(row or {}), "updated_at": at, **_CHANGES[type(fact.event)](row or {}, fact.event, at)}
    return _placed({**changed, "status": status(changed)})


def within(*values: str) -> str:
    """What places begin with that are of these values."""
    return "".join(f"{value}\t" for value in values)


def _placed(row: Row) -> Row:
    """Each list is one range of one index, in its order, however many there are."""
    plugin, status, at = row["plugin"], row["status"], row["updated_at"]
    out, worked, failing = (row.get(name) for name in ("exported_at", "worked_at", "failing_since"))
    return {
        **row,
        "status_at": f"{within(status)}{at}",
        "plugin_at": f"{within(plugin)}{at}",
        "plugin_status_at": f"{within(plugin, status)}{at}",
        "plugin_out_at": f"{within(plugin)}{at}" if out else None,
        "plugin_exported_at": f"{within(plugin)}{out}" if out else None,
        "plugin_worked_at": f"{within(plugin)}{worked}" if worked else None,
        "plugin_failing_since": f"{within(plugin)}{failing}" if failing else None,
    }


PLACES = ("status_at", "plugin_at", "plugin_status_at", "plugin_out_at", "plugin_exported_at", "plugin_worked_at", "plugin_failing_since")
shipments = view("shipments", 4, _shipment_key, _shipment, ["updated_at", "tracking", *PLACES])
"""One row a record, by its export id. ``exported_at`` is when it went out first, ``worked_at`` last; ``failing_since`` is when it first did not work,
as long as it has not since and is tried again."""


def _plugin_key(event: PluginConfigured) -> str:
    return event.name


def _plugin(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    since = row["since"] if row and row["on"] == event.on else stamp(fact.time)
    return {"on": event.on, "why": event.why, "since": since}


switches = view("switches", 1, _plugin_key, _plugin, [])
"""Since when a plugin has been on, or off."""
