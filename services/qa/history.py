"""What hold rules and reviewers want to know of orders that went before: one row an order that was paid or is paid elsewhere.

Phone, e-mail, address and voice log number are there as keyed hashes alone, to find the same ones by; nothing of them can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.contracts.customers import CustomerErased
from shared.contracts.order import Address, OrderBody, QuoteLine
from shared.contracts.payments import ExternalPaymentPending, PaymentAuthorized
from shared.contracts.qa import OrderDenied, ReviewClosed
from shared.kernel.codec import stamp
from shared.kernel.events import ERASED, Fact
from shared.kernel.views import Row, view
from shared.text import digits

Hashed = Callable[[str], str]

SAME = {"phone": "phone", "email": "e-mail", "address": "address", "card": "card"}
"""Fields by which two orders may be the same person's, and what each is called."""


def _key(event: PaymentAuthorized | ExternalPaymentPending | OrderDenied | ReviewClosed | CustomerErased) -> Sequence[str]:
    return event.order_ids if isinstance(event, CustomerErased) else (event.order_id,)


def _history(row: Row | None, fact: Fact, id: str, hashed: Hashed) -> Row:
    """Each topic writes its own part, whichever comes first. What was erased stays so, by the event or by the dropped key."""
    row = row or {}
    match fact.event:
        case CustomerErased():
            return {"erased": True}
        case _ if row.get("erased"):
            return row
        case OrderDenied() | ReviewClosed():
            return {**row, "stopped": True}
        case PaymentAuthorized(submitted=submitted, instrument=instrument):
            card = instrument.fingerprint or None
        case ExternalPaymentPending(submitted=submitted):
            card = None
    order = submitted.order
    if ERASED in _texts(order):
        return {"erased": True}
    said = {"at": stamp(submitted.submitted_at), "method": submitted.method, "amount": submitted.amount, "currency": submitted.currency}
    return {**row, **said, "card": card, "customer_id": order.customer_id or None, **_facts(order), **found_by(order, hashed)}


def _texts(order: OrderBody) -> Sequence[str]:
    customer, shipping, billing = order.customer, order.shipping, order.billing
    return (customer.first_name, customer.last_name, customer.phone, customer.email, *_lines(shipping), *_lines(billing), order.attribution.voice_log)


def _facts(order: OrderBody) -> Row:
    cuts = [cut for line in order.quote.lines for cut in _cut(line)]
    return {
        "profile": order.quote.profile,
        "cut": max(cuts, default=None),
        "differs": bool(_place(order.billing)) and _place(order.shipping) != _place(order.billing),
    }


def _cut(line: QuoteLine) -> list[int]:
    """Hundredths of a percent below the list price, of a price or shipping price that somebody changed; 0 where it is not lower."""
    found = [0] if line.shipping_rule == "override" else []
    if line.unit_rule == "override" and line.list_price is not None:
        found.append(max(0, (line.list_price - line.unit_price) * 10_000 // line.list_price) if line.list_price else 0)
    return found


def found_by(order: OrderBody, hashed: Hashed) -> dict[str, str | None]:
    place, voice = _place(order.shipping), order.attribution.voice_log
    known = {"phone": by_phone(order.customer.phone), "email": by_email(order.customer.email)}
    known |= {"address": f"address {place}" if place else "", "voice_log": by_voice_log(voice)}
    return {name: hashed(text) if text else None for name, text in known.items()}


def by_phone(text: str) -> str:
    number = digits(text)
    return f"phone {number}" if number else ""


def by_email(text: str) -> str:
    address = text.strip().lower()
    return f"email {address}" if address else ""


def by_voice_log(text: str) -> str:
    number = "".join(text.split()).lower()
    return f"voice log {number}" if number else ""


def _lines(address: Address) -> Sequence[str]:
    return address.street, address.unit, address.city, address.postal


def _place(address: Address) -> str:
    """However it is spelt: without case, spaces and punctuation; empty where there is no street."""
    if not address.street:
        return ""
    parts = (*_lines(address), address.region, address.country)
    return " ".join("".join(letter for letter in part.casefold() if letter.isalnum()) for part in parts)


history = view("history", 1, _key, _history, ["phone", "email", "address", "card", "customer_id", "voice_log", "at"], opens=True)
