from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue
from starlette.responses import RedirectResponse, Response

from services.gateway.door import SELLS, SETS, Ask, AtDoor, Door, Failed, Services, allow, session_of
from services.gateway.entry import SCRIPTS, country_name, regions, shelf, view, words
from services.gateway.render import page
from services.gateway.sessions import Session
from shared.ids import OrderId
from shared.money import parsed

router = APIRouter(include_in_schema=False, dependencies=[allow(*SELLS)])

Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100)]
Version = Annotated[str, Header(alias="if-match", pattern=r'^"\d{1,12}"$')]
Body = dict[str, JsonValue]
_NOBODY = {"first_name": "", "last_name": "", "phone": "", "email": ""}
_NOWHERE = {"street": "", "unit": "", "city": "", "postal": "", "region": "", "country": ""}


@router.get("/order-entry")
async def new(request: Request, services: Ask, campaign: str = "", source: OrderId | Literal[""] = "") -> Response:
    """An order not started: the page starts it. ``source`` is the order that was rung up before the campaign was changed."""
    there = await phone_campaigns(services)
    listed = theirs(there, _who(request))
    if not listed:
        return page(request, "order_entry_none.html", makes=_who(request).role in SETS, others=bool(there))
    chosen = next((row for row in listed if row["id"] == campaign), listed[0])
    published = await services.get("catalog", f"/campaigns/{chosen['id']}")
    blank = await _blank(services, published["campaign"], source)
    return await _page(request, services, listed, published["campaign"], published["number"], blank)


@router.get("/order-entry/products/{id}/{number}")
async def products(request: Request, id: str, number: int, services: Ask, at: AtDoor) -> Response:
    """The rows of a campaign with many products. A version never changes, so that a browser keeps them."""
    campaign = await at.versions.find(services, id, number)
    adjust = await _adjusts(services)
    groups = shelf(campaign)
    shown: dict[str, Any] = {"campaign": campaign, "groups": groups, "choices": _count(groups), "lines": {}, "amounts": {}, "adjust": adjust}
    answer = page(request, "order_entry_products.html", **shown)
    answer.headers["cache-control"] = "private, max-age=3600"
    return answer


@router.get("/order-entry/regions")
async def region_options(request: Request, country: str, section: str = "billing") -> Response:
    return page(request, "order_entry_region.html", country=country, section=section, value="", regions=regions(country), words=words(country))


@router.get("/order-entry/{id}")
async def one(request: Request, id: OrderId, services: Ask) -> Response:
    order = await services.get("cart", f"/orders/{id}")
    if order["state"]["stage"] == "closed":
        return RedirectResponse(f"/orders/{id}", 303)
    listed = theirs(await phone_campaigns(services), _who(request))
    campaign = await _campaign(request, services, order)
    return await _page(request, services, listed, campaign, order["state"]["campaign_version"], order)


@router.post("/order-entry")
async def start(request: Request, body: Body, services: Ask, key: Key) -> JSONResponse:
    session = _who(request)
    order = await services.post("cart", "/orders", {**body, "call_center": session.call_center, "team": session.team}, key=key)
    return await _answer(request, services, order)


@router.post("/order-entry/{id}/changes")
async def change(request: Request, id: OrderId, body: Body, services: Ask, key: Key, version: Version) -> JSONResponse:
    body = await _in_minor_units(request, services, id, body)
    answer = await services.ask("cart", "POST", f"/orders/{id}/changes", body, key=key, version=int(version.strip('"')))
    return await _answered(request, services, id, answer.status, answer.json())


@router.post("/order-entry/{id}/submit")
async def submit(request: Request, id: OrderId, body: Body, services: Ask, key: Key, version: Version) -> JSONResponse:
    answer = await services.ask("cart", "POST", f"/orders/{id}/submit", body, key=key, version=int(version.strip('"')))
    return await _answered(request, services, id, answer.status, answer.json())


@router.post("/order-entry/{id}/reprice")
async def reprice(request: Request, id: OrderId, services: Ask, key: Key, version: Version) -> JSONResponse:
    """By the newest version of the campaign."""
    answer = await services.ask("cart", "POST", f"/orders/{id}/reprice", key=key, version=int(version.strip('"')))
    return await _answered(request, services, id, answer.status, answer.json())


@router.get("/order-entry/{id}/why")
async def why(request: Request, id: OrderId, services: Ask) -> Response:
    """Which rule gave each figure."""
    return page(request, "order_entry_why.html", why=await services.get("cart", f"/orders/{id}/why"))


@router.get("/order-entry/{id}/status")
async def status(request: Request, id: OrderId, services: Ask) -> JSONResponse:
    """Where a submitted order stands: ``waiting``, ``unknown`` while the gateway has not said, ``accepted``, or ``open`` again after a decline."""
    order = await services.get("cart", f"/orders/{id}")
    state = order["state"]
    if state["stage"] == "closed":
        return JSONResponse({"outcome": "accepted"})
    if state["stage"] == "open":
        campaign = await _campaign(request, services, order)
        panel = page(request, "order_entry_declined.html", attempts=_declines(state), currency=campaign["currency"])
        shown = view(order, campaign, _agent(request))
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
        campaign = await _campaign(request, services, order)
        shown = view(order, campaign, _agent(request))
        return JSONResponse({**body, "state": None, "order": shown}, status)
    raise Failed(status, body)


