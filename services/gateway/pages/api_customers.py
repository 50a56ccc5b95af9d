"""The public API's customers: looked for and at, changed by hand, merged, handed out, erased."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from pydantic import Field, StrictBool

from services.gateway.door import LOOKS_UP, SELLS, SETS, Ask, allow
from services.gateway.handed_out import everything
from services.gateway.pages.api import Body, Key
from services.gateway.pages.entry_customer import CustomerId

router = APIRouter(prefix="/api/v1/customers")

Seen = Annotated[str | None, Query(pattern=r"^customer-\d{10}@\d{1,9}$")]


class NoteIn(Body):
    note: str = Field(max_length=5000)


class ConsentIn(Body):
    """``sms_consent``: SMS may go to the number of their profile. ``do_not_sell``: no marketing e-mail."""

    consent: Literal["sms_consent", "do_not_sell"]
    given: StrictBool


class AliasIn(Body):
    alias: str = Field(pattern=r"^\d{10}$")
    """The number that leads to this customer from then on, or no more."""


@router.get("", dependencies=[allow(*LOOKS_UP, scope="orders:read")])
async def customers(
    services: Ask, q: Annotated[str | None, Query(max_length=255)] = None, partial: bool | None = None, cursor: str | None = None
) -> dict[str, Any]:
    """Those last changed first, 50 a page; with ``q`` (the beginning of a name or e-mail, a phone number, a customer or order id) the first 50 that
    match; with ``partial`` those who have one."""
    return cast(dict[str, Any], await services.get("customers", "/customers", q=q, partial=partial, cursor=cursor))


@router.get("/{id}", dependencies=[allow(*LOOKS_UP, scope="orders:read")])
async def customer(id: CustomerId, services: Ask, cursor: str | None = None, min_version: Seen = None) -> dict[str, Any]:
    """Whichever of their numbers is asked for, ``customer_id`` is the one that stands for them. ``cursor`` is of their orders."""
    return cast(dict[str, Any], await services.get("customers", f"/customers/{id}", cursor=cursor, min_version=min_version))


@router.get("/{id}/duplicates", dependencies=[allow(*LOOKS_UP, scope="orders:read")])
async def duplicates(id: CustomerId, services: Ask) -> dict[str, Any]:
    """Who may be the same person, and ``why`` (phone, email, address)."""
    return cast(dict[str, Any], await services.get("customers", f"/customers/{id}/duplicates"))


@router.post("/{id}/notes", dependencies=[allow(*LOOKS_UP, scope="customers:write")])
async def note(id: CustomerId, body: NoteIn, services: Ask, key: Key) -> dict[str, Any]:
    return await _done(services, id, "notes", body, key)


@router.post("/{id}/consents", dependencies=[allow(*SELLS, scope="customers:write")])
async def consent(id: CustomerId, body: ConsentIn, services: Ask, key: Key) -> dict[str, Any]:
    """Given or taken back outside of an order."""
    return await _done(services, id, "consents", body, key)


@router.post("/{id}/merge", dependencies=[allow(*SETS, scope="customers:write")])
async def merge(id: CustomerId, body: AliasIn, services: Ask, key: Key) -> dict[str, Any]:
    """Two numbers of one person: orders, notes and stored payment methods of both are this customer's. Undone by `unmerge`."""
    return await _done(services, id, "merge", body, key)


@router.post("/{id}/unmerge", dependencies=[allow(*SETS, scope="customers:write")])
async def unmerge(id: CustomerId, body: AliasIn, services: Ask, key: Key) -> dict[str, Any]:
    return await _done(services, id, "unmerge", body, key)


@router.post("/{id}/export", dependencies=[allow(*SETS, scope="customers:export")])
async def export(id: CustomerId, services: Ask, key: Key) -> dict[str, Any]:
    """All that is known of them, under every number: profile, consents, notes, orders with their contents and timeline, messages, payment methods
    without their numbers. Who got it is recorded first."""
    return await everything(services, id, key)


@router.post("/{id}/erase", dependencies=[allow(*SETS, scope="customers:erase")])
async def erase(id: CustomerId, services: Ask, key: Key) -> dict[str, Any]:
    """For good, under every number. 409 `order-unfinished` names the orders that still need to know them."""
    return await _done(services, id, "erase", None, key)


async def _done(services: Ask, id: str, what: str, body: Body | None, key: str) -> dict[str, Any]:
    """``version`` is that of the stream ``customer-<customer_id>``."""
    sent = body.model_dump() if body else None
    return cast(dict[str, Any], await services.post("customers", f"/customers/{id}/{what}", sent, key=key))
