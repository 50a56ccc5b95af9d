"""What the palette finds as somebody types: their calls, orders, customers, campaigns and offers, as far as they may open them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.gateway.door import LOOKS_UP, SELLS, SETS, SIGNED_IN, Ask, AtDoor, Failed, Services
from services.gateway.pages.lists import who_is
from services.gateway.pages.order_entry import phone_campaigns, theirs
from services.gateway.sessions import Session
from services.gateway.show import person
from services.gateway.versions import Versions
from shared.money import formatted

router = APIRouter(include_in_schema=False, dependencies=[SIGNED_IN])

Rows = list[dict[str, Any]]
_AMONG_ALL, _ALONE = 5, 20
_SHORTEST = 2
"""So many characters are looked for among everything."""


@router.get("/palette")
async def palette(request: Request, services: Ask, at: AtDoor, q: Annotated[str, Query(max_length=255)] = "") -> JSONResponse:
    """``{"rows": [{kind, title, sub, href}], "silent": [kind]}``: ``kind`` is call, order, customer, campaign or offer, ``silent`` are those that
    could not be looked for just now. ``q`` may begin with what is looked for: ``#`` order, ``@`` customer, ``$`` catalog."""
    session = who_is(request)
    prefix, words = (q[:1], q[1:].strip()) if q[:1] in ("#", "@", "$", ">") else ("", q.strip())
    searches: dict[str, Any] = {}
    if session.role in SELLS and not prefix:
        searches["call"] = _calls(services, words)
    if session.role in LOOKS_UP and _looks(prefix, "#", words):
        searches["order"] = _orders(services, words)
    if session.role in LOOKS_UP and _looks(prefix, "@", words):
        searches["customer"] = _customers(services, words)
    if session.role in SELLS and _looks(prefix, "$", words):
        searches["campaign"] = _catalog(services, at.versions, session, words)
    found = await asyncio.gather(*searches.values(), return_exceptions=True)
    return JSONResponse(_told(dict(zip(searches, found, strict=True)), _ALONE if prefix else _AMONG_ALL))


def _looks(prefix: str, own: str, words: str) -> bool:
    return prefix == own or (not prefix and len(words) >= _SHORTEST)


def _told(found: Mapping[str, Rows | BaseException], most: int) -> dict[str, Any]:
    rows: Rows = []
    silent = []
    for kind, each in found.items():
        if isinstance(each, Failed):
            silent.append(kind)
        elif isinstance(each, BaseException):
            raise each
        else:
            rows += each[:most]
    return {"rows": rows, "silent": silent}


async def _calls(services: Services, words: str) -> Rows:
    """Their own that are still open."""
    found = await services.get("cart", "/calls")
    return [
        {"kind": "call", "title": f"Resume call with {person(row)}", "sub": row["started_at"], "href": f"/order-entry/{row['order_id']}"}
        for row in found["rows"]
        if words.casefold() in f"resume call with {person(row)} {row['order_id']}".casefold()
    ]


async def _orders(services: Services, words: str) -> Rows:
    found = await services.get("customers", "/orders", q=words)
    return [
        {
            "kind": "order",
            "title": person(row["customer"]),
            "id": row["order_id"],
            "sub": f"{row['status']} · {_money(row)}" if row["currency"] else row["status"],
            "href": f"/orders/{row['order_id']}",
        }
        for row in found["rows"]
    ]


def _money(row: Mapping[str, Any]) -> str:
    return f"{formatted(row['total'], row['currency'])} {row['currency']}"


async def _customers(services: Services, words: str) -> Rows:
    found = await services.get("customers", "/customers", q=words)
    return [
        {
            "kind": "customer",
            "title": person(row["person"]),
            "id": row["customer_id"],
            "sub": row["person"]["phone"] or row["person"]["email"],
            "href": f"/customers/{row['customer_id']}",
        }
        for row in found["rows"]
        if not row["erased_at"]
    ]


async def _catalog(services: Services, versions: Versions, session: Session, words: str) -> Rows:
    """Campaigns by name, number, SKU or coupon, then offers by name or SKU: where they are edited, or for an agent where they are sold."""
    edits = session.role in SETS
    sold = theirs(await phone_campaigns(services), session)
    if edits:
        named = (await services.get("catalog", "/campaigns", q=words))["rows"]
    else:
        named = [row for row in sold if words.casefold() in row["name"].casefold() or words == row["id"]]
    rows = [{"kind": "campaign", "title": row["name"], "id": row["id"], "sub": row["currency"], "href": _place(row["id"], edits)} for row in named]
    return [*rows[:_AMONG_ALL], *(await _offers(services, versions, sold, edits, words)), *rows[_AMONG_ALL:]]


async def _offers(services: Services, versions: Versions, sold: Sequence[Mapping[str, Any]], edits: bool, words: str) -> Rows:
    rows: Rows = []
    for row in sold[:_ALONE] if len(words) >= _SHORTEST else ():
        campaign = await versions.find(services, row["id"], row["number"])
        rows += [
            {
                "kind": "offer",
                "title": offer["name"],
                "id": offer["sku"],
                "sub": f"{row['name']} · {formatted(offer['price'], campaign['currency'])} {campaign['currency']}",
                "href": _place(row["id"], edits) + ("#offers" if edits else ""),
            }
            for offer in campaign["offers"]
            if words.casefold() in f"{offer['name']} {offer['sku']}".casefold()
        ][:_AMONG_ALL]
    return rows[:_AMONG_ALL]


def _place(campaign: str, edits: bool) -> str:
    return f"/campaigns/{campaign}" if edits else f"/order-entry?campaign={quote(campaign)}"
