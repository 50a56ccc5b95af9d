"""What somebody looks for: orders and customers by order id, customer number, name, phone or e-mail."""

from __future__ import annotations

from services.customers.profiles import profiles
from services.customers.search import conditions, search
from services.customers.views import orders
from shared.aliases import families
from shared.ids import is_order_id
from shared.kernel.views import Row
from shared.service import Running

MOST = 50


async def order_named(service: Running, q: str) -> Row | None:
    id = q.strip().upper()
    return await service.get(orders, id) if is_order_id(id) else None


async def found_by(service: Running, q: str) -> list[str]:
    """Customer ids, the likeliest first; whoever has several numbers, with all of them."""
    order = await order_named(service, q)
    ids = [order["customer_id"]] if order and order["customer_id"] else []
    ids += [q.strip()] if await service.get(profiles, q.strip(), opened=False) else []
    for where in conditions(q):
        rows, _ = await service.find(search, where, sort=next(iter(where)), limit=MOST, open_fields=False)
        ids = list(dict.fromkeys([*ids, *(row["id"] for row in rows)]))
    whole = await families(service, ids[:MOST])
    return list(dict.fromkeys(number for numbers in whole.values() for number in numbers))
