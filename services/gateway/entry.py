"""An order while it is rung up, as Order Entry shows it: amounts formatted, script merged, choices named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.addresses import country_name, regions
from shared.money import formatted

SECTIONS = (
    "customer", "customer_id", "shipping_same", "notes", "coupons", "profile", "terms_agreed", "attribution", "particulars", "trial_override",
    "force_qa",
)  # fmt: skip
_MERGE = re.compile(r"\{(agent|customer|total)\}")
_CUE = "> "

Segment = tuple[str, bool]
"""Text, and whether it was merged in."""


def totals(quote: Mapping[str, Any] | None, currency: str) -> dict[str, str]:
    """Discount is what was taken from prices and from shipping, with its minus sign."""
    quote = quote or {}
    discount = quote.get("discount", 0) + quote.get("shipping_discount", 0)
    return {
        **{name: formatted(quote.get(name, 0), currency) for name in ("price", "shipping", "tax", "total")},
        "discount": formatted(-discount, currency),
    }


def tax_note(quote: Mapping[str, Any] | None, ship_to: Mapping[str, str]) -> str:
    """Which place's rate it is, such as ``Texas 8.25 %``; nothing where none or several are taken."""
    rates = {line["rate"] for line in quote["tax_lines"] if line["rate"] and line["tax"]} if quote else set()
    if len(rates) != 1:
        return ""
    place = dict(regions(ship_to["country"])).get(ship_to["region"]) or country_name(ship_to["country"])
    return f"{place} {rates.pop()} %"


def line_amounts(quote: Mapping[str, Any] | None, currency: str) -> dict[str, dict[str, Any]]:
    """Of what is in the order: quantity, unit price, shipping, and total with tax left out, by product."""
    return {
        line["product"]: {
            "quantity": line["quantity"],
            "price": formatted(line["unit_price"], currency),
            "shipping": formatted(line["shipping"], currency),
            "total": formatted(line["price"] + line["shipping"], currency),
        }
        for line in (quote or {}).get("lines", ())
    }


def typed_lines(lines: Sequence[Mapping[str, Any]], currency: str) -> dict[str, dict[str, str]]:
    """Of what is in the order, as it is typed: a price that is empty is the list price."""
    return {
        line["product"]: {
            "quantity": str(line["quantity"]),
            "price": "" if line["price"] is None else formatted(line["price"], currency),
            "shipping_price": "" if line["shipping_price"] is None else formatted(line["shipping_price"], currency),
            "reason": line["reason"],
        }
        for line in lines
        if line["quantity"]
    }


