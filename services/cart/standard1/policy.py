"""The price policy ``standard-1``: a pure function of a snapshot. Its rules, by number, are those of prices.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.cart.standard1.coupons import Judged, judged, taken
from services.cart.standard1.quote import CouponVerdict, Quote, QuoteLine, Taken, Totals
from services.cart.standard1.shipping import Shipped, applies, profile_of, shipped
from services.cart.standard1.snapshot import Line, Snapshot, checked
from services.cart.standard1.tax import Taxed, taxed

POLICY = "standard-1"

Takes = Mapping[str, Sequence[int]]
"""What each coupon took of each live line."""


def price(given: object) -> Quote:
    """``given`` is a Snapshot, or the plain values of one. Raises InvalidSnapshot."""
    return _priced(checked(given))


def _priced(snapshot: Snapshot) -> Quote:
    lines = sorted(snapshot.lines, key=lambda line: line.line)
    live = [line for line in lines if line.quantity]
    prices = [_unit_price(line) * line.quantity for line in live]
    quantities = [line.quantity for line in live]
    verdicts = judged(snapshot, live, prices)
    off = taken(_applied(verdicts, "price"), quantities, prices)
    net_prices = _less(prices, off)
    profile = profile_of(snapshot.shipping)
    ships = shipped(profile, snapshot.address, live, prices, lambda: sum(net_prices))
    amounts = [each.amount for each in ships]
    ship_off = taken(_applied(verdicts, "shipping"), quantities, amounts)
    net_amounts = _less(amounts, ship_off)
    taxes, tax_lines = taxed(snapshot, live, net_prices, net_amounts)
    discounts, ship_discounts = _by_line(off, len(live)), _by_line(ship_off, len(live))
    parts = zip(live, prices, net_prices, discounts, ships, net_amounts, ship_discounts, taxes, strict=True)
    quoted = {each[0].line: _line(*each) for each in parts}
    told = tuple(quoted.get(line.line) or _dead(line) for line in lines)
    return Quote(
        policy=POLICY,
        currency=snapshot.currency,
        profile=profile.id if profile else None,
        profile_applies=applies(profile, snapshot.address) if profile else None,
        lines=told,
        coupons=tuple(_verdict(each, off, ship_off) for each in verdicts),
        tax_lines=tuple(tax_lines),
        totals=_totals(told),
    )


def _unit_price(line: Line) -> int:
    """L1."""
    return line.list_price if line.price_override is None else line.price_override


def _applied(verdicts: Iterable[Judged], on: str) -> list[Judged]:
    return [each for each in verdicts if each.verdict == "applied" and each.coupon and each.coupon.on == on]


def _less(amounts: Sequence[int], takes: Takes) -> list[int]:
    left = list(amounts)
    for by_line in takes.values():
        left = [amount - part for amount, part in zip(left, by_line, strict=True)]
    return left


def _dead(line: Line) -> QuoteLine:
    """G6."""
    return QuoteLine(line.line, line.product, 0, _unit_price(line), "list" if line.price_override is None else "override")


def _by_line(takes: Takes, lines: int) -> list[tuple[Taken, ...]]:
    """What was taken of each, by code."""
    found: list[list[Taken]] = [[] for _ in range(lines)]
    for code, amounts in takes.items():
        for n, amount in enumerate(amounts):
            if amount:
                found[n].append(Taken(code, amount))
    return [tuple(each) for each in found]


def _line(
    line: Line, price: int, net_price: int, discounts: tuple[Taken, ...], ship: Shipped, net_ship: int, ship_discounts: tuple[Taken, ...], tax: Taxed
) -> QuoteLine:  # fmt: skip
    return QuoteLine(
        line=line.line,
        product=line.product,
        quantity=line.quantity,
        unit_price=_unit_price(line),
        unit_rule="list" if line.price_override is None else "override",
        price=price,
        discount=price - net_price,
        discounts=discounts,
        shipping=ship.amount,
        shipping_rule=ship.rule,
        shipping_rule_id=ship.rule_id,
        shipping_discount=ship.amount - net_ship,
        shipping_discounts=ship_discounts,
        taxable=tax.taxable,
        tax=tax.tax,
        tax_rule=tax.rule,
        tax_row=tax.row,
        total=net_price + net_ship + tax.tax,
    )


def _verdict(each: Judged, off: Takes, ship_off: Takes) -> CouponVerdict:
    amount = sum(off.get(each.code) or ship_off.get(each.code) or ())
    return CouponVerdict(each.code, each.verdict, each.reason, each.auto, amount)


def _totals(lines: Sequence[QuoteLine]) -> Totals:
    """Q1, P1."""
    return Totals(
        price=sum([line.price for line in lines]),
        discount=sum([line.discount for line in lines]),
        shipping=sum([line.shipping for line in lines]),
        shipping_discount=sum([line.shipping_discount for line in lines]),
        tax=sum([line.tax for line in lines]),
        total=sum([line.total for line in lines]),
    )
