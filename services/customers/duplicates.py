"""Who may be the same person under another number: the same phone, the same e-mail, or the same name at the same address."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from services.customers.matches import matching
from services.customers.people import counted, known, together
from services.customers.search import plain, search
from shared.aliases import standing
from shared.kernel.errors import NotFound
from shared.kernel.views import Row
from shared.service import Running

_MOST = 10
_LOOKED_AT = 25


async def duplicates(service: Running, id: str) -> list[dict[str, Any]]:
    """Those that have most in common first, each as in the list, with ``why`` (of phone, email, address). Raises NotFound."""
    rows, ids = await known(service, id)
    why: dict[str, set[str]] = {}
    for person in _people(rows):
        for other, same in (await matching(service, person["phone"], person["email"])).items():
            why.setdefault(other, set()).update(same)
    for row in rows:
        for other in await _namesakes(service, row):
            why.setdefault(other, set())
    found = await asyncio.gather(*(_suggested(service, other, same, rows) for other, same in why.items() if other not in ids))
    return sorted(filter(None, found), key=lambda each: (-len(each["why"]), each["customer_id"]))[:_MOST]


def _people(rows: Sequence[Row]) -> list[Row]:
    """Under each of their numbers."""
    return [row["person"] for row in rows if row["person"] and not row["erased_at"]]


async def _namesakes(service: Running, row: Row) -> list[str]:
    name = plain(f"{row['person']['first_name']} {row['person']['last_name']}") if row["person"] and not row["erased_at"] else ""
    if " " not in name:
        return []
    found, _ = await service.find(search, {"first": name}, limit=_LOOKED_AT, open_fields=False)
    return [await standing(service, each["id"]) for each in found]


async def _suggested(service: Running, id: str, same: set[str], mine: Sequence[Row]) -> dict[str, Any] | None:
    try:
        rows, ids = await known(service, id)
    except NotFound:
        return None
    if rows[0]["erased_at"]:
        return None
    lived = {_home(row) for row in mine}
    why = same | ({"address"} if any(_home(row) in lived for row in rows if _home(row)) else set())
    if not same and "address" not in why:
        return None
    return {**await counted(service, rows, ids), "why": sorted(why, reverse=True), "created_at": together(rows)["created_at"]}


def _home(row: Row) -> tuple[str, ...]:
    """Who lives where, as far as that tells two people apart; empty where it does not."""
    address, person = row["billing"] or row["shipping"], row["person"]
    if not address or not person or not (address["street"] and address["postal"]):
        return ()
    who = plain(f"{person['first_name']} {person['last_name']}")
    return who, plain(address["street"]), plain(address["unit"]), plain(address["postal"]), address["country"]
