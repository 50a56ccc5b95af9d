"""A customer's form: what was typed, as cart takes it, and what is missing before it can be paid. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.gateway.addresses import rules_of

PERSON = ("first_name", "last_name", "email", "phone")
ADDRESS = ("street", "unit", "city", "postal", "region", "country")
_WHOLE = re.compile(r"[0-9]{1,6}")
_LIST = re.compile(r"(lines|fields|coupons)\.([0-9]+)(.*)")

Values = Mapping[str, str]
"""By the name of the field, such as ``billing.city`` or ``lines.101``."""
Errors = dict[str, str]
"""Sentence by field."""


def values(state: Mapping[str, Any], campaign: Mapping[str, Any], products: bool = True) -> dict[str, str]:
    """What an order's form begins with. Without ``products`` its cart is empty."""
    first = next(iter(campaign["countries"]), "")
    found = {f"customer.{name}": state["customer"][name] for name in PERSON}
    for section in ("billing", "shipping"):
        found |= {f"{section}.{name}": state[section][name] for name in ADDRESS}
        found[f"{section}.country"] = found[f"{section}.country"] or first
    if products:
        found |= {f"lines.{line['product']}": str(line["quantity"]) for line in state["lines"] if line["quantity"]}
        found |= {f"coupons.{n}": code for n, code in enumerate(state["coupons"])}
    found |= {f"fields.{answer['field']}": answer["value"] for answer in state["fields"]}
    default = next((profile["id"] for profile in campaign["profiles"] if profile["default"]), "")
    return found | {"shipping_same": "yes" if state["shipping_same"] else "", "profile": state["profile"] or default}


_PRICED = re.compile(r"lines\..*|coupons\..*|coupon|remove\..*|profile")


