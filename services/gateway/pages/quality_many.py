"""Many orders approved at once: what that would mean, one confirmation, and what became of each."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from services.gateway.door import REVIEWS, Ask, Failed, Services, allow
from services.gateway.pages.lists import Key
from services.gateway.pages.quality import reviewed, who
from services.gateway.pages.quality_list import Wanted, listed, wanted
from services.gateway.render import page

router = APIRouter(prefix="/quality/many", include_in_schema=False, dependencies=[allow(*REVIEWS)])

Orders = Annotated[str, Form(max_length=12_000)]
"""Ids, with a comma between two."""


@router.post("/sum")
async def sum_of(request: Request, services: Ask, asked: Wanted, orders: Orders = "") -> Response:
    """Of the orders that were picked; where none was, of all that wait and that the list is about."""
    picked = _ids(orders)
    if picked:
        found = await services.post("qa", "/reviews/sum", {"order_ids": picked})
    elif asked.wrong:
        raise Failed(422, {"code": "malformed", "field": "over", "detail": asked.wrong})
    else:
        found = await services.get("qa", "/reviews/sum", **await wanted(services, asked))
    return page(request, "quality_many.html", picked=bool(picked), **found)


@router.post("/approve")
async def approve(request: Request, services: Ask, asked: Wanted, orders: Orders, key: Key) -> Response:
    """Exactly those that the confirmation added up."""
    return await _each(request, services, asked, "approve", orders, key)


@router.post("/undo")
async def undo(request: Request, services: Ask, asked: Wanted, orders: Orders, key: Key) -> Response:
    return await _each(request, services, asked, "undo", orders, key)


async def _each(request: Request, services: Services, asked: Wanted, what: str, orders: str, key: str) -> Response:
    picked = _ids(orders)
    if not picked:
        raise Failed(422, {"code": "missing", "field": "orders", "detail": "Choose an order first."})
    answer = await services.post("qa", f"/reviews/{what}", {"order_ids": picked}, key=key)
    done = [row for row in answer["rows"] if row["done"]]
    if done:
        await reviewed(services, f"review-{done[-1]['order_id']}@{done[-1]['version']}")
    shown: dict[str, Any] = await listed(services, asked, "")
    refused = [row for row in answer["rows"] if not row["done"]]
    told = {"what": what, "done": [row["order_id"] for row in done], "refused": refused, "undo_seconds": answer.get("undo_seconds", 0)}
    return page(request, "quality_many_done.html", **{**who(request), **shown, **told})


def _ids(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (id.strip() for id in text.split(",")))))
