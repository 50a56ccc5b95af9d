"""The list of orders, and one order: its Summary, which follows the status until it settles and after."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, allow
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, Text, address, caught_up, more, pages_of, who_is
from services.gateway.pages.summary import summary_of
from services.gateway.render import page, wants_part
from shared.ids import OrderId

router = APIRouter(prefix="/orders", include_in_schema=False)

Status = Literal["", "Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded", "Attention"]
STATUSES: tuple[Status, ...] = ("Open", "Partial", "Processing", "Pending", "Declined", "Complete", "Cancelled", "Refunded", "Attention")


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
    return page(request, template, **await summary_of(request, services, id, as_of or None, seen))


@router.post("/{id}/cancel", dependencies=[allow(*SETS)])
async def cancel(request: Request, id: OrderId, services: Ask, key: Key, reason: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Only the shipment knows whether it is too late."""
    await services.get("cart", f"/orders/{id}")
    done = await services.post("fulfillment", f"/shipments/{id}/cancel", {"reason": reason}, key=key)
    return page(request, "order_part.html", **await summary_of(request, services, id, None, f"shipment-{id}@{done['version']}"))
