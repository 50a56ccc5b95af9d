"""Why an order costs what it costs, in words for the agent: which rule gave each figure of its quote. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from services.cart.tariff import Sold, Tariff
from shared.contracts.catalog import Coupon, ShippingProfile, ShippingRule
from shared.contracts.order import CouponVerdict, Line, Quote, QuoteLine, TaxLine
from shared.money import formatted

_CONTINENTS = {
    "AF": "Africa", "AN": "Antarctica", "AS": "Asia", "EU": "Europe", "NA": "North America", "OC": "Oceania", "SA": "South America",
}  # fmt: skip
_UNTAXED = {
    "customer-exempt": "this customer is exempt",
    "no-address": "there is no address to ship to yet",
    "no-nexus": "none is collected where this ships to",
    "class-exempt": "its tax class is exempt",
    "no-rate": "no rate is known for where this ships to",
    "none": "nothing is taxed",
}


class Why:
    def __init__(self, quote: Quote, lines: Sequence[Line], tariff: Tariff) -> None:
        self._quote, self._tariff = quote, tariff
        self._lines = {line.line: line for line in lines}
        self._profile = next((profile for profile in tariff.campaign.profiles if profile.id == quote.profile), None)

    def told(self) -> dict[str, Any]:
        return {
            "lines": [self._line(line) for line in self._quote.lines],
            "shipping": self._shipping_profile(),
            "coupons": [{"code": verdict.code, "verdict": verdict.verdict, "detail": self.coupon(verdict)} for verdict in self._quote.coupons],
            "tax": list(self._taxes()),
        }

    def coupon(self, verdict: CouponVerdict) -> str:
        return coupon_said(verdict, self._tariff.coupons.get(verdict.code), self._tariff.campaign.max_coupons, self._quote.currency)

    def _line(self, line: QuoteLine) -> dict[str, Any]:
        return {
            "line": line.line,
            "product": line.product,
            "name": line.name,
            "unit": self._unit(line),
            "shipping": f"Shipping {self._money(line.shipping)}: {self._shipping(line)}.",
            "discount": list(self._discounts(line)),
            "tax": self._tax(line),
        }

    def _unit(self, line: QuoteLine) -> str:
        if line.unit_rule == "list":
            return f"{self._money(line.unit_price)} each: the campaign's price."
        instead = f" instead of {self._money(line.list_price)}" if line.list_price is not None else ""
        return f"{self._money(line.unit_price)} each{instead}: {self._changed(line)}."

    def _changed(self, line: QuoteLine) -> str:
        typed = self._lines.get(line.line)
        by = f" by {typed.by.rpartition(':')[2]}" if typed and typed.by else ""
        reason = f" ({typed.reason})" if typed and typed.reason else ""
        return f"changed{by}{reason}"

    def _shipping(self, line: QuoteLine) -> str:
        profile = f"profile {self._profile.name}" if self._profile else "the profile"
        own = self._own(line)
        match line.shipping_rule:
            case "override":
                return f"{self._changed(line)} to {self._each(line)}"
            case "upsell-excluded":
                return f"{profile} leaves upsells out, so that it is {own}"
            case "not-dearest":
                return f"{profile} charges only the line that costs most to ship, which is another one"
            case "free":
                least = self._profile.free_from if self._profile else None
                return f"{profile} ships orders from {self._money(least or 0)} on for nothing"
            case "rule" | "entire-order":
                return self._by_rule(line, profile)
        return own

    def _by_rule(self, line: QuoteLine, profile: str) -> str:
        rule = next((rule for rule in self._profile.rules if rule.id == line.shipping_rule_id), None) if self._profile else None
        if rule is None:
            return profile
        name, price = f"rule “{rule_name(rule, self._tariff)}” of {profile}", self._money(rule.price)
        if line.shipping_rule == "entire-order":
            more = " on top of what it ships at itself" if rule.mode == "add" else ""
            return f"its share of {price} an order{more}, {name}"
        return f"{name}, {price} more than {self._own(line, rule.price)}" if rule.mode == "add" else f"{name}, {price} each"

    def _own(self, line: QuoteLine, more: int = 0) -> str:
        """Where it is not the campaign's, in the version that it was priced with, a shipping provider named it."""
        sold, each = self._sold(line), line.shipping // line.quantity - more
        whose = "the product's own" if sold is None or each == sold.shipping_price else "the shipping provider's"
        return f"{whose} {self._money(each)} each"

    def _each(self, line: QuoteLine) -> str:
        return f"{self._money(line.shipping // line.quantity)} each"

    def _discounts(self, line: QuoteLine) -> Iterator[str]:
        for taken in line.discounts:
            yield f"Coupon {taken.code} takes {self._money(taken.amount)}{self._kind(taken.code)}."
        for taken in line.shipping_discounts:
            yield f"Coupon {taken.code} takes {self._money(taken.amount)} of the shipping{self._kind(taken.code)}."

    def _kind(self, code: str) -> str:
        coupon = self._tariff.coupons.get(code)
        return f" ({coupon_value(coupon, self._quote.currency)})" if coupon else ""

    def _tax(self, line: QuoteLine) -> str:
        if not self._quote.policy:
            return f"Tax {self._money(line.tax)}: {self._quote.tax_rate} %."
        if line.tax_rule == "override":
            return f"Tax {self._money(line.tax)}: its share of what the tax provider worked out."
        if line.tax_rule != "rate":
            return f"No tax: {_UNTAXED[line.tax_rule]}."
        rate = next((each.rate for each in self._quote.tax_lines if each.row == line.tax_row), "")
        return f"Tax {self._money(line.tax)}: {rate} % of {self._money(line.taxable)}, by {place_of(line.tax_row)}."

    def _taxes(self) -> Iterator[str]:
        for each in self._quote.tax_lines:
            yield self._tax_line(each)
        if not self._quote.tax_lines:
            rules = dict.fromkeys(line.tax_rule for line in self._quote.lines)
            yield from (f"No tax: {_UNTAXED[rule]}." for rule in rules if self._quote.policy and rule in _UNTAXED)

    def _tax_line(self, each: TaxLine) -> str:
        if not each.row:
            return f"Tax {self._money(each.tax)}: worked out by the tax provider."
        return f"Tax {self._money(each.tax)}: {each.rate} % of {self._money(each.taxable)}, class {each.tax_class}, by {place_of(each.row)}."

    def _shipping_profile(self) -> str:
        if self._profile is None:
            return "No shipping profile: each product ships at its own price."
        fits = " None of its rules is for this address." if self._quote.profile_applies is False else ""
        return f"Shipping by profile {self._profile.name}{_switches(self._profile, self._quote.currency)}.{fits}"

    def _sold(self, line: QuoteLine) -> Sold | None:
        return self._tariff.products.get(line.product)

    def _money(self, amount: int) -> str:
        return formatted(amount, self._quote.currency)


