"""One order's shipment: a record for each plugin, on hold until approved, exported under a stable id. Cancelling arbitrates here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.fulfillment.commands import (
    COMMANDS,
    Arrive,
    AskBack,
    Cancel,
    Claim,
    ClaimCancel,
    ClaimErasure,
    Command,
    Create,
    Delivered,
    Delivery,
    Deny,
    Erase,
    Erased,
    Erasure,
    Failed,
    Gate,
    HandOut,
    Hold,
    HoldByHand,
    LetGo,
    Release,
    Resend,
    Settle,
    Ship,
    Stopped,
    TakeBack,
    TooLate,
    Unanswered,
    Unstoppable,
)
from services.fulfillment.outcome import recalled, settled, told
from services.fulfillment.records import BACKOFF, LEASE, LONGEST_BACKOFF, LONGEST_WAIT, Record, Shipment, evolve
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
    PluginCancelRequested,
    ShipmentHandedOut,
)
from shared.contracts.order import SubmittedOrder
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

START = timedelta(seconds=5)
MOST_TRIES = 30
"""Three and a half days of them; a plugin that never works is switched off before."""


def decide(command: Command, shipment: Shipment) -> Sequence[Event] | Refused:
    match command:
        case Erase() | ClaimErasure() | Erased():
            return _erase(command, shipment)
        case Ship() | Arrive() | AskBack() | TakeBack():
            return told(command, shipment)
        case HandOut():
            return _hand_out(command, shipment)
        case ClaimCancel() | Stopped() | TooLate() | Unstoppable() | Unanswered():
            return recalled(command, shipment)
        case Settle():
            return settled(command, shipment)
        case Create() | Release() | Hold() | HoldByHand() | LetGo() | Deny() | Cancel():
            return _pass(command, shipment)
        case Claim() | Delivered() | Failed() | Resend():
            return _deliver(command, shipment)


def _pass(command: Gate, shipment: Shipment) -> Sequence[Event] | Refused:
    """What decides whether it goes out at all."""
    match command:
        case Cancel():
            return _cancel(command, shipment)
        case HoldByHand():
            return _hold_by_hand(command, shipment)
        case LetGo():
            return _let_go(command, shipment)
        case _ if shipment.cancelled:
            return []
        case Create(submitted, now):
            return _create(submitted, now, shipment)
        case Release(order_id, by, now):
            return _release(order_id, by, now, shipment)
        case Hold(order_id, reference):
            return _hold(order_id, reference, shipment)
        case Deny(order_id):
            return [FulfillmentCancelled(order_id=order_id, why="denied", plugins=tuple(shipment.records))]


def _hand_out(command: HandOut, shipment: Shipment) -> Sequence[Event] | Refused:
    if not shipment.records:
        return Refused("nothing-to-ship", "Nothing is to be shipped for this order.")
    day = command.now.date().isoformat()
    known = shipment.handed_out.get(command.by) == day
    return [] if known else [ShipmentHandedOut(order_id=command.order_id, by=command.by, day=day)]


def _create(submitted: SubmittedOrder, now: datetime, shipment: Shipment) -> Sequence[Event]:
    if shipment.records:
        return []
    lines: dict[str, list[int]] = {}
    for line in submitted.order.quote.lines:
        lines.setdefault(line.plugin or submitted.rules.plugin, []).append(line.line)
    plugins = sorted(lines) or [submitted.rules.plugin]
    created = [
        FulfillmentRecordCreated(
            order_id=submitted.order_id, plugin=plugin, submitted=submitted, lines=tuple(lines[plugin]) if len(plugins) > 1 else ()
        )
        for plugin in plugins
    ]
    if shipment.held:
        return [*created, shipment.held.model_copy(update={"plugins": tuple(plugins)})]
    return [*created, *(_requests(map(Record, created), now) if shipment.approved else ())]


def _release(order_id: str, by: str, now: datetime, shipment: Shipment) -> Sequence[Event]:
    if shipment.approved:
        return []
    released = FulfillmentReleased(order_id=order_id, by=by, at=now, plugins=tuple(shipment.records))
    return [released, *(_requests(shipment.records.values(), now) if not shipment.held else ())]


def _hold(order_id: str, reference: str, shipment: Shipment) -> Sequence[Event]:
    if reference in shipment.returned or (shipment.records and not shipment.open):
        return []
    return [FulfillmentHeld(order_id=order_id, why="payment-returned", reference=reference, plugins=shipment.open)]


def _hold_by_hand(command: HoldByHand, shipment: Shipment) -> Sequence[Event] | Refused:
    if shipment.cancelled or not shipment.open:
        return Refused("nothing-to-hold", "Nothing of this order is still to go out.")
    if shipment.held:
        return []
    return [FulfillmentHeld(order_id=command.order_id, why="by-hand", reason=command.reason, by=command.by, plugins=shipment.open)]


def _let_go(command: LetGo, shipment: Shipment) -> Sequence[Event] | Refused:
    """What was approved meanwhile, or before, goes out; what is tried later waits as long."""
    if not shipment.on_hold:
        return Refused("not-held", "Nothing of this order is held.")
    released = FulfillmentReleased(
        order_id=command.order_id, by=command.by, by_hand=True, reason=command.reason, plugins=shipment.open
    )  # fmt: skip
    return [released, *(_requests(shipment.records.values(), command.now) if shipment.approved else ())]


def _requests(records: Iterable[Record], now: datetime) -> Iterable[DeliveryRequested]:
    for record in records:
        if record.open and not record.given_up:
            yield DeliveryRequested(**record.which, due_at=max(now, record.delivery.until or now) + START)


def _cancel(command: Cancel, shipment: Shipment) -> Sequence[Event] | Refused:
    """Before anything went out it is the order that is cancelled; what did go out, or may have, its plugin is asked to stop."""
    if shipment.cancelled:
        return []
    out = [record for record in shipment.records.values() if record.maybe_out]
    if not out:
        return [OrderCancelled(order_id=command.order_id, reason=command.reason, by=command.by, plugins=tuple(shipment.records))]
    events: list[Event] = []
    for record in shipment.records.values():
        if record.open and not record.maybe_out:
            events.append(FulfillmentCancelled(order_id=command.order_id, why="stopped", plugin=record.plugin, export_id=record.export_id))
        elif record.recall in ("", "too-late", "unknown") and not (record.stopped or record.parcels or record.arrived or record.returned):
            due_at = max(command.now, record.delivery.lease or command.now) + START
            events.append(PluginCancelRequested(**record.which, reason=command.reason, by=command.by, due_at=due_at))
    if not events and all(record.parcels or record.arrived or record.returned for record in out if not record.stopped):
        return Refused("already-shipped", "This order is on its way already. Ask the customer to send it back.")
    return events


def _deliver(command: Delivery, shipment: Shipment) -> Sequence[Event] | Refused:
    if isinstance(command, Resend):
        return _resend(command, shipment)
    record = shipment.of(command.export_id)
    if record is None or record.requested is None or shipment.cancelled:
        return []
    match command:
        case Claim(_, holder, now) if _claimable(record, shipment, now):
            takeover = record.delivery.ever
            return [DeliveryClaimed(**record.which, holder=holder, until=now + LEASE, takeover=takeover)]
        case Delivered(_, their_id) if not record.stopped and (not record.exported or record.resend):
            return [FulfillmentExported(**record.which, their_id=their_id)]
        case Failed() if command.lease and command.lease == record.delivery.lease and (not record.exported or record.resend):
            return [_failure(command, record)]
    return []


def _claimable(record: Record, shipment: Shipment, now: datetime) -> bool:
    again = record.resend and record.recall != "requested" and not record.stopped
    wanted = again if record.exported else record.open and not shipment.held
    return wanted and not record.given_up and not record.erasing and (record.delivery.until is None or now >= record.delivery.until)


def _failure(command: Failed, record: Record) -> FulfillmentFailed:
    """The jitter is the export's own, so that what failed together does not come again together."""
    failures = record.delivery.failures
    spread = int.from_bytes(hashlib.sha256(f"{record.export_id}/{failures}".encode()).digest()[:4]) / 2**32
    wait = min(BACKOFF * 2 ** min(failures, 20), LONGEST_BACKOFF) * (0.75 + spread / 2)
    wait = max(wait, min(command.after or timedelta(0), LONGEST_WAIT))
    return FulfillmentFailed(
        **record.which, reason=command.reason, retry_at=command.now + wait,
        given_up=not command.again or failures + 1 >= MOST_TRIES or _unwanted(record), unknown=command.unknown,
    )  # fmt: skip


