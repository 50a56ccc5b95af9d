"""Which coupons a customer has used in orders that stand, found by keyed hashes of phone and e-mail, as prices.md counts uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.contracts.cart import OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.customers import CustomerErased
from shared.kernel.events import ERASED, Fact
from shared.kernel.projector import hasher
from shared.kernel.views import Row, view
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
    for name, value in hashes(phone, email, hasher(service.keyring)).items():
        cursor: str | None = None
        while value:
            rows, cursor = await service.find(used, {name: value}, limit=500, cursor=cursor, open_fields=False)
            found.update(code for row in rows if row["campaign"] == campaign and row["id"] != order_id for code in row["codes"])
            value = value if cursor else None
    return tuple(sorted(found))
