"""Links by which a customer finishes an order: what they will get, sending, taking back, and what became of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints
from starlette.responses import Response

from services.gateway.door import SELLS, Ask, AtDoor, Door, allow
from services.gateway.pages.lists import Seen, caught_up, if_answered
from services.gateway.pages.order_entry import Key, answered, campaign_of
from shared.contracts.cart import Channel, Disposition
from shared.ids import OrderId
from shared.kernel.codec import stamp

router = APIRouter(prefix="/order-entry/{id}/links", include_in_schema=False, dependencies=[allow(*SELLS)])

LinkId = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Hours = Annotated[int, Query(ge=1, le=720)]
Version = Annotated[str, Header(alias="if-match", pattern=r'^("\d{1,12}")?$')]
_USUAL = 72
_NOT_YET = "…"
"""Stands for the token in a preview: nobody has one before the link is made."""


class Wanted(BaseModel):
    """``to`` is empty where it goes to the customer's own e-mail address or phone."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel
    price_lock: StrictBool = False
    hours: Annotated[StrictInt, Field(ge=1, le=720)] = _USUAL
    to: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] = ""
    disposition: Disposition | None = None


@router.get("")
async def links(id: OrderId, services: Ask, at: AtDoor, seen: Seen = "") -> JSONResponse:
    """Newest first: with the address of those that still hold, and ``message``, what became of the mail or SMS. Beside them the order's status and
    stage, where a new one could be sent, and by what (``server``: smtp or outbox; ``plugin``: the one for SMS, or empty)."""
    await caught_up(services, seen)
    found, order = await asyncio.gather(services.get("cart", f"/orders/{id}/links"), services.get("cart", f"/orders/{id}"))
    state = order["state"]
    told = await if_answered(services, "customers", f"/orders/{id}")
    sent = await if_answered(services, "customers", "/messages", order_id=id) or {"rows": [], "server": "outbox", "sms": ""}
    messages = {each["about"]: {"status": each["status"], "reason": each["reason"]} for each in reversed(sent["rows"])}
    return JSONResponse(
        {
            "rows": [
                {
                    **row,
                    "address": _address(at, state["campaign"], row["token"]) if row["status"] in _HOLD else "",
                    "message": messages.get(row["link_id"]),
                }
                for row in found["rows"]
            ],
            "order": told["status"] if told else "",
            "stage": state["stage"],
            "email": state["customer"]["email"],
            "sms": state["customer"]["phone"],
            "server": sent["server"],
            "plugin": sent["sms"],
        }
    )


_HOLD = ("issued", "opened")


@router.post("")
async def issue(request: Request, id: OrderId, body: Wanted, services: Ask, at: AtDoor, key: Key, version: Version = "") -> JSONResponse:
    """Of an open order this is No Sale first. The order as it is then, with the ``link``."""
    wanted = body.model_dump(exclude_none=True)
    answer = await services.ask("cart", "POST", f"/orders/{id}/links", wanted, key=key, version=int(version.strip('"')) if version else None)
    body_of = answer.json()
    order = await answered(request, services, id, answer.status, body_of)
    if answer.status >= 400:
        return order
    link = body_of["link"]
    shown = {**json.loads(bytes(order.body)), "link": {**link, "address": _address(at, link["campaign"], link["token"])}}
    return JSONResponse(shown, 201)


@router.delete("/{link_id}", status_code=204)
async def revoke(id: OrderId, link_id: LinkId, services: Ask, key: Key) -> Response:
    await services.delete("cart", f"/orders/{id}/links/{link_id}", key=key)
    return Response(status_code=204)


@router.get("/preview")
async def preview(
    request: Request, id: OrderId, services: Ask, at: AtDoor, channel: Channel = "copy", price_lock: bool = False, hours: Hours = _USUAL
) -> JSONResponse:  # fmt: skip
    """What the customer would get: ``{subject, text}``; by copy the agent says it."""
    order = await services.get("cart", f"/orders/{id}")
    campaign = await campaign_of(request, services, order)
    quote = order["state"]["quote"] or {"total": 0, "currency": campaign["currency"]}
    about = {
        "channel": "email" if channel == "copy" else channel,
        "shop": campaign["name"],
        "first_name": order["state"]["customer"]["first_name"],
        "order_id": id,
        "address": _address(at, campaign["id"], _NOT_YET),
        "total": quote["total"],
        "currency": quote["currency"],
        "price_lock": price_lock,
        "expires_at": stamp(at.clock() + timedelta(hours=hours)),
        "words": next((_words(letter) for letter in campaign["letters"] if letter["template"] == "draft-link"), {}),
    }
    return JSONResponse(await services.post("customers", "/letters/draft-link", about))


def _words(letter: Mapping[str, str]) -> dict[str, str]:
    return {name: letter[name] for name in ("subject", "text")}


def _address(at: Door, campaign: str, token: str) -> str:
    return f"{at.settings.public_address}/checkout/{campaign}?link={token}"
