"""How gateways do: what they approved, how long they took, and what they have not said."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway.door import SENDS, Ask, allow
from services.gateway.render import page, wants_part

router = APIRouter(prefix="/payments/gateways", include_in_schema=False, dependencies=[allow(*SENDS)])


@router.get("")
async def health(request: Request, services: Ask) -> Response:
    found = await services.get("payments", "/gateways/health")
    return page(request, "gateways_health_list.html" if wants_part(request) else "gateways_health.html", rows=found["rows"])
