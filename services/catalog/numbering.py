"""Which parts of a campaign carry an id, and giving one to those that have none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from shared.contracts.catalog import Campaign, CampaignChanges, Coupon, Offer, ShippingProfile, ShippingRule
from shared.kernel.events import Value

Sections = Campaign | CampaignChanges
V = TypeVar("V", bound=Value)


def numbered(sections: Sections) -> Iterator[tuple[str, str]]:
    """Field and id of each offer, variant, coupon and shipping profile."""
    for n, offer in enumerate(sections.offers or ()):
        yield f"offers.{n}.id", offer.id
        for m, variant in enumerate(offer.variants):
            yield f"offers.{n}.variants.{m}.id", variant.id
    for n, coupon in enumerate(sections.coupons or ()):
        yield f"coupons.{n}.id", coupon.id
    for n, profile in enumerate(sections.profiles or ()):
        yield f"profiles.{n}.id", profile.id


def local(sections: Sections) -> Iterator[tuple[str, str]]:
    """Field and id of each custom field and shipping rule, which are numbered within their campaign."""
    for n, field in enumerate(sections.fields or ()):
        yield f"fields.{n}.id", field.id
    for n, profile in enumerate(sections.profiles or ()):
        for m, rule in enumerate(profile.rules):
            yield f"profiles.{n}.rules.{m}.id", rule.id


def highest(sections: Sections) -> int:
    """Of the numbers within the campaign."""
    return max((int(id) for _, id in local(sections) if id.isascii() and id.isdigit()), default=0)


def with_numbers(changes: CampaignChanges, fresh: Iterator[str], after: int) -> CampaignChanges:
    """``fresh`` are as many new numbers as ids are missing; ``after`` is the highest number within the campaign that was ever used."""
    within = (str(number) for number in range(max(after, highest(changes)) + 1, 10**9))
    filled: dict[str, Any] = {}
    if changes.offers is not None:
        filled["offers"] = tuple(_offer(offer, fresh) for offer in changes.offers)
    if changes.coupons is not None:
        filled["coupons"] = _each(changes.coupons, fresh)
    if changes.profiles is not None:
        filled["profiles"] = tuple(_profile(profile, fresh, within) for profile in changes.profiles)
    if changes.fields is not None:
        filled["fields"] = _each(changes.fields, within)
    return changes.model_copy(update=filled)


def _offer(offer: Offer, fresh: Iterator[str]) -> Offer:
    (named,) = _each((offer,), fresh)
    return named.model_copy(update={"variants": _each(named.variants, fresh)})


def _profile(profile: ShippingProfile, fresh: Iterator[str], within: Iterator[str]) -> ShippingProfile:
    (named,) = _each((profile,), fresh)
    return named.model_copy(update={"rules": _each(named.rules, within)})


def _each(rows: Sequence[V], fresh: Iterator[str]) -> tuple[V, ...]:
    return tuple(row if getattr(row, "id") else row.model_copy(update={"id": next(fresh)}) for row in rows)  # noqa: B009 - not every Value has one


def renumbered(campaign: Campaign, fresh: Iterator[str]) -> Campaign:
    """The same under new numbers everywhere, the first for itself; what names an offer inside names its new number.

    Takes one number for each of ``numbered``, and one more.
    """
    own = next(fresh)
    new = {id: next(fresh) for _, id in numbered(campaign) if id}

    def renamed(row: V) -> V:
        id = str(getattr(row, "id"))  # noqa: B009 - not every Value has one
        return row.model_copy(update={"id": new[id] if id else next(fresh)})

    def offer(before: Offer) -> Offer:
        return renamed(before).model_copy(update={"variants": tuple(map(renamed, before.variants))})

    def coupon(before: Coupon) -> Coupon:
        return renamed(before).model_copy(update={"products": tuple(new.get(id, id) for id in before.products)})

    def rule(before: ShippingRule) -> ShippingRule:
        return before.model_copy(update={"of": new.get(before.of, before.of)}) if before.scope == "product" else before

    def profile(before: ShippingProfile) -> ShippingProfile:
        return renamed(before).model_copy(update={"rules": tuple(map(rule, before.rules))})

    offers, coupons, profiles = tuple(map(offer, campaign.offers)), tuple(map(coupon, campaign.coupons)), tuple(map(profile, campaign.profiles))
    return campaign.model_copy(update={"id": own, "offers": offers, "coupons": coupons, "profiles": profiles})
