"""The list of orders, and one order: its Summary, which follows the status until it settles and after."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, Failed, Services, allow
from services.gateway.pages.lists import MOST_PAGES, Cursor, Key, Pages, Seen, Text, address, caught_up, if_answered, more, pages_of, who_is
from services.gateway.render import page, wants_part
from services.gateway.show import story
from shared.ids import OrderId
from shared.kernel.codec import stamp

router = APIRouter(prefix="/orders", include_in_schema=False)

Status = Literal["", "Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded", "Attention"]
STATUSES: tuple[Status, ...] = ("Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded", "Attention")
_CAN_GO_ON = ("Open", "Declined")
_SOURCES = (
    ("affiliate", "Affiliate"), ("dnis", "DNIS"), ("ani", "ANI"), ("voice_log", "Voice log"), ("custom1", "Custom 1"), ("custom2", "Custom 2"),
    ("custom3", "Custom 3"), ("custom4", "Custom 4"), ("custom5", "Custom 5"),
)  # fmt: skip
"""What is known of where an order came from, and what that is called."""


@router.get("", dependencies=[allow(*LOOKS_UP)])
async def orders(
    request: Request, services: Ask, q: Text = "", status: Status = "", customer: Text = "", cursor: Cursor = "", pages: Pages = 1, seen: Seen = ""
) -> Response:
    await caught_up(services, seen)
    q = q.strip()
    found = await pages_of(services, "customers", "/orders", cursor, pages, q=q, status=status or None, customer_id=customer or None)
    asked = {"q": q, "status": status, "customer": customer}
    return page(
        request,
        "orders_list.html" if wants_part(request) else "orders.html",
        q=q,
        chosen=status,
        customer=customer,
        cursor=cursor,
        rows=found["rows"],
        tabs=[("All", address("/orders", q=q, customer=customer), None, not status), *_tabs(found["counts"], q, customer, status)],
        here=address("/orders", **asked, cursor=cursor, pages=pages),
        newest=address("/orders", **asked),
        more=more("/orders", found["next"], cursor, pages, **asked),
        sells=who_is(request).role in SELLS,
    )


def _tabs(counts: dict[str, int], q: str, customer: str, status: str) -> list[tuple[str, str, int, bool]]:
    """Name, address, how many (in all, not of the search), whether it is the one shown."""
    return [(name, address("/orders", q=q, customer=customer, status=name), counts[name], name == status) for name in STATUSES]


@router.get("/{id}", dependencies=[allow(*LOOKS_UP)])
async def summary(
    request: Request, id: OrderId, services: Ask, as_of: Annotated[AwareDatetime | Literal[""], Query()] = "", seen: Seen = ""
) -> Response:
    template = "order_part.html" if wants_part(request) else "order.html"
    return page(request, template, **await _summary(request, services, id, as_of or None, seen))


@router.post("/{id}/cancel", dependencies=[allow(*SETS)])
async def cancel(request: Request, id: OrderId, services: Ask, key: Key, reason: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Only the shipment knows whether it is too late."""
    await services.get("cart", f"/orders/{id}")
    done = await services.post("fulfillment", f"/shipments/{id}/cancel", {"reason": reason}, key=key)
    return page(request, "order_part.html", **await _summary(request, services, id, None, f"shipment-{id}@{done['version']}"))


async def _summary(request: Request, services: Services, id: str, as_of: datetime | None, seen: str) -> dict[str, Any]:
    await caught_up(services, seen)
    order, cart, payment, review, shipment, happened = await asyncio.gather(
        services.get("customers", f"/orders/{id}"),
        services.get("cart", f"/orders/{id}"),
        _if_any(services, "payments", f"/orders/{id}"),
        _if_any(services, "qa", f"/reviews/{id}"),
        _if_any(services, "fulfillment", f"/shipments/{id}"),
        pages_of(services, "customers", f"/orders/{id}/timeline", "", MOST_PAGES),
    )
    links, sent = await _links(services, order)
    told = story(happened["rows"], stamp(as_of) if as_of else "")
    role = who_is(request).role
    attempts = payment["attempts"][::-1] if payment else []
    return {
        "order": order,
        "cart": cart["state"],
        "attempts": attempts,
        "captured": sum(attempt["amount"] for attempt in attempts if attempt["status"] == "captured"),
        "attention": payment["attention"] if payment else "",
        "review": review,
        "shipment": shipment,
        "story": told,
        "seen_events": sum(not row["later"] for row in told),
        "as_of": stamp(as_of) if as_of else "",
        "links": links,
        "sent": sent,
        "sources": _SOURCES,
        "may_complete": role in SELLS and _can_be_completed(order),
        "may_go_on": role in SELLS and order["status"] in _CAN_GO_ON and not order["closed"],
        "may_sell": role in SELLS,
        "may_cancel": role in SETS and order["status"] != "Cancelled" and not order["exported_at"],
    }


def _can_be_completed(order: dict[str, Any]) -> bool:
    """A partial, or what the customer has on the checkout page."""
    on_their_page = order["status"] in _CAN_GO_ON and order["of"] == "customer"
    return (order["status"] == "Partial" or on_their_page) and not order["closed"]


async def _links(services: Services, order: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The customer's links, newest first, and the message of each that was sent."""
    if not order["link"]:
        return [], {}
    found = await if_answered(services, "cart", f"/orders/{order['order_id']}/links")
    messages = await if_answered(services, "customers", "/messages", order_id=order["order_id"])
    return found["rows"] if found else [], {row["about"]: row for row in messages["rows"]} if messages else {}


async def _if_any(services: Services, service: str, path: str) -> dict[str, Any] | None:
    """None for what is not there yet. Raises Failed."""
    try:
        found: dict[str, Any] = await services.get(service, path)
        return found
    except Failed as error:
        if error.status == 404:
            return None
        raise
