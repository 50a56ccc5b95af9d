"""Customers: search, profile, and forgetting somebody who asks for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, allow
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, Text, address, caught_up, more, pages_of, who_is
from services.gateway.render import page, wants_part

router = APIRouter(prefix="/customers", include_in_schema=False)

CustomerId = Annotated[str, Path(pattern=r"^\d{10}$")]


@router.get("", dependencies=[allow(*LOOKS_UP)])
async def customers(request: Request, services: Ask, q: Text = "", cursor: Cursor = "", pages: Pages = 1, seen: Seen = "") -> Response:
    await caught_up(services, seen)
    q = q.strip()
    found = await pages_of(services, "customers", "/customers", cursor, pages, q=q)
    return page(
        request,
        "customers_list.html" if wants_part(request) else "customers.html",
        q=q,
        cursor=cursor,
        rows=found["rows"],
        here=address("/customers", q=q, cursor=cursor, pages=pages),
        newest=address("/customers", q=q),
        more=more("/customers", found["next"], cursor, pages, q=q),
        sells=who_is(request).role in SELLS,
    )


@router.get("/{id}", dependencies=[allow(*LOOKS_UP)])
async def profile(request: Request, id: CustomerId, services: Ask, seen: Seen = "") -> Response:
    await caught_up(services, seen)
    mine = seen if seen.startswith("customer-") else None
    return await _profile(request, services, id, "customer_part.html" if wants_part(request) else "customer.html", mine)


@router.post("/{id}/erase", dependencies=[allow(*SETS)])
async def erase(request: Request, id: CustomerId, services: Ask, key: Key) -> Response:
    done = await services.post("customers", f"/customers/{id}/erase", key=key)
    return await _profile(request, services, id, "customer_part.html", f"customer-{id}@{done['version']}")


@router.post("/{id}/tax-exemption", dependencies=[allow(*SETS)])
async def exempt(request: Request, id: CustomerId, services: Ask, key: Key, certificate: Annotated[str, Form(max_length=255)] = "") -> Response:
    """With a certificate they pay no tax, without one they do again."""
    body = {"exempt": bool(certificate.strip()), "certificate": certificate}
    done = await services.post("customers", f"/customers/{id}/tax-exemption", body, key=key)
    return await _profile(request, services, id, "customer_part.html", f"customer-{id}@{done['version']}")


async def _profile(request: Request, services: Ask, id: str, template: str, seen: str | None) -> Response:
    found = await services.get("customers", f"/customers/{id}", min_version=seen)
    may_change = who_is(request).role in SETS and not found["erased_at"]
    return page(request, template, customer=found, may_change=may_change)
