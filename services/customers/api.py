from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, StrictBool

from services.customers import listing
from services.customers.customer import Exempt, customer
from services.customers.erasure import erase
from services.customers.listing import Filters
from services.customers.matches import matches, newest_partial
from services.customers.search import conditions, search
from services.customers.views import notes, orders, profiles
from shared.http import RunningService, Sent
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.kernel.views import Row
from shared.service import Running
from shared.text import Line

router = APIRouter()

_ORDER_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")
_FOUND = 50

Asked = Annotated[str, Query(max_length=255)]
MinVersion = Annotated[str | None, Query(pattern=r"^[a-z]+(-[0-9A-Za-z]+)?@[0-9]{1,9}$")]


class Exemption(BaseModel):
    model_config = ConfigDict(extra="forbid")

    exempt: StrictBool
    certificate: Line = ""


@router.get("/matches")
async def known_customers(service: RunningService, phone: Asked = "", email: Asked = "", order_id: Asked = "") -> dict[str, Any]:
    """Customers who have exactly this phone number, however it is written, or this e-mail: at most 5, for whom an order is rung up.

    ``{"rows": [{"customer_id", "person", "why": of "phone" and "email", "orders": how many, "last_order": {order_id, status, at} or null,
    "partial": the newest, {order_id, at}, or null}]}``. ``order_id`` is left out of all that.
    """
    return {"rows": await matches(service, phone, email, order_id)}


@router.get("/customers")
async def list_customers(service: RunningService, q: Asked = "", partial: bool = False, cursor: str | None = None) -> dict[str, Any]:
    """Those last changed first, 50 a page; with ``q`` (name, phone, e-mail, customer or order id) the first 50 that match, in one page;
    with ``partial`` those of the newest partials.

    ``{"rows": [customer], "next": cursor or null}``; a customer is ``customer_id``, ``person`` {first_name, last_name, phone, email},
    ``billing`` and ``shipping`` {street, unit, city, postal, region, country}, ``created_at``, ``updated_at``, ``erased_at`` or null,
    ``answers`` {order_id, fields} to the custom fields of the newest order that asked any, or null, ``tax`` {exempt, certificate},
    ``particulars`` {birth_date, gender} or null, ``consents`` {do_not_sell, sms_consent: {order_id, at}, those that were given},
    ``orders`` (how many), ``partial`` (the newest, {order_id, at}) or null.
    """
    if partial:
        rows, following = await _with_partials(service, cursor)
    elif q.strip():
        found = [await service.get(profiles, id) for id in await matching(service, q)]
        rows, following = [row for row in found if row], None
    else:
        rows, following = await service.find(profiles, {"listed_at": Range("", None)}, sort="listed_at", descending=True, cursor=cursor)
    return {"rows": [await _counted(service, row) for row in rows], "next": following}


@router.get("/customers/{id}")
async def one_customer(id: str, service: RunningService, cursor: str | None = None, min_version: MinVersion = None) -> dict[str, Any]:
    """A customer as in the list, with ``orders`` {rows, next} as ``GET /orders`` answers them and ``notes`` [{order_id, note, by, at}],
    the newest 50. Once erased, everything personal reads ``Erased``. ``cursor`` is of the orders; ``min_version`` as with an order.
    """
    row = await service.get(profiles, id, min_version)
    if row is None:
        raise NotFound("There is no such customer.")
    found, following = await listing.find(service, Filters(customers=(id,)), cursor)
    said, _ = await service.find(notes, {"customer_id": id}, sort="at", descending=True)
    noted = [{name: note[name] for name in ("order_id", "note", "by", "at")} for note in said]
    return {**_customer(row), "orders": {"rows": await listing.shown(service, found), "next": following}, "notes": noted}


@router.post("/customers/{id}/erase")
async def forget(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Drops the customer's keys, so that everything personal of theirs reads ``Erased`` everywhere; asking again is harmless.

    409 ``order-unfinished`` with ``orders`` [{order_id, status}] while one is Processing, Pending, or Complete and not exported.
    Answers ``{"customer_id", "version"}``; the ``version`` is that of the stream ``customer-<id>``.
    """
    outcome = await erase(service, id, sent)
    return {"customer_id": id, "version": outcome.version}


@router.post("/customers/{id}/tax-exemption")
async def exempt(id: str, body: Exemption, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Their orders are priced without tax from the next change on. Answers ``{"customer_id", "version"}`` of the stream ``customer-<id>``."""
    if not (await service.load(customer, id))[1]:
        raise NotFound("There is no such customer.")
    outcome = await service.execute(customer, id, Exempt(id, body.exempt, body.certificate), sent)
    return {"customer_id": id, "version": outcome.version}


async def order_called(service: Running, q: str) -> Row | None:
    id = q.strip().upper()
    return await service.get(orders, id) if _ORDER_ID.fullmatch(id) else None


async def matching(service: Running, q: str) -> list[str]:
    """Customer ids, the likeliest first."""
    order = await order_called(service, q)
    ids = [order["customer_id"]] if order and order["customer_id"] else []
    ids += [q.strip()] if await service.get(profiles, q.strip(), opened=False) else []
    for where in conditions(q):
        rows, _ = await service.find(search, where, limit=_FOUND, open_fields=False)
        ids += [row["id"] for row in rows]
    return list(dict.fromkeys(ids))[:_FOUND]


async def _with_partials(service: Running, cursor: str | None) -> tuple[list[Row], str | None]:
    partials, following = await listing.find(service, Filters(status="Partial"), cursor)
    ids = dict.fromkeys(row["customer_id"] for row in partials if row["customer_id"])
    found = [await service.get(profiles, id) for id in ids]
    return [row for row in found if row], following


async def _counted(service: Running, row: Row) -> dict[str, Any]:
    count = await service.count(orders, {"customer_id": row["id"]})
    return {**_customer(row), "orders": count, "partial": await newest_partial(service, row["id"])}


def _customer(row: Row) -> dict[str, Any]:
    wanted = ("person", "billing", "shipping", "created_at", "updated_at", "erased_at", "answers", "tax", "particulars", "consents")
    return {"customer_id": row["id"], **{name: row[name] for name in wanted}}
