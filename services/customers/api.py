from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.customers.matches import matches
from shared.http import RunningService

router = APIRouter()

Asked = Annotated[str, Query(max_length=255)]
MinVersion = Annotated[str | None, Query(pattern=r"^[a-z]+(-[0-9A-Za-z]+)?@[0-9]{1,9}$")]


@router.get("/matches")
async def known_customers(service: RunningService, phone: Asked = "", email: Asked = "", order_id: Asked = "") -> dict[str, Any]:
    """Customers who have exactly this phone number, however it is written, or this e-mail: at most 5, for whom an order is rung up.

    ``{"rows": [{"customer_id", "person", "why": of "phone" and "email", "orders": how many, "last_order": {order_id, status, at} or null,
    "partial": the newest, {order_id, at}, or null}]}``. ``order_id`` is left out of all that.
    """
    return {"rows": await matches(service, phone, email, order_id)}
