"""Orders whose money needs somebody to look, longest waiting first, and pre-authorisations that could not be given back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway import paid
from services.gateway.door import LOOKS_UP, SENDS, Ask, Failed, Services, allow
from services.gateway.pages.lists import MOST_PAGES, Cursor, Pages, Seen, heard_of, more, pages_of, seen_there, who_is
from services.gateway.render import page, wants_part

router = APIRouter(prefix="/payments/attention", include_in_schema=False, dependencies=[allow(*SENDS)])

_HERE = "/payments/attention"


@router.get("")
async def attention(request: Request, services: Ask, cursor: Cursor = "", pages: Pages = 1, seen: Seen = "") -> Response:
    template = "attention_list.html" if wants_part(request) else "attention.html"
    return page(request, template, **await _waiting(request, services, cursor, pages, seen))


@router.get("/count")
async def count(request: Request, services: Ask, seen: Seen = "") -> Response:
    """How many wait, for the menu, which does without where nobody can say."""
    try:
        waiting = await _waiting(request, services, "", 1, seen)
    except Failed:
        waiting = {"rows": [], "pre_auths": [], "more": ""}
    return page(request, "attention_count.html", **waiting)


async def _waiting(request: Request, services: Services, cursor: str, pages: int, seen: str) -> dict[str, Any]:
    """Once payments' view has seen what the page heard of, or after a while."""
    await seen_there(services, "payments", "/orders", heard_of(seen, "payment"))
    found = await pages_of(services, "payments", "/attention", cursor, pages)
    return {
        "rows": [paid.waiting(row) for row in found["rows"]],
        "pre_auths": [{**row, "why": paid.why(row["attention"])} for row in found["pre_auths"]],
        "more": more(_HERE, found["next"], cursor, min(pages, MOST_PAGES)),
        "links": who_is(request).role in LOOKS_UP,
    }
