"""Orders as they are listed: newest first, by any filters together, at a cost that does not grow with the number of orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.customers.status import STATUSES, WAY, Status, marked_as, summary
from services.customers.views import campaigns, orders
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.ports import Range
from shared.kernel.views import Row
from shared.service import Running

Listed = Status | Literal["Attention"]
LISTED: tuple[Listed, ...] = (*STATUSES, "Attention")
PAGE = 50

_FEW = 200
"""So many are read whole and looked through: less than what a page costs elsewhere."""
_COUNTED = 100
_UTC = "+00:00"
_CURSOR = re.compile(r"[0-9T.:-]{20,40}_[0-9A-Za-z]{1,40}")
_SORTED = ("attention_at", "marked_at", "agent_at", "status_at", "method_at", "campaign_at", "way_at", "listed_at")
"""Indexes that are in the order of creation for one value, those of the fewest orders first."""
_WIDE = ("Complete ", "card ", "exported ", "shipped ", "delivered ")
"""What most orders are."""


@dataclass(frozen=True, slots=True)
class Filters:
    """``status`` Attention: with a mark that needs somebody to look. ``at_least`` and ``at_most`` are as ``status.comparable`` has them."""

    status: Listed | None = None
    campaign: str = ""
    agent: str = ""
    method: str = ""
    since: datetime | None = None
    until: datetime | None = None
    at_least: int | None = None
    at_most: int | None = None
    mark: str = ""
    customers: tuple[str, ...] | None = None

    def where(self) -> dict[str, Any]:
        """All of them hold for what is found."""
        named = {"status": "" if self.status == "Attention" else self.status, "campaign": self.campaign, "agent": self.agent, "method": self.method}
        found: dict[str, Any] = {f"{name}_at": self._placed(f"{value} ") for name, value in named.items() if value}
        if self.status == "Attention":
            found["attention_at"] = self._placed("")
        if self.mark:
            found |= {"way_at": self._placed(f"{self.mark} ")} if self.mark in WAY else {"marked_at": self._placed(""), marked_as(self.mark): True}
        if (self.at_least, self.at_most) != (None, None):
            found["amount"] = Range(self.at_least, self.at_most)
        if self.customers is not None:
            found["customer_id"] = self.customers
        return found if found.keys() & set(_SORTED) else {**found, "listed_at": self._placed("")}

    def _placed(self, prefix: str) -> Range:
        """Of what begins so, from the one moment to the other. A colon comes after all digits, and before whatever a longer name goes on with."""
        return Range(f"{prefix}{stamp(self.since)}" if self.since else prefix, f"{prefix}{stamp(self.until) if self.until else ':'}")


async def find(service: Running, filters: Filters, cursor: str | None = None, limit: int = PAGE) -> tuple[list[Row], str | None]:
    """Rows as they are shown, and the cursor of the next page. Raises Refusal for a cursor that is none."""
    if cursor and not _CURSOR.fullmatch(cursor):
        raise Refusal(Refused("bad-cursor", "This page does not exist. Start with the first one.", field="cursor", conflict=False))
    if filters.customers == ():
        return [], None
    where, after = filters.where(), _place(cursor) if cursor else None
    found = await _few(service, where, after) if len(where) > 1 else None
    if found is None:
        found = await _walked(service, where, after, limit + 1)
    rows = found[:limit]
    return await service.opened(rows), _cursor(rows[-1]) if len(found) > limit else None


def _cursor(row: Row) -> str:
    """Without what a form would have to escape."""
    listed_at: str = row["listed_at"]
    return f"{listed_at.removesuffix(_UTC)}_{row['id']}"


def _place(cursor: str) -> tuple[str, str]:
    listed_at, _, id = cursor.partition("_")
    return f"{listed_at}{_UTC}", id


async def _few(service: Running, where: Mapping[str, Any], after: tuple[str, str] | None) -> list[Row] | None:
    """All that are left, where one of the filters alone leaves only a few."""
    for index in (name for name in ("customer_id", "amount", *_narrow_first(where)) if name in where and name != "listed_at"):
        rows, following = await service.find(orders, {index: where[index]}, sort=index, limit=_FEW, open_fields=False)
        if following is None:
            kept = [row for row in rows if _fits(row, where) and _is_after(row, after)]
            return sorted(kept, key=_placed, reverse=True)
    return None


def _fits(row: Row, where: Mapping[str, Any]) -> bool:
    return all(_holds(row.get(name), wanted) for name, wanted in where.items())


def _holds(value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    if isinstance(wanted, Range):
        return (wanted.low is None or wanted.low <= value) and (wanted.high is None or value <= wanted.high)
    return bool(value in wanted if isinstance(wanted, tuple) else value == wanted)


def _placed(row: Row) -> tuple[str, str]:
    return row["listed_at"], row["id"]


def _is_after(row: Row, after: tuple[str, str] | None) -> bool:
    return after is None or _placed(row) < after


async def _walked(service: Running, where: dict[str, Any], after: tuple[str, str] | None, count: int) -> list[Row]:
    """Read in the order of an index until there are enough."""
    index = _narrow_first(where)[0]
    if after:
        bounds = where[index]
        prefix = bounds.high[: bounds.high.rfind(" ") + 1]
        where = {**where, index: Range(bounds.low, f"{prefix}{after[0]}")}
    found: list[Row] = []
    following: str | None = None
    while len(found) < count:
        rows, following = await service.find(orders, where, sort=index, descending=True, limit=count, cursor=following, open_fields=False)
        found += [row for row in rows if _is_after(row, after)]
        if not following:
            break
    return found[:count]


def _narrow_first(where: Mapping[str, Any]) -> list[str]:
    return sorted((name for name in _SORTED if name in where), key=lambda name: where[name].low.startswith(_WIDE))


async def counts(service: Running) -> dict[str, int]:
    """Up to 100: so that a list costs the same with a million orders."""
    return {status: await _count(service, Filters(status=status)) for status in LISTED}


async def _count(service: Running, filters: Filters) -> int:
    """Nothing is opened to be counted."""
    return len(await _walked(service, filters.where(), None, _COUNTED))


async def shown(service: Running, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Until it is submitted, an order has its campaign's name of today."""
    told = [summary(row) for row in rows]
    unnamed = {order["campaign"] for order in told if not order["campaign_name"]}
    names = {id: (await service.get(campaigns, id) or {"name": ""})["name"] for id in unnamed}
    return [{**order, "campaign_name": order["campaign_name"] or names[order["campaign"]]} for order in told]


def is_listed(row: Row, filters: Filters) -> bool:
    return _fits(row, {name: wanted for name, wanted in filters.where().items() if name != "customer_id"})


def wrong(filters: Filters) -> Iterator[tuple[str, str]]:
    """Field and sentence of filters that can hold for no order."""
    if filters.since and filters.until and filters.since > filters.until:
        yield "until", "The last day comes before the first one."
    if filters.at_least is not None and filters.at_most is not None and filters.at_least > filters.at_most:
        yield "at_most", "The highest amount is below the lowest one."
