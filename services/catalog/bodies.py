"""What may be sent about a campaign: types and lengths. What the values must be is looked at in the checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.catalog import Campaign, CampaignChanges, Kind, LetterTemplate
from shared.contracts.order import Method
from shared.text import Line, Note

Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{0,40}$")]
"""An id; empty where it is to be given."""
Word = Annotated[Line, StringConstraints(max_length=60)]
MOST_OFFERS, MOST_VARIANTS, MOST_COUPONS = 1_000, 250, 1_000
"""Of a campaign, of an offer, of a campaign: whether typed, sent or out of a file."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OptionBody(Body):
    name: Word
    values: tuple[Word, ...] = Field(default=(), max_length=100)


class VariantBody(Body):
    id: Number = ""
    sku: Line = ""
    values: tuple[Word, ...] = Field(default=(), max_length=5)
    price: Whole | None = None
    shipping_price: Whole | None = None


class OfferBody(Body):
    id: Number = ""
    name: Line = ""
    sku: Line = ""
    price: Whole
    shipping_price: Whole = 0
    description: Note = ""
    kind: Literal["offer", "upsell"] = "offer"
    gateway: Line = "simulator"
    max_quantity: Whole = 99
    min_quantity: Whole = 1
    min_price: Whole | None = None
    max_price: Whole | None = None
    min_shipping_price: Whole | None = None
    max_shipping_price: Whole | None = None
    base_product: Line = ""
    categories: tuple[Word, ...] = Field(default=(), max_length=50)
    tags: tuple[Word, ...] = Field(default=(), max_length=50)
    options: tuple[OptionBody, ...] = Field(default=(), max_length=5)
    variants: tuple[VariantBody, ...] = Field(default=(), max_length=MOST_VARIANTS)
    trial_days: Whole = 0
    tax_class: Line = "standard"
    image: Line = ""
    plugin: Line = ""


class RuleBody(Body):
    id: Number = ""
    continent: Word = ""
    country: Word = ""
    region: Word = ""
    scope: Literal["product", "category", "offers", "upsells", "any"] = "any"
    of: Word = ""
    mode: Literal["replace", "add"] = "replace"
    price: Whole = 0


class ProfileBody(Body):
    id: Number = ""
    name: Line = ""
    default: bool = False
    entire_order: bool = False
    dearest_only: bool = False
    exclude_upsells: bool = False
    free_from: Whole | None = None
    free_after_coupons: bool = False
    rules: tuple[RuleBody, ...] = Field(default=(), max_length=500)


class CouponBody(Body):
    id: Number = ""
    code: Word = ""
    on: Literal["price", "shipping"] = "price"
    kind: Literal["flat", "percent"] = "percent"
    amount: Whole = 0
    percent: Word = ""
    target: Literal["order", "products"] = "order"
    products: tuple[Number, ...] = Field(default=(), max_length=1_000)
    tags: tuple[Word, ...] = Field(default=(), max_length=50)
    first_only: bool = False
    starts: Word = ""
    ends: Word = ""
    min_subtotal: Whole | None = None
    min_quantity: Whole | None = None
    max_uses: Whole | None = None
    once_per_customer: bool = False
    default: bool = False


class FieldBody(Body):
    id: Number = ""
    label: Line = ""
    kind: Literal["text", "checkbox", "choice"] = "text"
    choices: tuple[Line, ...] = Field(default=(), max_length=200)
    required: bool = False


class LetterBody(Body):
    template: LetterTemplate
    on: bool = True
    subject: Line = ""
    text: Note = ""


class DraftBody(Body):
    """Each section whole; what is left out stays."""

    name: Line | None = None
    kind: Kind | None = None
    listed: bool | None = None
    currency: Word | None = None
    countries: tuple[Word, ...] | None = Field(default=None, max_length=300)
    qa_share: Whole | None = None
    target_call_seconds: Whole | None = None
    methods: tuple[Method, ...] | None = Field(default=None, max_length=10)
    offers: tuple[OfferBody, ...] | None = Field(default=None, max_length=MOST_OFFERS)
    script_main: Note | None = None
    script_rebuttal: Note | None = None
    script_upsell: Note | None = None
    call_center: Line | None = None
    teams: tuple[Line, ...] | None = Field(default=None, max_length=200)
    terms_required: bool | None = None
    terms: Note | None = None
    max_coupons: Whole | None = None
    reorder_days: Whole | None = None
    checkout: bool | None = None
    coupons: tuple[CouponBody, ...] | None = Field(default=None, max_length=MOST_COUPONS)
    profiles: tuple[ProfileBody, ...] | None = Field(default=None, max_length=100)
    fields: tuple[FieldBody, ...] | None = Field(default=None, max_length=100)
    letters: tuple[LetterBody, ...] | None = Field(default=None, max_length=10)

    @property
    def changes(self) -> CampaignChanges:
        return CampaignChanges(**self.model_dump(exclude_none=True))


class CampaignBody(DraftBody):
    """A whole campaign. ``id`` may be left out where something else says it."""

    id: Number = ""
    name: Line

    def campaign(self, id: str) -> Campaign:
        return Campaign(**{**self.model_dump(exclude_none=True), "id": id})


class New(Body):
    kind: Kind
    name: Line
