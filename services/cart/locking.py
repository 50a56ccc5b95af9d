"""Prices that a link has locked for its customer (flows.md §5).

Unit prices, shipping and discounts of a line hold as long as it, the coupons and the chosen delivery are as they were; tax follows the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from services.cart.pricing import Catalog, Circumstances, tax_told, taxed
from services.cart.standard1.amounts import share
from services.cart.standard1.quote import QuoteLine as PricedLine
from services.cart.state import Held, Order
from shared.contracts.order import Quote, QuoteLine, Taken

_Discount = Literal["discounts", "shipping_discounts"]
_HELD = (
    "unit_price", "unit_rule", "list_price", "price", "discount", "discounts", "shipping", "shipping_rule", "shipping_rule_id",
    "shipping_discount", "shipping_discounts",
)  # fmt: skip


def with_lock(full: Quote, order: Order, held: Held, catalog: Catalog, known: Circumstances) -> Quote:
    """``full`` is what it would cost without. Raises Unasked."""
    if (order.coupons, order.profile) != (held.coupons, held.profile):
        return full
    then = {line.line: line for line in held.quote.lines}
    same = {line.line for line in order.lines if line in held.lines and line.line in then}
    lines = [_as_then(line, then[line.line]) if line.line in same else line for line in full.lines]
    for kind in ("discounts", "shipping_discounts"):
        lines = _within(full, lines, same, kind)
    if lines == list(full.lines):
        return full
    priced = taxed(catalog, lines, order.ship_to, known)
    by_line = {line.line: line for line in priced.lines}
    return _summed(full, held.quote, [_taxed(line, by_line[line.line]) for line in lines], tax_told(priced))


def _as_then(line: QuoteLine, then: QuoteLine) -> QuoteLine:
    return line.model_copy(update={name: getattr(then, name) for name in _HELD})


def _within(full: Quote, lines: Sequence[QuoteLine], same: set[int], kind: _Discount) -> list[QuoteLine]:
    """What a coupon takes from lines that left the lock is at most what it takes from the whole order, less what it holds on the others."""
    whole, held = _taken(full.lines, kind), _taken((line for line in lines if line.line in same), kind)
    free = {line.line: line for line in lines if line.line not in same}
    for code in held:
        wanted = {n: each.amount for n, line in free.items() for each in getattr(line, kind) if each.code == code}
        most = max(whole.get(code, 0) - held[code], 0)
        if sum(wanted.values()) > most:
            for n, amount in zip(sorted(wanted), share(most, [wanted[n] for n in sorted(wanted)]), strict=True):
                free[n] = _taking(free[n], kind, code, amount)
    return [free.get(line.line, line) for line in lines]


def _taking(line: QuoteLine, kind: _Discount, code: str, amount: int) -> QuoteLine:
    taken = tuple(Taken(code=each.code, amount=amount if each.code == code else each.amount) for each in getattr(line, kind))
    left = tuple(each for each in taken if each.amount)
    return line.model_copy(update={kind: left, kind.removesuffix("s"): sum(each.amount for each in left)})


def _taken(lines: Iterable[QuoteLine], kind: _Discount) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        for each in getattr(line, kind):
            found[each.code] = found.get(each.code, 0) + each.amount
    return found


def _summed(full: Quote, then: Quote, lines: Sequence[QuoteLine], tax: dict[str, Any]) -> Quote:
    """A coupon that has ended meanwhile still takes what was locked."""
    taken = {**_taken(lines, "discounts")}
    for code, amount in _taken(lines, "shipping_discounts").items():
        taken[code] = taken.get(code, 0) + amount
    before = {verdict.code: verdict for verdict in then.coupons}
    verdicts = [before.get(each.code, each) if taken.get(each.code) else each for each in full.coupons]
    sums = {name: sum(getattr(line, name) for line in lines) for name in ("price", "discount", "shipping", "shipping_discount", "tax", "total")}
    coupons = tuple(each.model_copy(update={"amount": taken.get(each.code, 0)}) for each in verdicts)
    return full.model_copy(update={"lines": tuple(lines), "coupons": coupons, **sums, **tax})


def _taxed(line: QuoteLine, told: PricedLine) -> QuoteLine:
    tax = {"taxable": told.taxable, "tax": told.tax, "tax_rule": told.tax_rule, "tax_row": told.tax_row or ""}
    net = line.price - line.discount + line.shipping - line.shipping_discount
    return line.model_copy(update={**tax, "total": net + told.tax})
