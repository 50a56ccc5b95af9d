"""What Stripe tells by itself, and what it told on a day: events, and whether a call is signed by it (docs.stripe.com/webhooks/signature). Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.payments.gateways.protocol import Listed, NotTheirs, Operation, Said
from services.payments.gateways.stripe_money import from_stripe
from services.payments.gateways.stripe_said import authorised, captured, refunded, voided
from services.payments.gateways.stripe_wire import Event, Intent, Refund

KEPT = timedelta(days=30)
"""So long they tell of an event again."""
_INTENTS: dict[str, Operation] = {
    "payment_intent.amount_capturable_updated": "authorise",
    "payment_intent.payment_failed": "authorise",
    "payment_intent.succeeded": "capture",
    "payment_intent.canceled": "void",
}
_REFUNDS = frozenset(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"))
TYPES = (*_INTENTS, "refund.created", "refund.updated", "refund.failed")
_TOLERANCE = 300
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Told:
    """``reference`` is empty on what was done by hand. ``intent`` is which PaymentIntent a refund is of, where it does not say that it is ours."""

    operation: Operation
    reference: str
    said: Said
    amount: int
    """In Stripe's units."""
    currency: str
    event: Event
    intent: str = ""


def check(header: str, body: bytes, secret: str, now: datetime) -> None:
    """While they change the secret they sign with both. Raises NotTheirs."""
    fields = [part.strip().partition("=")[::2] for part in header.split(",")]
    at = next((value for name, value in fields if name == "t"), "")
    if not (secret and at.isascii() and at.isdigit() and len(at) < 12 and abs(now.timestamp() - int(at)) <= _TOLERANCE):
        raise NotTheirs
    expected = hmac.digest(secret.encode(), at.encode() + b"." + body, "sha256").hex().encode()
    matches = [hmac.compare_digest(expected, value.encode()) for name, value in fields if name == "v1"]
    if not any(matches):
        raise NotTheirs


def told(event: Event) -> Told | None:
    """None for what is not ours, what we do not follow, and what decides nothing. Raises ValueError for what cannot be read."""
    found = _told(event)
    return found if found and found.said.answer in ("approved", "declined") else None


def _told(event: Event) -> Told | None:
    if event.type in _REFUNDS:
        return _refund(event)
    operation = _INTENTS.get(event.type)
    if operation is None:
        return None
    intent = Intent.model_validate(event.data.object)
    gave_nothing_back = operation == "void" and not intent.reserved
    return _of_intent(operation, intent, event) if intent.reference and not gave_nothing_back else None


def _of_intent(operation: Operation, intent: Intent, event: Event) -> Told:
    """A void has our reference as the key of the request alone."""
    by_us = event.key if event.key.startswith(f"{intent.reference}-") else ""
    reference = {"authorise": intent.reference, "capture": intent.capture}.get(operation, by_us)
    currency = intent.currency.upper()
    if operation == "authorise":
        return Told(operation, reference, authorised(intent, intent.reference, currency), intent.amount, currency, event)
    if operation == "capture":
        return Told(operation, reference, captured(intent, intent.reference, intent.capture, currency), intent.amount_received, currency, event)
    return Told(operation, reference, voided(intent, intent.reference), intent.amount, currency, event)


def _refund(event: Event) -> Told:
    refund = Refund.model_validate(event.data.object)
    currency = refund.currency.upper()
    said = refunded(refund, refund.reference, currency)
    return Told("refund", refund.reference, said, refund.amount, currency, event, refund.payment_intent or "")


def listed(found: Told) -> Listed:
    """Raises ValueError."""
    amount = from_stripe(found.amount, found.currency)
    if amount is None:
        raise ValueError("an amount that is none in its currency")
    at = datetime.fromtimestamp(found.event.created, UTC)
    return Listed(found.reference, found.operation, amount, found.currency, found.said.answer == "approved", at, found.said.reference)
