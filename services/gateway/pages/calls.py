"""How a call ends without a sale, which calls are still open, and when their recording pauses."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StrictBool, StringConstraints

from services.gateway.door import SELLS, Ask, allow
from services.gateway.pages.lists import Seen
from services.gateway.pages.order_entry import Key, Version, answered
from services.gateway.show import person
from shared.contracts.cart import Disposition
from shared.ids import OrderId
from shared.money import formatted

router = APIRouter(prefix="/order-entry", include_in_schema=False, dependencies=[allow(*SELLS)])
"""Before Order Entry's own, whose orders have ids where this has a word."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class NoSale(BaseModel):
    model_config = ConfigDict(extra="forbid")

    disposition: Disposition
    note: Note = ""


class Recording(BaseModel):
    model_config = ConfigDict(extra="forbid")

    paused: StrictBool


@router.get("/calls")
async def calls(services: Ask, seen: Seen = "") -> JSONResponse:
    """The asker's own that are still open, newest first: ``{"rows": [{order_id, name, campaign, started_at, updated_at, total}]}``."""
    found = await services.get("cart", "/calls", min_version=seen or None)
    rows = [
        {
            **{name: row[name] for name in ("order_id", "campaign", "started_at", "updated_at")},
            "name": person(row),
            "total": f"{formatted(row['total'], row['currency'])} {row['currency']}",
        }
        for row in found["rows"]
    ]
    return JSONResponse({"rows": rows})


@router.post("/{id}/no-sale")
async def no_sale(request: Request, id: OrderId, body: NoSale, services: Ask, key: Key, version: Version) -> JSONResponse:
    answer = await services.ask("cart", "POST", f"/orders/{id}/no-sale", body.model_dump(), key=key, version=int(version.strip('"')))
    return await answered(request, services, id, answer.status, answer.json())


@router.post("/{id}/recording")
async def recording(id: OrderId, body: Recording, services: Ask, key: Key) -> JSONResponse:
    """While card or bank details are being said, the call must not be recorded. Answers with the version that the order has then."""
    order = await services.post("cart", f"/orders/{id}/recording", body.model_dump(), key=key)
    return JSONResponse({"version": order["version"]})
