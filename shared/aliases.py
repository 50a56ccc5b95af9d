"""Customers that were merged: whose number stands for whose. A view that every service may have, which is asked about customers by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.contracts.customers import CustomersMerged, CustomersUnmerged
from shared.kernel.events import Fact
from shared.kernel.views import Row, view
from shared.queries import Queries


def _key(event: CustomersMerged | CustomersUnmerged, fact: Fact) -> Sequence[str]:
    """What the alias's own stream says counts."""
    return (event.alias, event.customer_id) if fact.stream == f"customer-{event.alias}" else ()


def _related(row: Row | None, fact: Fact, id: str) -> Row:
    event: Any = fact.event
    row, together = row or {"of": "", "also": []}, isinstance(event, CustomersMerged)
    if id == event.alias:
        if not together and row["of"] != event.customer_id:
            return row
        return {**row, "of": event.customer_id if together else ""}
    others = {*row["also"]} - {event.alias}
    return {**row, "also": sorted(others | {event.alias} if together else others)}


aliases = view("aliases", 1, _key, _related)
"""``of`` is whose alias a customer is, or empty, ``also`` are theirs."""


async def standing(service: Queries, id: str) -> str:
    """The number that stands for this one: itself, unless it is an alias. Of a ring the lowest one."""
    passed = [id]
    while (row := await service.get(aliases, passed[-1], opened=False)) and row["of"]:
        if row["of"] in passed:
            return min(passed[passed.index(row["of"]) :])
        passed.append(row["of"])
    return passed[-1]


async def family(service: Queries, id: str) -> tuple[str, ...]:
    """Every number of the same person, the one that stands for them first."""
    found = [await standing(service, id)]
    for each in found:
        row = await service.get(aliases, each, opened=False)
        found += [alias for alias in (row["also"] if row else ()) if alias not in found]
    return tuple(found)


async def families(service: Queries, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By the number that was asked for. Most people have one."""
    asked = list(dict.fromkeys(ids))
    related = await service.many(aliases, asked, opened=False)
    return {id: await family(service, id) if id in related else (id,) for id in asked}
