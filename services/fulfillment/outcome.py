"""What became of what went out: it is on its way, it has arrived, it comes back; or it is stopped after all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.fulfillment.commands import (
    Arrive,
    AskBack,
    ClaimCancel,
    News,
    Recall,
    Settle,
    Ship,
    Stopped,
    TakeBack,
    TooLate,
    Unanswered,
    Unstoppable,
)
from services.fulfillment.records import BACKOFF, LEASE, LONGEST_BACKOFF, LONGEST_WAIT, Record, Shipment
from shared.contracts.fulfillment import (
    FulfillmentCancelled,
    FulfillmentDelivered,
    FulfillmentExported,
    FulfillmentFailed,
    FulfillmentReturned,
    FulfillmentReturnRequested,
    FulfillmentShipped,
    OrderCancelled,
    PluginCancelAnswered,
    PluginCancelClaimed,
)
from shared.kernel.decider import Refused
from shared.kernel.events import Event


def told(command: News, shipment: Shipment) -> Sequence[Event] | Refused:
    """Whoever ships it knows better than a lost answer whether they have it."""
    record = shipment.records.get(command.plugin)
    if record is None or not record.maybe_out:
        return Refused("not-exported", "This has not gone out, so that it cannot be on its way or come back.")
    news = _news(command, record, shipment)
    if isinstance(news, Refused) or not news or record.exported:
        return news
    return [FulfillmentExported(**record.which, their_id=record.their_id), *news]


def _news(command: News, record: Record, shipment: Shipment) -> Sequence[Event] | Refused:
    which = record.which
    match command:
        case Ship(_, _, parcel, at, source):
            known = any(parcel.tracking == each.tracking for each in record.parcels)
            submitted = record.created.submitted
            return [] if known else [FulfillmentShipped(**which, parcel=parcel, at=at, source=source, submitted=submitted)]
        case Arrive(_, _, at, source):
            return [] if record.arrived else [FulfillmentDelivered(**which, at=at, source=source)]
        case TakeBack(_, _, at, source):
            return [] if record.returned else [FulfillmentReturned(**which, rma=record.rma, at=at, source=source)]
        case AskBack(order_id, _, by, reason):
            return _ask_back(f"{order_id}-R{shipment.returns + 1}", by, reason, record)


def _ask_back(rma: str, by: str, reason: str, record: Record) -> Sequence[Event] | Refused:
    if record.returned:
        return Refused("returned", "This has come back already.")
    if record.stopped and not record.parcels:
        return Refused("cancelled", "This shipment was stopped, so that nothing can come back.")
    return [] if record.rma else [FulfillmentReturnRequested(**record.which, rma=rma, reason=reason, by=by)]


def recalled(command: Recall, shipment: Shipment) -> Sequence[Event]:
    record = shipment.of(command.export_id)
    if record is None or (record.recall != "requested" and not (record.recall == "unknown" and isinstance(command, Stopped))):
        return []
    which, asking = record.which, record.recalling
    match command:
        case ClaimCancel(_, holder, now) if not _busy(record, command) and (asking.until is None or now >= asking.until):
            return [PluginCancelClaimed(**which, holder=holder, until=now + LEASE, takeover=asking.ever)]
        case Stopped():
            return [PluginCancelAnswered(**which, answer="stopped"), FulfillmentCancelled(why="stopped", **which)]
        case TooLate(_, reason, their_id):
            exported = [] if record.exported else [FulfillmentExported(**which, their_id=their_id)]
            return [*exported, PluginCancelAnswered(**which, answer="too-late", reason=reason)]
        case Unstoppable(_, reason, now):
            return _unstoppable(record, reason, now)
        case Unanswered(_, reason, now, lease, after) if lease and lease == asking.lease:
            wait = max(min(BACKOFF * 2 ** min(asking.failures, 20), LONGEST_BACKOFF), min(after or timedelta(0), LONGEST_WAIT))
            return [PluginCancelAnswered(**which, answer="none", reason=reason, retry_at=now + wait)]
    return []


def _unstoppable(record: Record, reason: str, now: datetime) -> Sequence[Event]:
    """What nobody has said they have is not taken for exported; whoever looks after orders is told, if no failure has told them yet."""
    which = record.which
    if record.exported:
        return [PluginCancelAnswered(**which, answer="too-late", reason=reason)]
    failed = FulfillmentFailed(**which, reason="Nobody knows whether they have it.", retry_at=now, given_up=True)
    return [*([] if record.failing_since else [failed]), PluginCancelAnswered(**which, answer="unknown", reason=reason)]


def settled(command: Settle, shipment: Shipment) -> Sequence[Event] | Refused:
    """Where they do not have it, and nothing else of the order ever went out, it is the order that is cancelled, money and all."""
    record = shipment.records.get(command.plugin)
    if record is None or record.recall != "unknown" or record.stopped or shipment.cancelled:
        return Refused("not-unknown", "Nobody has to say whether they have this.")
    which, said = record.which, {"by": command.by, "note": command.note}
    if command.has:
        return [FulfillmentExported(**which, their_id=record.their_id), PluginCancelAnswered(**which, answer="too-late", **said)]
    answered = PluginCancelAnswered(**which, answer="stopped", **said)
    if any(other.maybe_out for other in shipment.records.values() if other is not record):
        return [answered, FulfillmentCancelled(why="stopped", **which)]
    return [answered, OrderCancelled(order_id=command.order_id, reason=command.note, by=command.by, plugins=tuple(shipment.records))]


def _busy(record: Record, command: ClaimCancel) -> bool:
    """It may be under way to them at this moment."""
    return bool(record.delivery.lease and command.now < record.delivery.lease)
