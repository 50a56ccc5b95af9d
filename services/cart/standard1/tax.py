"""Tax, by where it ships to (prices.md, T1-T7). Lists are by live line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.cart.standard1.amounts import millionths, part_of, share
from services.cart.standard1.quote import TaxLine, TaxRule
from services.cart.standard1.snapshot import Address, Line, Row, Snapshot, Tax, postal_of


@dataclass(frozen=True, slots=True)
class Taxed:
    taxable: int = 0
    tax: int = 0
    rule: TaxRule = "none"
    row: str | None = None


def taxed(snapshot: Snapshot, live: Sequence[Line], net_prices: Sequence[int], net_shipping: Sequence[int]) -> tuple[list[Taxed], list[TaxLine]]:
    if snapshot.tax.override is not None:
        return _given(snapshot.tax.override, [price + shipping for price, shipping in zip(net_prices, net_shipping, strict=True)])
    untaxed = _untaxed(snapshot)
    address = snapshot.address
    if untaxed or address is None:
        return [Taxed(rule=untaxed or "no-address")] * len(live), []
    rows = _applicable(snapshot.tax.rows, address, snapshot.today)
    with_shipping = _shipping_taxable(snapshot.tax, address)
    found: list[Taxed] = []
    of_row: dict[str, list[int]] = {}
    for n, line in enumerate(live):
        row = rows.get(line.tax_class) or rows.get("standard")
        if line.tax_class == "exempt":
            found.append(Taxed(rule="class-exempt"))
        elif row is None:
            found.append(Taxed(rule="no-rate"))
        else:
            found.append(Taxed(net_prices[n] + (net_shipping[n] if with_shipping else 0), rule="rate", row=row.id))
            of_row.setdefault(row.tax_class, []).append(n)
    return found, [_line(rows[name], of_row[name], found) for name in sorted(of_row)]


def _given(tax: int, taxable: Sequence[int]) -> tuple[list[Taxed], list[TaxLine]]:
    """T1."""
    if not taxable:
        return [], []
    shares = share(tax, taxable) if any(taxable) else [tax, *[0] * (len(taxable) - 1)]
    return [Taxed(*pair, rule="override") for pair in zip(taxable, shares, strict=True)], [TaxLine(None, None, None, sum(taxable), tax)]


def _untaxed(snapshot: Snapshot) -> TaxRule | None:
    """T2, as far as it holds for every line."""
    if snapshot.customer.tax_exempt:
        return "customer-exempt"
    if snapshot.address is None or snapshot.address.country is None:
        return "no-address"
    return None if any(place in snapshot.tax.nexus for place in _places(snapshot.address)) else "no-nexus"


def _places(address: Address) -> tuple[str, str]:
    return f"{address.country}-{address.region}", str(address.country)


def _applicable(rows: Iterable[Row], address: Address, today: str) -> dict[str, Row]:
    """T3: the row of each class."""
    postal = None if address.postal is None else postal_of(address.postal, str(address.country))
    best: dict[str, Row] = {}
    for row in rows:
        applies = (
            row.country == address.country
            and row.region in (None, address.region)
            and (row.postal is None or postal_of(row.postal, row.country) == postal)
            and row.since <= today
            and (row.until is None or today <= row.until)
        )
        known = best.get(row.tax_class)
        if applies and (known is None or _closeness(row) > _closeness(known)):
            best[row.tax_class] = row
    return best


def _closeness(row: Row) -> tuple[bool, bool, str]:
    return row.postal is not None, row.region is not None, row.since


def _shipping_taxable(tax: Tax, address: Address) -> bool:
    """T5."""
    return next((tax.shipping_taxable[place] for place in _places(address) if place in tax.shipping_taxable), False)


def _line(row: Row, lines: Sequence[int], found: list[Taxed]) -> TaxLine:
    """T7."""
    taxable = [found[n].taxable for n in lines]
    tax = part_of(sum(taxable), millionths(row.rate))
    for n, part in zip(lines, share(tax, taxable), strict=True):
        found[n] = Taxed(found[n].taxable, part, "rate", row.id)
    return TaxLine(row.id, row.tax_class, row.rate, sum(taxable), tax)
