"""Shipping before shipping coupons (prices.md, S1-S8). Positions are among the live lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.cart.standard1.amounts import share
from services.cart.standard1.quote import ShippingRule
from services.cart.standard1.snapshot import Address, Line, Profile, Rule, Shipping

NOWHERE = Address(continent=None, country=None, region=None, postal=None)


@dataclass(frozen=True, slots=True)
class Shipped:
    amount: int
    rule: ShippingRule
    rule_id: str | None = None


def profile_of(shipping: Shipping) -> Profile | None:
    """S1."""
    if shipping.chosen is not None:
        return next(profile for profile in shipping.profiles if profile.id == shipping.chosen)
    return next((profile for profile in shipping.profiles if profile.default), None)


def applies(profile: Profile, address: Address | None) -> bool:
    """S1."""
    return not profile.rules or any(not _contradicts(rule, address or NOWHERE) for rule in profile.rules)


def _contradicts(rule: Rule, address: Address) -> bool:
    pairs = ((rule.continent, address.continent), (rule.country, address.country), (rule.region, address.region))
    return any(wanted is not None and there is not None and wanted != there for wanted, there in pairs)


def shipped(profile: Profile | None, address: Address | None, live: Sequence[Line], prices: Sequence[int], net: Callable[[], int]) -> list[Shipped]:
    """``net`` is what the lines cost after price discounts."""
    found = [_own(line) for line in live]
    if profile is None:
        return found
    governed = []
    for n, line in enumerate(live):
        if line.ship_override is not None:
            continue
        if profile.exclude_upsells and line.kind == "upsell":
            found[n] = Shipped(found[n].amount, "upsell-excluded")
        else:
            governed.append(n)
    if not governed:
        return found
    rules = _fitting(profile.rules, address or NOWHERE)
    if not profile.entire_order:
        ranks = _ranks(rules)
        for n in governed:
            found[n] = _by_rule(rules, ranks, live[n])
    if profile.dearest_only:
        _keep_dearest(found, governed)
    if profile.entire_order:
        _charge_once(rules, found, governed, live, prices)
    if profile.free_from and (net() if profile.free_after_coupons else sum(prices)) >= profile.free_from:
        for n in governed:
            found[n] = Shipped(0, "free")
    return found


def _own(line: Line) -> Shipped:
    """S2, S4."""
    if line.ship_override is not None:
        return Shipped(line.ship_override * line.quantity, "override")
    return Shipped(line.ship_price * line.quantity, "own")


def _fitting(rules: Iterable[Rule], address: Address) -> list[Rule]:
    """S5: those for the address, the strongest first."""
    here = [
        rule
        for rule in rules
        if rule.continent in (None, address.continent) and rule.country in (None, address.country) and rule.region in (None, address.region)
    ]
    return sorted(here, key=_weakness)


_SCOPES = ("product", "category", "offers", "upsells", "any")


def _weakness(rule: Rule) -> tuple[int, int]:
    place = 0 if rule.region is not None else 1 if rule.country is not None else 2 if rule.continent is not None else 3
    return place, _SCOPES.index(rule.scope)


Ranks = dict[tuple[str, str | None], int]


def _ranks(rules: Sequence[Rule]) -> Ranks:
    """How strong the strongest of each scope is: its position."""
    ranks: Ranks = {}
    for rank, rule in enumerate(rules):
        ranks.setdefault((rule.scope, rule.of if rule.scope in ("product", "category") else None), rank)
    return ranks


def _by_rule(rules: Sequence[Rule], ranks: Ranks, line: Line) -> Shipped:
    """S5."""
    covering = [("product", line.product), *(("category", name) for name in line.categories), (f"{line.kind}s", None), ("any", None)]
    rank = min((ranks[scope] for scope in covering if scope in ranks), default=None)
    if rank is None:
        return _own(line)
    rule = rules[rank]
    return Shipped(((line.ship_price if rule.mode == "add" else 0) + rule.price) * line.quantity, "rule", rule.id)


def _keep_dearest(found: list[Shipped], governed: Sequence[int]) -> None:
    """S6."""
    dearest = max(governed, key=lambda n: (found[n].amount, -n))
    for n in governed:
        if n != dearest:
            found[n] = Shipped(0, "not-dearest")


def _charge_once(rules: Iterable[Rule], found: list[Shipped], governed: Sequence[int], live: Sequence[Line], prices: Sequence[int]) -> None:
    """S7."""
    rule = next((rule for rule in rules if rule.scope == "any"), None)
    if rule is None:
        return
    weights = [prices[n] for n in governed]
    shares = share(rule.price, weights if any(weights) else [live[n].quantity for n in governed])
    for n, part in zip(governed, shares, strict=True):
        found[n] = Shipped(part + (found[n].amount if rule.mode == "add" else 0), "entire-order", rule.id)
