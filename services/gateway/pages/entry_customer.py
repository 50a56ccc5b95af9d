"""Who calls, and where they live: known customers while somebody types, their profile in the form, addresses by country and in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.gateway.addresses import Unreadable, parts, read_line, regions
from services.gateway.door import SELLS, Ask, Failed, Services, allow
from services.gateway.pages.lists import Text
from services.gateway.render import page
from shared.ids import OrderId

router = APIRouter(prefix="/order-entry", include_in_schema=False, dependencies=[allow(*SELLS)])
"""Before Order Entry's own, whose orders have ids where this has a word."""

CustomerId = Annotated[str, Path(pattern=r"^\d{10}$")]

Section = Literal["billing", "shipping"]


class OneLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=1000)
    country: str = Field(default="US", max_length=2)


@router.get("/regions")
async def fields(request: Request, country: Annotated[str, Query(max_length=2)], section: Section = "billing") -> Response:
    """The fields of an address as the country has them."""
    return page(request, "order_entry_address.html", section=section, value={}, parts=parts(country), regions=regions(country))


@router.post("/address")
async def one_line(body: OneLine) -> JSONResponse:
    if body.country not in ("", "US"):
        raise Failed(422, {"code": "unreadable", "field": "text", "detail": "Only addresses in the United States are read from one line."})
    try:
        return JSONResponse(asdict(read_line(body.text)))
    except Unreadable as unreadable:
        raise Failed(422, {"code": "unreadable", "field": "text", "detail": str(unreadable)}) from unreadable


@router.get("/{id}/matches")
async def matches(request: Request, id: OrderId, services: Ask, phone: Text = "", email: Text = "") -> Response:
    """Customers with this phone number or e-mail address, and why."""
    asked = {"phone": phone.strip(), "email": email.strip()}
    found = await services.get("customers", "/matches", **asked, order_id=id) if any(asked.values()) else {"rows": []}
    return page(request, "order_entry_matches.html", rows=found["rows"])


@router.get("/{id}/known/{customer}")
async def known(id: OrderId, customer: CustomerId, services: Ask) -> JSONResponse:
    """What a profile fills into the form."""
    return JSONResponse(await kept_of(services, customer))


async def kept_of(services: Services, customer: str) -> dict[str, Any]:
    """The sections of an order that a profile knows; nothing of somebody who was erased. Raises Failed."""
    found = await services.get("customers", f"/customers/{customer}")
    if found["erased_at"]:
        raise Failed(409, {"code": "erased", "detail": "This customer was erased. Begin without a profile."})
    kept = {name: found[name] for name in ("billing", "shipping") if found[name]}
    person = {"customer": found["person"]} if found["person"] else {}
    said = {"particulars": found["particulars"]} if found.get("particulars") else {}
    return {**kept, **person, **said, "customer_id": found["customer_id"], "shipping_same": kept.get("billing") == kept.get("shipping")}


async def left_out(services: Services, state: Mapping[str, Any]) -> list[str]:
    """Names of what the order before had, and this one began without."""
    if not state.get("reorder_of"):
        return []
    before = (await services.get("cart", f"/orders/{state['reorder_of']}"))["state"]
    there = {line["product"] for line in state["lines"]}
    return [line["name"] for line in (before["quote"] or {"lines": ()})["lines"] if line["product"] not in there]
