"""Events of fulfillment. The export id is ``<order>-<plugin>``, the same on every resend."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

from shared.contracts.order import SubmittedOrder
from shared.kernel.events import Event, Personal, Value

ShipmentStatus = Literal["Hold", "Failed", "Pending", "Pending Shipment", "Shipped", "Delivered", "RMA Pending", "Returned", "Cancelled"]
"""What a record, and an order's shipment, is called; in the order in which people look for them."""
SHIPMENT_STATUSES: tuple[ShipmentStatus, ...] = get_args(ShipmentStatus)


class PluginConfigured(Event, type="ringup.fulfillment.PluginConfigured"):
    """A plugin as it is now; ``kind`` is the name of its entry point. ``secrets`` says where those lie; empty: it has none.

    ``why`` is said where it was switched off by itself, since it had failed for too long.
    """

    name: str
    kind: str
    title: str
    on: bool
    options: dict[str, str] = {}
    secrets: str = ""
    by: str = ""
    why: str = ""


class FulfillmentRecordCreated(Event, type="ringup.fulfillment.FulfillmentRecordCreated"):
    """What one plugin is to ship, on hold until approved: one event a plugin."""

    order_id: str
    plugin: str
    submitted: SubmittedOrder
    lines: tuple[int, ...] = ()
    """Which lines of the order; empty: all of them."""


class FulfillmentHeld(Event, type="ringup.fulfillment.FulfillmentHeld"):
    """Nothing of it goes out any more until somebody releases it by hand. ``reference`` is what was returned.

    ``plugins``, here and below: whose records there are, and this is about; empty where there is none yet.
    """

    order_id: str
    why: Literal["by-hand", "payment-returned"]
    reference: str = ""
    reason: Personal[str] = ""
    by: str = ""
    plugins: tuple[str, ...] = ()


class FulfillmentReleased(Event, type="ringup.fulfillment.FulfillmentReleased"):
    """By approval, which was given ``at`` this time; or ``by_hand``, from a hold."""

    order_id: str
    by: str
    by_hand: bool = False
    reason: Personal[str] = ""
    plugins: tuple[str, ...] = ()
    at: datetime | None = None


class DeliveryRequested(Event, type="ringup.fulfillment.DeliveryRequested"):
    """``by`` and ``reason`` are said where somebody wants it sent once more, under the same export id."""

    order_id: str
    plugin: str
    export_id: str
    due_at: datetime
    by: str = ""
    reason: Personal[str] = ""


class DeliveryClaimed(Event, type="ringup.fulfillment.DeliveryClaimed"):
    order_id: str
    plugin: str
    export_id: str
    holder: str
    until: datetime
    takeover: bool


class FulfillmentExported(Event, type="ringup.fulfillment.FulfillmentExported"):
    order_id: str
    plugin: str
    export_id: str
    their_id: str = ""


class FulfillmentFailed(Event, type="ringup.fulfillment.FulfillmentFailed"):
    """This delivery did not work; tried again at ``retry_at``, unless it was ``given_up``: then when somebody wants it sent once more.

    ``unknown``: they may have it nevertheless.
    """

    order_id: str
    plugin: str
    export_id: str
    reason: str
    retry_at: datetime
    given_up: bool = False
    unknown: bool = True


class PluginCancelRequested(Event, type="ringup.fulfillment.PluginCancelRequested"):
    """What went out is to be stopped by whoever ships it. Private."""

    order_id: str
    plugin: str
    export_id: str
    reason: Personal[str]
    by: str
    due_at: datetime


class PluginCancelClaimed(Event, type="ringup.fulfillment.PluginCancelClaimed"):
    """Private."""

    order_id: str
    plugin: str
    export_id: str
    holder: str
    until: datetime
    takeover: bool


class PluginCancelAnswered(Event, type="ringup.fulfillment.PluginCancelAnswered"):
    """``stopped``, ``too-late``, or no answer: asked again at ``retry_at``. Private.

    ``unknown``: they cannot stop it, and nobody knows whether they have it. What a person then finds out is said ``by`` them, with a ``note``.
    """

    order_id: str
    plugin: str
    export_id: str
    answer: Literal["stopped", "too-late", "unknown", "none"]
    reason: str = ""
    retry_at: datetime | None = None
    by: str = ""
    note: Personal[str] = ""


class Parcel(Value):
    carrier: str = ""
    tracking: str = ""
    service: str = ""


class FulfillmentShipped(Event, type="ringup.fulfillment.FulfillmentShipped"):
    """One parcel is on its way; ``at`` is when, by whoever ships it. ``source``: who said so, a plugin, an import or an actor.

    ``submitted`` is the record's, so that whoever tells the customer needs no second event.
    """

    order_id: str
    plugin: str
    export_id: str
    parcel: Parcel = Parcel()
    at: datetime
    source: str = ""
    submitted: SubmittedOrder | None = None


class FulfillmentDelivered(Event, type="ringup.fulfillment.FulfillmentDelivered"):
    order_id: str
    plugin: str
    export_id: str
    at: datetime
    source: str = ""


class FulfillmentReturnRequested(Event, type="ringup.fulfillment.FulfillmentReturnRequested"):
    """The customer may send it back under ``rma``: RMA Pending."""

    order_id: str
    plugin: str
    export_id: str
    rma: str
    reason: Personal[str] = ""
    by: str = ""


class FulfillmentReturned(Event, type="ringup.fulfillment.FulfillmentReturned"):
    """It has come back; money goes back only by a refund."""

    order_id: str
    plugin: str
    export_id: str
    rma: str = ""
    at: datetime
    source: str = ""


class FulfillmentCancelled(Event, type="ringup.fulfillment.FulfillmentCancelled"):
    """``plugin`` is said where it is one record of several, or whoever ships it has stopped what had gone out; else it is all of the order's."""

    order_id: str
    why: Literal["stopped", "denied"]
    plugin: str = ""
    export_id: str = ""
    plugins: tuple[str, ...] = ()


class OrderCancelled(Event, type="ringup.fulfillment.OrderCancelled"):
    """Stopped before it went out."""

    order_id: str
    reason: Personal[str]
    by: str
    plugins: tuple[str, ...] = ()


class ShipmentHandedOut(Event, type="ringup.fulfillment.ShipmentHandedOut"):
    """Somebody with an API key was told where it goes; said once a ``day``, in UTC, of each. Private."""

    order_id: str
    by: str
    day: str


class ErasureRequested(Event, type="ringup.fulfillment.ErasureRequested"):
    """Its customer is erased: what was written for the export goes too."""

    order_id: str
    export_id: str
    due_at: datetime


class ErasureClaimed(Event, type="ringup.fulfillment.ErasureClaimed"):
    order_id: str
    export_id: str
    holder: str
    until: datetime
    takeover: bool


class ExportErased(Event, type="ringup.fulfillment.ExportErased"):
    order_id: str
    export_id: str
