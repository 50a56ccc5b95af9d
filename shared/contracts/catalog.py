"""Events of catalog."""

from __future__ import annotations

from typing import Literal

from shared.kernel.events import Event, Value

Kind = Literal["phone", "lander", "ecommerce"]


class Option(Value):
    """What a customer chooses between, such as Size: Twin, Queen, King."""

    name: str
    values: tuple[str, ...] = ()


class Variant(Value):
    """One value of each option, in their order. ``id`` is a campaign product id as an offer's is; a price that is None is the offer's."""

    id: str
    sku: str
    values: tuple[str, ...] = ()
    price: int | None = None
    shipping_price: int | None = None


class Offer(Value):
    """Prices in minor units; ``shipping_price`` is per unit. ``id`` is the campaign product id, unique in the installation.

    Where there are variants, those are what is bought; limits, tax class, gateway, rules and coupons are their offer's.
    """

    id: str
    name: str
    sku: str
    price: int
    shipping_price: int = 0
    description: str = ""
    kind: Literal["offer", "upsell"] = "offer"
    gateway: str = "simulator"
    max_quantity: int = 99
    min_quantity: int = 1
    """Of those who take it at all."""
    min_price: int | None = None
    """This and the next three bound what an agent may change the unit prices to; None: no bound."""
    max_price: int | None = None
    min_shipping_price: int | None = None
    max_shipping_price: int | None = None
    base_product: str = ""
    """What is sold, whichever campaign sells it."""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()
    trial_days: int = 0
    """0: not a trial."""
    tax_class: str = "standard"
    image: str = ""
    """SHA-256 of a file that catalog keeps."""
    plugin: str = ""
    """The fulfilment plugin that ships it; empty: the account's default."""


class ShippingRule(Value):
    """``price`` per unit, with the profile's ``entire_order`` per order. What is empty holds everywhere (prices.md, S5)."""

    id: str
    continent: str = ""
    country: str = ""
    region: str = ""
    scope: Literal["product", "category", "offers", "upsells", "any"] = "any"
    of: str = ""
    """Id of an offer, or a category."""
    mode: Literal["replace", "add"] = "replace"
    price: int = 0


class ShippingProfile(Value):
    """``id`` is a number, unique in the installation (prices.md, S1-S8)."""

    id: str
    name: str
    default: bool = False
    entire_order: bool = False
    dearest_only: bool = False
    exclude_upsells: bool = False
    free_from: int | None = None
    free_after_coupons: bool = False
    rules: tuple[ShippingRule, ...] = ()


class Coupon(Value):
    """``amount`` where ``kind`` is flat, ``percent`` (a decimal string) where it is percent. Dates as 2025-06-30, both inclusive."""

    id: str
    code: str
    on: Literal["price", "shipping"] = "price"
    kind: Literal["flat", "percent"] = "percent"
    amount: int = 0
    percent: str = ""
    target: Literal["order", "products"] = "order"
    products: tuple[str, ...] = ()
    """Ids of offers."""
    tags: tuple[str, ...] = ()
    first_only: bool = False
    starts: str = ""
    ends: str = ""
    min_subtotal: int | None = None
    min_quantity: int | None = None
    max_uses: int | None = None
    once_per_customer: bool = False
    default: bool = False
    """Applied by itself."""


class CustomField(Value):
    """Asked on Order Entry, kept on the customer."""

    id: str
    label: str
    kind: Literal["text", "checkbox", "choice"] = "text"
    choices: tuple[str, ...] = ()
    required: bool = False


LetterTemplate = Literal["order-confirmation", "shipped", "draft-link"]


class Letter(Value):
    """A mail to the customer, in the campaign's own words. Paragraphs are parted by blank lines; what may stand in braces is the template's own.

    Empty ``subject`` or ``text``: the words that come with Ringup. ``on``: it is sent at all. What a campaign has no letter of is not sent,
    except for the link, which somebody sends by hand.
    """

    template: LetterTemplate
    on: bool = True
    subject: str = ""
    text: str = ""


