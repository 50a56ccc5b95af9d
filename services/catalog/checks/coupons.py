"""What keeps a campaign's coupons from being published. Pure."""

from __future__ import annotations

from services.catalog.checks.problem import Problem, Problems, distinct
from shared.contracts.catalog import Campaign, Coupon


def code_of(coupon: Coupon) -> str:
    """As codes are compared (prices.md, C1)."""
    return coupon.code.strip().upper()


def coupons(campaign: Campaign) -> Problems:
    codes = ((f"coupons.{n}.code", code_of(coupon)) for n, coupon in enumerate(campaign.coupons) if code_of(coupon))
    yield from distinct(codes, "twice", "The code {} is there twice.")
    known = {offer.id for offer in campaign.offers}
    tags = {tag for offer in campaign.offers for tag in offer.tags}
    for n, coupon in enumerate(campaign.coupons):
        yield from _coupon(f"coupons.{n}", coupon)
        for m, product in enumerate(coupon.products):
            if product not in known:
                detail = f"Coupon {code_of(coupon)} is for offer {product}, which this campaign does not have. Take it off the coupon."
                yield Problem(f"coupons.{n}.products.{m}", "unknown-offer", detail)
        for m, tag in enumerate(coupon.tags):
            if tag not in tags:
                yield Problem(f"coupons.{n}.tags.{m}", "unknown-tag", f"No offer carries the tag “{tag}”. Take it off the coupon.")
    standing, most = [n for n, coupon in enumerate(campaign.coupons) if coupon.default], max(campaign.max_coupons, 0)
    if len(standing) > most:
        detail = f"{len(standing)} coupons apply by themselves, and an order takes at most {most}. Raise the maximum, or change one."
        yield Problem(f"coupons.{standing[most]}.default", "too-many", detail)


def _coupon(at: str, coupon: Coupon) -> Problems:
    if not code_of(coupon):
        yield Problem(f"{at}.code", "missing", "A coupon needs a code.")
    if coupon.kind == "percent" and not coupon.percent:
        yield Problem(f"{at}.percent", "missing", "Say how many percent this coupon takes off.")
    if coupon.kind == "flat" and not coupon.amount:
        yield Problem(f"{at}.amount", "missing", "Say which amount this coupon takes off.")
    if coupon.starts and coupon.ends and coupon.ends < coupon.starts:
        yield Problem(f"{at}.ends", "before-start", f"The coupon ends before it starts, on {coupon.starts}.")
