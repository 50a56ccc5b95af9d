"""What an order costs: the snapshot that the policy prices, made of campaign, settings and order; and its quote as orders carry it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from services.cart.providers import Answers, Parcel, ParcelLine, Prices, Sale, SaleLine, ShipTo
from services.cart.rates import OPEN
from services.cart.standard1.policy import price
from services.cart.standard1.quote import Quote as Priced
from services.cart.standard1.quote import QuoteLine as PricedLine
from services.cart.standard1.snapshot import Coupon, code_of, line_of, postal_of
from services.cart.standard1.snapshot import Line as SnapshotLine
from services.cart.tariff import Sold, Tariff
from shared.contracts.catalog import Settings
from shared.contracts.order import Address, Line, Quote, QuoteLine, TaxLine
from shared.places import continent

_REMEMBERED = 10_000
"""Lines as they were asked for and as they were told: a change of an order touches few of them."""


@dataclass(frozen=True, slots=True)
class Gateway:
    on: bool
    capabilities: frozenset[str]

    @property
    def ach(self) -> bool:
        return "ach" in self.capabilities

    @property
    def unusable(self) -> str:
        """Why Order Entry cannot charge by it; empty where it can."""
        if not self.on:
            return "is switched off"
        return next((why for name, why in _UNUSABLE.items() if name in self.capabilities), "")


_UNUSABLE = {"requires-3ds": "needs 3-D Secure, which a customer on the phone cannot do", "requires-form": "needs a form of its own"}


@dataclass(frozen=True, slots=True)
class Catalog:
    """The campaign and the account as cart knows them now. ``affiliates`` are the codes of those that are on."""

    tariff: Tariff
    number: int
    settings: Settings
    settings_number: int
    retired: bool = False
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    affiliates: frozenset[str] = frozenset()


class About(NamedTuple):
    """What decides which circumstances count for an order."""

    customer_id: str
    phone: str
    email: str
    country: str
    region: str
    postal: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What counts for the price and is neither in the order nor in the catalog. ``uses`` are by other orders, ``rows`` of tax tables."""

    today: str
    tax_exempt: bool = False
    used_codes: tuple[str, ...] = ()
    uses: Mapping[str, int] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    answers: Answers = Answers()  # noqa: RUF009 - frozen


Known = Callable[[About], Circumstances | None]
"""None where the order is about something else than what was asked for."""


def quote(
    catalog: Catalog, lines: Sequence[Line], coupons: Sequence[str], profile: str, ship_to: Address, known: Circumstances
) -> Quote:  # fmt: skip
    """Lines whose product has left the campaign are not priced. Raises InvalidSnapshot, Unasked."""
    tariff = catalog.tariff
    sold = {line.line: tariff.products[line.product] for line in lines if line.quantity and line.product in tariff.products}
    prices = _shipping_prices(lines, sold, ship_to, known, tariff.campaign.currency)
    given: dict[str, Any] = {
        "currency": tariff.campaign.currency,
        "today": known.today,
        "lines": [_line(line, sold[line.line], prices) for line in lines if line.line in sold],
        "shipping": {"chosen": profile or None, "profiles": tariff.profiles},
        "coupons": {"max": tariff.campaign.max_coupons, "entered": coupons, "catalog": _coupons(tariff, coupons, known.uses)},
        "address": _address(ship_to),
        "customer": {"tax_exempt": known.tax_exempt, "used_codes": known.used_codes},
        "tax": _tax(catalog.settings, ship_to, known.rows),
    }
    priced = price(given)
    override = _tax_given(priced, sold, ship_to, known)
    if override is not None:
        priced = price({**given, "tax": {**given["tax"], "override": override}})
    return _told(priced, {line.line: line.product for line in lines}, sold)


def taxed(catalog: Catalog, lines: Sequence[QuoteLine], ship_to: Address, known: Circumstances) -> Priced:
    """The tax on lines whose prices, discounts and shipping stand: as if each were one thing at its net amounts. Raises Unasked."""
    tariff = catalog.tariff
    sold = {line.line: tariff.products[line.product] for line in lines}
    given: dict[str, Any] = {
        "currency": tariff.campaign.currency,
        "today": known.today,
        "lines": [_net(line, sold[line.line]) for line in lines],
        "shipping": {"chosen": None, "profiles": ()},
        "coupons": {"max": 0, "entered": (), "catalog": ()},
        "address": _address(ship_to),
        "customer": {"tax_exempt": known.tax_exempt, "used_codes": ()},
        "tax": _tax(catalog.settings, ship_to, known.rows),
    }
    if known.answers.tax is None or not sold or not ship_to.country:
        return price(given)
    sale = tuple(_sale_line(line, sold[line.line]) for line in lines)
    override = known.answers.tax_of(Sale(tariff.campaign.currency, known.today, _place(ship_to), known.tax_exempt, sale))
    return price({**given, "tax": {**given["tax"], "override": override}})


def _net(line: QuoteLine, sold: Sold) -> dict[str, Any]:
    plain = {"line": line.line, "product": sold.offer.id, "kind": sold.offer.kind, "categories": (), "tags": (), "quantity": 1}
    net = {"list_price": line.price - line.discount, "ship_price": line.shipping - line.shipping_discount}
    return {**plain, **net, "price_override": None, "ship_override": None, "tax_class": sold.offer.tax_class}


def _shipping_prices(lines: Sequence[Line], sold: Mapping[int, Sold], ship_to: Address, known: Circumstances, currency: str) -> Prices:
    """None of another provider before there is something to ship, and a country. Raises Unasked."""
    if known.answers.prices is None or not sold or not ship_to.country:
        return {}
    parcel = [ParcelLine(line.line, line.product, sold[line.line].sku, line.quantity) for line in lines if line.line in sold]
    return known.answers.prices_of(Parcel(currency, known.today, _place(ship_to), tuple(parcel)))


