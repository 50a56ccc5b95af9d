from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.customers import listing
from services.customers.api import Asked, MinVersion
from services.customers.finding import found_by, order_named
from services.customers.listing import Filters, Listed
from services.customers.status import MARKS
from services.customers.timeline import then, timeline, told, until
from services.customers.views import orders
from shared.aliases import family
from shared.contracts.order import Method
from shared.http import RunningService
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.kernel.views import Row
from shared.past import Moment
from shared.service import Running

router = APIRouter()

_STORY = 500
_MOST = 500
"""Orders a page."""

Name = Annotated[str, Query(max_length=100)]
Amount = Annotated[Decimal, Field(ge=0, le=10**11, max_digits=15, decimal_places=4)]


async def filters(
    status: Listed | None = None, campaign: Name = "", agent: Name = "", method: Method | None = None, since: Moment | None = None,
    until: Moment | None = None, at_least: Amount | None = None, at_most: Amount | None = None, mark: Name = "", customer_id: Name = "",
) -> Filters:  # fmt: skip
    """``agent`` is an actor, such as agent:agent1; ``since`` and ``until`` are about when it was begun, both inclusive; ``at_least`` and ``at_most``
    are of its total, in whole units of whatever its currency is. Raises Refusal."""
    if mark and mark not in MARKS:
        raise Refusal(Refused("invalid", f"There is no such mark. There are {', '.join(MARKS)}.", field="mark", conflict=False))
    least, most = (None if amount is None else int(amount * 10**4) for amount in (at_least, at_most))
    customers = (customer_id,) if customer_id else None
    found = Filters(status, campaign, agent, method or "", since, until, least, most, mark, customers)
    wrong = [{"field": field, "code": "invalid", "detail": detail} for field, detail in listing.wrong(found)]
    if wrong:
        raise Refusal(Refused("invalid", wrong[0]["detail"], field=wrong[0]["field"], conflict=False, data={"errors": wrong}))
    return found


@router.get("/orders")
async def list_orders(
    service: RunningService, wanted: Annotated[Filters, Depends(filters)], q: Asked = "", cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = listing.PAGE, counts: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Newest first. ``q``: a name, phone, e-mail, customer or order id. Status ``Attention``: with a mark that needs somebody to look.

    ``{"rows": [order], "next": cursor or null, "counts": {status: how many in all, 100 for 100 and more}}``; an order is as
    ``GET /orders/{id}`` answers it. Orders into which nothing was typed are not in it.
    """
    rows, following = await _found(service, wanted, q, cursor, limit)
    found = {"rows": await listing.shown(service, rows), "next": following}
    return {**found, "counts": await listing.counts(service)} if counts else found


async def _found(service: Running, wanted: Filters, q: str, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """Within one customer ``q`` is not looked for; whoever was merged is one."""
    if wanted.customers:
        wanted = replace(wanted, customers=await family(service, wanted.customers[0]))
    elif q.strip():
        order = await order_named(service, q)
        if order:
            return [order] if listing.is_listed(order, wanted) else [], None
        wanted = replace(wanted, customers=tuple(await found_by(service, q)))
    return await listing.find(service, wanted, cursor, limit)


@router.get("/orders/{id}")
async def one_order(id: str, service: RunningService, min_version: MinVersion = None, as_of: Moment | None = None) -> dict[str, Any]:
    """``order_id``, ``status`` (Open, Partial, Processing, Pending, Declined, Complete, Cancelled, Refunded), ``marks`` (outcome-unknown,
    answer-contradicts, capture-failed, void-failed, refund-failed, payment-returned, refund-due, partly-refunded, delivery-failed,
    exported, shipped, delivered, returned, shipment-stopped),
    ``created_at``, ``updated_at``, ``campaign``, ``campaign_name``, ``customer_id``,
    ``customer`` {first_name, last_name, phone} or null, ``agent``, ``method``, ``total`` in minor units, ``currency``, ``attempt``,
    ``partial`` {disposition, note, source, made_by, at} (the last one) or null, ``of`` (agent or customer: on whose page an open one is),
    ``reorder_of`` (the order that it is rung up again from, or empty),
    ``link`` {link_id, channel, price_lock, status, expires_at} (the newest one) or null, ``closed`` (why nothing may follow, or empty),
    ``attribution`` {affiliate, dnis, ani, voice_log, custom1 to custom5, those that were said}, ``instrument`` {brand, last4} or null,
    ``captured`` and ``refunded`` in minor units,
    ``decline`` {attempt, reason, say, retry, try_next, at} (the last one) or null, ``approved_by``,
    ``denied`` {reason, by} or null, ``cancelled`` {reason, by} or null, ``exported_at`` or null.

    ``min_version``: waits up to 2 s for this ``<stream>@<version>``. ``as_of``: what it was then; ``customer`` and ``attribution``, which cart tells
    of then, are left out, and before its first event there is none.
    """
    row = await service.get(orders, id, min_version)
    if row is None:
        raise NotFound("There is no such order.")
    if as_of:
        row = then(id, await _happened(service, id, as_of))
    if row is None:
        raise NotFound("There was no such order yet.")
    return (await listing.shown(service, [row]))[0]


async def _happened(service: Running, id: str, as_of: datetime) -> list[Row]:
    """All of it."""
    found, following = await _told(service, id, as_of, None)
    while following:
        rows, following = await _told(service, id, as_of, following)
        found += rows
    return found


async def _told(service: Running, id: str, as_of: datetime | None, cursor: str | None) -> tuple[list[Row], str | None]:
    return await service.find(timeline, {"place": until(id, as_of)}, sort="place", limit=_STORY, cursor=cursor)


@router.get("/orders/{id}/timeline")
async def story(id: str, service: RunningService, as_of: Moment | None = None, cursor: str | None = None) -> dict[str, Any]:
    """Every service's events about the order, oldest first, up to and with the moment ``as_of``; 500 a page.

    ``{"rows": [{"id", "order_id", "time", "type", "service", "stream", "version", "actor", "text"}], "next": cursor or null}``
    """
    rows, following = await _told(service, id, as_of, cursor)
    if not rows and await service.get(orders, id, opened=False) is None:
        raise NotFound("There is no such order.")
    return {"rows": [told(row) for row in rows], "next": following}
