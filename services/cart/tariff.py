"""A campaign as orders are priced by it: made once a version, since a version never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.cart.standard1.snapshot import Coupon, Profile, code_of, coupons, profiles
from shared.contracts.catalog import Campaign, Offer, ShippingProfile, Variant
from shared.contracts.catalog import Coupon as CampaignCoupon


@dataclass(frozen=True, slots=True, eq=False)
class Sold:
    """What a line's product is: an offer, or one of its variants. Each is the same only as itself, so that it is cheap to look up by."""

    offer: Offer
    variant: Variant | None = None

    @property
    def id(self) -> str:
        return self.variant.id if self.variant else self.offer.id

    @property
    def trial(self) -> str:
        """What is tried, whichever campaign sells it; empty: it is no trial."""
        return (self.offer.base_product or self.offer.id) if self.offer.trial_days else ""

    @property
    def name(self) -> str:
        return f"{self.offer.name}, {', '.join(self.variant.values)}" if self.variant and self.variant.values else self.offer.name

    @property
    def sku(self) -> str:
        return self.variant.sku if self.variant else self.offer.sku

    @property
    def price(self) -> int:
        return self.offer.price if self.variant is None or self.variant.price is None else self.variant.price

    @property
    def shipping_price(self) -> int:
        return self.offer.shipping_price if self.variant is None or self.variant.shipping_price is None else self.variant.shipping_price


class Tariff:
    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.products: Mapping[str, Sold] = {
            id: sold
            for offer in campaign.offers
            for id, sold in ([(each.id, Sold(offer, each)) for each in offer.variants] or [(offer.id, Sold(offer))])
        }
        self.trials = frozenset(sold.trial for sold in self.products.values() if sold.trial)
        self.coupons: Mapping[str, CampaignCoupon] = {code_of(coupon.code): coupon for coupon in campaign.coupons}
        self.limited = frozenset(code for code, coupon in self.coupons.items() if coupon.max_uses is not None)
        self.automatic = frozenset(code for code, coupon in self.coupons.items() if coupon.default)
        self.once = frozenset(code for code, coupon in self.coupons.items() if coupon.once_per_customer)

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """Raises InvalidSnapshot."""
        return profiles([_profile(each) for each in self.campaign.profiles])

    @cached_property
    def _judged(self) -> tuple[Coupon, ...]:
        """Raises InvalidSnapshot."""
        return coupons([_coupon(each) for each in self.campaign.coupons])

    def considered(self, entered: Iterable[str]) -> frozenset[str]:
        """Codes that a verdict can be about and that the campaign has: those entered, and default ones."""
        return self.automatic | self.coupons.keys() & {code_of(text) for text in entered}

    def judged(self, entered: Iterable[str]) -> list[Coupon]:
        """Raises InvalidSnapshot."""
        codes = self.considered(entered)
        return [coupon for coupon in self._judged if code_of(coupon.code) in codes]


def _profile(profile: ShippingProfile) -> dict[str, Any]:
    plain = profile.model_dump(exclude={"name", "rules"})
    rules = [{name: None if name in _EMPTY and not value else value for name, value in rule.model_dump().items()} for rule in profile.rules]
    return {**plain, "rules": rules}


_EMPTY = ("continent", "country", "region", "of", "starts", "ends")
"""Texts that are null in a snapshot where there is nothing."""


def _coupon(coupon: CampaignCoupon) -> dict[str, Any]:
    plain = coupon.model_dump(exclude={"id", "amount", "percent"})
    value = coupon.amount if coupon.kind == "flat" else coupon.percent
    return {**{name: None if name in _EMPTY and not given else given for name, given in plain.items()}, "value": value, "uses": 0}
