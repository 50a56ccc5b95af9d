import gzip
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Form, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import RedirectResponse, Response

from services.gateway.addresses import country_name, parts, regions
from services.gateway.door import SELLS, SETS, Ask, AtDoor, Door, Failed, Services, allow, for_people, session_of
from services.gateway.entry import SCRIPTS, shelf, view
from services.gateway.pages.entry_customer import CustomerId, kept_of, left_out
from services.gateway.pages.lists import Text, if_answered
from services.gateway.render import page
from services.gateway.sessions import Session
from shared.ids import OrderId
from shared.money import parsed

router = APIRouter(include_in_schema=False, dependencies=[allow(*SELLS)])

Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100)]
Version = Annotated[str, Header(alias="if-match", pattern=r'^"\d{1,12}"$')]
Body = dict[str, JsonValue]
_CAMPAIGN = re.compile(r"[0-9A-Za-z]{1,40}")
NOBODY = {"first_name": "", "last_name": "", "phone": "", "email": ""}
_NOWHERE = {"street": "", "unit": "", "city": "", "postal": "", "region": "", "country": ""}
NOWHENCE = dict.fromkeys(("affiliate", "dnis", "ani", "voice_log", "custom1", "custom2", "custom3", "custom4", "custom5"), "")
_NOTHING_SAID = {"birth_date": "", "gender": "", "do_not_sell": False, "sms_consent": False}


class Override(BaseModel):
    model_config = ConfigDict(extra="forbid")

    product: str = Field(max_length=100)
    price: str = Field(default="", max_length=40)
    shipping_price: str = Field(default="", max_length=40)
    reason: str = Field(default="", max_length=1000)


@router.get("/order-entry")
async def new(
    request: Request, services: Ask, campaign: str = "", source: OrderId | Literal[""] = "", customer: CustomerId | Literal[""] = "",
    phone: Text = "", email: Text = "", dnis: Text = "", ani: Text = "", affiliate: Text = "",
) -> Response:  # fmt: skip
    """An order not started: the page starts it. ``source`` is the order that was rung up before the campaign was changed, ``customer`` a profile;
    the rest is what phone software knows."""
    there = await phone_campaigns(services)
    listed = theirs(there, _who(request))
    if not listed:
        return page(request, "order_entry_none.html", makes=_who(request).role in SETS, others=bool(there))
    chosen = next((row for row in listed if row["id"] == campaign), listed[0])
    published = await services.get("catalog", f"/campaigns/{chosen['id']}")
    begun = await _before(services, source) | (await kept_of(services, customer) if customer else {})
    said = {"phone": phone.strip(), "email": email.strip()}
    begun["customer"] = {**begun.get("customer", NOBODY), **{name: value for name, value in said.items() if value}}
    begun["attribution"] = {**begun.get("attribution", NOWHENCE), **_said(affiliate=affiliate, dnis=dnis, ani=ani)}
    return await _page(request, services, listed, published["campaign"], published["number"], blank(published["campaign"], begun))


def _said(**given: str) -> dict[str, str]:
    return {name: value.strip() for name, value in given.items() if value.strip()}


@router.get("/order-entry/products/{id}/{number}")
async def products(request: Request, id: str, number: int, services: Ask, at: AtDoor) -> Response:
    """The rows of a campaign with many products. A version never changes, so that a browser keeps them."""
    campaign = await at.versions.find(services, id, number)
    groups = shelf(campaign)
    shown: dict[str, Any] = {"campaign": campaign, "groups": groups, "choices": _count(groups), "lines": {}, "amounts": {}}
    shown |= {"adjust": await _adjusts(services), "aches": await _aches(services)}
    answer = _compressed(request, page(request, "order_entry_products.html", **shown))
    answer.headers["cache-control"] = "private, max-age=3600"
    return answer


