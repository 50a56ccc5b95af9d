"""What the policy says (prices.md, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

UnitRule = Literal["list", "override"]
ShippingRule = Literal["own", "rule", "override", "upsell-excluded", "not-dearest", "entire-order", "free", "none"]
TaxRule = Literal["rate", "override", "customer-exempt", "no-address", "no-nexus", "class-exempt", "no-rate", "none"]
Verdict = Literal["applied", "unknown", "expired", "exhausted", "not-applicable", "too-many"]


class Taken(NamedTuple):
    code: str
    amount: int


class QuoteLine(NamedTuple):
    """A tuple, since an order may have hundreds: made, and looked up by, several times faster."""

    line: int
    product: str
    quantity: int
    unit_price: int
    unit_rule: UnitRule
    price: int = 0
    discount: int = 0
    discounts: tuple[Taken, ...] = ()
    shipping: int = 0
    shipping_rule: ShippingRule = "none"
    shipping_rule_id: str | None = None
    shipping_discount: int = 0
    shipping_discounts: tuple[Taken, ...] = ()
    taxable: int = 0
    tax: int = 0
    tax_rule: TaxRule = "none"
    tax_row: str | None = None
    total: int = 0


@dataclass(frozen=True, slots=True)
class CouponVerdict:
    code: str
    verdict: Verdict
    reason: str | None
    auto: bool
    amount: int


@dataclass(frozen=True, slots=True)
class TaxLine:
    row: str | None
    tax_class: str | None
    rate: str | None
    taxable: int
    tax: int


@dataclass(frozen=True, slots=True)
class Totals:
    price: int
    discount: int
    shipping: int
    shipping_discount: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Quote:
    policy: str
    currency: str
    profile: str | None
    profile_applies: bool | None
    lines: tuple[QuoteLine, ...]
    coupons: tuple[CouponVerdict, ...]
    tax_lines: tuple[TaxLine, ...]
    totals: Totals
