"""What cart knows of the catalog (every version of a campaign, the newest one, the settings), of tax tables, gateways and customers."""

from __future__ import annotations

from typing import Any

from services.cart.rates import Rate
from shared.contracts.cart import DraftLinkIssued, DraftLinkRevoked
from shared.contracts.catalog import AccountSettingsChanged, CampaignPublished, CampaignRetired, DirectoryChanged, TaxTablePublished
from shared.contracts.customers import CustomerErased, CustomerUpdated, TaxExemptionChanged
from shared.contracts.payments import GatewayConfigured
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

RATE_FIELDS = Rate._fields[2:]


def _version_key(event: CampaignPublished) -> str:
    return f"{event.campaign_id}@{event.number}"


def _version(row: Row | None, fact: Fact) -> Row:
    return fact.event.model_dump(mode="json")


versions = view("versions", 2, _version_key, _version)


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


settings = view("settings", 2, _settings_key, _settings)


def _directory_key(event: DirectoryChanged) -> str:
    return "directory"


def _directory(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    return {"affiliates": [each.code for each in event.affiliates if each.on]}


directory = view("directory", 1, _directory_key, _directory)
"""Those that an order can be attributed to."""


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


def _tax_table_key(event: TaxTablePublished) -> str:
    return event.table


def _tax_table(row: Row | None, fact: Fact) -> Row:
    """``have`` are the parts of ``number`` that are there; ``complete`` is the newest number of which all were."""
    event: Any = fact.event
    row = row or {"number": 0, "have": [], "complete": 0, "complete_parts": []}
    if event.number < row["number"]:
        return row
    have = sorted({event.part, *(row["have"] if event.number == row["number"] else ())})
    done = {"complete": event.number, "complete_parts": have} if len(have) == event.parts else {}
    return {**row, "number": event.number, "have": have, **done}


tax_tables = view("tax_tables", 1, _tax_table_key, _tax_table)


def _tax_part_key(event: TaxTablePublished) -> str:
    return f"{event.table}/{event.number % 2}/{event.part}"


def _tax_part(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    if row and row["number"] > event.number:
        return row
    return {"number": event.number, "rows": [[getattr(each, name) for name in RATE_FIELDS] for each in event.rows]}


tax_parts = view("tax_parts", 1, _tax_part_key, _tax_part)
"""The rows of two versions of each table: the one in use, and the one that arrives."""


def _link_key(event: DraftLinkIssued | DraftLinkRevoked) -> str:
    return event.link_id


def _link(row: Row | None, fact: Fact) -> Row | None:
    match fact.event:
        case DraftLinkIssued(order_id=order_id, token_hash=token_hash):
            return {"order_id": order_id, "hash": token_hash}
        case DraftLinkRevoked(why="erased"):
            return None
    return row


links = view("links", 1, _link_key, _link, ["hash"])
"""Which order a link leads to, by the hash of its token. Whether it holds the order says."""