def _compressed(request: Request, answer: Response) -> Response:
    """For a part without secrets: who listens learns nothing from its length."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return answer
    headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(gzip.compress(bytes(answer.body), 5, mtime=0), media_type="text/html", headers=headers)


@router.get("/order-entry/{id}")
async def one(
    request: Request, id: OrderId, services: Ask, at: AtDoor, was: Annotated[int | None, Query(ge=0, le=10**12)] = None,
    by: Annotated[int | None, Query(ge=1, le=10**6)] = None, pay: Literal["", "external"] = "",
) -> Response:  # fmt: skip
    """``was`` is what it cost before it was priced anew, ``by`` the version of the campaign that it was priced by, ``pay`` the method that is
    chosen."""
    order = await services.get("cart", f"/orders/{id}")
    if order["state"]["stage"] == "closed":
        return RedirectResponse(f"/orders/{id}", 303)
    listed = theirs(await phone_campaigns(services), _who(request))
    campaign = await campaign_of(request, services, order)
    delivery = await _named(services, at, order["state"], by) if by else ""
    number, left = order["state"]["campaign_version"], await left_out(services, order["state"])
    return await _page(request, services, listed, campaign, number, order, was=was, delivery=delivery, pay=pay, left=left)


async def _named(services: Services, at: Door, state: dict[str, Any], by: int) -> str:
    """The delivery that an order had by an earlier version."""
    before = await at.versions.find(services, state["campaign"], min(by, state["campaign_version"]))
    return next((profile["name"] for profile in before["profiles"] if profile["id"] == state["delivery_was"]), "")


@router.post("/order-entry")
async def start(request: Request, body: Body, services: Ask, key: Key) -> JSONResponse:
    session = _who(request)
    await may_sell(services, session, str(body.get("campaign", "")))
    order = await services.post("cart", "/orders", {**body, "call_center": session.call_center, "team": session.team}, key=key)
    return await _answer(request, services, order)


@router.post("/order-entry/{id}/changes")
async def change(request: Request, id: OrderId, body: Body, services: Ask, key: Key, version: Version) -> JSONResponse:
    body = await _in_minor_units(request, services, id, body)
    answer = await services.ask("cart", "POST", f"/orders/{id}/changes", body, key=key, version=int(version.strip('"')))
    return await answered(request, services, id, answer.status, answer.json())


@router.post("/order-entry/{id}/submit")
async def submit(request: Request, id: OrderId, body: Body, services: Ask, key: Key, version: Version) -> JSONResponse:
    answer = await services.ask("cart", "POST", f"/orders/{id}/submit", body, key=key, version=int(version.strip('"')))
    return await answered(request, services, id, answer.status, answer.json())


@router.post("/order-entry/{id}/reprice")
async def reprice(request: Request, id: OrderId, services: Ask, key: Key, version: Version) -> JSONResponse:
    """By the newest version of the campaign."""
    answer = await services.ask("cart", "POST", f"/orders/{id}/reprice", key=key, version=int(version.strip('"')))
    return await answered(request, services, id, answer.status, answer.json())


@router.post("/order-entry/{id}/complete")
async def complete(
    request: Request, id: OrderId, services: Ask, direction: Annotated[Literal["inbound", "outbound"], Form()] = "inbound",
    key: Annotated[str, Form(max_length=100)] = "", idempotency_key: Annotated[str, Header(max_length=100)] = "",
) -> Response:  # fmt: skip
    """A partial, or an order that its customer has open, is this agent's to ring up."""
    session = _who(request)
    before = (await services.get("cart", f"/orders/{id}"))["state"]
    body = {"direction": direction, "call_center": session.call_center, "team": session.team}
    done = await services.post("cart", f"/orders/{id}/complete", body, key=key or idempotency_key)
    state = done["state"]
    moved = state["repriced_from"] is not None and (done["repriced"] or state["gone"] or state["delivery_was"])
    was = f"?was={state['repriced_from']}&by={before['campaign_version']}" if moved else ""
    to = f"/order-entry/{id}{was}"
    return RedirectResponse(to, 303) if for_people(request) else JSONResponse({"to": to})


