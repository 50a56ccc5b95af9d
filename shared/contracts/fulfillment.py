"""Events of fulfillment. The export id is ``<order>-<plugin>``, the same on every resend."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import SubmittedOrder
from shared.kernel.events import Event, Personal


class FulfillmentRecordCreated(Event, type="ringup.fulfillment.FulfillmentRecordCreated"):
    """On hold until approved."""

    order_id: str
    plugin: str
    submitted: SubmittedOrder


class FulfillmentHeld(Event, type="ringup.fulfillment.FulfillmentHeld"):
    """Nothing of it goes out any more until somebody releases it by hand. ``reference`` is what was returned."""

    order_id: str
    why: Literal["payment-returned"]
    reference: str


class FulfillmentReleased(Event, type="ringup.fulfillment.FulfillmentReleased"):
    """By approval; or ``by_hand``, from a hold."""

    order_id: str
    by: str
    by_hand: bool = False
    reason: Personal[str] = ""


class DeliveryRequested(Event, type="ringup.fulfillment.DeliveryRequested"):
    order_id: str
    plugin: str
    export_id: str
    due_at: datetime


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
    """This delivery did not work; tried again at ``retry_at``."""

    order_id: str
    plugin: str
    export_id: str
    reason: str
    retry_at: datetime


class FulfillmentCancelled(Event, type="ringup.fulfillment.FulfillmentCancelled"):
    order_id: str
    why: Literal["denied"]


class OrderCancelled(Event, type="ringup.fulfillment.OrderCancelled"):
    """Stopped before it went out."""

    order_id: str
    reason: Personal[str]
    by: str


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
