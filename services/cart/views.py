"""What cart knows of the catalog: every version of a campaign, the newest one, and the settings."""

from __future__ import annotations

from shared.contracts.catalog import AccountSettingsChanged, CampaignPublished, CampaignRetired
from shared.kernel.events import Fact
from shared.kernel.views import Row, view


def _version_key(event: CampaignPublished) -> str:
    return f"{event.campaign_id}@{event.number}"


def _version(row: Row | None, fact: Fact) -> Row:
    return fact.event.model_dump(mode="json")


versions = view("versions", 1, _version_key, _version)


def _newest_key(event: CampaignPublished | CampaignRetired) -> str:
    return event.campaign_id


def _newest(row: Row | None, fact: Fact) -> Row | None:
    if isinstance(fact.event, CampaignPublished):
        return {"number": fact.event.number, "retired": False}
    return {**row, "retired": True} if row else None


newest = view("newest", 1, _newest_key, _newest)


def _settings_key(event: AccountSettingsChanged) -> str:
    return "account"


def _settings(row: Row | None, fact: Fact) -> Row:
    return fact.event.model_dump(mode="json")


settings = view("settings", 1, _settings_key, _settings)