@router.post("/order-entry/{id}/overrides")
async def ask_for(request: Request, id: OrderId, body: Override, services: Ask, key: Key, version: Version) -> JSONResponse:
    """A price beyond the limits, as typed; empty is one that stays as it is."""
    campaign = await campaign_of(request, services, await services.get("cart", f"/orders/{id}"))
    wanted = _parsed(body.model_dump(), campaign["currency"])
    answer = await services.ask("cart", "POST", f"/orders/{id}/overrides", wanted, key=key, version=int(version.strip('"')))
    return await answered(request, services, id, answer.status, answer.json())


@router.get("/order-entry/{id}/why")
async def why(request: Request, id: OrderId, services: Ask) -> Response:
    """Which rule gave each figure."""
    return page(request, "order_entry_why.html", why=await services.get("cart", f"/orders/{id}/why"))


@router.get("/order-entry/{id}/status")
async def status(request: Request, id: OrderId, services: Ask) -> JSONResponse:
    """Where an order stands: ``waiting``, ``unknown`` while the gateway has not said, ``accepted``, ``open`` (again after a decline), ``partial``.
    With the order itself where it can still be changed, and whether a ``newer`` version of its campaign is sold."""
    order = await services.get("cart", f"/orders/{id}")
    state = order["state"]
    if state["stage"] == "closed":
        return JSONResponse({"outcome": "accepted"})
    if state["stage"] != "submitted":
        campaign = await campaign_of(request, services, order)
        panel = page(request, "order_entry_declined.html", attempts=_declines(state), blocked=order.get("blocked"), currency=campaign["currency"])
        shown = view(order, campaign, _agent(request))
        newer = await _has_newer(services, state)
        return JSONResponse({"outcome": state["stage"], "panel": bytes(panel.body).decode(), "order": shown, "newer": newer})
    return JSONResponse({"outcome": await _outcome(services, id, state["attempt"])})


async def _has_newer(services: Services, state: Mapping[str, Any]) -> bool:
    """A version of its campaign that agents sell from by now."""
    sold = await if_answered(services, "catalog", f"/campaigns/{state['campaign']}")
    return bool(sold and sold["listed"] == "phone" and not sold["retired"] and sold["number"] > state["campaign_version"])


async def _outcome(services: Services, id: OrderId, attempt: int) -> str:
    answer = await services.ask("payments", "GET", f"/orders/{id}")
    attempts = answer.json()["attempts"] if answer.status == 200 else []
    status = next((one["status"] for one in attempts if one["attempt"] == attempt), "open")
    if status in ("open", "declined"):
        return "waiting"
    return "unknown" if status == "unknown" else "accepted"


async def answered(request: Request, services: Services, id: OrderId, status: int, body: dict[str, Any]) -> JSONResponse:
    """A refusal over a stale version carries the order as it is now, so that nothing typed is lost."""
    if status < 400:
        return await _answer(request, services, body)
    if body.get("code") == "stale":
        order = await services.get("cart", f"/orders/{id}")
        campaign = await campaign_of(request, services, order)
        shown = view(order, campaign, _agent(request))
        return JSONResponse({**body, "state": None, "order": shown}, status)
    raise Failed(status, body)


async def _answer(request: Request, services: Services, order: dict[str, Any]) -> JSONResponse:
    campaign = await campaign_of(request, services, order)
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
    return [row for row in rows if _for(row, session)]


def _for(campaign: Mapping[str, Any], session: Session) -> bool:
    ours = campaign["call_center"] in ("", session.call_center) and (not campaign["teams"] or session.team in campaign["teams"])
    return session.role in SETS or ours


async def may_sell(services: Services, session: Session, id: str) -> None:
    """A campaign that an agent would find in Order Entry; a supervisor and a program sell from every one. Raises Failed at ``campaign``."""
    if session.scopes is not None or session.role in SETS:
        return
    if not _CAMPAIGN.fullmatch(id):
        return  # cart says what is wrong with it
    answer = await services.ask("catalog", "GET", f"/campaigns/{id}")
    if answer.status != 200:
        return
    found = answer.json()
    if not found["retired"] and found["listed"] != "phone":
        raise Failed(403, {"code": "not-by-phone", "field": "campaign", "detail": f"{found['name']} is not sold in Order Entry."})
    if not _for(found["campaign"], session):
        detail = f"{found['name']} is for another call centre or team. Choose a campaign of yours."
        raise Failed(403, {"code": "not-yours", "field": "campaign", "detail": detail})


