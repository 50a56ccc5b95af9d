"""A customer as people see them: all their numbers as one, by what their newest order says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.customers.matches import newest_partials, orders_of
from services.customers.profiles import addresses, notes, profiles, says
from shared.aliases import families, family
from shared.kernel.errors import NotFound
from shared.kernel.events import ERASED
from shared.kernel.views import Row
from shared.service import Running

_NOTES = 50
_ADDRESSES = 50
_MOST_ADDRESSES = 12


async def known(service: Running, id: str, min_version: str | None = None) -> tuple[list[Row], tuple[str, ...]]:
    """Their profiles, the one that stands for them first, and all their numbers. Raises NotFound."""
    if min_version and not await service.get(profiles, id, min_version, opened=False):
        raise NotFound("There is no such customer.")
    ids = await family(service, id)
    rows = [row for each in ids if (row := await service.get(profiles, each))]
    if not rows or rows[0]["id"] != ids[0]:
        raise NotFound("There is no such customer.")
    return rows, ids


def together(rows: Sequence[Row]) -> dict[str, Any]:
    """As one: each part from the newest order that said it."""
    newest_last = sorted(rows, key=lambda row: row["as_of"] or "")
    told: dict[str, Any] = {"customer_id": rows[0]["id"], "erased_at": rows[0]["erased_at"]}
    told["created_at"], told["updated_at"] = min(row["created_at"] for row in rows), max(row["updated_at"] for row in rows)
    for name in ("person", "answers"):
        told[name] = next((row[name] for row in reversed(newest_last) if row[name]), None)
    for name in ("billing", "shipping"):
        told[name] = next((row[name] for row in reversed(newest_last) if row[name] and says(row[name])), newest_last[-1][name])
    said = [row["particulars"] for row in newest_last if row["particulars"]]
    told["particulars"] = (
        {name: next((each[name] for each in reversed(said) if each[name]), "") for name in ("birth_date", "gender")} if said else None
    )
    exempt = [row["tax"] for row in rows if row["tax"]["exempt"]]
    told["tax"] = exempt[0] if exempt else rows[0]["tax"]
    return {**told, **_agreed(rows)}


def _agreed(rows: Sequence[Row]) -> dict[str, Any]:
    """What was said last of each consent."""
    last: dict[str, tuple[str, str, Row]] = {}
    for row in rows:
        for part in ("taken_back", "consents"):
            for name, said in row[part].items():
                if name not in last or said["at"] > last[name][0]:
                    last[name] = (said["at"], part, said)
    return {part: {name: said for name, (_, where, said) in last.items() if where == part} for part in ("consents", "taken_back")}


async def counted(service: Running, rows: Sequence[Row], ids: Sequence[str]) -> dict[str, Any]:
    """As a list shows them."""
    (told,) = await _told(service, [(rows, ids)])
    return told


async def _told(service: Running, people: Sequence[tuple[Sequence[Row], Sequence[str]]]) -> list[dict[str, Any]]:
    """In a few readings, however many they are."""
    ids = [id for _, numbers in people for id in numbers]
    counts, partials = await orders_of(service, ids), await newest_partials(service, ids)
    found = []
    for rows, numbers in people:
        partial = max((partials[id] for id in numbers if id in partials), key=lambda each: str(each["at"]), default=None)
        found.append({**together(rows), "aliases": list(numbers[1:]), "orders": sum(counts.get(id, 0) for id in numbers), "partial": partial})
    return found


async def whole(service: Running, rows: Sequence[Row], ids: Sequence[str]) -> dict[str, Any]:
    """As their page shows them, without the orders."""
    noted, ordered_to = await asyncio.gather(noted_of(service, ids), addresses_of(service, ids))
    return {
        **together(rows),
        "aliases": [_alias(row) for row in rows[1:]],
        "notes": noted,
        "addresses": ordered_to,
        "exported": max((row["exported"] for row in rows if row["exported"]), key=lambda each: str(each["at"]), default=None),
    }


def _alias(row: Row) -> dict[str, Any]:
    return {"customer_id": row["id"], "person": row["person"], "orders_as_of": row["as_of"], **(row["alias"] or {})}


async def noted_of(service: Running, ids: Sequence[str], most: int = _NOTES) -> list[dict[str, Any]]:
    """Newest first, of each order the newest."""
    said, _ = await service.find(notes, {"customer_id": tuple(ids)}, sort="at", descending=True, limit=most)
    newest: dict[str, Row] = {}
    for note in said:
        newest.setdefault(note["order_id"] or note["id"], note)
    return [{name: note[name] for name in ("order_id", "note", "by", "at")} for note in newest.values()]


async def addresses_of(service: Running, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Each once, that of the newest order first: ``{"address", "used": of "billing" and "shipping", "order_id", "at"}``."""
    rows, _ = await service.find(addresses, {"customer_id": tuple(ids)}, sort="at", descending=True, limit=_ADDRESSES)
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        for used in ("billing", "shipping"):
            _add(found, row, used)
    return list(found.values())[:_MOST_ADDRESSES]


def _add(found: dict[tuple[str, ...], dict[str, Any]], row: Row, used: str) -> None:
    address: Mapping[str, str] = row[used]
    if not says(row[used]) or ERASED in address.values():
        return
    key = tuple(" ".join(str(value).casefold().split()) for value in address.values())
    known_as = found.setdefault(key, {"address": address, "used": [], "order_id": row["order_id"], "at": row["at"]})
    if used not in known_as["used"]:
        known_as["used"].append(used)


async def listed(service: Running, ids: Iterable[str], most: int) -> list[dict[str, Any]]:
    """Each person once, however many of their numbers are named."""
    people = list(dict.fromkeys((await families(service, ids)).values()))[:most]
    rows = await service.many(profiles, [id for numbers in people for id in numbers])
    known_ones = [([rows[id] for id in numbers if id in rows], numbers) for numbers in people if numbers[0] in rows]
    return await _told(service, known_ones)
