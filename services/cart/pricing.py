"""What an order costs: list prices, flat shipping a unit, one tax rate by where it goes. Whole minor units, exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from shared.contracts.catalog import Campaign, Offer, Settings
from shared.contracts.order import Address, Line, Quote, QuoteLine


def quote(campaign: Campaign, settings: Settings, lines: Sequence[Line], ship_to: Address) -> Quote:
    offers = {offer.id: offer for offer in campaign.offers}
    live = sorted((line for line in lines if line.quantity > 0 and line.product in offers), key=lambda line: line.line)
    rate, shipping_taxable = tax_rule(settings, ship_to)
    bases = [_taxable(offers[line.product], line.quantity, shipping_taxable) for line in live]
    tax = _half_up(sum(bases) * rate / 100)
    quoted = tuple(_line(line, offers[line.product], share) for line, share in zip(live, shared(tax, bases), strict=True))
    return Quote(
        currency=campaign.currency,
        lines=quoted,
        price=sum(line.price for line in quoted),
        shipping=sum(line.shipping for line in quoted),
        tax=tax,
        total=sum(line.total for line in quoted),
        tax_rate=settings.tax_rates.get(_place(settings.tax_rates, ship_to) or "", "0"),
    )


def tax_rule(settings: Settings, ship_to: Address) -> tuple[Fraction, bool]:
    """The rate in percent and whether shipping is taxed; the region's entry before the country's, no entry is no tax."""
    place = _place(settings.tax_rates, ship_to)
    taxable = _place(settings.shipping_taxable, ship_to)
    return Fraction(settings.tax_rates[place]) if place else Fraction(0), settings.shipping_taxable[taxable] if taxable else False


def _place(entries: Mapping[str, object], ship_to: Address) -> str | None:
    return next((place for place in (f"{ship_to.country}-{ship_to.region}", ship_to.country) if place in entries), None)


def _taxable(offer: Offer, quantity: int, shipping_taxable: bool) -> int:
    return (offer.price + (offer.shipping_price if shipping_taxable else 0)) * quantity


def _half_up(amount: Fraction | int) -> int:
    return math.floor(amount + Fraction(1, 2))


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares that sum to the amount; missing units go to the largest fractions, equal ones to the first."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % total), n))
    for n in order[: amount - sum(shares)]:
        shares[n] += 1
    return shares


def _line(line: Line, offer: Offer, tax: int) -> QuoteLine:
    price, shipping = offer.price * line.quantity, offer.shipping_price * line.quantity
    return QuoteLine(
        line=line.line,
        product=offer.id,
        name=offer.name,
        sku=offer.sku,
        quantity=line.quantity,
        unit_price=offer.price,
        price=price,
        shipping=shipping,
        tax=tax,
        total=price + shipping + tax,
    )
