"""A gateway's own list of a day beside ours, and where they differ; as a page, and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from services.gateway.door import OPERATES, Ask, Failed, Services, allow
from services.gateway.pages.forms import refusal
from services.gateway.pages.lists import Text, address
from services.gateway.render import now, page
from shared.ids import PluginName
from shared.money import formatted
from shared.sheets import table

router = APIRouter(prefix="/payments/reconcile", include_in_schema=False, dependencies=[allow(*OPERATES)])

WHY = {
    "missing-here": "They have it, Ringup does not",
    "missing-there": "Ringup has it, they do not",
    "amount": "The amounts differ",
    "status": "The outcomes differ",
}
_COLUMNS = ("reference", "kind", "why", "our_amount", "our_status", "their_amount", "their_status")


@router.get("")
async def reconcile(request: Request, services: Ask, gateway: Text = "", day: Text = "") -> Response:
    """Without a gateway: the form alone."""
    known = (await services.get("payments", "/gateways"))["rows"]
    found, told = None, {"error": "", "errors": {}}
    if gateway:
        try:
            found = _shown(await _compared(services, gateway, _day(day)))
        except Failed as error:
            if error.status >= 500:
                raise
            told = refusal(error)
    return page(
        request, "reconcile.html", gateways=known, gateway=gateway, day=day or now(request).date().isoformat(), found=found, why=WHY,
        files={kind: address(f"/payments/reconcile.{kind}", gateway=gateway, day=day) for kind in ("csv", "json")}, **_wrong(told),
    )  # fmt: skip


def _wrong(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": told["error"], "errors": told["errors"]}


async def _compared(services: Services, gateway: str, day: str) -> dict[str, Any]:
    found: dict[str, Any] = await services.get("payments", f"/gateways/{gateway}/reconcile", day=day)
    return found


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """With amounts for people."""
    rows = [{**row, **{side: _side(row[side]) for side in ("ours", "theirs")}} for row in found["rows"]]
    return {**found, "rows": rows}


def _side(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not told:
        return None
    currency = told.get("currency", "")
    return {**told, "shown": f"{formatted(told['amount'], currency)} {currency}" if currency else str(told["amount"])}


def _day(typed: str) -> str:
    """Raises Failed."""
    try:
        return date.fromisoformat(typed).isoformat()
    except ValueError as error:
        raise Failed(422, {"code": "invalid", "field": "day", "detail": "Enter a day, such as 2026-03-01."}) from error


files = APIRouter(include_in_schema=False, dependencies=[allow(*OPERATES)])


@files.get("/payments/reconcile.json")
async def as_json(services: Ask, gateway: PluginName, day: Text) -> Response:
    name = f"reconcile-{gateway}-{_day(day)}.json"
    return JSONResponse(await _compared(services, gateway, _day(day)), headers=_attached(name))


@files.get("/payments/reconcile.csv")
async def as_csv(services: Ask, gateway: PluginName, day: Text) -> Response:
    found = await _compared(services, gateway, _day(day))
    text = table([_COLUMNS, *map(_told, found["rows"])])
    return Response(text, media_type="text/csv; charset=utf-8", headers=_attached(f"reconcile-{gateway}-{_day(day)}.csv"))


def _told(row: dict[str, Any]) -> Sequence[str | int]:
    ours, theirs = row["ours"] or {}, row["theirs"] or {}
    amounts = (ours.get("amount", ""), ours.get("status", ""), theirs.get("amount", ""), theirs.get("status", ""))
    return (row["reference"], row["kind"], row["why"], *amounts)


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


router.routes += files.routes