def _tax_given(priced: Priced, sold: Mapping[int, Sold], ship_to: Address, known: Circumstances) -> int | None:
    """T8. Raises Unasked."""
    if known.answers.tax is None or not sold or not ship_to.country:
        return None
    lines = tuple(_sale_line(line, sold[line.line]) for line in priced.lines)
    return known.answers.tax_of(Sale(priced.currency, known.today, _place(ship_to), known.tax_exempt, lines))


def _sale_line(line: PricedLine | QuoteLine, sold: Sold) -> SaleLine:
    net_price, net_shipping = line.price - line.discount, line.shipping - line.shipping_discount
    return SaleLine(line.line, sold.id, sold.sku, sold.offer.tax_class, line.quantity, net_price, net_shipping)


def _place(ship_to: Address) -> ShipTo:
    return ShipTo(ship_to.country, ship_to.region, ship_to.postal, ship_to.city)


def _line(line: Line, sold: Sold, prices: Prices) -> SnapshotLine:
    return _snapshot_line(line.line, line.quantity, line.price, line.shipping_price, prices.get(line.line, sold.shipping_price), sold)


@lru_cache(maxsize=_REMEMBERED)
def _snapshot_line(number: int, quantity: int, price: int | None, shipping_price: int | None, ship_price: int, sold: Sold) -> SnapshotLine:
    """A variant's coupons, rules and limits are its offer's, so that it is its offer to the policy. Raises InvalidSnapshot."""
    offer = sold.offer
    return line_of(
        {
            "line": number,
            "product": offer.id,
            "kind": offer.kind,
            "categories": offer.categories,
            "tags": offer.tags,
            "list_price": sold.price,
            "price_override": price,
            "quantity": quantity,
            "ship_price": ship_price,
            "ship_override": shipping_price,
            "tax_class": offer.tax_class,
        }
    )


def _coupons(tariff: Tariff, entered: Sequence[str], uses: Mapping[str, int]) -> list[Coupon]:
    found = tariff.judged(entered)
    return [replace(coupon, uses=uses.get(code_of(coupon.code), 0)) if coupon.max_uses is not None else coupon for coupon in found]


def _address(ship_to: Address) -> dict[str, Any] | None:
    known = {
        "continent": continent(ship_to.country),
        "country": ship_to.country or None,
        "region": ship_to.region or None,
        "postal": ship_to.postal or None,
    }
    return known if any(known.values()) else None


def _tax(settings: Settings, ship_to: Address, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Only what can count for where it ships to. Where a table has a rate for the same, it is the table's."""
    places = [place for place in (f"{ship_to.country}-{ship_to.region}", ship_to.country) if ship_to.country]
    flat = [_flat(place, settings.tax_rates[place]) for place in places if place in settings.tax_rates]
    taken = {_key(row) for row in rows}
    rates = [*rows, *(row for row in flat if _key(row) not in taken)]
    if settings.tax_nexus is None:
        nexus = {f"{row['country']}-{row['region']}" if row["region"] else row["country"] for row in rates}
    else:
        nexus = set(settings.tax_nexus)
    return {
        "nexus": [place for place in places if place in nexus],
        "shipping_taxable": {place: settings.shipping_taxable[place] for place in places if place in settings.shipping_taxable},
        "override": None,
        "rows": rates,
    }


def _flat(place: str, rate: str) -> dict[str, Any]:
    country, _, region = place.partition("-")
    row = {"country": country, "region": region or None, "postal": None, "class": "standard", "from": OPEN, "until": None}
    return {**row, "id": place, "rate": rate}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    postal = None if row["postal"] is None else postal_of(row["postal"], row["country"])
    return row["country"], row["region"], postal, row["class"], row["from"]


def _told(priced: Priced, products: Mapping[int, str], sold: Mapping[int, Sold]) -> Quote:
    """From plain values at once, which is several times faster than part by part."""
    totals = priced.totals
    told = {
        "policy": priced.policy,
        "currency": priced.currency,
        "lines": [_told_line(line, products[line.line], sold[line.line]) for line in priced.lines],
        "price": totals.price,
        "discount": totals.discount,
        "shipping": totals.shipping,
        "shipping_discount": totals.shipping_discount,
        "tax": totals.tax,
        "total": totals.total,
        "profile": priced.profile or "",
        "profile_applies": priced.profile_applies,
        "coupons": [{**_plain(each), "reason": each.reason or ""} for each in priced.coupons],
        **tax_told(priced),
    }
    return Quote.model_validate(told)


def tax_told(priced: Priced) -> dict[str, Any]:
    """Its tax lines, as a quote has them."""
    rates = [line.rate for line in priced.tax_lines if line.rate is not None]
    return {
        "tax_rate": rates[0] if len(rates) == 1 else "0",
        "tax_lines": tuple(TaxLine(**{name: "" if value is None else value for name, value in _plain(each).items()}) for each in priced.tax_lines),
    }


@lru_cache(maxsize=_REMEMBERED)
def _told_line(line: PricedLine, product: str, sold: Sold) -> QuoteLine:
    return QuoteLine.model_validate(
        {
            **line._asdict(),
            "product": product,
            "name": sold.name,
            "sku": sold.sku,
            "list_price": sold.price,
            "discounts": [each._asdict() for each in line.discounts],
            "shipping_discounts": [each._asdict() for each in line.shipping_discounts],
            "shipping_rule_id": line.shipping_rule_id or "",
            "tax_row": line.tax_row or "",
            "trial": sold.trial,
            "plugin": sold.offer.plugin,
        }
    )


def _plain(told: Any) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__slots__}