def shelf(campaign: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The offers as people look for them, in groups by their first category, in the campaign's order; each with what can be bought of it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for offer in campaign["offers"]:
        category = offer["categories"][0] if offer["categories"] else ""
        groups.setdefault(category, []).append({"offer": offer, "choices": _choices(offer)})
    return [{"name": name, "offers": offers} for name, offers in groups.items()]


def _choices(offer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of an offer with variants those, of another one itself."""
    if not offer["variants"]:
        return [{"id": offer["id"], "name": offer["name"], "sku": offer["sku"], "price": offer["price"], "shipping_price": offer["shipping_price"]}]
    return [
        {
            "id": variant["id"],
            "name": ", ".join(variant["values"]),
            "sku": variant["sku"],
            "price": offer["price"] if variant["price"] is None else variant["price"],
            "shipping_price": offer["shipping_price"] if variant["shipping_price"] is None else variant["shipping_price"],
        }
        for variant in offer["variants"]
    ]


def coupons_said(order: Mapping[str, Any], currency: str, instead: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Each coupon as it was judged: what it takes, with its minus sign, and what is said of it; ``instead`` for a reason."""
    quote = order["state"]["quote"] or {"coupons": ()}
    return [
        {
            "code": coupon["code"],
            "applied": coupon["verdict"] == "applied",
            "auto": coupon["auto"],
            "amount": formatted(-coupon["amount"], currency),
            "said": (instead or {}).get(coupon["reason"]) or order["coupons_said"].get(coupon["code"], ""),
        }
        for coupon in quote["coupons"]
    ]


SCRIPTS = (("main", "Main"), ("rebuttal", "Rebuttal"), ("upsell", "Upsell"))


def scripts(campaign: Mapping[str, Any], agent: str, customer: str, total: str) -> dict[str, list[tuple[bool, list[Segment]]]]:
    """Those that the campaign has."""
    return {name: script(campaign[f"script_{name}"], agent, customer, total) for name, _ in SCRIPTS if campaign[f"script_{name}"].strip()}


def script(text: str, agent: str, customer: str, total: str) -> list[tuple[bool, list[Segment]]]:
    """Paragraphs: whether it is a cue for the agent alone, and its segments."""
    values = {"agent": agent, "customer": customer or "the customer", "total": total}
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    return [(part.startswith(_CUE), _merged(part.removeprefix(_CUE), values)) for part in paragraphs]


def _merged(text: str, values: Mapping[str, str]) -> list[Segment]:
    parts = _MERGE.split(text)
    return [(values[part] if n % 2 else part, bool(n % 2)) for n, part in enumerate(parts) if part]


def _somewhere(address: Mapping[str, str], countries: Sequence[str]) -> dict[str, str]:
    """An address without a country is shown in the first one that the campaign sells to."""
    return {**address, "country": address["country"] or next(iter(countries), "")}


def asked_for(order: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    """Prices that wait for a supervisor; empty is one that stays as it is."""
    return [
        {
            **{name: each[name] for name in ("line", "product", "name", "reason")},
            **{name: "" if each[name] is None else formatted(each[name], currency) for name in ("price", "shipping_price")},
        }
        for each in order.get("overrides", ())
    ]


def _delivery_gone(state: Mapping[str, Any], campaign: Mapping[str, Any]) -> bool:
    """The campaign has lost the delivery that it had, and nobody has chosen another one."""
    was = state.get("delivery_was", "")
    return bool(was and campaign["profiles"]) and all(profile["id"] != was for profile in campaign["profiles"])


def view(order: Mapping[str, Any], campaign: Mapping[str, Any], agent: str) -> dict[str, Any]:
    """What the page needs after each answer of cart: ``values`` as typed, ``amounts`` as priced."""
    state, currency = order["state"], campaign["currency"]
    quote = state["quote"]
    ship_to = state["billing"] if state["shipping_same"] else state["shipping"]
    name = " ".join(filter(None, (state["customer"]["first_name"], state["customer"]["last_name"])))
    sums = totals(quote, currency)
    return {
        "order_id": order["order_id"],
        "version": order["version"],
        "stage": state["stage"],
        "of": state.get("of", "agent"),
        "attempt": state["attempt"],
        "needs_payment": bool(quote and quote["total"]),
        "total": quote["total"] if quote else 0,
        "values": {
            **{section: state[section] for section in SECTIONS},
            **{section: _somewhere(state[section], campaign["countries"]) for section in ("billing", "shipping")},
            "direction": state["call"]["direction"] if state["call"] else "inbound",
            "lines": typed_lines(state["lines"], currency),
            "fields": {answer["field"]: answer["value"] for answer in state["fields"]},
        },
        "amounts": {"lines": line_amounts(quote, currency), "totals": sums, "tax_note": tax_note(quote, ship_to)},
        "coupons": coupons_said(order, currency),
        "overrides": asked_for(order, currency),
        "refused": [{name: each[name] for name in ("line", "reason")} for each in order.get("refused", ())],
        "trials": [{name: each[name] for name in ("product", "name", "order_id", "ordered_at")} for each in order.get("trials", ())],
        "blocked": order.get("blocked", False),
        "profile": {"id": quote["profile"], "applies": quote["profile_applies"] is not False} if quote else None,
        "gone": state.get("gone", ()),
        "delivery_gone": _delivery_gone(state, campaign),
        "scripts": scripts(campaign, agent, name, f"{sums['total']} {currency}"),
        "started_at": state["call"]["started_at"] if state["call"] and state["stage"] != "partial" else None,
    }
