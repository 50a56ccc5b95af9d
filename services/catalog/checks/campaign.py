"""What keeps a campaign from being published: everything is looked at, and everything that is wrong is named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.catalog.checks import offers as of_offers
from services.catalog.checks.coupons import coupons
from services.catalog.checks.letters import letters
from services.catalog.checks.problem import Problem, Problems, distinct
from services.catalog.checks.shapes import shapes
from services.catalog.checks.shipping import profiles
from services.catalog.numbering import local, numbered
from shared.contracts.catalog import Campaign, DirectoryChanged
from shared.contracts.payments import GatewayConfigured

MERGE_FIELDS = ("agent", "customer", "total")
_MERGE = re.compile(r"\{([^{}\n]*)\}")


@dataclass(frozen=True, slots=True)
class Known:
    """What a campaign is held against: the gateways, the plugins that ship, and who is in the directory."""

    gateways: Mapping[str, GatewayConfigured] = field(default_factory=dict)
    directory: DirectoryChanged = DirectoryChanged()  # noqa: RUF009 - frozen
    plugins: frozenset[str] = frozenset()


def problems(campaign: Campaign, known: Known) -> list[Problem]:
    found = [*_ids(campaign), *shapes(campaign, campaign.currency), *_main(campaign), *_who(campaign, known.directory), *_scripts(campaign)]
    found += [*of_offers.offers(campaign, known.gateways, known.plugins), *coupons(campaign), *profiles(campaign), *_fields(campaign)]
    found += letters(campaign)
    return found


def _ids(campaign: Campaign) -> Problems:
    for at, id in (*numbered(campaign), *local(campaign)):
        if not id:
            yield Problem(at, "missing", "What is published at once needs its numbers. Give one, or edit the draft, which gets them.")


def _main(campaign: Campaign) -> Problems:
    if not campaign.name:
        yield Problem("name", "missing", "A campaign needs a name.")
    if not campaign.countries:
        yield Problem("countries", "missing", "Choose at least one country that the campaign sells to.")
    if not campaign.methods:
        yield Problem("methods", "missing", "Allow at least one payment method.")
    if campaign.listed and campaign.kind != "phone":
        detail = f"Only phone campaigns are listed in Order Entry, and this one is {_KINDS[campaign.kind]}. Duplicate it into a phone campaign."
        yield Problem("listed", "not-by-phone", detail)
    if campaign.listed and not campaign.offers:
        yield Problem("offers", "missing", "A campaign that is listed in Order Entry needs at least one offer.")
    if campaign.terms_required and not campaign.terms.strip():
        yield Problem("terms", "missing", "Customers must agree to the terms. Write them down.")


_KINDS = {"phone": "a phone campaign", "lander": "a lander", "ecommerce": "an e-commerce campaign"}


def _who(campaign: Campaign, directory: DirectoryChanged) -> Problems:
    centers = {center.name for center in directory.call_centers if center.on}
    if campaign.call_center and campaign.call_center not in centers:
        yield Problem("call_center", "unknown-call-center", f"There is no call centre “{campaign.call_center}” at work. Choose one of the directory.")
    teams = {team.name: team for team in directory.teams if team.on}
    for n, name in enumerate(campaign.teams):
        team = teams.get(name)
        if team is None:
            yield Problem(f"teams.{n}", "unknown-team", f"There is no team “{name}” at work. Choose one of the directory.")
        elif campaign.call_center and team.call_center != campaign.call_center:
            yield Problem(f"teams.{n}", "elsewhere", f"The team “{name}” belongs to {team.call_center}, not to {campaign.call_center}.")
    yield from distinct(((f"teams.{n}", name) for n, name in enumerate(campaign.teams)), "twice", "The team “{}” is there twice.")


def _scripts(campaign: Campaign) -> Problems:
    for name in ("script_main", "script_rebuttal", "script_upsell"):
        unknown = [found for found in _MERGE.findall(getattr(campaign, name)) if found not in MERGE_FIELDS]
        if unknown:
            there = ", ".join(f"{{{each}}}" for each in MERGE_FIELDS)
            yield Problem(name, "unknown-merge-field", f"{{{unknown[0]}}} is no merge field. There are {there}.")


def _fields(campaign: Campaign) -> Problems:
    labels = ((f"fields.{n}.label", each.label.casefold()) for n, each in enumerate(campaign.fields) if each.label)
    yield from distinct(labels, "twice", "Two fields are called “{}”. Rename one of them.")
    for n, each in enumerate(campaign.fields):
        if not each.label:
            yield Problem(f"fields.{n}.label", "missing", "A custom field needs a label.")
        if each.kind == "choice" and not each.choices:
            yield Problem(f"fields.{n}.choices", "missing", f"“{each.label}” is a drop-down. Give it values to choose from.")
        if each.kind != "choice" and each.choices:
            yield Problem(f"fields.{n}.choices", "not-asked", f"“{each.label}” is no drop-down. Remove its values.")
