"""A campaign as a form has it: amounts with their currency's decimals and numbers as text, nothing where there is none; and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.catalog import Coupon, CustomField, Offer, Option, ShippingProfile, ShippingRule, Variant
from shared.letters import sending
from shared.money import formatted, parsed

SECTIONS_IN_MONEY = ("offers", "coupons", "profiles")
_NEEDED: Any = object()
AMOUNTS: Mapping[str, Any] = {
    "offers.price": _NEEDED,
    "offers.shipping_price": 0,
    "offers.min_price": None,
    "offers.max_price": None,
    "offers.min_shipping_price": None,
    "offers.max_shipping_price": None,
    "variants.price": None,
    "variants.shipping_price": None,
    "rules.price": _NEEDED,
    "profiles.free_from": None,
    "coupons.amount": 0,
    "coupons.min_subtotal": None,
}
"""What an empty field stands for."""
NUMBERS: Mapping[str, Any] = {
    "offers.max_quantity": _NEEDED,
    "offers.min_quantity": 1,
    "offers.trial_days": 0,
    "coupons.min_quantity": None,
    "coupons.max_uses": None,
    "qa_share": 0,
    "max_coupons": _NEEDED,
    "reorder_days": 0,
}
_TIME = "target_call_seconds"
_WHOLE = re.compile(r"[0-9]{1,9}")
_MINUTES = re.compile(r"([0-9]{1,4}):([0-5][0-9])")
_DEEPEST = 8
"""Dots in a field's name."""

Wrong = list[dict[str, str]]

_NEW = {
    "offers": ("offer", Offer(id="", name="", sku="", price=0)),
    "options": ("option", Option(name="")),
    "variants": ("variant", Variant(id="", sku="")),
    "profiles": ("profile", ShippingProfile(id="", name="")),
    "rules": ("rule", ShippingRule(id="")),
    "coupons": ("coupon", Coupon(id="", code="")),
    "fields": ("field", CustomField(id="", label="")),
}


def fresh(currency: str) -> dict[str, Any]:
    """A new row of each list."""
    rows = {name: _shown(row.model_dump(mode="json"), section, currency) for section, (name, row) in _NEW.items()}
    for name, amount in (("offer", "price"), ("rule", "price"), ("coupon", "amount")):
        rows[name][amount] = ""
    return rows


def shown(campaign: Mapping[str, Any]) -> dict[str, Any]:
    currency = campaign["currency"]
    return {name: _shown(value, name, currency) for name, value in campaign.items()} | {"letters": _letters(campaign["letters"])}


def _letters(letters: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One of each, those that the campaign has at their places."""
    there = {letter["template"] for letter in letters}
    return [*letters, *(letter.model_dump(mode="json") for template, letter in sending(()).items() if template not in there)]


def _shown(value: Any, kind: str, currency: str) -> Any:
    """``kind`` is a field's name with that of the list it is in, such as ``offers.price``."""
    if isinstance(value, list):
        return [_shown(each, kind, currency) for each in value]
    if isinstance(value, dict):
        return {name: _shown(each, f"{kind.rpartition('.')[2]}.{name}", currency) for name, each in value.items()}
    if value is None:
        return ""
    if kind in AMOUNTS:
        return formatted(value, currency)
    if kind == _TIME:
        return f"{value // 60:02}:{value % 60:02}"
    return str(value) if kind in NUMBERS else value


def read(typed: Mapping[str, Any], currency: str) -> tuple[dict[str, Any], Wrong]:
    """As catalog takes it, and what is wrong, by field. What is no text is left for catalog to judge."""
    wrong: Wrong = []
    return {name: _read(value, name, name, currency, wrong) for name, value in typed.items()}, wrong


def _read(value: Any, kind: str, field: str, currency: str, wrong: Wrong) -> Any:
    if field.count(".") > _DEEPEST:
        return value
    if isinstance(value, list):
        return [_read(each, kind, f"{field}.{n}", currency, wrong) for n, each in enumerate(value)]
    if isinstance(value, dict):
        return {name: _read(each, f"{kind.rpartition('.')[2]}.{name}", f"{field}.{name}", currency, wrong) for name, each in value.items()}
    if not isinstance(value, str) or not (kind in AMOUNTS or kind in NUMBERS or kind == _TIME):
        return value
    try:
        return _number(value.strip(), kind, currency)
    except ValueError as error:
        wrong.append({"field": field, "code": "invalid", "detail": str(error)})
        return value


def _number(text: str, kind: str, currency: str) -> int | None:
    """Raises ValueError with a sentence that says what is wrong."""
    if kind == _TIME:
        return _seconds(text)
    empty = {**AMOUNTS, **NUMBERS}[kind]
    if not text and empty is not _NEEDED:
        return empty  # type: ignore[no-any-return]
    if kind in AMOUNTS:
        return parsed(text, currency)
    if not _WHOLE.fullmatch(text):
        raise ValueError("Enter a whole number, such as 10.")
    return int(text)


def _seconds(text: str) -> int:
    found = _MINUTES.fullmatch(text)
    if not found:
        raise ValueError("Enter minutes and seconds, such as 06:00.")
    return int(found[1]) * 60 + int(found[2])
