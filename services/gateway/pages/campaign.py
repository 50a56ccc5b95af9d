"""One campaign: its draft as a form, what publishing would change, its versions, and its files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Header, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, JsonValue
from starlette.responses import Response

from services.gateway.addresses import regions
from services.gateway.choices import CONTINENTS, countries, currencies, odd_decimals
from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.entry import script
from services.gateway.pages.campaigns import KINDS
from services.gateway.pages.lists import Key as FormKey
from services.gateway.pages.lists import if_answered, who_is
from services.gateway.pages.order_entry import tried
from services.gateway.render import now, page
from services.gateway.typed import SECTIONS_IN_MONEY, fresh, read, shown
from shared.contracts.catalog import Kind
from shared.http import problem
from shared.letters import LETTERS
from shared.money import formatted

router = APIRouter(prefix="/campaigns/{id}", include_in_schema=False, dependencies=[allow(*SETS)])
places = APIRouter(prefix="/campaigns", include_in_schema=False, dependencies=[allow(*SETS)])

Id = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]
Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100)]
Version = Annotated[str, Header(alias="if-match", pattern=r'^"\d{1,12}"$')]
Table = Literal["offers", "coupons"]
"""What comes and goes as CSV."""


class Words(BaseModel):
    text: Annotated[str, Query(max_length=5000)] = ""


class File(BaseModel):
    """``text`` is the file's bytes as base64."""

    text: str
    dry_run: bool = True


@places.get("/regions")
async def regions_of(country: Annotated[str, Query(max_length=2)] = "") -> JSONResponse:
    """Code and name; empty where the country has none."""
    return JSONResponse([list(each) for each in regions(country)])


@router.get("")
async def form(request: Request, id: Id, services: Ask) -> Response:
    draft = await services.get("catalog", f"/campaigns/{id}/draft")
    return page(request, "campaign.html", id=id, campaign=draft["draft"], **await _choices(request, services, draft["draft"]))


async def _choices(request: Request, services: Services, campaign: Mapping[str, Any]) -> dict[str, Any]:
    """What the form offers to choose from; what nobody can say is left out."""
    directory, gateways, plugins, account = await asyncio.gather(
        if_answered(services, "catalog", "/directory"),
        if_answered(services, "payments", "/gateways"),
        if_answered(services, "fulfillment", "/plugins"),
        if_answered(services, "catalog", "/settings"),
    )
    zone = ZoneInfo(account["settings"]["time_zone"]) if account else UTC
    return {
        "kinds": KINDS,
        "fresh": json.dumps(fresh(campaign["currency"])),
        "decimals": json.dumps(odd_decimals()),
        "today": f"{now(request).astimezone(zone):%Y-%m-%d}",
        "call_centers": [(each["name"], each["name"]) for each in _on(directory, "call_centers")],
        "teams": [each["name"] for each in _on(directory, "teams")],
        "gateways": [(each["name"], f"{each['title']}{'' if each['on'] else ' (off)'}") for each in gateways["rows"]]
        if gateways
        else [("simulator", "simulator")],
        "plugins": [
            ("", "The default of the account"),
            *((each["name"], f"{each['title']}{'' if each['on'] else ' (off)'}") for each in _rows(plugins)),
        ],
        "countries": countries(),
        "continents": CONTINENTS,
        "currencies": currencies(),
        "letters": LETTERS,
    }


