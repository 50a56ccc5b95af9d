"""What keeps a campaign's shipping profiles from being published. Pure."""

from __future__ import annotations

from services.catalog.checks.problem import Problem, Problems, distinct
from shared.contracts.catalog import Campaign, ShippingProfile, ShippingRule


def profiles(campaign: Campaign) -> Problems:
    names = ((f"profiles.{n}.name", profile.name.casefold()) for n, profile in enumerate(campaign.profiles) if profile.name)
    yield from distinct(names, "twice", "Two shipping profiles are called “{}”. Rename one of them.")
    standard = [n for n, profile in enumerate(campaign.profiles) if profile.default]
    for n in standard[1:]:
        detail = f"“{campaign.profiles[standard[0]].name}” is the default already. Only one profile can be."
        yield Problem(f"profiles.{n}.default", "two-defaults", detail)
    for n, profile in enumerate(campaign.profiles):
        if not profile.name:
            yield Problem(f"profiles.{n}.name", "missing", "A shipping profile needs a name.")
        yield from _rules(f"profiles.{n}", profile, campaign)


def _rules(at: str, profile: ShippingProfile, campaign: Campaign) -> Problems:
    seen: dict[tuple[str, ...], int] = {}
    for n, rule in enumerate(profile.rules):
        yield from _rule(f"{at}.rules.{n}", rule, campaign)
        key = (rule.continent, rule.country, rule.region, rule.scope, rule.of)
        if key in seen:
            detail = f"Rule {n + 1} holds for the same as rule {seen[key] + 1} above it, which always comes first. Change or remove one of them."
            yield Problem(f"{at}.rules.{n}", "overlap", detail)
        seen.setdefault(key, n)


def _rule(at: str, rule: ShippingRule, campaign: Campaign) -> Problems:
    if rule.region and not rule.country:
        yield Problem(f"{at}.country", "missing", "A rule for a region needs its country.")
    match rule.scope:
        case "product" if rule.of not in {offer.id for offer in campaign.offers}:
            yield Problem(f"{at}.of", "unknown-offer", "Choose the offer that this rule is for.")
        case "category" if rule.of not in {category for offer in campaign.offers for category in offer.categories}:
            detail = f"No offer is in the category “{rule.of}”." if rule.of else "Choose the category that this rule is for."
            yield Problem(f"{at}.of", "unknown-category", detail)
        case "offers" | "upsells" | "any" if rule.of:
            yield Problem(f"{at}.of", "not-asked", "This rule is for all of them. Leave out which one.")
