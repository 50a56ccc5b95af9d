"""Which coupons a customer has used in orders that stand, found by keyed hashes of phone and e-mail, as prices.md counts uses."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import phonenumbers

from shared.contracts.cart import OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.customers import CustomerErased
from shared.kernel.events import ERASED, Fact
from shared.kernel.ports import Where
from shared.kernel.projector import hasher
from shared.kernel.views import Row, View, view
from shared.service import Running
from shared.text import digits

Hashed = Callable[[str], str]


def _key(event: OrderSubmitted | OrderReopened | OrderClosed | CustomerErased) -> Sequence[str]:
    return event.order_ids if isinstance(event, CustomerErased) else (event.order_id,)


def _used(row: Row | None, fact: Fact, id: str, hashed: Hashed) -> Row | None:
    match fact.event:
        case OrderSubmitted(submitted=submitted):
            order = submitted.order
            codes = [verdict.code for verdict in order.quote.coupons if verdict.amount]
            if not codes or ERASED in (order.customer.phone, order.customer.email):
                return None
            return {"campaign": order.campaign, "codes": codes, **hashes(order.customer.phone, order.customer.email, hashed)}
        case OrderClosed(why="approved"):
            return row
    return None


def hashes(phone: str, email: str, hashed: Hashed) -> dict[str, str | None]:
    number, address = digits(phone), email.strip().lower()
    return {"phone": hashed(f"phone {number}") if number else None, "email": hashed(f"email {address}") if address else None}


used = view("used", 1, _key, _used, ["phone", "email"], opens=True)


async def used_codes(service: Running, campaign: str, order_id: str, phone: str, email: str) -> tuple[str, ...]:
    """In the customer's other orders."""
    found: set[str] = set()
    for where in same_person(phone, email, hasher(service.keyring)):
        async for row in found_in(service, used, where):
            if row["campaign"] == campaign and row["id"] != order_id:
                found.update(row["codes"])
    return tuple(sorted(found))


def same_person(phone: str, email: str, hashed: Hashed) -> list[Where]:
    """What to look for. Numbers were kept as typed once, maybe without their country code."""
    conditions: list[Where] = [{name: value} for name, value in hashes(phone, email, hashed).items() if value]
    if phone.startswith("+"):
        with contextlib.suppress(phonenumbers.NumberParseException):
            at_home = hashes(str(phonenumbers.parse(phone).national_number), "", hashed)
            conditions += [{"phone": at_home["phone"]}] if {"phone": at_home["phone"]} not in conditions else []
    return conditions


async def found_in(service: Running, view: View, where: Where) -> AsyncIterator[Row]:
    """All of them, page by page."""
    cursor: str | None = None
    while True:
        rows, cursor = await service.find(view, where, limit=500, cursor=cursor, open_fields=False)
        for row in rows:
            yield row
        if cursor is None:
            return
