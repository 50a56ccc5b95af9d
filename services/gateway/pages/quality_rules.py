"""The hold rules: which card and eCheck orders wait for a review, tried on past orders before they are switched on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Form, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.pages.forms import refusal
from services.gateway.pages.lists import Key, if_answered
from services.gateway.render import page
from shared.contracts.qa import HoldRule, RuleKind
from shared.money import formatted, parsed

router = APIRouter(prefix="/quality/rules", include_in_schema=False, dependencies=[allow(*SETS)])

KINDS: Mapping[RuleKind, tuple[str, str]] = {
    "amount-over": ("Amount over", "Orders that cost more than this."),
    "new-customer-express": (
        "New customer and express shipping",
        "Nobody of this number, phone or e-mail has ordered before, and it goes by one of these.",
    ),
    "price-override": ("Price changed by hand", "A price or shipping price is not the list price."),
    "address-mismatch": ("Addresses differ", "It is shipped to another address than it is billed to."),
    "velocity": ("Orders in quick succession", "The same phone, e-mail, address or card has ordered before."),
}
_NUMBERS = ("percent", "orders", "hours")
_ASKS: Mapping[str, tuple[str, ...]] = {
    "amount-over": ("amount", "currency"),
    "new-customer-express": ("profiles",),
    "price-override": ("percent",),
    "velocity": ("orders", "hours"),
}
_NEW: Mapping[str, Mapping[str, Any]] = {"velocity": {"orders": 3, "hours": 24}, "amount-over": {"amount": 50_000}}
"""What a rule that nobody has set yet begins with."""
_MOST = 50
_ANY = "USD"
"""An amount in whatever currency is written like one of this."""


@router.get("")
async def rules(request: Request, services: Ask, saved: bool = False) -> Response:
    known = await services.get("qa", "/rules")
    typed = [_shown(rule) for rule in known["rules"]]
    missing = [kind for kind in get_args(RuleKind) if kind not in {rule["kind"] for rule in known["rules"]}]
    typed += [_new(kind) for kind in missing]
    return await _page(request, services, typed, str(known["target_minutes"]), known["version"], saved=saved)


@router.post("")
async def save(request: Request, services: Ask, version: Annotated[int, Form(ge=0)], key: Key) -> Response:
    """What was typed comes back with the error at its field."""
    form = await request.form()
    typed, minutes = _typed(form), str(form.get("target_minutes", "")).strip()
    try:
        body = {"rules": [_read(rule, f"rules.{n}.") for n, rule in enumerate(typed)], "target_minutes": _whole(minutes, "target_minutes")}
        await services.put("qa", "/rules", body, key=key, version=version)
    except Failed as error:
        if error.status >= 500:
            raise
        return await _page(request, services, typed, minutes, version, **refusal(error))
    return RedirectResponse("/quality/rules?saved=true", 303)


@router.post("/test")
async def test(request: Request, services: Ask, n: Annotated[str, Form(max_length=20)]) -> Response:
    """The rule as it is typed, saved or not."""
    try:
        rule = _read(_row(await request.form(), n), "rule.")
        found = await services.post("qa", "/rules/test", {"rule": rule})
    except Failed as error:
        if error.status >= 500:
            raise
        return page(request, "quality_rule_tested.html", wrong=error.problem["detail"], n=n)
    return page(request, "quality_rule_tested.html", wrong="", n=n, **found)


def _new(kind: RuleKind) -> dict[str, Any]:
    return _shown(HoldRule(kind=kind, on=False, **_NEW.get(kind, {})).model_dump())


def _shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    """As it is typed. Without a currency an amount is shown with two decimals."""
    currency = rule["currency"] or _ANY
    numbers = {name: str(rule[name]) for name in _NUMBERS}
    return {**rule, **numbers, "amount": formatted(rule["amount"], currency), "profiles": list(rule["profiles"])}


def _typed(form: FormData) -> list[dict[str, Any]]:
    """Each row's fields have its number in front; ``row`` says which numbers there are."""
    return [_row(form, str(n)) for n in form.getlist("row")[:_MOST]]


def _row(form: FormData, n: str) -> dict[str, Any]:
    def said(name: str) -> str:
        return str(form.get(f"{n}.{name}", "")).strip()

    if said("kind") not in KINDS:
        raise Failed(422, {"code": "invalid", "field": f"{n}.kind", "detail": "There is no such rule."})
    kept = {name: said(name) for name in ("kind", "amount", "currency", *_NUMBERS)}
    return {**kept, "on": bool(said("on")), "profiles": [str(id) for id in form.getlist(f"{n}.profiles")]}


def _read(typed: Mapping[str, Any], before: str) -> dict[str, Any]:
    """As qa takes it: what a kind does not ask for is left out. Raises Failed."""
    found: dict[str, Any] = {"kind": typed["kind"], "on": typed["on"]}
    for name in _ASKS.get(typed["kind"], ()):
        text = typed[name]
        found[name] = _amount(text, typed["currency"], before) if name == "amount" else _whole(text, before + name) if name in _NUMBERS else text
    return found


def _amount(text: str, currency: str, before: str) -> int:
    try:
        return parsed(text, currency or _ANY)
    except ValueError as error:
        raise Failed(422, {"code": "invalid", "field": f"{before}amount", "detail": str(error)}) from error


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Failed(422, {"code": "invalid", "field": field, "detail": "Enter a whole number, such as 3."})
    return int(text)


async def _page(
    request: Request, services: Services, typed: list[dict[str, Any]], minutes: str, version: int, status: int = 200, *, code: str = "",
    error: str = "", errors: dict[str, str] | None = None, saved: bool = False,
) -> Response:  # fmt: skip
    profiles, currencies = await _campaigns(services)
    return page(
        request, "quality_rules.html", status, rules=typed, target_minutes=minutes, version=version, kinds=KINDS, profiles=profiles,
        currencies=sorted(currencies | {rule["currency"] for rule in typed if rule["currency"]}), error=error, errors=errors or {},
        stale=code == "stale", saved=saved, new=[_new(kind) for kind in get_args(RuleKind)],
    )  # fmt: skip


async def _campaigns(services: Services) -> tuple[list[tuple[str, str]], set[str]]:
    """Shipping profiles of what is sold, by id, with their campaign's name; and the currencies that it is sold in."""
    listed = await if_answered(services, "catalog", "/campaigns")
    rows = listed["rows"] if listed else []
    found = await asyncio.gather(*(if_answered(services, "catalog", f"/campaigns/{row['id']}") for row in rows))
    sold = [cast(Mapping[str, Any], each["campaign"]) for each in found if each]
    profiles = [(profile["id"], f"{each['name']}: {profile['name']}") for each in sold for profile in each["profiles"]]
    return profiles, {each["currency"] for each in sold}
