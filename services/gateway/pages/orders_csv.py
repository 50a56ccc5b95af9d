"""The orders that a list shows, all of its pages, as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.pages.lists import who_is
from services.gateway.pages.order_filters import Filters, filters
from services.gateway.render import now
from services.gateway.show import who
from shared.money import formatted
from shared.sheets import table

log = structlog.get_logger()
router = APIRouter(prefix="/orders", include_in_schema=False)

_PAGE = 500
_COLUMNS = (
    "order", "status", "marks", "placed_at", "updated_at", "customer_number", "first_name", "last_name", "phone", "campaign", "agent", "method",
    "card", "currency", "total", "captured", "refunded", "affiliate", "approved_by", "exported_at", "cancelled_because", "again_from",
)  # fmt: skip


@router.get("/export.csv", dependencies=[allow(*SETS)])
async def export(request: Request, services: Ask, wanted: Annotated[Filters, Depends(filters)]) -> Response:
    """Everybody's names and numbers at once: for supervisors. What was erased reads so."""
    asked, wrong = wanted.asked()
    if wrong:
        field, detail = next(iter(wrong.items()))
        raise Failed(422, {"code": "invalid", "field": field, "detail": detail})
    first = await _page(services, asked, None)
    log.info("orders.exported", by=who_is(request).actor, filters=sorted(wanted.said()))
    name = f"orders-{now(request):%Y-%m-%d}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(_lines(services, asked, first), media_type="text/csv; charset=utf-8", headers=headers)


async def _page(services: Services, asked: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    found: dict[str, Any] = await services.get("customers", "/orders", **asked, cursor=cursor, limit=_PAGE, counts=False)
    return found


async def _lines(services: Services, asked: dict[str, Any], found: dict[str, Any]) -> AsyncIterator[str]:
    """A page at a time; where one cannot be had the answer breaks off, so that nobody takes it for whole."""
    yield table([_COLUMNS])
    while True:
        yield table(map(_row, found["rows"]))
        if not found["next"]:
            return
        found = await _page(services, asked, found["next"])


def _row(order: dict[str, Any]) -> Sequence[str]:
    customer, instrument, currency = order["customer"] or {}, order["instrument"], order["currency"]
    money = (formatted(order[name], currency).replace(",", "") if currency else "" for name in ("total", "captured", "refunded"))
    stopped = order["cancelled"] or order["denied"] or {"reason": ""}
    return (
        order["order_id"], order["status"], " ".join(order["marks"]), order["created_at"], order["updated_at"], order["customer_id"] or "",
        *(customer.get(name, "") for name in ("first_name", "last_name", "phone")), order["campaign_name"], who(order["agent"]), order["method"],
        f"{instrument['brand']} {instrument['last4']}" if instrument else "", currency, *money, order["attribution"].get("affiliate", ""),
        who(order["approved_by"]), order["exported_at"] or "", stopped["reason"], order["reorder_of"],
    )  # fmt: skip
