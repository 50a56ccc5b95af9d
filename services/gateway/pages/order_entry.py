from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue
from starlette.responses import RedirectResponse, Response

from services.gateway.door import SELLS, Ask, Failed, Services, allow, session_of
from services.gateway.entry import country_name, regions, view, words
from services.gateway.render import page
from services.gateway.sessions import Session
from shared.ids import OrderId

router = APIRouter(include_in_schema=False, dependencies=[allow(*SELLS)])

Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100)]
Version = Annotated[str, Header(alias="if-match", pattern=r'^"\d{1,12}"$')]
Body = dict[str, JsonValue]
_NOBODY = {"first_name": "", "last_name": "", "phone": "", "email": ""}
_NOWHERE = {"street": "", "unit": "", "city": "", "postal": "", "region": "", "country": ""}


@router.get("/order-entry")
async def new(request: Request, services: Ask, campaign: str = "", source: OrderId | Literal[""] = "") -> Response:
    """An order not started: the page starts it. ``source`` is the order that was rung up before the campaign was changed."""
    listed = (await services.get("catalog", "/campaigns", listed="phone"))["rows"]
    if not listed:
        return page(request, "order_entry_none.html")
    chosen = next((row for row in listed if row["id"] == campaign), listed[0])
    version = await services.get("catalog", f"/campaigns/{chosen['id']}")
    state = await _blank(services, version["campaign"], source)
    return _page(request, listed, version["campaign"], version["number"], view("", 0, state, version["campaign"], _who(request).user))


@router.get("/order-entry/regions")
async def region_options(request: Request, country: str, section: str = "billing") -> Response:
    return page(request, "order_entry_region.html", country=country, section=section, value="", regions=regions(country), words=words(country))


@router.get("/order-entry/{id}")
async def one(request: Request, id: OrderId, services: Ask) -> Response:
    order = await services.get("cart", f"/orders/{id}")
    if order["state"]["stage"] == "closed":
        return RedirectResponse(f"/orders/{id}", 303)
    listed = (await services.get("catalog", "/campaigns", listed="phone"))["rows"]
    campaign, number = await _campaign(services, order)
    shown = view(id, order["version"], order["state"], campaign, _who(request).user)
    return _page(request, listed, campaign, number, shown, _declines(order["state"]))


@router.post("/order-entry")
async def start(request: Request, body: Body, services: Ask, key: Key) -> JSONResponse:
    session = _who(request)
    order = await services.post("cart", "/orders", {**body, "call_center": session.call_center, "team": session.team}, key=key)
    return await _answer(request, services, order)


@router.post("/order-entry/{id}/changes")
async def change(request: Request, id: OrderId, body: Body, services: Ask, key: Key, version: Version) -> JSONResponse:
    answer = await services.ask("cart", "POST", f"/orders/{id}/changes", body, key=key, version=int(version.strip('"')))
    return await _answered(request, services, id, answer.status, answer.json())


@router.post("/order-entry/{id}/submit")
async def submit(request: Request, id: OrderId, body: Body, services: Ask, key: Key, version: Version) -> JSONResponse:
    answer = await services.ask("cart", "POST", f"/orders/{id}/submit", body, key=key, version=int(version.strip('"')))
    return await _answered(request, services, id, answer.status, answer.json())


@router.get("/order-entry/{id}/status")
async def status(request: Request, id: OrderId, services: Ask) -> JSONResponse:
    """Where a submitted order stands: ``waiting``, ``unknown`` while the gateway has not said, ``accepted``, or ``open`` again after a decline."""
    order = await services.get("cart", f"/orders/{id}")
    state = order["state"]
    if state["stage"] == "closed":
        return JSONResponse({"outcome": "accepted"})
    if state["stage"] == "open":
        campaign, _ = await _campaign(services, order)
        panel = page(request, "order_entry_declined.html", attempts=_declines(state), currency=campaign["currency"])
        shown = view(id, order["version"], state, campaign, _who(request).user)
        return JSONResponse({"outcome": "open", "panel": bytes(panel.body).decode(), "order": shown})
    return JSONResponse({"outcome": await _outcome(services, id, state["attempt"])})


async def _outcome(services: Services, id: OrderId, attempt: int) -> str:
    answer = await services.ask("payments", "GET", f"/orders/{id}")
    attempts = answer.json()["attempts"] if answer.status == 200 else []
    status = next((one["status"] for one in attempts if one["attempt"] == attempt), "open")
    if status in ("open", "declined"):
        return "waiting"
    return "unknown" if status == "unknown" else "accepted"


async def _answered(request: Request, services: Services, id: OrderId, status: int, body: dict[str, Any]) -> JSONResponse:
    """A refusal over a stale version carries the order as it is now, so that nothing typed is lost."""
    if status < 400:
        return await _answer(request, services, body)
    if body.get("code") == "stale":
        order = await services.get("cart", f"/orders/{id}")
        campaign, _ = await _campaign(services, order)
        shown = view(id, order["version"], order["state"], campaign, _who(request).user)
        return JSONResponse({**body, "state": None, "order": shown}, status)
    raise Failed(status, body)


async def _answer(request: Request, services: Services, order: dict[str, Any]) -> JSONResponse:
    campaign, _ = await _campaign(services, order)
    return JSONResponse(view(order["order_id"], order["version"], order["state"], campaign, _who(request).user))


async def _campaign(services: Services, order: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The version of the campaign that the order is priced with."""
    state = order["state"]
    row = await services.get("cart", f"/campaigns/{state['campaign']}/{state['campaign_version']}")
    return row["campaign"], row["number"]


async def _blank(services: Services, campaign: dict[str, Any], source: str) -> dict[str, Any]:
    before = (await services.get("cart", f"/orders/{source}"))["state"] if source else {}
    kept = {"customer": _NOBODY, "billing": _NOWHERE, "shipping": _NOWHERE, "shipping_same": True, "notes": "", "call": None}
    return {
        **{name: before.get(name, value) for name, value in kept.items()},
        "stage": "none",
        "attempt": 0,
        "quote": None,
        "lines": [],
        "campaign": campaign["id"],
    }


def _declines(state: dict[str, Any]) -> list[dict[str, Any]]:
    """For the decline panel, newest first, while the last submission was declined."""
    return state["declines"][::-1] if state["stage"] == "open" else []


async def preview(request: Request, services: Services, campaign: dict[str, Any], number: int) -> Response:
    """A campaign as agents would see it: nothing is rung up."""
    order = view("", 0, await _blank(services, campaign, ""), campaign, _who(request).user)
    return _page(request, [campaign], campaign, number, order, preview=True)


def _page(
    request: Request, listed: list[dict[str, Any]], campaign: dict[str, Any], number: int, order: dict[str, Any], attempts: Sequence[Any] = (), *,
    preview: bool = False,
) -> Response:  # fmt: skip
    countries = [(code, country_name(code)) for code in campaign["countries"]]
    return page(
        request,
        "order_entry.html",
        listed=listed,
        campaign=campaign,
        number=number,
        order=order,
        countries=countries,
        regions_of=regions,
        words_of=words,
        attempts=attempts,
        currency=campaign["currency"],
        preview=preview,
    )


def _who(request: Request) -> Session:
    return cast(Session, session_of(request))
