"""Customers: search, profile, what is changed about them by hand, merging, handing out, and forgetting somebody who asks for it."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, Failed, allow
from services.gateway.handed_out import everything
from services.gateway.pages.entry_customer import CustomerId
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, Text, address, caught_up, if_answered, more, pages_of, who_is
from services.gateway.render import page, wants_part

router = APIRouter(prefix="/customers", include_in_schema=False)

_DIGITS = 10

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
    return await _profile(request, services, id, "customer_part.html" if wants_part(request) else "customer.html")


@router.post("/{id}/notes", dependencies=[allow(*LOOKS_UP)])
async def note(request: Request, id: CustomerId, services: Ask, key: Key, note: Annotated[str, Form(max_length=5000)] = "") -> Response:
    return await _changed(request, services, id, "notes", {"note": note}, key)


@router.post("/{id}/consents", dependencies=[allow(*SELLS)])
async def consent(
    request: Request, id: CustomerId, services: Ask, key: Key, consent: Annotated[Literal["sms_consent", "do_not_sell"], Form()],
    given: Annotated[bool, Form()],
) -> Response:  # fmt: skip
    return await _changed(request, services, id, "consents", {"consent": consent, "given": given}, key)


@router.post("/{id}/tax-exemption", dependencies=[allow(*SETS)])
async def exempt(request: Request, id: CustomerId, services: Ask, key: Key, certificate: Annotated[str, Form(max_length=255)] = "") -> Response:
    """With a certificate they pay no tax, without one they do again."""
    return await _changed(request, services, id, "tax-exemption", {"exempt": bool(certificate.strip()), "certificate": certificate}, key)


@router.post("/{id}/merge", dependencies=[allow(*SETS)])
async def merge(request: Request, id: CustomerId, services: Ask, key: Key, alias: Annotated[str, Form(max_length=40)] = "") -> Response:
    number = alias.strip()
    if not (number.isascii() and number.isdigit() and len(number) == _DIGITS):
        raise Failed(422, {"code": "invalid", "field": "alias", "detail": f"A customer number has {_DIGITS} digits, and is on their page."})
    return await _changed(request, services, id, "merge", {"alias": number}, key)


@router.post("/{id}/unmerge", dependencies=[allow(*SETS)])
async def unmerge(request: Request, id: CustomerId, services: Ask, key: Key, alias: Annotated[str, Form(pattern=r"^\d{10}$")]) -> Response:
    return await _changed(request, services, id, "unmerge", {"alias": alias}, key)


@router.post("/{id}/erase", dependencies=[allow(*SETS)])
async def erase(request: Request, id: CustomerId, services: Ask, key: Key) -> Response:
    return await _changed(request, services, id, "erase", None, key)


@router.post("/{id}/export", dependencies=[allow(*SETS)])
async def export(id: CustomerId, services: Ask, key: Key) -> Response:
    """A file of all that is known of them."""
    told = await everything(services, id, key)
    named = {"content-disposition": f'attachment; filename="customer-{id}.json"', "cache-control": "no-store"}
    return Response(json.dumps(told, indent=2, ensure_ascii=False), headers=named, media_type="application/json")


@router.post("/{id}/instruments/{instrument}/remove", dependencies=[allow(*SELLS)])
async def remove_instrument(request: Request, id: CustomerId, instrument: Instrument, services: Ask, key: Key) -> Response:
    await services.delete("payments", f"/customers/{id}/instruments/{instrument}", key=key)
    return await _profile(request, services, id, "customer_part.html", None)


async def _changed(request: Request, services: Ask, id: str, what: str, body: dict[str, object] | None, key: str) -> Response:
    """Their page once it has seen what was recorded."""
    done = await services.post("customers", f"/customers/{id}/{what}", body, key=key)
    return await _profile(request, services, id, "customer_part.html", f"customer-{done['customer_id']}@{done['version']}")


async def _profile(request: Request, services: Ask, id: str, template: str, seen: str | None = None) -> Response:
    """Of a number that another one stands for, the way there."""
    found = await services.get("customers", f"/customers/{id}", min_version=seen)
    if found["customer_id"] != id:
        place = f"/customers/{found['customer_id']}"
        return Response(headers={"hx-redirect": place}) if wants_part(request) else RedirectResponse(place, 303)
    kept, alike = (None, None) if found["erased_at"] else await _beside(services, id)
    role, there = who_is(request).role, not found["erased_at"]
    return page(
        request,
        template,
        customer=found,
        instruments=kept["rows"] if kept else None,
        alike=alike["rows"] if alike else [],
        may_change=role in SETS and there,
        may_note=there,
        may_ask=role in SELLS and there,
        sells=role in SELLS,
    )


async def _beside(services: Ask, id: str) -> tuple[dict[str, list[dict[str, object]]] | None, dict[str, list[dict[str, object]]] | None]:
    """What is stored for them, and who else may be them."""
    kept = if_answered(services, "payments", f"/customers/{id}/instruments")
    kept_now, alike = await asyncio.gather(kept, if_answered(services, "customers", f"/customers/{id}/duplicates"))
    return kept_now, alike
