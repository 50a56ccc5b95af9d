"""Events of catalog."""

from __future__ import annotations

from typing import Literal

from shared.kernel.events import Event, Value

Kind = Literal["phone", "lander", "ecommerce"]


class Offer(Value):
    """Prices in minor units; ``shipping_price`` is per unit. ``id`` is the campaign product id, unique in the installation."""

    id: str
    name: str
    sku: str
    price: int
    shipping_price: int = 0
    description: str = ""
    kind: Literal["offer", "upsell"] = "offer"
    gateway: str = "simulator"
    max_quantity: int = 99


class Campaign(Value):
    """``script_main``: paragraphs parted by blank lines; {agent}, {customer} and {total} are merge fields; a line that starts
    with ``> `` is a cue for the agent."""

    id: str
    name: str
    kind: Kind = "phone"
    listed: bool = True
    """List in Order Entry."""
    currency: str = "USD"
    countries: tuple[str, ...] = ("US",)
    qa_share: int = 0
    target_call_seconds: int = 360
    methods: tuple[Literal["card", "external"], ...] = ("card", "external")
    offers: tuple[Offer, ...] = ()
    script_main: str = ""


class CampaignPublished(Event, type="ringup.catalog.CampaignPublished", max_bytes=4 * 1024 * 1024):
    """A numbered, immutable version of a campaign."""

    campaign_id: str
    number: int
    campaign: Campaign


class CampaignRetired(Event, type="ringup.catalog.CampaignRetired"):
    campaign_id: str


class Settings(Value):
    prepaid_skip_qa: bool = False
    own_review_allowed: bool = False
    undo_seconds: int = 10
    tax_rates: dict[str, str] = {}
    """Percent by ``US-TX`` or ``DE``; a place that is not named is not taxed."""
    shipping_taxable: dict[str, bool] = {}


class AccountSettingsChanged(Event, type="ringup.catalog.AccountSettingsChanged"):
    """The settings as they are now; ``number`` is the stream's version."""

    number: int
    settings: Settings
