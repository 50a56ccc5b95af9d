"""Approvals: prices beyond the limits that agents ask for, and orders that were declined too often, oldest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.overtaken import NEWER
from services.gateway.pages.lists import Key, Seen, heard_of, who_is
from services.gateway.render import page, wants_part
from shared.ids import OrderId
from shared.money import formatted

router = APIRouter(prefix="/approvals", include_in_schema=False, dependencies=[allow(*SETS)])

Line = Annotated[int, Path(ge=1, le=1_000_000)]
_TRIES = 3
_CHANGED = {"code": "changed", "detail": NEWER}


@router.get("")
async def approvals(request: Request, services: Ask, seen: Seen = "") -> Response:
    return page(request, "approvals_list.html" if wants_part(request) else "approvals.html", **await _waiting(request, services, seen))


@router.get("/count")
async def count(request: Request, services: Ask, seen: Seen = "") -> Response:
    """How many wait, for the menu, which does without where nobody can say."""
    try:
        waiting = await _waiting(request, services, seen)
    except Failed:
        waiting = {"prices": [], "blocked": [], "more": False}
    return page(request, "approvals_count.html", **waiting)


@router.post("/{id}/{line}/approve")
async def approve(request: Request, id: OrderId, line: Line, services: Ask, key: Key, asked: Annotated[str, Form(max_length=6000)]) -> Response:
    """``asked`` is what the supervisor saw: nobody approves another price than that."""
    for _ in range(_TRIES):
        order = await services.get("cart", f"/orders/{id}")
        if all(each["line"] != line or what(each) != asked for each in order["overrides"]):
            raise Failed(409, _CHANGED)
        answer = await services.ask("cart", "POST", f"/orders/{id}/overrides/{line}/approve", key=key, version=order["version"])
        done = answer.json()
        if answer.status < 400:
            return await _decided(request, services, id, done, "Approved: the agent sees the new price.")
        if done.get("code") != "stale":
            raise Failed(answer.status, done)
    raise Failed(409, _CHANGED)


@router.post("/{id}/{line}/refuse")
async def refuse(request: Request, id: OrderId, line: Line, services: Ask, key: Key, reason: Annotated[str, Form(max_length=1000)] = "") -> Response:
    if not reason.strip():
        raise Failed(422, {"code": "missing", "field": "reason", "detail": "Say why: the agent reads it."})
    done = await services.post("cart", f"/orders/{id}/overrides/{line}/refuse", {"reason": reason.strip()}, key=key)
    return await _decided(request, services, id, done, "Refused: the agent sees your reason.")


@router.post("/{id}/retry")
async def retry(request: Request, id: OrderId, services: Ask, key: Key) -> Response:
    done = await services.post("cart", f"/orders/{id}/retry", key=key)
    return await _decided(request, services, id, done, "The agent may try again.")


async def _decided(request: Request, services: Services, id: str, done: Mapping[str, Any], words: str) -> Response:
    answer = page(request, "approvals_list.html", **await _waiting(request, services, f"order-{id}@{done['version']}"))
    answer.headers["hx-trigger"] = json.dumps({"toast": {"words": words}})
    return answer


async def _waiting(request: Request, services: Services, seen: str) -> dict[str, Any]:
    """The first 50 of each, once cart's view has seen what the page heard of, or after a while."""
    min_version = ",".join(heard_of(seen, "order")) or None
    prices = await services.get("cart", "/overrides", min_version=min_version)
    blocked = await services.get("cart", "/blocked", min_version=min_version)
    me = who_is(request).actor
    return {
        "prices": [{**row, "what": what(row), "changes": _changes(row), "mine": row["by"] == me} for row in prices["rows"]],
        "blocked": blocked["rows"],
        "more": bool(prices["next"] or blocked["next"]),
    }


def what(row: Mapping[str, Any]) -> str:
    return f"{row['price']}/{row['shipping_price']}/{row['reason']}"


def _changes(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is to change: its name, as asked for, and by the list."""
    named = (("price", "Price"), ("shipping_price", "Shipping"))
    return [
        (title, formatted(row[name], row["currency"]), formatted(row[f"list_{name}"], row["currency"]))
        for name, title in named
        if row[name] is not None
    ]
