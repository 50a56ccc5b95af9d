"""The outbox: messages to customers, what became of each, what it said, and another try."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.gateway.door import SENDS, SETS, Ask, Services, allow
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, address, caught_up, more, pages_of, who_is
from services.gateway.render import page, wants_part
from shared.letters import LETTERS

router = APIRouter(prefix="/outbox", include_in_schema=False, dependencies=[allow(*SENDS)])

Status = Literal["", "Waiting", "Failed", "Sent", "Stopped"]
TITLES: dict[str, str] = {"consent": "Consent to SMS"} | {str(template): kind.title for template, kind in LETTERS.items()}
STATUSES: tuple[Status, ...] = ("Waiting", "Failed", "Sent", "Stopped")
MessageId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("")
async def outbox(request: Request, services: Ask, status: Status = "", cursor: Cursor = "", pages: Pages = 1, seen: Seen = "") -> Response:
    await caught_up(services, seen)
    found = await pages_of(services, "customers", "/messages", cursor, pages, status=status or None)
    tabs = [("All", address("/outbox"), None, not status)]
    tabs += [(name, address("/outbox", status=name), found["counts"][name], name == status) for name in STATUSES]
    return page(
        request,
        "outbox_list.html" if wants_part(request) else "outbox.html",
        chosen=status,
        titles=TITLES,
        rows=[_shown(request, row) for row in found["rows"]],
        server=found["server"],
        sms=found["sms"],
        tabs=tabs,
        cursor=cursor,
        here=address("/outbox", status=status, cursor=cursor, pages=pages),
        newest=address("/outbox", status=status),
        more=more("/outbox", found["next"], cursor, pages, status=status),
        reads=_reads(request),
    )


@router.get("/{id}", dependencies=[allow(*SETS)])
async def one(request: Request, id: MessageId, services: Ask, seen: Seen = "") -> Response:
    """What it says, to those who may know customers."""
    return await _one(request, services, id, seen)


@router.post("/{id}/retry")
async def retry(request: Request, id: MessageId, services: Ask, key: Key) -> Response:
    seen = await _done(services, id, "retry", key)
    if _reads(request) and request.headers.get("hx-target") == "message":
        return await _one(request, services, id, seen)
    found = await services.get("customers", f"/messages/{id}", min_version=seen)
    return page(request, "outbox_row.html", each=_shown(request, found), titles=TITLES, reads=_reads(request))


@router.post("/{id}/resend", dependencies=[allow(*SETS)])
async def resend(request: Request, id: MessageId, services: Ask, key: Key) -> Response:
    return await _one(request, services, id, await _done(services, id, "resend", key))


@router.post("/{id}/stop", dependencies=[allow(*SETS)])
async def stop(request: Request, id: MessageId, services: Ask, key: Key) -> Response:
    return await _one(request, services, id, await _done(services, id, "stop", key))


async def _done(services: Services, id: str, what: str, key: str) -> str:
    """What the page wants to see then."""
    done = await services.post("customers", f"/messages/{id}/{what}", key=key)
    return f"message-{id}@{done['version']}"


async def _one(request: Request, services: Services, id: str, seen: str) -> Response:
    await caught_up(services, seen)
    found = await services.get("customers", f"/messages/{id}")
    return page(request, "outbox_message_part.html" if wants_part(request) else "outbox_message.html", each=found, titles=TITLES)


def _reads(request: Request) -> bool:
    return who_is(request).role in SETS


def _shown(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """Those who run the installation see that something goes to somebody, not to whom."""
    return row if _reads(request) else {**row, "to": masked(row["to"])}


def masked(to: str) -> str:
    name, at, domain = to.rpartition("@")
    return f"{name[:1]}…@{domain}" if at else f"…{to[-2:]}" if to[-2:].isdigit() else to
