"""Shipments: the list, and what is done about those of one order."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SETS, Ask, Failed, Services, allow
from services.gateway.pages.forms import Typed
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, Text, address, heard_of, if_answered, more, pages_of, seen_there, who_is
from services.gateway.pages.summary import summary_of
from services.gateway.render import page, wants_part
from shared.contracts.fulfillment import SHIPMENT_STATUSES, ShipmentStatus
from shared.ids import PLUGIN_NAME, OrderId, PluginName

router = APIRouter(include_in_schema=False)

Chosen = Annotated[str, Query(pattern=f"^({PLUGIN_NAME})?$")]


@router.get("/fulfillment", dependencies=[allow(*LOOKS_UP)])
async def shipments(
    request: Request,
    services: Ask,
    status: Literal["", ShipmentStatus] = "",
    plugin: Chosen = "",
    q: Text = "",
    cursor: Cursor = "",
    pages: Pages = 1,
    seen: Seen = "",
) -> Response:
    await seen_there(services, "fulfillment", "/shipments", heard_of(seen, "shipment"))
    q = q.strip()
    found = await pages_of(services, "fulfillment", "/shipments", cursor, pages, status=status or None, plugin=plugin or None, q=q or None)
    known = await if_answered(services, "fulfillment", "/plugins")
    asked = {"q": q, "status": status, "plugin": plugin}
    tabs = [(name, address("/fulfillment", q=q, plugin=plugin, status=name), found["counts"][name], name == status) for name in SHIPMENT_STATUSES]
    return page(
        request, "fulfillment_list.html" if wants_part(request) else "fulfillment.html", rows=found["rows"], q=q, chosen=status, plugin=plugin,
        tabs=[("All", address("/fulfillment", q=q, plugin=plugin), None, not status), *tabs], plugins=known["rows"] if known else [],
        titles={each["name"]: each["title"] for each in known["rows"]} if known else {},
        here=address("/fulfillment", **asked, cursor=cursor, pages=pages), newest=address("/fulfillment", **asked), cursor=cursor,
        more=more("/fulfillment", found["next"], cursor, pages, **asked), sets=who_is(request).role in SETS,
    )  # fmt: skip


@router.get("/orders/{id}/deliveries", dependencies=[allow(*LOOKS_UP)])
async def deliveries(request: Request, id: OrderId, services: Ask) -> Response:
    """Every try, its answer, and when the next one is."""
    told = await services.get("fulfillment", f"/shipments/{id}/log")
    return page(request, "order_deliveries.html", rows=told["rows"][::-1])


@router.post("/orders/{id}/hold", dependencies=[allow(*SETS)])
async def hold(request: Request, id: OrderId, services: Ask, key: Key, reason: Typed = "") -> Response:
    return await _done(request, services, id, "hold", key, _because(reason))


@router.post("/orders/{id}/shipments/{plugin}/resend", dependencies=[allow(*SETS)])
async def resend(request: Request, id: OrderId, plugin: PluginName, services: Ask, key: Key, reason: Typed = "") -> Response:
    return await _done(request, services, id, f"{plugin}/resend", key, _because(reason))


@router.post("/orders/{id}/shipments/{plugin}/settle", dependencies=[allow(*SETS)])
async def settle(
    request: Request, id: OrderId, plugin: PluginName, services: Ask, key: Key, has: Annotated[bool, Form()] = False, reason: Typed = ""
) -> Response:
    """Nobody knew whether they have what was to be stopped."""
    return await _done(request, services, id, f"{plugin}/settle", key, {**_because(reason), "has": has})


@router.post("/orders/{id}/shipments/{plugin}/return", dependencies=[allow(*SETS)])
async def ask_back(request: Request, id: OrderId, plugin: PluginName, services: Ask, key: Key, reason: Typed = "") -> Response:
    return await _done(request, services, id, f"{plugin}/return", key, _because(reason))


@router.post("/orders/{id}/shipments/{plugin}/became", dependencies=[allow(*SETS)])
async def became(
    request: Request, id: OrderId, plugin: PluginName, services: Ask, key: Key, what: Annotated[str, Form(max_length=20)] = "", carrier: Typed = "",
    tracking: Typed = "", service: Typed = "", unnumbered: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Somebody has been told: it is on its way, it has arrived, it has come back."""
    if what not in ("shipped", "delivered", "returned"):
        raise Failed(422, {"code": "missing", "field": "what", "detail": "Choose what has become of it."})
    parcel = {"carrier": carrier.strip(), "tracking": tracking.strip(), "service": service.strip()} if what == "shipped" else {}
    if parcel and not (parcel["carrier"] or parcel["tracking"] or unnumbered):
        raise Failed(422, {"code": "missing", "field": "tracking", "detail": "Enter its carrier or number, or say that it goes without one."})
    return await _done(request, services, id, f"{plugin}/{what}", key, parcel)


def _because(reason: str) -> dict[str, Any]:
    """Raises Failed."""
    if not reason.strip():
        raise Failed(422, {"code": "missing", "field": "reason", "detail": "Say why: it stays with the order."})
    return {"reason": reason.strip()}


async def _done(request: Request, services: Services, id: str, what: str, key: str, body: dict[str, Any]) -> Response:
    done = await services.post("fulfillment", f"/shipments/{id}/{what}", body, key=key)
    return page(request, "order_part.html", **await summary_of(request, services, id, None, f"shipment-{id}@{done['version']}"))
