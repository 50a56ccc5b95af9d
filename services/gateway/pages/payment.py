"""What is asked of the vault and the gateways while an order is rung up: pre-authorisations, stored instruments, tokens of bank accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.door import SELLS, Ask, AtDoor, Failed, allow
from services.gateway.pages.order_entry import Key
from shared.ids import OrderId

router = APIRouter(include_in_schema=False)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PreAuth(Body):
    """A token of the vault, or a stored instrument of the order's customer."""

    payment: str = Field(min_length=1, max_length=100)


class Account(Body):
    """Goes straight to the vault; ``routing`` is the nine digits of an ABA routing number."""

    routing: str = Field(repr=False, max_length=32)
    account: str = Field(repr=False, max_length=40)
    kind: Literal["checking", "savings"] = "checking"
    holder: str = Field(default="", max_length=255)


class AccountFor(Account):
    order_id: OrderId


@router.post("/order-entry/{id}/pre-auth", dependencies=[allow(*SELLS)])
async def pre_auth(id: OrderId, body: PreAuth, services: Ask, at: AtDoor, key: Key) -> JSONResponse:
    """One unit of the currency on the gateway of the first chosen offer, given back at once. Answers when the gateway does, or after 20 seconds."""
    state = (await services.get("cart", f"/orders/{id}"))["state"]
    if state["stage"] != "open":
        raise Failed(409, {"code": "not-open", "detail": "This order is not open any more."})
    chosen = [line for line in state["lines"] if line["quantity"]]
    if not chosen:
        detail = "Choose a product first: a pre-authorization goes to its gateway."
        raise Failed(422, {"code": "missing", "field": "lines", "detail": detail})
    campaign = await at.versions.find(services, state["campaign"], state["campaign_version"])
    wanted = {
        "payment": body.payment,
        "gateway": _gateway(campaign, chosen),
        "currency": campaign["currency"],
        "customer_id": state["customer_id"],
    }
    return JSONResponse(await services.post("payments", f"/orders/{id}/pre-auth", wanted, key=key))


def _gateway(campaign: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Of the first chosen offer. Raises Failed where the campaign does not have it any more."""
    product = lines[0]["product"]
    for offer in campaign["offers"]:
        if product == offer["id"] or any(product == variant["id"] for variant in offer["variants"]):
            return str(offer["gateway"])
    detail = "The first product is not in the campaign any more. Take it out."
    raise Failed(422, {"code": "product-gone", "field": f"lines.{product}", "detail": detail})


@router.get("/order-entry/{id}/instruments", dependencies=[allow(*SELLS)])
async def of_order(id: OrderId, services: Ask) -> JSONResponse:
    """What the order's customer may be charged by again; none while nobody known is ordering."""
    customer_id = (await services.get("cart", f"/orders/{id}"))["state"]["customer_id"]
    return JSONResponse(await services.get("payments", f"/customers/{customer_id}/instruments") if customer_id else {"rows": []})
