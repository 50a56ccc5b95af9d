"""Lists of campaigns, their versions, and the gateways that offers may name."""

from __future__ import annotations

from collections.abc import Iterator

from services.catalog.campaign import State, evolve
from services.catalog.numbering import numbered
from shared.contracts.catalog import Campaign, CampaignChanges, CampaignEdited, CampaignPublished, CampaignRetired, DraftDiscarded, TaxTablePublished
from shared.contracts.fulfillment import PluginConfigured
from shared.contracts.payments import GatewayConfigured
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

_LISTED = ("name", "kind", "listed", "currency", "call_center", "teams")
_COUNTED = ("offers", "coupons", "profiles")

CampaignEvent = CampaignEdited | CampaignPublished | CampaignRetired | DraftDiscarded


def _campaign_key(event: CampaignEvent) -> str:
    return event.campaign_id


def _campaign(row: Row | None, fact: Fact) -> Row | None:
    event, at = fact.event, stamp(fact.time)
    row = row or {"number": 0, "retired": False, "published_at": None, "published": None, "draft": None}
    match event:
        case CampaignEdited():
            draft = {**(row["draft"] or row["published"] or _shown(Campaign(id=event.campaign_id, name=""))), **_shown(event.changes)}
            row = {**row, "draft": draft, "edited_at": at, "edited_by": fact.actor}
        case DraftDiscarded():
            row = {**row, "draft": None, "edited_at": at, "edited_by": fact.actor}
        case CampaignPublished():
            published = {"number": event.number, "published": _shown(event.campaign), "published_at": at}
            row = {**row, **published, "draft": None, "retired": False, "edited_at": at, "edited_by": fact.actor}
        case CampaignRetired():
            row = {**row, "retired": True, "edited_at": at, "edited_by": fact.actor}
    return {**row, **_indexes(row)}


def _shown(campaign: Campaign | CampaignChanges) -> Row:
    """What a list says of it, of the sections that are there."""
    shown = {name: getattr(campaign, name) for name in _LISTED}
    shown |= {name: None if rows is None else len(rows) for name in _COUNTED for rows in [getattr(campaign, name)]}
    for name in _COUNTED:
        section = CampaignChanges(**{name: getattr(campaign, name)})
        shown[f"words_{name}"] = sorted(_words(section)) if getattr(campaign, name) is not None else None
    return {name: value for name, value in shown.items() if value is not None}


def _words(section: CampaignChanges) -> Iterator[str]:
    """What somebody may look for: numbers, SKUs and codes, in small letters."""
    yield from (id for _, id in numbered(section) if id)
    for offer in section.offers or ():
        yield from (sku.casefold() for sku in (offer.sku, *(each.sku for each in offer.variants)) if sku)
    yield from (coupon.code.strip().casefold() for coupon in section.coupons or () if coupon.code)


def _indexes(row: Row) -> Row:
    """``listed`` is the kind under which Order Entry lists what is published; ``sort`` is by name, whatever its case."""
    current = row["draft"] or row["published"] or {}
    published = row["published"] or {}
    listed = published["kind"] if published.get("listed") and not row["retired"] else ""
    status = "retired" if row["retired"] else "draft" if not row["published"] else "changed" if row["draft"] else "published"
    return {"kind": current.get("kind", ""), "listed": listed, "status": status, "sort": current.get("name", "").casefold()}


campaigns = view("campaigns", 2, _campaign_key, _campaign, ["sort", "kind", "status", "listed"])
"""One row a campaign: what a list says of its newest version (``published``) and of its draft, where that is another."""


def _whole(row: Row | None, fact: Fact) -> Row:
    state = evolve(state_of(row), fact.event)
    return {
        "version": fact.version,
        "number": state.number,
        "retired": state.retired,
        "campaign": state.campaign.model_dump(mode="json") if state.campaign else None,
        "draft": state.draft.model_dump(mode="json") if state.draft else None,
        "ids": sorted(state.ids),
        "highest": state.highest,
    }


def state_of(row: Row | None) -> State:
    """Of a row of ``drafts``."""
    if row is None:
        return State()
    campaign, draft = (Campaign.model_validate(row[name]) if row[name] else None for name in ("campaign", "draft"))
    id = (draft or campaign or Campaign(id="", name="")).id
    return State(id, row["number"], campaign, draft, row["retired"], frozenset(row["ids"]), row["highest"])


drafts = view("drafts", 2, _campaign_key, _whole)
"""A campaign as its stream folds, whole: reading it costs the same after a thousand edits."""


def _version_key(event: CampaignPublished) -> str:
    return f"{event.campaign_id}@{event.number}"


def _version(row: Row | None, fact: Fact) -> Row:
    event = fact.event
    assert isinstance(event, CampaignPublished)  # noqa: S101 - the only one that the key takes
    return {"campaign_id": event.campaign_id, "number": event.number, "at": stamp(fact.time), "by": fact.actor,
            "campaign": event.campaign.model_dump(mode="json")}  # fmt: skip


versions = view("versions", 2, _version_key, _version, ["campaign_id", "number"])
"""Every version of every campaign, whole."""


def _gateway_key(event: GatewayConfigured) -> str:
    return event.name


def _gateway(row: Row | None, fact: Fact) -> Row:
    return fact.event.model_dump(mode="json")


gateways = view("gateways", 1, _gateway_key, _gateway)
"""As payments says that they are; any offer names one."""


def _plugin_key(event: PluginConfigured) -> str:
    return event.name


def _plugin(row: Row | None, fact: Fact) -> Row:
    return fact.event.model_dump(mode="json", include={"on", "title"})


plugins = view("plugins", 1, _plugin_key, _plugin)
"""As fulfillment says that they are; an offer may name one."""


def _table_key(event: TaxTablePublished) -> str:
    return event.table


def _table(row: Row | None, fact: Fact) -> Row | None:
    event = fact.event
    assert isinstance(event, TaxTablePublished)  # noqa: S101 - the only one that the key takes
    row = row or {"number": 0, "rows": 0, "at": None, "by": "", "from_version": 0, "coming": None}
    coming = row["coming"] if event.part > 1 else {"number": event.number, "rows": 0, "done": 0, "from_version": fact.version}
    coming = {**coming, "rows": coming["rows"] + len(event.rows), "done": event.part}
    if event.part < event.parts:
        return {**row, "coming": coming}
    if not coming["rows"]:
        return None
    whole = {name: coming[name] for name in ("number", "rows", "from_version")}
    return {**whole, "at": stamp(fact.time), "by": fact.actor, "coming": None}


tax_tables = view("tax_tables", 1, _table_key, _table)
"""The newest whole version of each table, where it begins in the table's stream, and how far a newer one has come."""