async def _answer(request: Request, services: Services, order: dict[str, Any]) -> JSONResponse:
    campaign = await _campaign(request, services, order)
    return JSONResponse(view(order, campaign, _agent(request)))


async def phone_campaigns(services: Services) -> list[dict[str, Any]]:
    """All that are listed, by name."""
    found = await services.get("catalog", "/campaigns", listed="phone")
    rows: list[dict[str, Any]] = found["rows"]
    while found["next"]:
        found = await services.get("catalog", "/campaigns", listed="phone", cursor=found["next"])
        rows += found["rows"]
    return rows


def theirs(rows: Sequence[dict[str, Any]], session: Session) -> list[dict[str, Any]]:
    """Those for the call centre and team of an agent; a supervisor sells from every campaign."""
    return [
        row for row in rows
        if session.role in SETS or (row["call_center"] in ("", session.call_center) and (not row["teams"] or session.team in row["teams"]))
    ]  # fmt: skip


async def _campaign(request: Request, services: Services, order: dict[str, Any]) -> Mapping[str, Any]:
    """The version of the campaign that the order is priced with."""
    state, at = order["state"], cast(Door, request.app.state.door)
    return await at.versions.find(services, state["campaign"], state["campaign_version"])


async def _in_minor_units(request: Request, services: Services, id: OrderId, body: Body) -> Body:
    """Prices are typed; an empty one is the list price. Raises Failed at the field of one that is no amount."""
    lines = body.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return body
    typed = cast(list[dict[str, JsonValue]], lines)
    currency = ""
    if any(line.get(name) for line in typed for name in _PRICES):
        campaign = await _campaign(request, services, await services.get("cart", f"/orders/{id}"))
        currency = campaign["currency"]
    return {**body, "lines": [_parsed(line, currency) for line in typed]}


_PRICES = ("price", "shipping_price")


def _parsed(line: dict[str, JsonValue], currency: str) -> JsonValue:
    found = dict(line)
    for name in _PRICES:
        text = line.get(name)
        try:
            found[name] = parsed(text, currency) if isinstance(text, str) and text else None
        except ValueError as error:
            raise Failed(422, {"code": "invalid", "field": f"lines.{line.get('product')}.{name}", "detail": str(error)}) from error
    return found


_KEPT = {"customer": _NOBODY, "billing": _NOWHERE, "shipping": _NOWHERE, "shipping_same": True, "notes": "", "call": None}


async def _blank(services: Services, campaign: dict[str, Any], source: str) -> dict[str, Any]:
    before = (await services.get("cart", f"/orders/{source}"))["state"] if source else {}
    return blank(campaign, {name: before[name] for name in _KEPT if name in before})


def blank(campaign: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """An order that has not begun, as cart would answer."""
    nothing = {"coupons": [], "profile": "", "fields": [], "terms_agreed": False, "lines": [], "declines": [], "quote": None, "attempt": 0}
    return {"order_id": "", "version": 0, "coupons_said": {}, "state": {**_KEPT, **before, **nothing, "stage": "none", "campaign": campaign["id"]}}


def _declines(state: dict[str, Any]) -> list[dict[str, Any]]:
    """For the decline panel, newest first, while the last submission was declined."""
    return state["declines"][::-1] if state["stage"] == "open" else []


def _count(groups: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(offer["choices"]) for group in groups for offer in group["offers"])


_INLINE = 60
"""More products than this are fetched after the page."""


async def _adjusts(services: Services) -> dict[str, bool]:
    settings = (await services.get("catalog", "/settings"))["settings"]
    return {"price": settings["price_adjustment"], "shipping_price": settings["shipping_adjustment"]}


async def tried(request: Request, services: Services, campaign: dict[str, Any], back: str) -> Response:
    """A campaign that nobody sells from yet, as Order Entry would show it."""
    return await _page(request, services, [campaign], campaign, 0, blank(campaign, {}), back)


async def _page(
    request: Request, services: Services, listed: list[dict[str, Any]], campaign: Mapping[str, Any], number: int, order: dict[str, Any],
    preview: str = "",
) -> Response:  # fmt: skip
    """``preview`` is where somebody goes back to who looks at a campaign as Order Entry would show it."""
    if all(row["id"] != campaign["id"] for row in listed):
        listed = [*listed, {"id": campaign["id"], "name": campaign["name"], "number": number}]
    countries = [(code, country_name(code)) for code in campaign["countries"]]
    shown = view(order, campaign, _agent(request))
    groups = shelf(campaign)
    return page(
        request,
        "order_entry.html",
        listed=listed,
        campaign=campaign,
        number=number,
        order=shown,
        groups=groups,
        choices=_count(groups),
        inline=_count(groups) if preview else _INLINE,
        adjust=await _adjusts(services),
        scripts=SCRIPTS,
        countries=countries,
        regions_of=regions,
        words_of=words,
        attempts=_declines(order["state"]),
        currency=campaign["currency"],
        preview=preview,
        newer=not preview and any(row["id"] == campaign["id"] and row["number"] > number for row in listed),
    )


def _agent(request: Request) -> str:
    """As the script names who reads it."""
    session = _who(request)
    return session.full_name or session.user


def _who(request: Request) -> Session:
    return cast(Session, session_of(request))
