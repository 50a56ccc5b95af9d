"""A campaign: published in numbered, immutable versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.contracts.catalog import Campaign, CampaignPublished, CampaignRetired
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Publish:
    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Retire:
    pass


@dataclass(frozen=True, slots=True)
class State:
    number: int = 0
    campaign: Campaign | None = None
    retired: bool = False


def decide(command: Publish | Retire, state: State) -> Sequence[Event] | Refused:
    match command:
        case Publish(campaign):
            return _publish(campaign, state)
        case Retire():
            live = state.campaign is not None and not state.retired
            return [CampaignRetired(campaign_id=state.campaign.id)] if live and state.campaign else []


def _publish(campaign: Campaign, state: State) -> Sequence[Event] | Refused:
    wrong = next(_wrong(campaign), None)
    if wrong:
        return wrong
    if state.campaign == campaign and not state.retired:
        return []
    return [CampaignPublished(campaign_id=campaign.id, number=state.number + 1, campaign=campaign)]


def _wrong(campaign: Campaign) -> Iterator[Refused]:
    if not campaign.name:
        yield _refuse("name", "A campaign needs a name.")
    if len(campaign.currency) != 3 or not campaign.currency.isalpha() or not campaign.currency.isupper():
        yield _refuse("currency", "The currency is a code of three letters, such as USD.")
    if campaign.listed and not campaign.offers:
        yield _refuse("offers", "A campaign that is listed in Order Entry needs at least one offer.")
    if not campaign.methods:
        yield _refuse("methods", "A campaign needs at least one payment method.")
    if not 0 <= campaign.qa_share <= 100:
        yield _refuse("qa_share", "The QA share is between 0 and 100 percent.")
    ids = [offer.id for offer in campaign.offers]
    for n, offer in enumerate(campaign.offers):
        if ids.count(offer.id) > 1:
            yield _refuse(f"offers.{n}.id", f"Two offers have the id {offer.id}.")
        if not offer.name or not offer.sku:
            yield _refuse(f"offers.{n}", "An offer needs a name and a SKU.")
        if offer.price < 0 or offer.shipping_price < 0:
            yield _refuse(f"offers.{n}.price", "A price is never negative.")
        if offer.max_quantity < 1:
            yield _refuse(f"offers.{n}.max_quantity", "At least one of an offer can be bought.")


def _refuse(field: str, detail: str) -> Refused:
    return Refused("campaign-invalid", detail, field=field, conflict=False)


def evolve(state: State, event: Event) -> State:
    match event:
        case CampaignPublished():
            return State(event.number, event.campaign)
        case CampaignRetired():
            return replace(state, retired=True)
    return state


campaign = Aggregate("campaign", State(), decide, evolve, (Publish, Retire))
