"""Customers over HTTP: looked for, looked at, changed, merged, handed out, forgotten."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from services.customers import listing
from services.customers.api import Asked, MinVersion
from services.customers.customer import Agree, Exempt, HandOut, Note, customer
from services.customers.duplicates import duplicates
from services.customers.erasure import erase
from services.customers.finding import MOST, found_by
from services.customers.handing_out import all_of
from services.customers.listing import Filters
from services.customers.merged import merge, unmerge
from services.customers.people import known, listed, together, whole
from services.customers.profiles import profiles
from shared.aliases import standing
from shared.http import RunningService, Sent
from shared.kernel.commands import Envelope
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.service import Running
from shared.text import Line
from shared.text import Note as Words

router = APIRouter(prefix="/customers")

Number = Annotated[str, Field(pattern=r"^[0-9]{10}$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Exemption(Body):
    exempt: StrictBool
    certificate: Line = ""


class Noted(Body):
    note: Words


class Consents(Body):
    consent: Literal["sms_consent", "do_not_sell"]
    given: StrictBool


class Other(Body):
    """``alias`` is the number that the customer's is to stand for, or stands for no more."""

    alias: Number


@router.get("")
async def list_customers(service: RunningService, q: Asked = "", partial: bool = False, cursor: str | None = None) -> dict[str, Any]:
    """Those last changed first, 50 a page; with ``q`` (name, phone, e-mail, customer or order id) the first 50 that match, in one page;
    with ``partial`` those of the newest partials. Whoever was merged is one of them.

    ``{"rows": [customer], "next": cursor or null}``; a customer is ``customer_id``, ``aliases``, ``person`` {first_name, last_name, phone, email},
    ``billing`` and ``shipping`` {street, unit, city, postal, region, country}, ``created_at``, ``updated_at``, ``erased_at`` or null,
    ``answers`` {order_id, fields} to the custom fields of the newest order that asked any, or null, ``tax`` {exempt, certificate},
    ``particulars`` {birth_date, gender} or null, ``consents`` {do_not_sell, sms_consent: {order_id, at, by where it was given by hand}, those that
    hold}, ``taken_back`` (the others that were given before), ``orders`` (how many), ``partial`` (the newest, {order_id, at}) or null.
    """
    following: str | None = None
    if partial:
        partials, following = await listing.find(service, Filters(status="Partial"), cursor)
        ids = [row["customer_id"] for row in partials if row["customer_id"]]
    elif q.strip():
        ids = await found_by(service, q)
    else:
        where = {"listed_at": Range("", None)}
        rows, following = await service.find(profiles, where, sort="listed_at", descending=True, cursor=cursor, open_fields=False)
        ids = [row["id"] for row in rows]
    return {"rows": await listed(service, ids, MOST), "next": following}


@router.get("/{id}")
async def one_customer(id: str, service: RunningService, cursor: str | None = None, min_version: MinVersion = None) -> dict[str, Any]:
    """A customer as in the list, whichever of their numbers is asked for, with ``orders`` {rows, next} as ``GET /orders`` answers them, ``notes``
    [{order_id (empty: added by hand), note, by, at}], the newest 50, ``addresses`` [{address, used, order_id, at}] that they ordered to,
    ``aliases`` [{customer_id, person, of, by, at}], ``exported`` {by, at} (the last time) or null. Once erased, everything personal reads
    ``Erased``. ``cursor`` is of the orders; ``min_version`` as with an order.
    """
    rows, ids = await known(service, id, min_version)
    found, following = await listing.find(service, Filters(customers=ids), cursor)
    return {**await whole(service, rows, ids), "orders": {"rows": await listing.shown(service, found), "next": following}}


@router.get("/{id}/duplicates")
async def alike(id: str, service: RunningService) -> dict[str, Any]:
    """Who may be the same person: ``{"rows": [customer as in the list, with "why" (of phone, email, address)]}``, at most 10."""
    return {"rows": await duplicates(service, id)}


@router.post("/{id}/notes")
async def note(id: str, body: Noted, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Answers ``{"customer_id", "version"}`` of the stream ``customer-<id>``, as all of these do."""
    whose = await _known(service, id)
    return await _done(service, whose, Note(whose, body.note, sent.actor, sent.now), sent)


@router.post("/{id}/consents")
async def consent(id: str, body: Consents, service: RunningService, sent: Sent) -> dict[str, Any]:
    """What they agree to, or take back, outside of an order; SMS go to the number of their profile."""
    rows, _ = await known(service, id)
    told = together(rows)
    phone = told["person"]["phone"] if told["person"] else ""
    before = told["consents"].get(body.consent, {})
    whose, number = told["customer_id"], before.get("phone", "")
    command = Agree(whose, body.consent, body.given, sent.actor, sent.now, phone, known=bool(before) and number == phone)
    return await _done(service, whose, command, sent)


@router.post("/{id}/tax-exemption")
async def exempt(id: str, body: Exemption, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Their orders are priced without tax from the next change on."""
    whose = await _known(service, id)
    return await _done(service, whose, Exempt(whose, body.exempt, body.certificate), sent)


@router.post("/{id}/merge")
async def take_in(id: str, body: Other, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Whoever asks for ``alias`` finds this customer from then on, with the orders, notes and stored payment methods of both. 409 ``merged`` where it
    belongs to another, ``merging`` where it is taking somebody in at this moment, maybe this very customer.
    """
    whose = await _known(service, id)
    outcome = await merge(service, whose, body.alias, sent)
    return {"customer_id": whose, "version": outcome.version}


@router.post("/{id}/unmerge")
async def let_go(id: str, body: Other, service: RunningService, sent: Sent) -> dict[str, Any]:
    """They are two again, each with their own; notes and consents that were added by hand meanwhile stay with the customer."""
    outcome = await unmerge(service, id, body.alias, sent)
    return {"customer_id": id, "version": outcome.version}


@router.post("/{id}/export")
async def hand_out(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """All that customers knows of them, as JSON, once it is recorded who has got it. 409 ``erased``."""
    rows, ids = await known(service, id)
    await service.execute(customer, ids[0], HandOut(ids[0], sent.actor), sent)
    return await all_of(service, rows, ids)


@router.post("/{id}/erase")
async def forget(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Drops the customer's keys, so that everything personal of theirs reads ``Erased`` everywhere, under each of their numbers; asking again is
    harmless. 409 ``order-unfinished`` with ``orders`` [{order_id, status}] while one is Processing, Pending, or Complete and not exported.
    """
    whose, outcome = await erase(service, id, sent)
    return {"customer_id": whose, "version": outcome.version}


async def _known(service: Running, id: str) -> str:
    """The number that stands for them. Raises NotFound."""
    whose = await standing(service, id)
    if not (await service.load(customer, whose))[1]:
        raise NotFound("There is no such customer.")
    return whose


async def _done(service: Running, id: str, command: Note | Agree | Exempt, sent: Envelope) -> dict[str, Any]:
    outcome = await service.execute(customer, id, command, sent)
    return {"customer_id": id, "version": outcome.version}
