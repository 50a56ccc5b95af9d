from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from services.customers.finding import found_by, order_named
from services.customers.matches import matches
from services.customers.status import STATUSES, Status, summary
from services.customers.timeline import timeline, told, until
from services.customers.views import campaigns, orders
from shared.aliases import family
from shared.http import RunningService
from shared.kernel.errors import NotFound
from shared.kernel.ports import Prefix, Range
from shared.kernel.views import Row
from shared.service import Running

router = APIRouter()

Listed = Status | Literal["Attention"]
LISTED: tuple[Listed, ...] = (*STATUSES, "Attention")

_PAGE = 50
_COUNTED = 100
_STORY = 500

Asked = Annotated[str, Query(max_length=255)]
MinVersion = Annotated[str | None, Query(pattern=r"^[a-z]+(-[0-9A-Za-z]+)?@[0-9]{1,9}$")]
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), le=datetime(9999, 1, 1, tzinfo=UTC))]


@router.get("/orders")
async def list_orders(
    service: RunningService, status: Listed | None = None, customer_id: str = "", q: Asked = "", cursor: str | None = None
) -> dict[str, Any]:
    """Newest first, 50 a page. ``q``: a name, phone, e-mail, customer or order id. Status ``Attention``: with a mark that needs somebody to look.

    ``{"rows": [order], "next": cursor or null, "counts": {status: how many in all, 100 for 100 and more}}``; an order is as
    ``GET /orders/{id}`` answers it. Orders into which nothing was typed are not in it.
    """
    rows, following = await _found_orders(service, status, customer_id, q, cursor)
    return {"rows": await _shown(service, rows), "next": following, "counts": await _counts(service)}


@router.get("/orders/{id}")
async def one_order(id: str, service: RunningService, min_version: MinVersion = None) -> dict[str, Any]:
    """``order_id``, ``status`` (Open, Partial, Processing, Pending, Declined, Complete, Cancelled, Refunded), ``marks`` (outcome-unknown,
    answer-contradicts, capture-failed, void-failed, refund-failed, payment-returned, refund-due, partly-refunded, delivery-failed, exported),
    ``created_at``, ``updated_at``, ``campaign``, ``campaign_name``, ``customer_id``,
    ``customer`` {first_name, last_name, phone} or null, ``agent``, ``method``, ``total`` in minor units, ``currency``, ``attempt``,
    ``partial`` {disposition, note, source, made_by, at} (the last one) or null, ``of`` (agent or customer: on whose page an open one is),
    ``link`` {link_id, channel, price_lock, status, expires_at} (the newest one) or null, ``closed`` (why nothing may follow, or empty),
    ``attribution`` {affiliate, dnis, ani, voice_log, custom1 to custom5, those that were said}, ``instrument`` {brand, last4} or null,
    ``captured`` and ``refunded`` in minor units,
    ``decline`` {attempt, reason, say, retry, try_next, at} (the last one) or null, ``approved_by``,
    ``denied`` {reason, by} or null, ``cancelled`` {reason, by} or null, ``exported_at`` or null.

    ``min_version``: waits up to 2 s for this ``<stream>@<version>``.
    """
    row = await service.get(orders, id, min_version)
    if row is None:
        raise NotFound("There is no such order.")
    return (await _shown(service, [row]))[0]


@router.get("/orders/{id}/timeline")
async def story(id: str, service: RunningService, as_of: Moment | None = None, cursor: str | None = None) -> dict[str, Any]:
    """Every service's events about the order, oldest first, up to and with the moment ``as_of``; 500 a page.

    ``{"rows": [{"id", "order_id", "time", "type", "service", "stream", "version", "actor", "text"}], "next": cursor or null}``
    """
    rows, following = await service.find(timeline, {"place": until(id, as_of)}, sort="place", limit=_STORY, cursor=cursor)
    if not rows and await service.get(orders, id, opened=False) is None:
        raise NotFound("There is no such order.")
    return {"rows": [told(row) for row in rows], "next": following}


@router.get("/matches")
async def known_customers(service: RunningService, phone: Asked = "", email: Asked = "", order_id: Asked = "") -> dict[str, Any]:
    """Customers who have exactly this phone number, however it is written, or this e-mail: at most 5, for whom an order is rung up.

    ``{"rows": [{"customer_id", "person", "why": of "phone" and "email", "orders": how many, "last_order": {order_id, status, at} or null,
    "partial": the newest, {order_id, at}, or null}]}``. ``order_id`` is left out of all that.
    """
    return {"rows": await matches(service, phone, email, order_id)}


async def _found_orders(service: Running, status: Listed | None, customer_id: str, q: str, cursor: str | None) -> tuple[list[Row], str | None]:
    if customer_id:
        return await _newest(service, status, cursor, {"customer_id": await family(service, customer_id)})
    if not q.strip():
        return await _newest(service, status, cursor)
    order = await order_named(service, q)
    if order:
        return [order] if _is_listed(order, status) else [], None
    return await _newest(service, status, cursor, {"customer_id": tuple(await found_by(service, q))})


async def _newest(
    service: Running, status: Listed | None, cursor: str | None = None, of: Mapping[str, Any] | None = None
) -> tuple[list[Row], str | None]:
    """Read in the order of an index, however many orders there are."""
    index, wanted = _index(status)
    return await service.find(orders, {**(of or {}), index: wanted}, sort=index, descending=True, limit=_PAGE, cursor=cursor)


def _index(status: Listed | None) -> tuple[str, Prefix | Range]:
    if status == "Attention":
        return "attention_at", Range("", None)
    return ("status_at", Prefix(f"{status} ")) if status else ("listed_at", Range("", None))


def _is_listed(order: Row, status: Listed | None) -> bool:
    return bool(order["attention_at"]) if status == "Attention" else status in (None, summary(order)["status"])


async def _counts(service: Running) -> dict[str, int]:
    """Up to 100: so that a list costs the same with a million orders."""
    return {status: await _count(service, status) for status in LISTED}


async def _count(service: Running, status: Listed) -> int:
    """Nothing is opened to be counted."""
    index, wanted = _index(status)
    rows, _ = await service.find(orders, {index: wanted}, sort=index, limit=_COUNTED, open_fields=False)
    return len(rows)


async def _shown(service: Running, rows: list[Row]) -> list[dict[str, Any]]:
    """Until it is submitted, an order has its campaign's name of today."""
    shown = [summary(row) for row in rows]
    unnamed = {order["campaign"] for order in shown if not order["campaign_name"]}
    names = {id: (await service.get(campaigns, id) or {"name": ""})["name"] for id in unnamed}
    return [{**order, "campaign_name": order["campaign_name"] or names[order["campaign"]]} for order in shown]
