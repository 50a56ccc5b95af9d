from shared.contracts.catalog import CampaignPublished, CampaignRetired
from shared.kernel.events import Fact
from shared.kernel.views import Row, view


def _campaign_key(event: CampaignPublished | CampaignRetired) -> str:
    return event.campaign_id


def _campaign(row: Row | None, fact: Fact) -> Row | None:
    event = fact.event
    if isinstance(event, CampaignPublished):
        campaign = event.campaign.model_dump(mode="json")
        listed = event.campaign.kind if event.campaign.listed else ""
        return {"number": event.number, "name": event.campaign.name, "listed": listed, "campaign": campaign}
    return {**row, "listed": "", "retired": True} if row else None


campaigns = view("campaigns", 1, _campaign_key, _campaign, ["name", "listed"])
"""One row a campaign, its newest version. ``listed`` is the kind under which Order Entry lists it."""
