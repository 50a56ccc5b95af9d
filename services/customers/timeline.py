"""One order's story, from every service's events, for people: no personal data but the reasons that somebody gave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.customers import sentences
from services.customers.status import followed
from services.customers.views import KINDS, said
from shared.contracts.cart import OverrideRefused, OverrideRequested
from shared.contracts.customers import CustomerErased
from shared.contracts.fulfillment import (
    DeliveryRequested,
    FulfillmentHeld,
    FulfillmentReleased,
    FulfillmentReturnRequested,
    OrderCancelled,
    PluginCancelRequested,
)
from shared.contracts.payments import OutcomeRecorded, RefundRequested
from shared.contracts.qa import OrderDenied, ReviewDecided
from shared.kernel.codec import stamp
from shared.kernel.events import Event, Fact
from shared.kernel.ports import Range
from shared.kernel.views import Row, view


def _key(event: Event, fact: Fact) -> Sequence[str]:
    """The event's id; where one event is about several orders, that and the order's."""
    if isinstance(event, CustomerErased):
        return [f"{fact.id}/{order_id}" for order_id in event.order_ids]
    return (fact.id,) if _order_of(fact) else ()


def _order_of(fact: Fact) -> str:
    kind, _, id = fact.stream.partition("-")
    return id if kind in KINDS else str(getattr(fact.event, "order_id", ""))


def _entry(row: Row | None, fact: Fact, id: str) -> Row:
    order_id = id.partition("/")[2] or _order_of(fact)
    return {
        "place": f"{order_id} {stamp(fact.time)} {fact.stream} {fact.version:09}",
        "type": fact.event.TYPE,
        "actor": fact.actor,
        "text": sentences.say(fact.event, fact.actor),
        "because": _because(fact.event),
        "said": {name: value for name, value in said(fact).items() if name not in _PERSONAL},
    }


_PERSONAL = ("customer", "attribution")
_WITH_A_REASON = (
    ReviewDecided,
    OrderDenied,
    OrderCancelled,
    OverrideRequested,
    OverrideRefused,
    RefundRequested,
    FulfillmentReleased,
    FulfillmentHeld,
    FulfillmentReturnRequested,
    PluginCancelRequested,
    DeliveryRequested,
)


def _because(event: Event) -> str:
    """What somebody typed, sealed as it came."""
    if isinstance(event, OutcomeRecorded):
        return event.evidence
    return event.reason if isinstance(event, _WITH_A_REASON) else ""


timeline = view("timeline", 4, _key, _entry, ["place"], once=True)
"""One row an event of an order. ``place`` is order, time, stream and version in one text: where it stands in the order's story.

``said`` is what the event tells of the order: what the order was at any moment is made of what was said until then."""


def until(order_id: str, moment: datetime | None) -> Range:
    """The places of an order's events, up to and with those of the moment."""
    return Range(f"{order_id} ", f"{order_id} {stamp(moment)} ~" if moment else f"{order_id} ~")


def then(order_id: str, rows: Sequence[Row]) -> Row | None:
    """The order's row as these events alone make it; None where nothing of it had happened."""
    parts: Row = {}
    for row in sorted(rows, key=_in_stream):
        _, time, stream, _ = row["place"].split(" ")
        kind = stream.partition("-")[0]
        if kind in KINDS:
            parts[kind] = followed(parts.get(kind), row["said"], time)
    return {"id": order_id, "parts": parts} if parts else None


def _in_stream(row: Row) -> tuple[str, str]:
    _, _, stream, version = row["place"].split(" ")
    return stream, version


def told(row: Row) -> Row:
    order_id, time, stream, version = row["place"].split(" ")
    return {
        "id": row["id"],
        "order_id": order_id,
        "time": time,
        "type": row["type"],
        "service": row["type"].split(".")[1],
        "stream": stream,
        "version": int(version),
        "actor": row["actor"],
        "text": f"{row['text']}: {row['because']}" if row["because"] else row["text"],
    }
