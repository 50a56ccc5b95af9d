"""What customers knows of one person, to be handed to them. What other services know is added by whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.customers import listing
from services.customers.messages import messages
from services.customers.people import noted_of, together, whole
from services.customers.timeline import timeline, told, until
from services.customers.views import orders
from shared.kernel.views import Row, View
from shared.service import Running

_AT_ONCE = 500
_EVERYTHING = 100_000


async def all_of(service: Running, rows: Sequence[Row], ids: Sequence[str]) -> dict[str, Any]:
    """``{"customer": …, "profiles": [each number's own], "orders": [summary with "timeline"], "messages": […]}``."""
    found = await _every(service, orders, ids)
    summaries = await listing.shown(service, found)
    return {
        "customer": {**await whole(service, rows, ids), "notes": await noted_of(service, ids, _EVERYTHING)},
        "profiles": [together([row]) for row in rows],
        "orders": [{**order, "timeline": await _story(service, order["order_id"])} for order in summaries],
        "messages": [_message(row) for row in await _every(service, messages, ids)],
    }


def _message(row: Row) -> dict[str, Any]:
    wanted = ("channel", "template", "order_id", "to", "requested_at", "status", "sent_at")
    return {"message_id": row["id"], **{name: row[name] for name in wanted}}


async def _every(service: Running, view: View, ids: Sequence[str]) -> list[Row]:
    found: list[Row] = []
    cursor: str | None = None
    while True:
        rows, cursor = await service.find(view, {"customer_id": tuple(ids)}, limit=_AT_ONCE, cursor=cursor)
        found += rows
        if cursor is None:
            return found


async def _story(service: Running, order_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        rows, cursor = await service.find(timeline, {"place": until(order_id, None)}, sort="place", limit=_AT_ONCE, cursor=cursor)
        found += [{name: each[name] for name in ("time", "type", "actor", "text")} for each in map(told, rows)]
        if cursor is None:
            return found
