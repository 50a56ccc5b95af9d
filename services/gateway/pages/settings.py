"""Account settings: what is in force, and who changed what when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.gateway.addresses import country_name, regions
from services.gateway.choices import time_zones
from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.pages.lists import Key, if_answered
from services.gateway.render import page

router = APIRouter(prefix="/settings", include_in_schema=False, dependencies=[allow(*SETS)])

NAMES = {
    "prepaid_skip_qa": "Prepaid Skip QA",
    "own_review_allowed": "Own review allowed",
    "undo_seconds": "Undo window",
    "price_adjustment": "Allow price adjustment",
    "shipping_adjustment": "Allow shipping price adjustment",
    "time_zone": "Time zone",
    "session_idle_minutes": "Session idle time",
    "default_plugin": "Default fulfilment plugin",
}
_MOST_RATES = 1_000
_SHOWN = 20
"""Changes."""


@router.get("")
async def form(request: Request, services: Ask, saved: bool = False) -> Response:
    current = await services.get("catalog", "/settings")
    return await _form(request, services, current["settings"], current["number"], await _history(services, current["number"]), saved=saved)


@router.post("")
async def save(request: Request, services: Ask, number: Annotated[int, Form()], key: Key) -> Response:
    """What was typed comes back with the error at its field."""
    current = await services.get("catalog", "/settings")
    typed = _typed(await request.form(), current["settings"])
    try:
        await services.put("catalog", "/settings", typed, key=key, version=number)
    except Failed as refused:
        if refused.status == 503:
            raise
        return await _form(request, services, typed, number, await _history(services, current["number"]), refused.status, problem=refused.problem)
    return RedirectResponse("/settings?saved=true", 303)


async def _form(
    request: Request, services: Services, settings: Mapping[str, Any], number: int, history: Sequence[Mapping[str, Any]] | None, status: int = 200, *,
    problem: Mapping[str, Any] | None = None, saved: bool = False,
) -> Response:  # fmt: skip
    errors = _errors(problem or {})
    rates = [
        {"place": place, "name": place_name(place), "rate": rate, "shipping": settings["shipping_taxable"].get(place, False)}
        for place, rate in sorted(settings["tax_rates"].items())
    ]
    return page(
        request, "settings.html", status, settings=settings, number=number, rates=rates, history=history, saved=saved, errors=errors,
        plugins=await _plugins(services, settings["default_plugin"]), nexus=settings["tax_nexus"] or [],
        everywhere=settings["tax_nexus"] is None, zones=time_zones(), place_name=place_name,
    )  # fmt: skip


async def _plugins(services: Services, chosen: str) -> list[tuple[str, str]]:
    """What may be chosen, the one that is chosen in any case."""
    found = await if_answered(services, "fulfillment", "/plugins")
    named = {row["name"]: f"{row['title']}{'' if row['on'] else ' (off)'}" for row in found["rows"]} if found else {}
    return list(({} if chosen in named else {chosen: chosen}).items()) + list(named.items())


def _errors(problem: Mapping[str, Any]) -> dict[str, str]:
    """By field; what is of no field under ``""``, places of nexus under ``tax_nexus``."""
    found = problem.get("errors") or ([problem] if problem else [])
    named = [(str(each.get("field") or ""), str(each.get("detail", ""))) for each in found]
    return {"tax_nexus" if field.startswith("tax_nexus") else field: detail for field, detail in reversed(named)}


def _typed(form: FormData, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Rates come as rows of place and rate; ``shipping`` names the places where shipping is taxed too. What is not asked for stays."""
    rows = list(zip(form.getlist("place"), form.getlist("rate"), strict=False))[:_MOST_RATES]
    rates = {str(place).strip().upper(): str(rate).strip() for place, rate in rows if str(place).strip()}
    taxed = {str(place).strip().upper() for place in form.getlist("shipping")}
    return {
        **settings,
        "prepaid_skip_qa": "prepaid_skip_qa" in form,
        "own_review_allowed": "own_review_allowed" in form,
        "undo_seconds": _number(form, "undo_seconds", settings),
        "price_adjustment": "price_adjustment" in form,
        "shipping_adjustment": "shipping_adjustment" in form,
        "time_zone": str(form.get("time_zone", settings["time_zone"])).strip(),
        "session_idle_minutes": _number(form, "session_idle_minutes", settings),
        "default_plugin": str(form.get("default_plugin", settings["default_plugin"])).strip(),
        "tax_nexus": _nexus(form) if "asked" in form else settings["tax_nexus"],
        "tax_rates": rates,
        "shipping_taxable": {place: True for place in rates if place in taxed},
    }


def _nexus(form: FormData) -> list[str] | None:
    return None if "everywhere" in form else [str(place).strip().upper() for place in form.getlist("nexus")][:_MOST_RATES]


def _number(form: FormData, name: str, settings: Mapping[str, Any]) -> Any:
    """What is no number stays as it was typed, for catalog to refuse."""
    typed = str(form.get(name, settings[name])).strip()
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else typed


def place_name(place: str) -> str:
    """``US-TX`` → ``Texas, United States``."""
    country, _, region = place.partition("-")
    named = dict(regions(country)).get(region) if region else None
    return f"{named}, {country_name(country)}" if named else country_name(country)


async def _history(services: Services, number: int) -> list[dict[str, Any]] | None:
    """The newest changes; None where nobody can say."""
    found = await if_answered(services, "ops", "/streams/account", after=max(0, number - _SHOWN - 1), limit=_SHOWN + 1)
    return changes(found["rows"])[:_SHOWN] if found else None


def changes(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each event changed, in words, newest first; of the first event given only if it is the first of all."""
    before: list[Mapping[str, Any]] = [{"data": {"settings": {}}}] if events and events[0]["version"] == 1 else []
    told = [
        {"version": now["version"], "time": now["time"], "actor": now["actor"], "what": list(_differences(was["data"], now["data"]))}
        for was, now in pairwise([*before, *events])
    ]
    return told[::-1]


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[str]:
    old, new = before["settings"], now["settings"]
    if not old:
        yield "First settings"
        return
    for name, title in NAMES.items():
        if old.get(name) != new.get(name):
            yield f"{title}: {_said(old.get(name))} → {_said(new.get(name))}"
    rates, after = old.get("tax_rates", {}), new.get("tax_rates", {})
    for place in sorted({*rates, *after}):
        if rates.get(place) != after.get(place):
            yield f"Tax in {place}: {_percent(rates.get(place))} → {_percent(after.get(place))}"
    if (was := old.get("tax_nexus")) != (now_in := new.get("tax_nexus")):
        yield f"Tax is collected: {_places(was)} → {_places(now_in)}"
    taxed, later = (frozenset(each.get("shipping_taxable", ())) for each in (old, new))
    for place in sorted(taxed ^ later):
        yield f"Shipping to {place}: {'taxed' if place in later else 'not taxed'}"


def _said(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _places(places: Sequence[str] | None) -> str:
    return "wherever there is a rate" if places is None else ", ".join(places) or "nowhere"


def _percent(rate: str | None) -> str:
    return f"{rate} %" if rate is not None else "none"
