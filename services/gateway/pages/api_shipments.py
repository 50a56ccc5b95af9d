"""The public API's shipments: where an order goes, for whoever ships what ``ringup.qa`` has approved."""

from __future__ import annotations

import uuid
from typing import Any, cast

from fastapi import APIRouter

from services.gateway.door import LOOKS_UP, Ask, allow
from shared.ids import OrderId

router = APIRouter(prefix="/api/v1/shipments")


@router.get("/{id}", dependencies=[allow(*LOOKS_UP, scope="shipments:read")])
async def shipment(id: OrderId, services: Ask) -> dict[str, Any]:
    """Name, phone, e-mail and address, and what is to be shipped by which plugin. Who asked is written into the order's history first.

    Ship it only where it is `approved`, and neither `held` nor `cancelled`. 404 until there is something to ship: ask again a moment later.
    """
    return cast(dict[str, Any], await services.post("fulfillment", f"/shipments/{id}/hand-out", key=uuid.uuid4().hex))
