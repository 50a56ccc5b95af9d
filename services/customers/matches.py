"""Who may be calling: customers with exactly this phone number or e-mail, however it is written. Whoever was merged is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from services.customers.profiles import profiles
from services.customers.search import plain, same_phone, search, with_phone
from services.customers.status import summary
from services.customers.views import orders
from shared.aliases import family, standing
from shared.kernel.ports import Prefix, Range, Where
from shared.kernel.views import Row
from shared.service import Running

_MOST = 5
_PARTIALS = 500
_LOOKED_AT = 25
"""A number that more customers share than this says little about any of them."""


async def matches(service: Running, phone: str, email: str, order_id: str) -> list[dict[str, Any]]:
    """Those that match by both first, then the last changed. ``order_id`` is the order being rung up, which says nothing about its customer."""
    why = await matching(service, phone, email)
    known = [row for id in why if (row := await service.get(profiles, id)) and not row["erased_at"]]
    known.sort(key=lambda row: (len(why[row["id"]]), row["updated_at"]), reverse=True)
    mine = await service.get(orders, order_id, opened=False) if order_id else None
    found = [await _told(service, row, why[row["id"]], mine) for row in known[: _MOST + 1]]
    return [row for row in found if row["orders"]][:_MOST]


async def matching(service: Running, phone: str, email: str) -> dict[str, list[str]]:
    """The numbers that stand for them, and of what it is that each has the same."""
    why: dict[str, set[str]] = {}
    for where in with_phone(phone):
        for row in await _found(service, where):
            if same_phone(row["phone"], phone):
                why.setdefault(await standing(service, row["id"]), set()).add("phone")
    wanted = plain(email)
    if "@" in wanted:
        for row in await _found(service, {"email": wanted}):
            why.setdefault(await standing(service, row["id"]), set()).add("email")
    return {id: sorted(same, reverse=True) for id, same in why.items()}


async def _found(service: Running, where: Where) -> list[Row]:
    rows, _ = await service.find(search, where, limit=_LOOKED_AT, open_fields=False)
    return rows


async def _told(service: Running, row: Row, why: list[str], mine: Row | None) -> dict[str, Any]:
    order_id, ids = mine["id"] if mine else "", await family(service, row["id"])
    last = next(await _others(service, {"customer_id": ids, "listed_at": Range("", None)}, "listed_at", order_id), None)
    return {
        "customer_id": row["id"],
        "person": row["person"],
        "why": why,
        "orders": await service.count(orders, {"customer_id": ids}) - bool(mine and mine["customer_id"] in ids),
        "last_order": {"order_id": last["order_id"], "status": last["status"], "at": last["created_at"]} if last else None,
        "partial": await newest_partial(service, ids, order_id),
    }


async def orders_of(service: Running, customer_ids: Sequence[str]) -> dict[str, int]:
    """How many each has."""
    groups = await service.documents.totals(service.live(orders), ["customer_id"], [], {"customer_id": tuple(customer_ids)}) if customer_ids else ()
    return {group["customer_id"]: group["count"] for group in groups}


async def newest_partials(service: Running, customer_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """``{"order_id", "at"}`` by customer, of those who have one."""
    if not customer_ids:
        return {}
    where: Where = {"customer_id": tuple(customer_ids), "status_at": Prefix("Partial ")}
    rows, following = await service.find(orders, where, sort="status_at", descending=True, limit=_PARTIALS, open_fields=False)
    found: dict[str, dict[str, Any]] = {}
    for row in map(summary, rows):
        found.setdefault(row["customer_id"], {"order_id": row["order_id"], "at": row["partial"]["at"]})
    if following:
        left = [id for id in customer_ids if id not in found]
        found |= {id: partial for id in left if (partial := await newest_partial(service, [id]))}
    return found


async def newest_partial(service: Running, customer_ids: Sequence[str], besides: str = "") -> dict[str, Any] | None:
    """``{"order_id", "at"}``; ``besides`` is an order that does not count."""
    where: Where = {"customer_id": tuple(customer_ids), "status_at": Prefix("Partial ")}
    found = next(await _others(service, where, "status_at", besides), None)
    return {"order_id": found["order_id"], "at": found["partial"]["at"]} if found else None


async def _others(service: Running, where: Where, index: str, order_id: str) -> Iterator[dict[str, Any]]:
    """The newest, without the one being rung up."""
    rows, _ = await service.find(orders, where, sort=index, descending=True, limit=2, open_fields=False)
    return (summary(row) for row in rows if row["id"] != order_id)