class Campaign(Value):
    """Scripts: paragraphs parted by blank lines; {agent}, {customer} and {total} are merge fields; a line that starts
    with ``> `` is a cue for the agent. Lists are in the order in which people see them."""

    id: str
    name: str
    kind: Kind = "phone"
    listed: bool = True
    """List in Order Entry."""
    currency: str = "USD"
    countries: tuple[str, ...] = ("US",)
    qa_share: int = 0
    target_call_seconds: int = 360
    methods: tuple[Literal["card", "echeck", "external"], ...] = ("card", "external")
    offers: tuple[Offer, ...] = ()
    script_main: str = ""
    script_rebuttal: str = ""
    script_upsell: str = ""
    call_center: str = ""
    teams: tuple[str, ...] = ()
    """Whose campaign it is; empty: everybody's."""
    terms_required: bool = False
    terms: str = ""
    max_coupons: int = 1
    reorder_days: int = 0
    """Days after which a customer may be called for a re-order; 0: never."""
    checkout: bool = False
    """Has a public checkout page."""
    coupons: tuple[Coupon, ...] = ()
    profiles: tuple[ShippingProfile, ...] = ()
    fields: tuple[CustomField, ...] = ()
    letters: tuple[Letter, ...] = ()


class CampaignChanges(Value):
    """Only the sections that changed, each whole; None: unchanged. The names are Campaign's."""

    name: str | None = None
    kind: Kind | None = None
    listed: bool | None = None
    currency: str | None = None
    countries: tuple[str, ...] | None = None
    qa_share: int | None = None
    target_call_seconds: int | None = None
    methods: tuple[Literal["card", "echeck", "external"], ...] | None = None
    offers: tuple[Offer, ...] | None = None
    script_main: str | None = None
    script_rebuttal: str | None = None
    script_upsell: str | None = None
    call_center: str | None = None
    teams: tuple[str, ...] | None = None
    terms_required: bool | None = None
    terms: str | None = None
    max_coupons: int | None = None
    reorder_days: int | None = None
    checkout: bool | None = None
    coupons: tuple[Coupon, ...] | None = None
    profiles: tuple[ShippingProfile, ...] | None = None
    fields: tuple[CustomField, ...] | None = None
    letters: tuple[Letter, ...] | None = None


class CampaignEdited(Event, type="ringup.catalog.CampaignEdited", max_bytes=4 * 1024 * 1024):
    """The draft of the next version; the first one makes the campaign. Private."""

    campaign_id: str
    changes: CampaignChanges


class DraftDiscarded(Event, type="ringup.catalog.DraftDiscarded"):
    """The draft is the published version again. Private."""

    campaign_id: str


class NumbersClaimed(Event, type="ringup.catalog.NumbersClaimed"):
    """These ids of offers, variants, coupons and shipping profiles, or of the campaign itself, are this campaign's for ever. Private."""

    campaign_id: str
    ids: tuple[str, ...]


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
    """Percent by ``US-TX`` or ``DE``, for goods of class standard; tax tables are beside them."""
    shipping_taxable: dict[str, bool] = {}
    tax_nexus: tuple[str, ...] | None = None
    """``US-TX`` or ``DE``: where tax is collected. None, of settings made before it was asked for: wherever there is a rate."""
    price_adjustment: bool = False
    shipping_adjustment: bool = False
    time_zone: str = "UTC"
    """An IANA name: by whose calendar coupons and tax rates begin and end."""
    session_idle_minutes: int = 15
    default_plugin: str = "csv"
    """What ships the products whose offer names no fulfilment plugin."""


class AccountSettingsChanged(Event, type="ringup.catalog.AccountSettingsChanged"):
    """The settings as they are now; ``number`` is the stream's version."""

    number: int
    settings: Settings


class CallCenter(Value):
    """Known by its name."""

    name: str
    on: bool = True


class Team(Value):
    name: str
    call_center: str
    on: bool = True


class Affiliate(Value):
    """Whom an order is attributed to; known by its code."""

    code: str
    name: str
    on: bool = True


class DirectoryChanged(Event, type="ringup.catalog.DirectoryChanged"):
    """Call centres, teams and affiliates as they are now, those that are off included."""

    call_centers: tuple[CallCenter, ...] = ()
    teams: tuple[Team, ...] = ()
    affiliates: tuple[Affiliate, ...] = ()


class TaxRow(Value):
    """``rate`` in percent, a decimal string. ``postal`` is one code, or the first of a range that ends with ``postal_to``; all are written as
    prices.md T4 compares them. ``since`` and ``until`` are dates, both inclusive; empty: open."""

    country: str
    region: str = ""
    postal: str = ""
    postal_to: str = ""
    tax_class: str = "standard"
    rate: str
    since: str = ""
    until: str = ""


class TaxTablePublished(Event, type="ringup.catalog.TaxTablePublished"):
    """One of ``parts`` pieces, of at most 1,000 rows each, of a table's version; used when all are there. A table without rows is gone."""

    table: str
    number: int
    part: int
    parts: int
    rows: tuple[TaxRow, ...] = ()
