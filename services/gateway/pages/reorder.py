"""An order rung up again: a new one for the same customer, with its lines at today's list price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from services.gateway.door import SELLS, Ask, Failed, Services, allow
from services.gateway.entry import shelf
from services.gateway.pages.lists import Key, address, who_is
from services.gateway.pages.order_entry import may_sell
from shared.ids import OrderId

router = APIRouter(prefix="/orders/{id}", include_in_schema=False, dependencies=[allow(*SELLS)])

_SAME = ("customer", "customer_id", "billing", "shipping", "shipping_same")
_LINE = "lines."


@router.post("/reorder")
async def reorder(
    request: Request, id: OrderId, services: Ask, key: Key, method: Annotated[Literal["", "external"], Form()] = ""
) -> Response:  # fmt: skip
    """Prices that were changed, coupons and notes stay behind. ``external``: the goods are sent again, and nobody pays."""
    before = (await services.get("cart", f"/orders/{id}"))["state"]
    session = who_is(request)
    if before["erased"]:
        raise Failed(409, {"code": "erased", "detail": "This customer was erased: there is nobody to send anything to."})
    await may_sell(services, session, before["campaign"])
    campaign = await _sold_now(services, before["campaign"])
    if method and method not in campaign["methods"]:
        raise Failed(422, {"code": "method", "field": "method", "detail": f"{campaign['name']} takes no external payment."})
    sold = {choice["id"] for group in shelf(campaign) for offer in group["offers"] for choice in offer["choices"]}
    lines = [{"product": line["product"], "quantity": line["quantity"]} for line in before["lines"] if line["quantity"] and line["product"] in sold]
    profile = before["profile"] if any(each["id"] == before["profile"] for each in campaign["profiles"]) else ""
    order = {name: before[name] for name in _SAME} | {"campaign": before["campaign"], "profile": profile, "reorder_of": id}
    made = await _started(services, order | {"call_center": session.call_center, "team": session.team}, lines, key)
    return Response(status_code=204, headers={"hx-redirect": address(f"/order-entry/{made['order_id']}", pay=method)})


async def _sold_now(services: Services, campaign: str) -> Mapping[str, Any]:
    found = await services.get("catalog", f"/campaigns/{campaign}")
    if found["retired"]:
        raise Failed(409, {"code": "retired", "detail": f"{found['campaign']['name']} is retired, and nothing of it is sold any more."})
    return found["campaign"]  # type: ignore[no-any-return]


async def _started(services: Services, order: dict[str, Any], lines: list[dict[str, Any]], key: str) -> Any:
    """Without the lines that can't be ordered so any more: of an offer whose limits have changed."""
    try:
        return await services.post("cart", "/orders", {**order, "lines": lines}, key=key)
    except Failed as refused:
        wrong = {str(each.get("field", "")).removeprefix(_LINE) for each in refused.problem.get("errors", ())}
        kept = [line for line in lines if line["product"] not in wrong]
        if len(kept) == len(lines):
            raise
        return await services.post("cart", "/orders", {**order, "lines": kept}, key=key)