def coupon_said(verdict: CouponVerdict, coupon: Coupon | None, most: int, currency: str) -> str:
    match verdict.reason:
        case "unknown-code":
            return "This campaign has no such coupon."
        case "not-started":
            return f"It starts on {coupon.starts}." if coupon else "It has not started yet."
        case "ended":
            return f"It ended on {coupon.ends}." if coupon else "It has ended."
        case "all-used":
            return "All of its uses are taken."
        case "used-by-customer":
            return "This customer has used it in another order."
        case "no-line":
            return "It is for none of the products in this order."
        case "minimum-subtotal":
            return f"It needs products for {formatted(coupon.min_subtotal or 0, currency)} that it is for." if coupon else "It needs a larger order."
        case "minimum-quantity":
            return f"It needs {coupon.min_quantity} of the products that it is for." if coupon else "It needs a larger order."
        case "maximum":
            return f"An order takes {most}, and there are as many already." if most else "This campaign takes no coupons."
    by_itself = "Applied by itself. " if verdict.auto else ""
    return f"{by_itself}It takes {formatted(verdict.amount, currency)}." if verdict.amount else f"{by_itself}Nothing is left for it to take."


def coupon_value(coupon: Coupon, currency: str) -> str:
    return f"{coupon.percent} %" if coupon.kind == "percent" else formatted(coupon.amount, currency)


def rule_name(rule: ShippingRule, tariff: Tariff) -> str:
    """Such as ``US-TX, Cloud pillow``."""
    place = f"{rule.country}-{rule.region}" if rule.region else rule.country or _CONTINENTS.get(rule.continent, "everywhere")
    offer = next((offer.name for offer in tariff.campaign.offers if offer.id == rule.of), rule.of)
    what = {"product": offer, "category": f"category {rule.of}", "offers": "offers", "upsells": "upsells", "any": "anything"}[rule.scope]
    return f"{place}, {what}"


def place_of(row: str) -> str:
    """``US-TX`` by the settings, ``texas@3 US-TX 75201`` by a table."""
    table, _, place = row.partition(" ")
    return f"{place} of tax table {table.partition('@')[0]}" if place else f"the rate of {row}"


def _switches(profile: ShippingProfile, currency: str) -> str:
    said = [
        what
        for holds, what in (
            (profile.entire_order, "one price an order"),
            (profile.dearest_only, "only the line that costs most to ship"),
            (profile.exclude_upsells, "without upsells"),
            (profile.free_from, f"free from {formatted(profile.free_from or 0, currency)} on"),
        )
        if holds
    ]
    return f" ({', '.join(said)})" if said else ""
