"""One order's shipment: on hold until approved, exported once under a stable id. Cancelling arbitrates here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

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
from shared.contracts.order import SubmittedOrder
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

START = timedelta(seconds=5)
LEASE = timedelta(seconds=90)
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Create:
    plugin: str
    submitted: SubmittedOrder
    now: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """The order was approved."""

    order_id: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """What was taken under ``reference`` came back from the customer's bank."""

    order_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """Somebody lifts the hold."""

    order_id: str
    by: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Deny:
    order_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    order_id: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Claim:
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    their_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Counts only under the claim that holds until ``lease``."""

    reason: str
    now: datetime
    lease: datetime | None


@dataclass(frozen=True, slots=True)
class Erase:
    """The customer is erased."""

    now: datetime


@dataclass(frozen=True, slots=True)
class ClaimErasure:
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Erased:
    """Nothing of the export is left here."""


Erasure = Erase | ClaimErasure | Erased
Command = Create | Release | Hold | LetGo | Deny | Cancel | Claim | Delivered | Failed | Erasure


@dataclass(frozen=True, slots=True)
class Shipment:
    record: FulfillmentRecordCreated | None = None
    released: bool = False
    """By approval."""
    held: bool = False
    returned: frozenset[str] = frozenset()
    """What it was held for, by reference; what was let go once is not held for again."""
    requested: DeliveryRequested | None = None
    claimed_until: datetime | None = None
    """Nobody else takes it before; after a failure nobody at all."""
    lease: datetime | None = None
    ever_claimed: bool = False
    failures: int = 0
    end: Literal["", "exported", "cancelled"] = ""
    erasing: Literal["", "requested", "claimed", "done"] = ""
    erasing_until: datetime | None = None


def decide(command: Command, shipment: Shipment) -> Sequence[Event] | Refused:
    match command:
        case Cancel():
            return _cancel(command, shipment)
        case Erase() | ClaimErasure() | Erased():
            return _erase(command, shipment)
        case LetGo():
            return _let_go(command, shipment)
        case _ if shipment.end:
            return []
        case Create(plugin, submitted, now):
            return _create(plugin, submitted, now, shipment)
        case Release(order_id, by, now):
            return _release(order_id, by, now, shipment)
        case Hold(order_id, reference):
            return [] if reference in shipment.returned else [FulfillmentHeld(order_id=order_id, why="payment-returned", reference=reference)]
        case Deny(order_id):
            return [FulfillmentCancelled(order_id=order_id, why="denied")]
    return _deliver(command, shipment)


def _create(plugin: str, submitted: SubmittedOrder, now: datetime, shipment: Shipment) -> Sequence[Event]:
    if shipment.record:
        return []
    created = FulfillmentRecordCreated(order_id=submitted.order_id, plugin=plugin, submitted=submitted)
    return [created, *([_request(created, now)] if shipment.released and not shipment.held else [])]


def _release(order_id: str, by: str, now: datetime, shipment: Shipment) -> Sequence[Event]:
    if shipment.released:
        return []
    released = FulfillmentReleased(order_id=order_id, by=by)
    return [released, *([_request(shipment.record, now)] if shipment.record and not shipment.held else [])]


def _let_go(command: LetGo, shipment: Shipment) -> Sequence[Event] | Refused:
    """What was approved meanwhile, or before, goes out."""
    if not shipment.held or shipment.end:
        return Refused("not-held", "Nothing of this order is held.")
    released = FulfillmentReleased(order_id=command.order_id, by=command.by, by_hand=True, reason=command.reason)
    if not shipment.record or not shipment.released:
        return [released]
    return [released, _request(shipment.record, max(command.now, shipment.claimed_until or command.now))]


def _request(record: FulfillmentRecordCreated, now: datetime) -> DeliveryRequested:
    export_id = f"{record.order_id}-{record.plugin}"
    return DeliveryRequested(order_id=record.order_id, plugin=record.plugin, export_id=export_id, due_at=now + START)


def _cancel(command: Cancel, shipment: Shipment) -> Sequence[Event] | Refused:
    if shipment.end == "cancelled":
        return []
    if shipment.end == "exported" or shipment.ever_claimed:
        return Refused("already-exported", "This order has gone to fulfilment already.")
    return [OrderCancelled(order_id=command.order_id, reason=command.reason, by=command.by)]


def _deliver(command: Command, shipment: Shipment) -> Sequence[Event]:
    wanted = shipment.requested
    if wanted is None:
        return []
    which = {"order_id": wanted.order_id, "plugin": wanted.plugin, "export_id": wanted.export_id}
    match command:
        case Claim(holder, now) if not shipment.held and (shipment.claimed_until is None or now >= shipment.claimed_until):
            return [DeliveryClaimed(**which, holder=holder, until=now + LEASE, takeover=shipment.ever_claimed)]
        case Delivered(their_id):
            return [FulfillmentExported(**which, their_id=their_id)]
        case Failed(reason, now, lease) if lease and lease == shipment.lease:
            wait = min(BACKOFF * 2**shipment.failures, LONGEST_BACKOFF)
            return [FulfillmentFailed(**which, reason=reason, retry_at=now + wait)]
    return []


def _erase(command: Erasure, shipment: Shipment) -> Sequence[Event]:
    wanted = shipment.requested
    if wanted is None or shipment.erasing == "done":
        return []
    which = {"order_id": wanted.order_id, "export_id": wanted.export_id}
    match command:
        case Erase(now) if not shipment.erasing:
            return [ErasureRequested(**which, due_at=now + START)]
        case ClaimErasure(holder, now) if shipment.erasing == "requested" or (shipment.erasing_until and now >= shipment.erasing_until):
            return [ErasureClaimed(**which, holder=holder, until=now + LEASE, takeover=shipment.erasing == "claimed")]
        case Erased() if shipment.erasing:
            return [ExportErased(**which)]
    return []


def evolve(shipment: Shipment, event: Event) -> Shipment:
    match event:
        case FulfillmentRecordCreated():
            return replace(shipment, record=event)
        case FulfillmentReleased(by_hand=by_hand):
            return replace(shipment, held=False) if by_hand else replace(shipment, released=True)
        case FulfillmentHeld():
            return replace(shipment, held=True, returned=shipment.returned | {event.reference})
        case DeliveryRequested():
            return replace(shipment, requested=event)
        case DeliveryClaimed():
            return replace(shipment, claimed_until=event.until, lease=event.until, ever_claimed=True)
        case FulfillmentFailed():
            return replace(shipment, claimed_until=event.retry_at, lease=None, failures=min(shipment.failures + 1, 10))
        case FulfillmentExported():
            return replace(shipment, end="exported")
        case FulfillmentCancelled() | OrderCancelled():
            return replace(shipment, end="cancelled")
        case ErasureRequested():
            return replace(shipment, erasing="requested")
        case ErasureClaimed():
            return replace(shipment, erasing="claimed", erasing_until=event.until)
        case ExportErased():
            return replace(shipment, erasing="done")
    return shipment


_COMMANDS = (Create, Release, Hold, LetGo, Deny, Cancel, Claim, Delivered, Failed, Erase, ClaimErasure, Erased)
shipment = Aggregate("shipment", Shipment(), decide, evolve, _COMMANDS)
