"""How people, places and happenings are put in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.gateway.addresses import country_name
from shared.contracts.cart import Disposition
from shared.kernel.events import ERASED

HOME = "US"
"""A country that goes without saying."""

DISPOSITIONS: Mapping[Disposition, str] = {
    "call-back": "Wants to be called back",
    "thinking": "Wants to think about it",
    "price": "Too expensive",
    "not-interested": "Not interested",
    "information": "Only wanted to know something",
    "payment": "Cannot pay right now",
    "unavailable": "What they want is not available",
    "disconnected": "The call broke off",
    "test": "A test call",
    "other": "Something else",
}
"""Why a call ended without a sale, as agents choose it."""

HAPPENINGS: Mapping[str, tuple[str, str]] = {
    "CartUpdated": ("pencil", ""),
    "OrderSubmitted": ("phone", ""),
    "OrderReopened": ("undo", ""),
    "OrderClosed": ("lock", ""),
    "PartialCreated": ("pause", "warn"),
    "DraftLinkIssued": ("link", ""),
    "DraftLinkOpened": ("eye", ""),
    "DraftLinkRevoked": ("slash", ""),
    "OverrideRequested": ("flag", "warn"),
    "OverrideApproved": ("check", "ok"),
    "OverrideRefused": ("x-circle", "bad"),
    "RetryAllowed": ("refresh", ""),
    "RecordingPaused": ("pause", ""),
    "RecordingResumed": ("rec", ""),
    "PaymentAuthorized": ("card", "ok"),
    "PaymentCaptured": ("card", "ok"),
    "PaymentVoided": ("card", ""),
    "ExternalPaymentPending": ("gift", ""),
    "OrderDeclined": ("x-circle", "bad"),
    "PaymentCaptureFailed": ("alert", "bad"),
    "PaymentVoidFailed": ("alert", "bad"),
    "PaymentRefunded": ("card", "ok"),
    "PaymentRefundFailed": ("alert", "bad"),
    "PaymentReturned": ("alert", "bad"),
    "RefundRequested": ("undo", ""),
    "OperationRetried": ("refresh", ""),
    "OutcomeRecorded": ("pencil", "warn"),
    "AnswerContradicted": ("alert", "bad"),
    "PartRerouted": ("refresh", ""),
    "PaymentOutcomeUnknown": ("alert", "warn"),
    "LateAuthorisationFound": ("alert", "warn"),
    "QualityReviewRequested": ("flag", "warn"),
    "ReviewDecided": ("eye", ""),
    "ReviewUndone": ("undo", ""),
    "ReviewPassed": ("check", "ok"),
    "OrderApproved": ("check", "ok"),
    "OrderDenied": ("x-circle", "bad"),
    "FulfillmentRecordCreated": ("box", ""),
    "FulfillmentHeld": ("pause", "warn"),
    "FulfillmentReleased": ("play", ""),
    "FulfillmentExported": ("truck", "ok"),
    "FulfillmentFailed": ("alert", "bad"),
    "FulfillmentCancelled": ("slash", ""),
    "PluginCancelRequested": ("slash", "warn"),
    "PluginCancelAnswered": ("slash", ""),
    "FulfillmentShipped": ("truck", "ok"),
    "FulfillmentDelivered": ("check", "ok"),
    "FulfillmentReturnRequested": ("undo", "warn"),
    "FulfillmentReturned": ("undo", ""),
    "ShipmentHandedOut": ("eye", ""),
    "OrderCancelled": ("slash", "bad"),
    "ExportErased": ("lock", ""),
    "MessageSent": ("check", "ok"),
    "MessageFailed": ("alert", "warn"),
    "CustomerNoted": ("pencil", ""),
    "CustomerUpdated": ("user", ""),
    "CustomerErased": ("lock", ""),
}
"""Event -> icon and tone; what is not named is a plain circle."""


def who(actor: str | None) -> str:
    """The name of whoever did it, without what they are."""
    return (actor or "").rpartition(":")[2]


def person(named: Mapping[str, str] | None) -> str:
    return _joined(" ", [(named or {}).get("first_name"), (named or {}).get("last_name")]) or "No name yet"


def place(address: Mapping[str, str] | None) -> str:
    """An address in one line."""
    if not address:
        return ""
    region = " ".join(filter(None, (address["region"], address["postal"] if address["postal"] != ERASED else "")))
    country = country_name(address["country"]) if address["country"] not in ("", HOME) else ""
    return _joined(", ", [address["street"], address["unit"], address["city"], region, country])


def lower_first(sentence: str) -> str:
    """As it goes on after a colon."""
    return sentence[:1].lower() + sentence[1:]


def _joined(by: str, parts: Iterable[str | None]) -> str:
    """Each once: of what was erased it is enough to say so once."""
    return by.join(dict.fromkeys(part for part in parts if part))


def story(rows: Iterable[Mapping[str, Any]], as_of: str = "") -> list[dict[str, Any]]:
    """A timeline's rows, oldest first, with their icon and tone, and whether each came later than the moment."""
    shown = []
    for row in rows:
        icon, tone = HAPPENINGS.get(row["type"].rpartition(".")[2], ("circle", ""))
        shown.append({**row, "icon": icon, "tone": tone, "later": bool(as_of) and row["time"] > as_of})
    return shown