def _unwanted(record: Record) -> bool:
    """Meanwhile somebody wants it stopped, or erased."""
    return bool(record.erasing) or record.stopped or record.recall in ("requested", "stopped")


def _resend(command: Resend, shipment: Shipment) -> Sequence[Event] | Refused:
    record = shipment.records.get(command.plugin)
    if record is None:
        return Refused("no-record", "Nothing of this order is to be shipped by this plugin.")
    if shipment.cancelled or record.stopped or record.recall in ("requested", "stopped"):
        return Refused("cancelled", "This shipment is cancelled.")
    if record.recall == "unknown":
        return Refused("unsettled", "This is to be stopped, and nobody knows whether they have it. Say first which it is.")
    if record.erasing:
        return Refused("erased", "The customer was erased, and with them what would be sent.")
    if not shipment.approved:
        return Refused("not-approved", "This order is not approved yet.")
    if shipment.held and not record.exported:
        return Refused("held", "This order is held. Release it, and it goes out.")
    now_due = record.delivery.until is None or record.delivery.lease
    if record.requested and now_due and not record.given_up and (not record.exported or record.resend):
        return []
    due_at = max(command.now, record.delivery.lease or command.now) + START
    return [DeliveryRequested(**record.which, due_at=due_at, by=command.by, reason=command.reason)]


def _erase(command: Erasure, shipment: Shipment) -> Sequence[Event]:
    if isinstance(command, Erase):
        wanted = [record for record in shipment.records.values() if record.requested and not record.erasing]
        return [ErasureRequested(**_export(record), due_at=command.now + START) for record in wanted]
    record = shipment.of(command.export_id)
    if record is None or record.erasing in ("", "done"):
        return []
    if isinstance(command, Erased):
        return [ExportErased(**_export(record))]
    if record.delivery.lease and command.now < record.delivery.lease:
        return []  # it may be on its way, and would come after what was erased
    if record.erasing == "requested" or (record.erasing_until and command.now >= record.erasing_until):
        until = command.now + LEASE
        return [ErasureClaimed(**_export(record), holder=command.holder, until=until, takeover=record.erasing == "claimed")]
    return []


def _export(record: Record) -> dict[str, str]:
    return {"order_id": record.created.order_id, "export_id": record.export_id}


shipment = Aggregate("shipment", Shipment(), decide, evolve, COMMANDS)
