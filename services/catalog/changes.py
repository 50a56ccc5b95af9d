"""What one version of a campaign changes against another, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.catalog.places import CONTINENTS, country_name
from shared.contracts.catalog import Campaign, ShippingRule, Variant
from shared.kernel.events import Value
from shared.letters import LETTERS, sending
from shared.money import formatted

_KINDS = {"phone": "phone", "lander": "lander", "ecommerce": "e-commerce"}
_METHODS = {"card": "card", "echeck": "eCheck", "external": "external payment"}
Say = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Change:
    """``section`` is a field of the campaign."""

    section: str
    what: str


def changes(before: Campaign | None, now: Campaign) -> list[Change]:
    if before is None:
        return list(_first(now))
    told = [*_main(before, now), *_lists(before, now), *_texts(before, now)]
    told += _letters(before, now)
    for section, label, said in _rows(now.currency):
        old, new = getattr(before, section), getattr(now, section)
        told += [Change(section, what) for what in _differences(old, new, label, said, section)]
    return told


_SHOWN = 10
"""Names; more are counted."""


def _first(now: Campaign) -> Iterator[Change]:
    yield Change("name", "First version")
    for section, title, names in (
        ("offers", "Offers", [offer.name for offer in now.offers if offer.kind == "offer"]),
        ("offers", "Upsells", [offer.name for offer in now.offers if offer.kind == "upsell"]),
        ("coupons", "Coupons", [coupon.code.strip().upper() for coupon in now.coupons]),
        ("profiles", "Shipping profiles", [profile.name for profile in now.profiles]),
        ("fields", "Custom fields", [field.label for field in now.fields]),
        ("letters", "Letters", [LETTERS[letter.template].title for letter in now.letters if letter.on]),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield Change(section, f"{title}: {', '.join(names[:_SHOWN])}{more}")


def _on(value: bool) -> str:
    return "on" if value else "off"


def _text(value: Any) -> str:
    return str(value) or "none"


def _main(before: Campaign, now: Campaign) -> Iterator[Change]:
    named: tuple[tuple[str, str, Say], ...] = (
        ("name", "Name", _text),
        ("kind", "Type", lambda kind: _KINDS[kind]),
        ("listed", "List in Order Entry", _on),
        ("currency", "Currency", _text),
        ("qa_share", "QA share", lambda share: f"{share} %"),
        ("target_call_seconds", "Target time of a call", lambda seconds: f"{seconds // 60}:{seconds % 60:02}"),
        ("call_center", "Call centre", _text),
        ("terms_required", "Terms required", _on),
        ("max_coupons", "Most coupons of an order", _text),
        ("reorder_days", "Re-order after", lambda days: f"{days} days" if days else "never"),
        ("checkout", "Checkout page", _on),
    )
    for name, title, said in named:
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield Change(name, f"{title}: {said(old)} → {said(new)}")


def _lists(before: Campaign, now: Campaign) -> Iterator[Change]:
    named: tuple[tuple[str, str, Say], ...] = (
        ("countries", "Country", country_name),
        ("methods", "Payment method", lambda method: _METHODS[method]),
        ("teams", "Team", _text),
    )
    for name, title, said in named:
        old, new = getattr(before, name), getattr(now, name)
        yield from (Change(name, f"{title} {said(each)} added") for each in new if each not in old)
        yield from (Change(name, f"{title} {said(each)} removed") for each in old if each not in new)
        if old != new and set(old) == set(new):
            yield Change(name, f"{title}: the order changed")


def _texts(before: Campaign, now: Campaign) -> Iterator[Change]:
    titles = {"script_main": "Main script", "script_rebuttal": "Rebuttal script", "script_upsell": "Upsell script", "terms": "Terms"}
    for name, title in titles.items():
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield Change(name, f"{title} {'added' if not old else 'removed' if not new else 'changed'}")


def _letters(before: Campaign, now: Campaign) -> Iterator[Change]:
    old, new = sending(before.letters), sending(now.letters)
    for template, kind in LETTERS.items():
        was, now_is = old[template], new[template]
        if was.on != now_is.on:
            yield Change("letters", f"Letter “{kind.title}”: {_on(was.on)} → {_on(now_is.on)}")
        if (was.subject, was.text) != (now_is.subject, now_is.text):
            yield Change("letters", f"Letter “{kind.title}”: its words changed")


def _rows(currency: str) -> Sequence[tuple[str, Callable[[Any], str], Mapping[str, Say]]]:
    def money(amount: int | None) -> str:
        return "none" if amount is None else formatted(amount, currency)

    prices = dict.fromkeys(("price", "shipping_price", "min_price", "max_price", "min_shipping_price", "max_shipping_price"), money)
    of_coupon = {"amount": money, "min_subtotal": money, "percent": lambda percent: f"{percent} %" if percent else "none"}
    return (
        ("offers", lambda offer: offer.name or f"Offer {offer.id}", prices),
        ("coupons", lambda coupon: f"Coupon {coupon.code or coupon.id}", of_coupon),
        ("profiles", lambda profile: f"Shipping profile {profile.name or profile.id}", {"free_from": money, "price": money}),
        ("fields", lambda field: f"Field {field.label or field.id}", {}),
    )


def _differences(
    before: Sequence[Any], now: Sequence[Any], label: Callable[[Any], str], said: Mapping[str, Say], many: str,
) -> Iterator[str]:  # fmt: skip
    old, new = ({row.id: row for row in rows} for rows in (before, now))
    yield from (f"{label(row)} added" for id, row in new.items() if id not in old)
    yield from (f"{label(row)} removed" for id, row in old.items() if id not in new)
    kept = [id for id in old if id in new]
    if kept != [id for id in new if id in old]:
        yield f"The order of the {many} changed"
    for id in kept:
        yield from _of_row(old[id], new[id], label(new[id]), said)


_LONG = frozenset(("description", "image"))
"""Too long to be said: that they changed is enough."""


def _of_row(old: Value, new: Value, label: str, said: Mapping[str, Say]) -> Iterator[str]:
    for name in type(new).model_fields:
        before, now = getattr(old, name), getattr(new, name)
        if before == now:
            continue
        title = name.replace("_", " ")
        if name == "options":
            yield f"{label}: options {_options(before)} → {_options(now)}"
        elif name == "variants":
            yield from _differences(before, now, lambda variant: f"{label}, {_variant(variant)}", said, "variants")
        elif name == "rules":
            yield from _differences(before, now, lambda rule: f"{label}: rule {rule_place(rule)}", said, "rules")
        elif name in _LONG:
            yield f"{label}: {title} changed"
        else:
            yield f"{label}: {title} {_said(name, before, said)} → {_said(name, now, said)}"


def _said(name: str, value: Any, said: Mapping[str, Say]) -> str:
    if name in said:
        return said[name](value)
    if isinstance(value, bool):
        return _on(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else _text(value)


def _options(options: Any) -> str:
    return "; ".join(f"{option.name}: {', '.join(option.values)}" for option in options) or "none"


def _variant(variant: Variant) -> str:
    return " / ".join(variant.values) or variant.sku


def rule_place(rule: ShippingRule) -> str:
    """Where a shipping rule holds and for what, such as ``US-TX, offers``."""
    where = f"{rule.country}-{rule.region}" if rule.region else country_name(rule.country) if rule.country else CONTINENTS.get(rule.continent, "")
    what = {"product": f"offer {rule.of}", "category": f"category {rule.of}", "any": "everything"}.get(rule.scope, rule.scope)
    return f"{where or 'everywhere'}, {what}"