def _rows(found: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return found["rows"] if found else ()


@router.get("/draft")
async def draft(id: Id, services: Ask) -> JSONResponse:
    return JSONResponse(_view(await services.get("catalog", f"/campaigns/{id}/draft")))


@router.patch("/draft")
async def save(id: Id, body: dict[str, JsonValue], services: Ask, key: Key, version: Version) -> JSONResponse:
    before = (await services.get("catalog", f"/campaigns/{id}/draft"))["draft"]["currency"]
    currency = str(body.get("currency") or before)
    if currency != before and not all(section in body for section in SECTIONS_IN_MONEY):
        return problem(422, "campaign-invalid", "With another currency every amount has to be sent anew.", "currency")
    changes, wrong = read(body, currency)
    if wrong:
        return problem(422, "campaign-invalid", wrong[0]["detail"], wrong[0]["field"], errors=wrong)
    return await _done(services, id, "PATCH", "/draft", key, version, changes)


@router.post("/publish")
async def publish(id: Id, services: Ask, key: Key, version: Version) -> JSONResponse:
    return await _done(services, id, "POST", "/publish", key, version)


@router.post("/discard")
async def discard(id: Id, services: Ask, key: Key, version: Version) -> JSONResponse:
    return await _done(services, id, "POST", "/discard", key, version)


@router.post("/retire")
async def retire(id: Id, services: Ask, key: FormKey) -> Response:
    await services.post("catalog", f"/campaigns/{id}/retire", key=key)
    return Response(status_code=204, headers={"hx-redirect": f"/campaigns/{id}"})


@router.post("/duplicate")
async def duplicate(id: Id, services: Ask, key: FormKey, kind: Annotated[Kind, Form()], name: Annotated[str, Form(max_length=255)] = "") -> Response:
    made = await services.post("catalog", f"/campaigns/{id}/duplicate", {"kind": kind, "name": name}, key=key)
    return Response(status_code=204, headers={"hx-redirect": f"/campaigns/{made['id']}"})


@router.post("/script")
async def said(request: Request, words: Words) -> JSONResponse:
    """As Order Entry shows it, of somebody's order."""
    return JSONResponse(script(words.text, who_is(request).user, "Customer A", "111.23 USD"))


@router.get("/versions")
async def versions(request: Request, id: Id, services: Ask) -> Response:
    return page(request, "campaign_versions.html", id=id, versions=await services.get("catalog", f"/campaigns/{id}/versions"))


@router.get("/versions/{number}")
async def version(request: Request, id: Id, number: Annotated[int, Path(ge=1, le=10**9)], services: Ask) -> Response:
    found = await services.get("catalog", f"/campaigns/{id}/versions/{number}")
    return page(
        request, "campaign_version.html", id=id, number=number, campaign=found["campaign"], kinds=KINDS, countries=dict(countries()), letters=LETTERS
    )


@router.get("/preview")
async def preview(request: Request, id: Id, services: Ask) -> Response:
    """The draft as an order entry page."""
    draft = await services.get("catalog", f"/campaigns/{id}/draft")
    return await tried(request, services, draft["draft"], f"/campaigns/{id}")


@router.get("/export")
async def export(
    id: Id, services: Ask, format: Literal["json", "yaml"] = "json", version: Annotated[int | None, Query(ge=1, le=10**9)] = None
) -> Response:
    answer = await services.ask("catalog", "GET", f"/campaigns/{id}/export", query={"format": format, "version": version})
    return _file(answer.status, answer.body, f"campaign-{id}{f'-{version}' if version else ''}.{format}")


@router.get("/{table}.csv")
async def rows(id: Id, table: Table, services: Ask) -> Response:
    answer = await services.ask("catalog", "GET", f"/campaigns/{id}/{table}.csv")
    return _file(answer.status, answer.body, f"campaign-{id}-{table}.csv")


@router.post("/{table}.csv")
async def take_rows(id: Id, table: Table, file: File, services: Ask, key: Key, version: Version) -> JSONResponse:
    seen = None if file.dry_run else int(version.strip('"'))
    return JSONResponse(
        await services.post("catalog", f"/campaigns/{id}/{table}.csv", file.model_dump(), key="" if file.dry_run else key, version=seen)
    )


async def _done(services: Services, id: str, method: str, path: str, key: str, version: str, body: Any = None) -> JSONResponse:
    """The draft as it is now, after what was done and after a refusal over a stale version."""
    answer = await services.ask("catalog", method, f"/campaigns/{id}{path}", body, key=key, version=int(version.strip('"')))
    refused = answer.json() if answer.status >= 400 else {}
    if refused and refused.get("code") != "stale":
        raise Failed(answer.status, refused)
    now = _view(await services.get("catalog", f"/campaigns/{id}/draft"))
    return JSONResponse({**refused, "draft": now}, answer.status) if refused else JSONResponse(now)


def _file(status: int, body: bytes, name: str) -> Response:
    if status >= 400:
        raise Failed(status, {"code": "not-found", "detail": "There is no such file."})
    return Response(body, headers={"content-disposition": f'attachment; filename="{name}"'}, media_type="application/octet-stream")


def _view(draft: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: draft[name] for name in ("id", "version", "number", "retired", "status", "problems", "changes")},
        "values": shown(draft["draft"]),
        "before": dict(_before(draft["draft"], draft["published"])),
    }


def _before(campaign: Mapping[str, Any], published: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    """Prices of the published version that the draft changes, by the id of offer or variant."""
    if not published:
        return
    now = dict(_prices(campaign))
    for id, price in _prices(published):
        if id in now and now[id] != price:
            yield id, price


def _prices(campaign: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for offer in campaign["offers"]:
        for each in (offer, *offer["variants"]):
            if each["id"] and each["price"] is not None:
                yield each["id"], formatted(each["price"], campaign["currency"])


def _on(directory: Mapping[str, Any] | None, kind: str) -> list[dict[str, Any]]:
    return [each for each in directory[kind] if each["on"]] if directory else []
