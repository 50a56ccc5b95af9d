"""Every authorisation that a gateway was asked for, to count how it does."""

from __future__ import annotations

from services.payments.references import kind_of, wanted
from shared.contracts.payments import AttemptOpened, PartAnswered, PartRerouted, PaymentOutcomeUnknown
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

_REFUSED_HERE = frozenset((
    "amount-mismatch", "card-details-expired", "gateway-missing", "gateway-off", "no-ach", "not-charged", "not-this-order", "refused-before",
))  # fmt: skip
"""Reasons for which the gateway was not asked."""

Told = AttemptOpened | PartRerouted | PartAnswered | PaymentOutcomeUnknown


def _key(event: Told) -> list[str]:
    if isinstance(event, AttemptOpened | PartRerouted):
        return wanted(event)
    return [event.reference] if kind_of(event.reference) == "authorise" else []


def _authorisation(row: Row | None, fact: Fact, id: str) -> Row | None:
    event = fact.event
    match event:
        case AttemptOpened():
            gateway = next(part.gateway for reference, part in zip(wanted(event), event.parts, strict=True) if reference == id)
            return {"gateway": gateway, "at": stamp(fact.time), "status": "open", "unknown": 0}
        case PartRerouted():
            return {"gateway": event.part.gateway, "at": stamp(fact.time), "status": "open", "unknown": 0}
        case PaymentOutcomeUnknown():
            return {**(row or {}), "status": "unknown", "unknown": 1}
        case PartAnswered():
            refused = event.answer == "declined" and event.reason in _REFUSED_HERE
            return {**(row or {}), "status": "refused-here" if refused else event.answer}
    return row


authorisations = view("authorisations", 1, _key, _authorisation, ["at", "status"])
"""``status``: open, unknown, approved, declined, never-heard, or refused-here where nobody was asked; ``unknown``: it was so for a while."""
