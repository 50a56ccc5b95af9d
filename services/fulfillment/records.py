"""What a shipment's events say: of the order as a whole, and of each record, which is what one plugin ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

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
    Parcel,
    PluginCancelAnswered,
    PluginCancelClaimed,
    PluginCancelRequested,
    ShipmentHandedOut,
)
from shared.kernel.events import Event

LEASE = timedelta(seconds=90)
"""Of a claim: longer than any plugin is waited for."""
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=4)
LONGEST_WAIT = timedelta(days=1)
"""However long they ask to be left alone."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Work that was asked for. ``until``: nobody else takes it before; after a failure nobody at all. ``lease`` is whose claim it is."""

    until: datetime | None = None
    lease: datetime | None = None
    ever: bool = False
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    created: FulfillmentRecordCreated
    requested: DeliveryRequested | None = None
    delivery: Claimed = Claimed()
    failing_since: datetime | None = None
    given_up: bool = False
    """Until somebody wants it sent once more."""
    maybe_out: bool = False
    """They have it, or nobody knows that they do not."""
    doubted: bool = False
    """It was so before the claim that holds now."""
    exported: bool = False
    their_id: str = ""
    resend: bool = False
    """They had it, and are to be sent it once more."""
    recall: Literal["", "requested", "stopped", "too-late", "unknown"] = ""
    """``unknown``: they cannot stop it, and a person has to say whether they have it."""
    recalling: Claimed = Claimed()
    stopped: bool = False
    parcels: tuple[Parcel, ...] = ()
    arrived: bool = False
    rma: str = ""
    returned: bool = False
    erasing: Literal["", "requested", "claimed", "done"] = ""
    erasing_until: datetime | None = None

    @property
    def plugin(self) -> str:
        return self.created.plugin

    @property
    def export_id(self) -> str:
        return f"{self.created.order_id}-{self.created.plugin}"

    @property
    def which(self) -> dict[str, str]:
        """As its events name it."""
        return {"order_id": self.created.order_id, "plugin": self.plugin, "export_id": self.export_id}

    @property
    def open(self) -> bool:
        """Still to go out."""
        return not self.exported and not self.stopped and not self.recall


@dataclass(frozen=True, slots=True)
class Shipment:
    records: Mapping[str, Record] = field(default_factory=dict)
    """By plugin."""
    approved: FulfillmentReleased | None = None
    held: FulfillmentHeld | None = None
    returned: frozenset[str] = frozenset()
    """What it was held for, by reference; what was let go once is not held for again."""
    cancelled: bool = False
    """Before anything went out, or denied."""
    returns: int = 0
    handed_out: Mapping[str, str] = field(default_factory=dict)
    """The last day on which each was told where it goes."""

    @property
    def open(self) -> tuple[str, ...]:
        """Whose records are still to go out."""
        return tuple(plugin for plugin, record in self.records.items() if record.open)

    @property
    def on_hold(self) -> bool:
        """It is held, and something is there to be held, or is still to come."""
        return bool(self.held) and not self.cancelled and bool(self.open or not self.records)

    def of(self, export_id: str) -> Record | None:
        return self.records.get(export_id.partition("-")[2])


def evolve(shipment: Shipment, event: Event) -> Shipment:
    match event:
        case FulfillmentRecordCreated():
            return replace(shipment, records={**shipment.records, event.plugin: Record(event)})
        case FulfillmentReleased(by_hand=by_hand):
            return replace(shipment, held=None) if by_hand else replace(shipment, approved=event)
        case FulfillmentHeld():
            return replace(shipment, held=event, returned=shipment.returned | ({event.reference} - {""}))
        case OrderCancelled() | FulfillmentCancelled(plugin=""):
            return replace(shipment, cancelled=True)
        case ShipmentHandedOut():
            return replace(shipment, handed_out={**shipment.handed_out, event.by: event.day})
        case FulfillmentReturnRequested():
            shipment = replace(shipment, returns=shipment.returns + 1)
    change = _CHANGES.get(type(event))
    record = shipment.of(getattr(event, "export_id", ""))
    if change is None or record is None:
        return shipment
    return replace(shipment, records={**shipment.records, record.plugin: change(record, event)})


def _requested(record: Record, event: DeliveryRequested) -> Record:
    """Whoever wants it sent once more does not wait for the next try; what may be under way is waited for."""
    if not event.by:
        return replace(record, requested=event)
    delivery = Claimed(until=record.delivery.lease, lease=record.delivery.lease, ever=record.delivery.ever and not record.exported)
    return replace(record, requested=event, delivery=delivery, given_up=False, failing_since=None, resend=record.exported)


def _claimed(record: Record, event: DeliveryClaimed) -> Record:
    delivery = replace(record.delivery, until=event.until, lease=event.until, ever=True)
    return replace(record, delivery=delivery, doubted=record.maybe_out, maybe_out=True)


def _failed(record: Record, event: FulfillmentFailed) -> Record:
    since = record.failing_since or (record.delivery.lease - LEASE if record.delivery.lease else None)
    delivery = replace(record.delivery, until=event.retry_at, lease=None, failures=record.delivery.failures + 1)
    return replace(record, delivery=delivery, failing_since=since, given_up=event.given_up, maybe_out=event.unknown or record.exported)


def _exported(record: Record, event: FulfillmentExported) -> Record:
    their_id = event.their_id or record.their_id
    delivery = replace(record.delivery, lease=None)
    record = replace(record, recall="too-late") if record.recall == "unknown" else record
    return replace(record, exported=True, maybe_out=True, their_id=their_id, resend=False, delivery=delivery, failing_since=None, given_up=False)


def _recall_claimed(record: Record, event: PluginCancelClaimed) -> Record:
    return replace(record, recalling=replace(record.recalling, until=event.until, lease=event.until, ever=True))


def _recall_answered(record: Record, event: PluginCancelAnswered) -> Record:
    if event.answer != "none":
        return replace(record, recall=event.answer, recalling=Claimed(), resend=False)
    return replace(record, recalling=replace(record.recalling, until=event.retry_at, lease=None, failures=record.recalling.failures + 1))


_CHANGES: Mapping[type[Event], Callable[[Record, Any], Record]] = {
    DeliveryRequested: _requested,
    DeliveryClaimed: _claimed,
    FulfillmentFailed: _failed,
    FulfillmentExported: _exported,
    FulfillmentCancelled: lambda record, event: replace(record, stopped=True),
    PluginCancelRequested: lambda record, event: replace(record, recall="requested"),
    PluginCancelClaimed: _recall_claimed,
    PluginCancelAnswered: _recall_answered,
    FulfillmentShipped: lambda record, event: replace(record, parcels=(*record.parcels, event.parcel)),
    FulfillmentDelivered: lambda record, event: replace(record, arrived=True),
    FulfillmentReturnRequested: lambda record, event: replace(record, rma=event.rma),
    FulfillmentReturned: lambda record, event: replace(record, returned=True),
    ErasureRequested: lambda record, event: replace(record, erasing="requested"),
    ErasureClaimed: lambda record, event: replace(record, erasing="claimed", erasing_until=event.until),
    ExportErased: lambda record, event: replace(record, erasing="done"),
}
"""How a record's own events change it."""
