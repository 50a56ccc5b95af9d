"""What cart knows of the catalog (every version of a campaign, the newest one, the settings), of gateways and of customers."""

from __future__ import annotations

from shared.contracts.catalog import AccountSettingsChanged, CampaignPublished, CampaignRetired
from shared.contracts.customers import CustomerErased, CustomerUpdated, TaxExemptionChanged
from shared.contracts.payments import GatewayConfigured
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


def _gateway_key(event: GatewayConfigured) -> str:
    return event.name


def _gateway(row: Row | None, fact: Fact) -> Row:
    return fact.event.model_dump(mode="json", include={"on", "capabilities"})


gateways = view("gateways", 1, _gateway_key, _gateway)


def _customer_key(event: CustomerUpdated | TaxExemptionChanged | CustomerErased) -> str:
    return event.customer_id


def _customer(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case TaxExemptionChanged(exempt=exempt):
            return {"exempt": exempt}
        case CustomerErased():
            return None
    return row or {"exempt": False}


customers = view("customers", 1, _customer_key, _customer)
"""Those who are known, and whether they pay tax."""