def priced(typed: Values, state: Mapping[str, Any], campaign: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, with products, coupons and delivery as the order has them now."""
    now = values(state, campaign)
    return {
        **{name: value for name, value in typed.items() if not _PRICED.fullmatch(name)},
        **{name: value for name, value in now.items() if _PRICED.fullmatch(name)},
    }


def coupons(typed: Values) -> list[str]:
    """Those of before that are not taken out, and the new one."""
    kept = [code for name, code in typed.items() if re.fullmatch(r"coupons\.[0-9]{1,3}", name) and code and f"remove.{code}" not in typed]
    new = typed.get("coupon", "").strip()
    return kept + [new] * (bool(new) and new.upper() not in {code.upper() for code in kept})


def changes(typed: Values, state: Mapping[str, Any], campaign: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    """As cart takes them. Prices that an agent gave are kept there."""
    lines, errors = _lines(typed, state, campaign)
    same = bool(typed.get("shipping_same"))
    body: dict[str, Any] = {
        "coupons": coupons(typed),
        "customer": {name: typed.get(f"customer.{name}", "") for name in PERSON},
        "billing": _address(typed, "billing"),
        "shipping_same": same,
        "fields": [{"field": field["id"], "value": value} for field in campaign["fields"] if (value := typed.get(f"fields.{field['id']}", ""))],
    }
    if not same:
        body["shipping"] = _address(typed, "shipping")
    if typed.get("profile"):
        body["profile"] = typed["profile"]
    if lines is not None:
        body["lines"] = lines
    return body, errors


def _address(typed: Values, section: str) -> dict[str, str]:
    """Where a country has no regions, the one of the country that was chosen before is none."""
    found = {name: typed.get(f"{section}.{name}", "") for name in ADDRESS}
    rules = rules_of(found["country"])
    return found if rules is None or rules.country_area_choices else {**found, "region": ""}


def _lines(typed: Values, state: Mapping[str, Any], campaign: Mapping[str, Any]) -> tuple[list[dict[str, Any]] | None, Errors]:
    """None where the quantities are those of before."""
    before = {line["product"]: line["quantity"] for line in state["lines"] if line["quantity"]}
    wanted: dict[str, int] = {}
    errors: Errors = {}
    for product in dict.fromkeys((*sold(campaign), *before)):
        text = typed.get(f"lines.{product}", "").strip()
        if not _WHOLE.fullmatch(text or "0"):
            errors[f"lines.{product}"] = "Enter a whole number."
        elif int(text or "0"):
            wanted[product] = int(text)
    if wanted == before:
        return None, errors
    return [{"product": product, "quantity": quantity} for product, quantity in wanted.items()], errors


def sold(campaign: Mapping[str, Any]) -> list[str]:
    """Ids of what can be bought."""
    return [choice["id"] for offer in campaign["offers"] for choice in (offer["variants"] or [offer])]


def at_form(field: str, body: Mapping[str, Any]) -> str:
    """The form's field of what cart calls ``lines.0.quantity``, counting in what it was sent."""
    found = _LIST.fullmatch(field)
    if found is None or not isinstance(body.get(found[1]), Sequence) or int(found[2]) >= len(body[found[1]]):
        return "coupon" if field.startswith("coupons") else field
    each = body[found[1]][int(found[2])]
    return "coupon" if found[1] == "coupons" else f"{found[1]}.{each['product' if found[1] == 'lines' else 'field']}"


def missing(state: Mapping[str, Any], campaign: Mapping[str, Any]) -> Errors:
    """What a customer has to say before it can be paid; terms are agreed to with the payment."""
    return dict((*_of_lines(state), *_of_person(state), *_of_addresses(state, campaign), *_of_fields(state, campaign)))


def _of_lines(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not any(line["quantity"] for line in state["lines"]):
        yield "lines", "Choose at least one product."


def _of_person(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not state["customer"]["first_name"]:
        yield "customer.first_name", "Enter your first name."
    if not state["customer"]["last_name"]:
        yield "customer.last_name", "Enter your last name."
    if not (state["customer"]["phone"] or state["customer"]["email"]):
        yield "customer.email", "Enter an e-mail address or a phone number, so that we can reach you."


_ASKED = {"street": "street_address", "city": "city", "postal": "postal_code", "region": "country_area"}


def _of_addresses(state: Mapping[str, Any], campaign: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """By what addresses of the country have."""
    for section in ("billing",) if state["shipping_same"] else ("billing", "shipping"):
        address, to = state[section], section == "shipping" or state["shipping_same"]
        rules = rules_of(address["country"])
        if rules is None:
            yield f"{section}.country", "Choose the country."
            continue
        if to and campaign["countries"] and address["country"] not in campaign["countries"]:
            yield f"{section}.country", "This is not delivered to this country."
        words = {"street": "street", "city": "city", "postal": postal_word(rules), "region": str(rules.country_area_type).replace("_", " ")}
        for name, theirs in _ASKED.items():
            if theirs in rules.required_fields and not address[name]:
                yield f"{section}.{name}", f"{'Choose' if name == 'region' and rules.country_area_choices else 'Enter'} the {words[name]}."


def postal_word(rules: Any) -> str:
    return {"zip": "ZIP code"}.get(rules.postal_code_type, f"{rules.postal_code_type} code")


def _of_fields(state: Mapping[str, Any], campaign: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    answers = {answer["field"]: answer["value"] for answer in state["fields"]}
    for field in campaign["fields"]:
        if field["required"] and not answers.get(field["id"]):
            yield f"fields.{field['id']}", f"Tick “{field['label']}”." if field["kind"] == "checkbox" else f"Answer “{field['label']}”."


_NOBODY = dict.fromkeys(PERSON, "")
_NOWHERE = dict.fromkeys(ADDRESS, "")
NOTHING: Mapping[str, Any] = {
    "stage": "none", "of": "customer", "customer": _NOBODY, "billing": _NOWHERE, "shipping": _NOWHERE, "shipping_same": True, "lines": [],
    "coupons": [], "profile": "", "fields": [], "terms_agreed": False, "quote": None, "declines": [], "attempt": 0, "campaign_version": 0,
}  # fmt: skip
"""The state of an order that has not begun."""
