"""All that is known of a customer, to be handed to them: what customers tells, with what the other services know beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from services.gateway.door import Failed, Services

_AT_ONCE = 10
_SECTIONS = (
    "customer", "billing", "shipping", "lines", "quote", "coupons", "profile", "fields", "notes", "attribution", "particulars", "terms_agreed",
    "call",
)  # fmt: skip
"""Of an order, what is about its customer, and nothing that opens a door."""


async def everything(services: Services, id: str, key: str) -> dict[str, Any]:
    """Recorded before anything is told; all of it, or nothing. Raises Failed."""
    told: dict[str, Any] = await services.post("customers", f"/customers/{id}/export", key=key)
    stored = await services.get("payments", f"/customers/{id}/instruments")
    orders: list[dict[str, Any]] = []
    for first in range(0, len(told["orders"]), _AT_ONCE):
        orders += await asyncio.gather(*(_with_contents(services, order) for order in told["orders"][first : first + _AT_ONCE]))
    return {**told, "orders": orders, "payment_methods": stored["rows"]}


async def _with_contents(services: Services, order: Mapping[str, Any]) -> dict[str, Any]:
    id = order["order_id"]
    cart, shipment = await asyncio.gather(_there(services, "cart", f"/orders/{id}"), _there(services, "fulfillment", f"/shipments/{id}"))
    contents = {name: cart["state"][name] for name in _SECTIONS if name in cart["state"]} if cart else None
    return {**order, "contents": contents, "shipment": shipment}


async def _there(services: Services, service: str, path: str) -> Any:
    """None for what is not there. Raises Failed for what nobody can tell."""
    try:
        return await services.get(service, path)
    except Failed as failed:
        if failed.status == 404:
            return None
        raise