async def campaign_of(request: Request, services: Services, order: dict[str, Any]) -> Mapping[str, Any]:
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
        campaign = await campaign_of(request, services, await services.get("cart", f"/orders/{id}"))
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


_KEPT = {
    "customer": NOBODY, "customer_id": "", "billing": _NOWHERE, "shipping": _NOWHERE, "shipping_same": True, "notes": "", "call": None,
    "attribution": NOWHENCE, "particulars": _NOTHING_SAID, "trial_override": False, "force_qa": False,
}  # fmt: skip
"""What does not depend on the campaign."""


async def _before(services: Services, source: str) -> dict[str, Any]:
    before = (await services.get("cart", f"/orders/{source}"))["state"] if source else {}
    return {name: before[name] for name in _KEPT if name in before}


def blank(campaign: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """An order that has not begun, as cart would answer."""
    nothing = {"coupons": [], "profile": "", "fields": [], "terms_agreed": False, "lines": [], "declines": [], "quote": None, "attempt": 0}
    known = {name: {**empty, **before.get(name, {})} if isinstance(empty, dict) else before.get(name, empty) for name, empty in _KEPT.items()}
    return {"order_id": "", "version": 0, "coupons_said": {}, "state": {**known, **nothing, "stage": "none", "campaign": campaign["id"]}}


def _declines(state: dict[str, Any]) -> list[dict[str, Any]]:
    """For the decline panel, newest first, while the last submission was declined."""
    return state["declines"][::-1] if state["stage"] == "open" else []


def _count(groups: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(offer["choices"]) for group in groups for offer in group["offers"])


_INLINE = 60
"""More products than this are fetched after the page."""


async def _aches(services: Services) -> list[str]:
    """Gateways that debit bank accounts; none while nobody can say."""
    found = await if_answered(services, "payments", "/gateways") or {"rows": ()}
    return sorted(row["name"] for row in found["rows"] if row["on"] and "ach" in row["capabilities"])


async def _affiliates(services: Services, chosen: str) -> list[tuple[str, str]]:
    """Code and name of those that are on, by name; and the one that was said, whatever it is."""
    found = await if_answered(services, "catalog", "/directory") or {"affiliates": ()}
    on = [(each["code"], each["name"]) for each in found["affiliates"] if each["on"] or each["code"] == chosen]
    known = sorted(on, key=lambda each: each[1].casefold())
    return known if not chosen or chosen in dict(known) else [*known, (chosen, f"{chosen} (not in the directory)")]


async def _adjusts(services: Services) -> dict[str, bool]:
    settings = (await services.get("catalog", "/settings"))["settings"]
    return {"price": settings["price_adjustment"], "shipping_price": settings["shipping_adjustment"]}


async def tried(request: Request, services: Services, campaign: dict[str, Any], back: str) -> Response:
    """A campaign that nobody sells from yet, as Order Entry would show it."""
    return await _page(request, services, [campaign], campaign, 0, blank(campaign, {}), back)


async def _page(
    request: Request, services: Services, listed: list[dict[str, Any]], campaign: Mapping[str, Any], number: int, order: dict[str, Any],
    preview: str = "", was: int | None = None, delivery: str = "", pay: str = "", left: Sequence[str] = (),
) -> Response:  # fmt: skip
    """``preview`` is where somebody goes back to who looks at a campaign as Order Entry would show it, ``delivery`` the name
    of one that is gone, ``left`` those of products that an order rung up again began without."""
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
        parts_of=parts,
        aches=await _aches(services) if "echeck" in campaign["methods"] else [],
        affiliates=await _affiliates(services, shown["values"]["attribution"]["affiliate"]),
        attempts=_declines(order["state"]),
        blocked=shown["blocked"],
        was=was,
        delivery=delivery,
        pay=pay,
        again=order["state"].get("reorder_of", ""),
        left=left,
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
