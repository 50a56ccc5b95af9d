"""Customers: search, profile, and forgetting somebody who asks for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, allow
from services.gateway.pages.entry_customer import CustomerId
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, Text, address, caught_up, if_answered, more, pages_of, who_is
from services.gateway.render import page, wants_part

router = APIRouter(prefix="/customers", include_in_schema=False)

Instrument = Annotated[str, Path(max_length=100, pattern=r"^ins_[0-9A-Za-z_=-]+$")]


@router.get("", dependencies=[allow(*LOOKS_UP)])
async def customers(
    request: Request, services: Ask, q: Text = "", partial: bool = False, cursor: Cursor = "", pages: Pages = 1, seen: Seen = ""
) -> Response:  # fmt: skip
    """``partial``: those who have one, whatever ``q`` says."""
    await caught_up(services, seen)
    q = "" if partial else q.strip()
    asked = {"q": q, "partial": "true" if partial else ""}
    found = await pages_of(services, "customers", "/customers", cursor, pages, q=q, partial=partial or None)
    return page(
        request,
        "customers_list.html" if wants_part(request) else "customers.html",
        q=q,
        partial=partial,
        all=address("/customers", q=q),
        cursor=cursor,
        rows=found["rows"],
        here=address("/customers", **asked, cursor=cursor, pages=pages),
        newest=address("/customers", **asked),
        more=more("/customers", found["next"], cursor, pages, **asked),
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


@router.post("/{id}/instruments/{instrument}/remove", dependencies=[allow(*SELLS)])
async def remove_instrument(request: Request, id: CustomerId, instrument: Instrument, services: Ask, key: Key) -> Response:
    await services.delete("payments", f"/customers/{id}/instruments/{instrument}", key=key)
    return await _profile(request, services, id, "customer_part.html", None)


async def _profile(request: Request, services: Ask, id: str, template: str, seen: str | None) -> Response:
    found = await services.get("customers", f"/customers/{id}", min_version=seen)
    kept = None if found["erased_at"] else await if_answered(services, "payments", f"/customers/{id}/instruments")
    role = who_is(request).role
    return page(
        request,
        template,
        customer=found,
        instruments=kept["rows"] if kept else None,
        may_change=role in SETS and not found["erased_at"],
        sells=role in SELLS,
    )
