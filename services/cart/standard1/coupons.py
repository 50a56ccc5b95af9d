"""Coupons: which (prices.md, C1-C4), and how much (D1-D5). Lists of amounts are by line, in the order of the live lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.cart.standard1.amounts import HUNDRED, part_of, share
from services.cart.standard1.quote import Verdict
from services.cart.standard1.snapshot import Coupon, Line, Snapshot, code_of


@dataclass(frozen=True, slots=True)
class Judged:
    """``applied_to`` are positions among the live lines; empty unless applied."""

    code: str
    verdict: Verdict
    reason: str | None
    auto: bool
    coupon: Coupon | None = None
    applied_to: tuple[int, ...] = ()


def judged(snapshot: Snapshot, live: Sequence[Line], prices: Sequence[int]) -> list[Judged]:
    """C2: entered codes as typed, then default ones by code."""
    catalog = {code: coupon for coupon in snapshot.coupons.catalog if (code := code_of(coupon.code))}
    entered = list(dict.fromkeys(code for text in snapshot.coupons.entered if (code := code_of(text))))
    auto = sorted(code for code, coupon in catalog.items() if coupon.default and code not in entered)
    used = {code_of(code) for code in snapshot.customer.used_codes}
    found: list[Judged] = []
    places = snapshot.coupons.max
    for code in (*entered, *auto):
        coupon = catalog.get(code)
        matched = _matched(coupon, live) if coupon else ()
        verdict, reason = _verdict(coupon, matched, code in used, snapshot.today, live, prices, places)
        applied = verdict == "applied"
        places -= applied
        found.append(Judged(code, verdict, reason, code not in entered, coupon, _applied_to(coupon, matched) if coupon and applied else ()))
    return found


def _matched(coupon: Coupon, live: Sequence[Line]) -> tuple[int, ...]:
    """C3."""
    if coupon.target == "order" or not (coupon.products or coupon.tags):
        return tuple(range(len(live)))
    return tuple(n for n, line in enumerate(live) if line.product in coupon.products or any(tag in coupon.tags for tag in line.tags))


def _applied_to(coupon: Coupon, matched: tuple[int, ...]) -> tuple[int, ...]:
    return matched[:1] if coupon.first_only and coupon.target == "products" else matched


def _verdict(
    coupon: Coupon | None, matched: Sequence[int], used: bool, today: str, live: Sequence[Line], prices: Sequence[int], places: int
) -> tuple[Verdict, str | None]:
    """C4: the first that holds."""
    if coupon is None:
        return "unknown", "unknown-code"
    if coupon.starts is not None and today < coupon.starts:
        return "not-applicable", "not-started"
    if coupon.ends is not None and today > coupon.ends:
        return "expired", "ended"
    if coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
        return "exhausted", "all-used"
    if coupon.once_per_customer and used:
        return "exhausted", "used-by-customer"
    if not matched:
        return "not-applicable", "no-line"
    if coupon.min_subtotal is not None and sum(prices[n] for n in matched) < coupon.min_subtotal:
        return "not-applicable", "minimum-subtotal"
    if coupon.min_quantity is not None and sum(live[n].quantity for n in matched) < coupon.min_quantity:
        return "not-applicable", "minimum-quantity"
    return ("too-many", "maximum") if places <= 0 else ("applied", None)


def taken(applied: Iterable[Judged], quantities: Sequence[int], amounts: Sequence[int]) -> dict[str, list[int]]:
    """What each coupon takes of each line's amount, codes in order. D1: products before order, flat before percent."""
    by_code = sorted(applied, key=lambda each: each.code)
    left, takes = list(amounts), {each.code: [0] * len(amounts) for each in by_code}
    for level, target, kind in (
        (_products_flat, "products", "flat"),
        (_products_percent, "products", "percent"),
        (_order_flat, "order", "flat"),
        (_order_percent, "order", "percent"),
    ):
        those = [each for each in by_code if each.coupon and each.coupon.target == target and each.coupon.kind == kind]
        for code, parts in level(those, quantities, left) if those else ():
            left[:] = [amount - part for amount, part in zip(left, parts, strict=True)]
            takes[code] = parts
    return takes


Takes = Iterator[tuple[str, list[int]]]
"""Code, and what it takes of each line; ``left`` has gone down by it when the next one is asked for."""


def _products_flat(coupons: Sequence[Judged], quantities: Sequence[int], left: list[int]) -> Takes:
    """D2."""
    for each in coupons:
        amount, parts = _coupon(each).amount, [0] * len(left)
        for n in each.applied_to:
            parts[n] = min(left[n], amount * quantities[n])
        yield each.code, parts


def _products_percent(coupons: Sequence[Judged], quantities: Sequence[int], left: list[int]) -> Takes:
    """D3."""
    of_line: list[list[int]] = [[] for _ in left]
    for c, each in enumerate(coupons):
        for n in each.applied_to:
            of_line[n].append(c)
    percents = [_coupon(each).percent for each in coupons]
    parts = [[0] * len(left) for _ in coupons]
    for n, those in enumerate(of_line):
        mine = [percents[c] for c in those]
        discount = part_of(left[n], min(HUNDRED, sum(mine)))
        for c, amount in zip(those, share(discount, mine), strict=True):
            parts[c][n] = amount
    for each, taken in zip(coupons, parts, strict=True):
        yield each.code, taken


def _order_flat(coupons: Sequence[Judged], quantities: Sequence[int], left: list[int]) -> Takes:
    """D4."""
    for each in coupons:
        yield each.code, share(min(_coupon(each).amount, sum(left)), left)


def _order_percent(coupons: Sequence[Judged], quantities: Sequence[int], left: list[int]) -> Takes:
    """D5."""
    percents = [_coupon(each).percent for each in coupons]
    discount = part_of(sum(left), min(HUNDRED, sum(percents)))
    for each, amount in zip(coupons, share(discount, percents), strict=True):
        yield each.code, share(amount, left)


def _coupon(each: Judged) -> Coupon:
    if each.coupon is None:
        raise AssertionError("only a known coupon is applied")
    return each.coupon
