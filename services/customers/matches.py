"""Who may be calling: customers with exactly this phone number or e-mail, however it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.customers.search import plain, same_phone, search, with_phone
from services.customers.status import summary
from services.customers.views import orders, profiles
from shared.kernel.ports import Prefix, Range, Where
from shared.kernel.views import Row
from shared.service import Running

_MOST = 5
_LOOKED_AT = 25
"""A number that more customers share than this says little about any of them."""


async def matches(service: Running, phone: str, email: str, order_id: str) -> list[dict[str, Any]]:
    """Those that match by both first, then the last changed. ``order_id`` is the order being rung up, which says nothing about its customer."""
    why = await _matching(service, phone, email)
    known = [row for id in why if (row := await service.get(profiles, id)) and not row["erased_at"]]
    known.sort(key=lambda row: (len(why[row["id"]]), row["updated_at"]), reverse=True)
    mine = await service.get(orders, order_id, opened=False) if order_id else None
    found = [await _told(service, row, why[row["id"]], mine) for row in known[: _MOST + 1]]
    return [row for row in found if row["orders"]][:_MOST]


async def _matching(service: Running, phone: str, email: str) -> dict[str, list[str]]:
    why: dict[str, list[str]] = {}
    for where in with_phone(phone):
        for row in await _found(service, where):
            if same_phone(row["phone"], phone):
                why.setdefault(row["id"], ["phone"])
    wanted = plain(email)
    if "@" in wanted:
        for row in await _found(service, {"email": wanted}):
            why.setdefault(row["id"], []).append("email")
    return why


async def _found(service: Running, where: Where) -> list[Row]:
    rows, _ = await service.find(search, where, limit=_LOOKED_AT, open_fields=False)
    return rows


async def _told(service: Running, row: Row, why: list[str], mine: Row | None) -> dict[str, Any]:
    order_id = mine["id"] if mine else ""
    last = next(await _others(service, {"customer_id": row["id"], "listed_at": Range("", None)}, "listed_at", order_id), None)
    return {
        "customer_id": row["id"],
        "person": row["person"],
        "why": why,
        "orders": await service.count(orders, {"customer_id": row["id"]}) - bool(mine and mine["customer_id"] == row["id"]),
        "last_order": {"order_id": last["order_id"], "status": last["status"], "at": last["created_at"]} if last else None,
        "partial": await newest_partial(service, row["id"], order_id),
    }


async def newest_partial(service: Running, customer_id: str, besides: str = "") -> dict[str, Any] | None:
    """``{"order_id", "at"}``; ``besides`` is an order that does not count."""
    where: Where = {"customer_id": customer_id, "status_at": Prefix("Partial ")}
    found = next(await _others(service, where, "status_at", besides), None)
    return {"order_id": found["order_id"], "at": found["partial"]["at"]} if found else None


async def _others(service: Running, where: Where, index: str, order_id: str) -> Iterator[dict[str, Any]]:
    """The newest, without the one being rung up."""
    rows, _ = await service.find(orders, where, sort=index, descending=True, limit=2, open_fields=False)
    return (summary(row) for row in rows if row["id"] != order_id)
