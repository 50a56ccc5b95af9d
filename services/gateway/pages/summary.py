"""All that an order's Summary shows, gathered from the services."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from fastapi import Request

from services.gateway import paid
from services.gateway.door import SELLS, SETS, Failed, Services
from services.gateway.pages.lists import MOST_PAGES, caught_up, if_answered, pages_of, version_of, who_is
from services.gateway.render import now
from services.gateway.show import story
from shared.kernel.codec import stamp

_CAN_GO_ON = ("Open", "Declined")
_SOURCES = (
    ("affiliate", "Affiliate"), ("dnis", "DNIS"), ("ani", "ANI"), ("voice_log", "Voice log"), ("custom1", "Custom 1"), ("custom2", "Custom 2"),
    ("custom3", "Custom 3"), ("custom4", "Custom 4"), ("custom5", "Custom 5"),
)  # fmt: skip
"""What is known of where an order came from, and what that is called."""


async def summary_of(request: Request, services: Services, id: str, as_of: datetime | None, seen: str) -> dict[str, Any]:
    """``seen`` as in ``Seen``: the answer has it, or a while has passed. With ``as_of`` all of it is as it was then, and nothing can be done."""
    await caught_up(services, seen)
    happened = await pages_of(services, "customers", f"/orders/{id}/timeline", "", MOST_PAGES)
    as_of = _since_it_began(as_of, happened["rows"])
    then = stamp(as_of) if as_of else ""
    order, cart, payment, review, shipment, pre_auths = await asyncio.gather(
        services.get("customers", f"/orders/{id}", as_of=then or None),
        services.get("cart", f"/orders/{id}", as_of=then or None),
        _if_any(services, "payments", f"/orders/{id}", **_when(then, _newest(happened["rows"], f"payment-{id}", seen))),
        _if_any(services, "qa", f"/reviews/{id}", as_of=then or None),
        _if_any(services, "fulfillment", f"/shipments/{id}", **_when(then, version_of(seen, f"shipment-{id}"))),
        if_answered(services, "payments", f"/orders/{id}/pre-auths", as_of=then or None),
    )
    order = _as_cart_tells(order, cart["state"]) if then else order
    links, sent = await _links(services, order, then)
    told = story(happened["rows"], then)
    role = None if then else who_is(request).role
    money = paid.told(payment, then or stamp(now(request)))
    held = bool(shipment and shipment.get("held"))
    return {
        "order": order,
        "cart": cart["state"],
        **money,
        "pre_auths": pre_auths["rows"][::-1] if pre_auths else [],
        "review": review,
        "shipment": shipment,
        "story": told,
        "seen_events": sum(not row["later"] for row in told),
        "moments": (moments := sorted({row["time"] for row in told})),
        "seen_moments": sum(each <= then for each in moments),
        "as_of": then,
        "links": links,
        "sent": sent,
        "sources": _SOURCES,
        "may_complete": role in SELLS and _can_be_completed(order),
        "may_go_on": role in SELLS and order["status"] in _CAN_GO_ON and not order["closed"],
        "may_sell": role in SELLS,
        "may_reorder": role in SELLS and order["attempt"] > 0 and not cart["state"]["erased"],
        "voids": _is_authorised(money),
        "may_cancel": role in SETS and not (order["cancelled"] or order["denied"] or order["exported_at"]),
        "may_refund": role in SETS and bool(money["payment"] and money["payment"]["refundable"]),
        "may_settle": role in SETS,
        "may_release": role in SETS and held,
        "may_hold": role in SETS and not held and bool(shipment and shipment["holdable"] and not shipment["cancelled"]),
        "may_recall": role in SETS and _can_be_recalled(shipment),
        "may_ship": role in SETS and bool(shipment and shipment["approved"]),
    }


def _when(then: str, seen: str) -> dict[str, str | None]:
    return {"as_of": then} if then else {"min_version": seen or None}


def _newest(rows: list[dict[str, Any]], stream: str, seen: str) -> str:
    """What has happened to it as far as the timeline knows, or the page has heard: what is told beside it knows that too, or a while has passed. A
    claim changes nothing that is told.
    """
    versions = [row["version"] for row in rows if row["stream"] == stream and not row["type"].endswith("Claimed")]
    if heard := version_of(seen, stream):
        versions.append(int(heard.rpartition("@")[2]))
    return f"{stream}@{max(versions)}" if versions else ""


def _since_it_began(as_of: datetime | None, rows: list[dict[str, Any]]) -> datetime | None:
    """Before its first event there was no order to show."""
    return max(as_of, datetime.fromisoformat(rows[0]["time"])) if as_of and rows else as_of


def _as_cart_tells(order: dict[str, Any], cart: dict[str, Any]) -> dict[str, Any]:
    return {**order, "customer": cart["customer"], "attribution": {name: said for name, said in cart["attribution"].items() if said}}


def _is_authorised(money: dict[str, Any]) -> bool:
    """What is cancelled now is voided, and costs nobody anything."""
    newest = next(iter(money["attempts"]), None)
    return bool(newest and newest["status"] == "authorized" and not money["payment"]["captured"])


def _can_be_recalled(shipment: dict[str, Any] | None) -> bool:
    """Some of it has gone out, and is not on its way yet; nobody waits for an answer."""
    asked = [row for row in (shipment or {}).get("records", ()) if row["status"] == "Pending Shipment"]
    return any(not row["cancel"] or row["cancel"]["state"] != "requested" for row in asked)


def _can_be_completed(order: dict[str, Any]) -> bool:
    """A partial, or what the customer has on the checkout page."""
    on_their_page = order["status"] in _CAN_GO_ON and order["of"] == "customer"
    return (order["status"] == "Partial" or on_their_page) and not order["closed"]


async def _links(services: Services, order: dict[str, Any], then: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The customer's links, newest first, and the message of each that was sent; of then, the links."""
    if not order["link"]:
        return [], {}
    found = await if_answered(services, "cart", f"/orders/{order['order_id']}/links", as_of=then or None)
    messages = None if then else await if_answered(services, "customers", "/messages", order_id=order["order_id"])
    return found["rows"] if found else [], {row["about"]: row for row in messages["rows"]} if messages else {}


async def _if_any(services: Services, service: str, path: str, **query: Any) -> dict[str, Any] | None:
    """None for what is not there yet. Raises Failed."""
    try:
        found: dict[str, Any] = await services.get(service, path, **query)
        return found
    except Failed as error:
        if error.status == 404:
            return None
        raise
