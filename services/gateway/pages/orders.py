"""The list of orders, and one order: its Summary, which follows the status until it settles and after."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, AtDoor, Door, Services, allow
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, address, caught_up, if_answered, more, pages_of, who_is
from services.gateway.pages.order_filters import MARKS, METHODS, STATUSES, Filters, chips, filters
from services.gateway.pages.saved_views import views_of
from services.gateway.pages.summary import summary_of
from services.gateway.render import page, wants_part
from shared.ids import OrderId
from shared.past import Moment

router = APIRouter(prefix="/orders", include_in_schema=False)

AsOf = Annotated[Moment | Literal[""], Query()]
Wanted = Annotated[Filters, Depends(filters)]
_FORM = ("q", "filters")
"""What the address follows: the search, and the filters."""


@router.get("", dependencies=[allow(*LOOKS_UP)])
async def orders(
    request: Request, services: Ask, at: AtDoor, wanted: Wanted, cursor: Cursor = "", pages: Pages = 1, seen: Seen = ""
) -> Response:  # fmt: skip
    await caught_up(services, seen)
    asked, wrong = wanted.asked()
    found = _NOTHING if wrong else await pages_of(services, "customers", "/orders", cursor, pages, **asked)
    said, part = wanted.said(), wants_part(request)
    campaigns = await _campaigns(services)
    role = who_is(request).role
    shown = page(
        request,
        "orders_list.html" if part else "orders.html",
        wanted=wanted,
        wrong=wrong,
        cursor=cursor,
        rows=found["rows"],
        tabs=_tabs(found["counts"], wanted),
        chips=[(words, address("/orders", **left)) for words, left in chips(wanted, campaigns)],
        here=address("/orders", **said, cursor=cursor, pages=pages),
        newest=address("/orders", **said),
        csv=address("/orders/export.csv", **said) if role in SETS and found["rows"] else "",
        more=more("/orders", found["next"], cursor, pages, **said),
        sells=role in SELLS,
        **({} if part else await _form(request, at, wanted, campaigns)),
    )
    if request.headers.get("hx-trigger") in _FORM:
        shown.headers["hx-push-url"] = address("/orders", **said)
    return shown


_NOTHING: dict[str, Any] = {"rows": [], "next": None, "counts": {}}


def _tabs(counts: dict[str, int], wanted: Filters) -> list[tuple[str, str, int | None, bool]]:
    """Name, address, how many, whether it is the one shown. Counts are of all orders: while not all are asked for, there are none."""
    counts = {} if any(wanted.said(status="").values()) else counts
    named = [(name, address("/orders", **wanted.said(status=name)), counts.get(name), name == wanted.status) for name in STATUSES]
    return [("All", address("/orders", **wanted.said(status="")), None, not wanted.status), *named]


async def _form(request: Request, at: Door, wanted: Filters, campaigns: dict[str, str]) -> dict[str, Any]:
    """What can be chosen."""
    sellers = sorted(user.name for user in await at.users.all() if user.role in SELLS)
    agents = [(name, name) for name in sellers] + [("customer", "Customers themselves")]
    if wanted.agent and wanted.agent not in dict(agents):
        agents.append((wanted.agent, wanted.agent))
    return {
        "campaigns": sorted(campaigns.items(), key=lambda each: each[1].casefold()),
        "agents": agents,
        "methods": METHODS.items(),
        "marks": MARKS.items(),
        **await views_of(request, at),
    }


async def _campaigns(services: Services) -> dict[str, str]:
    """Names by id; none while nobody can say."""
    found = await if_answered(services, "catalog", "/campaigns")
    names: dict[str, str] = {}
    while found:
        names |= {row["id"]: row["name"] for row in found["rows"]}
        found = await if_answered(services, "catalog", "/campaigns", cursor=found["next"]) if found["next"] else None
    return names


@router.get("/{id}", dependencies=[allow(*LOOKS_UP)])
async def summary(request: Request, id: OrderId, services: Ask, as_of: AsOf = "", seen: Seen = "") -> Response:
    template = "order_part.html" if wants_part(request) else "order.html"
    return page(request, template, **await summary_of(request, services, id, as_of or None, seen))


@router.get("/{id}/why", dependencies=[allow(*LOOKS_UP)])
async def why(request: Request, id: OrderId, services: Ask, as_of: AsOf = "") -> Response:
    """Which rule gave each figure."""
    return page(request, "order_entry_why.html", why=await services.get("cart", f"/orders/{id}/why", as_of=as_of.isoformat() if as_of else None))


@router.post("/{id}/cancel", dependencies=[allow(*SETS)])
async def cancel(request: Request, id: OrderId, services: Ask, key: Key, reason: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Only the shipment knows whether it is too late."""
    await services.get("cart", f"/orders/{id}")
    done = await services.post("fulfillment", f"/shipments/{id}/cancel", {"reason": reason}, key=key)
    return page(request, "order_part.html", **await summary_of(request, services, id, None, f"shipment-{id}@{done['version']}"))
