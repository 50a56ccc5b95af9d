from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from services.catalog.account import Change, account
from services.catalog.campaign import Publish, Retire
from services.catalog.campaign import campaign as campaign_aggregate
from services.catalog.views import campaigns
from shared.contracts.catalog import Campaign, Coupon, CustomField, Kind, Option, Settings, ShippingProfile, Variant
from shared.contracts.order import Method
from shared.http import RunningService, Sent, plain
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.text import Id, Line, Note

router = APIRouter()


Money = Annotated[int, Field(strict=True, le=10**9)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfferBody(Body):
    id: Annotated[Id, StringConstraints(min_length=1)]
    name: Line
    sku: Line
    price: Money
    shipping_price: Money = 0
    description: Note = ""
    kind: Literal["offer", "upsell"] = "offer"
    gateway: Line = "simulator"
    max_quantity: int = Field(default=99, strict=True, le=1_000_000)
    min_quantity: int = 1
    min_price: Money | None = None
    max_price: Money | None = None
    min_shipping_price: Money | None = None
    max_shipping_price: Money | None = None
    base_product: Line = ""
    categories: tuple[Line, ...] = ()
    tags: tuple[Line, ...] = ()
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()
    trial_days: int = 0
    tax_class: Line = "standard"
    image: Line = ""


class CampaignBody(Body):
    """``id`` may be left out: the address says it."""

    id: str = ""
    name: Line
    kind: Kind = "phone"
    listed: bool = True
    currency: Line = "USD"
    countries: tuple[Country, ...] = Field(default=("US",), max_length=300)
    qa_share: int = 0
    target_call_seconds: int = Field(default=360, ge=1, le=86_400)
    methods: tuple[Method, ...] = Field(default=("card", "external"), max_length=10)
    offers: tuple[OfferBody, ...] = Field(default=(), max_length=1_000)
    script_main: Note = ""
    script_rebuttal: Note = ""
    script_upsell: Note = ""
    call_center: Line = ""
    teams: tuple[Line, ...] = ()
    terms_required: bool = False
    terms: Note = ""
    max_coupons: int = 1
    reorder_days: int = 0
    checkout: bool = False
    coupons: tuple[Coupon, ...] = ()
    profiles: tuple[ShippingProfile, ...] = ()
    fields: tuple[CustomField, ...] = ()


class SettingsBody(Body):
    prepaid_skip_qa: bool = False
    own_review_allowed: bool = False
    undo_seconds: int = 10
    tax_rates: dict[Line, Line] = Field(default={}, max_length=1_000)
    shipping_taxable: dict[Line, bool] = Field(default={}, max_length=1_000)
    tax_nexus: tuple[Line, ...] | None = None
    price_adjustment: bool = False
    shipping_adjustment: bool = False
    time_zone: Line = "UTC"
    session_idle_minutes: int = 15


@router.get("/campaigns")
async def find(service: RunningService, listed: Kind | None = None, cursor: str | None = None) -> dict[str, Any]:
    rows, following = await service.find(campaigns, {"listed": listed} if listed else None, sort="name", cursor=cursor)
    return {"rows": rows, "next": following}


@router.get("/campaigns/{id}")
async def one(id: str, service: RunningService, min_version: str | None = None) -> dict[str, Any]:
    row = await service.get(campaigns, id, min_version)
    if row is None:
        raise HTTPException(404, "There is no such campaign.")
    return row


@router.put("/campaigns/{id}")
async def publish(
    id: Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")], body: CampaignBody, service: RunningService, sent: Sent
) -> dict[str, Any]:
    if body.id not in ("", id):
        raise Refusal(Refused("campaign-invalid", "The campaign is published under another id.", field="id", conflict=False))
    outcome = await service.execute(campaign_aggregate, id, Publish(Campaign(**{**body.model_dump(), "id": id})), sent)
    return {"version": outcome.version, "number": outcome.state.number}


@router.post("/campaigns/{id}/retire")
async def retire(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(campaign_aggregate, id, Retire(), sent)
    return {"version": outcome.version}


@router.get("/settings")
async def settings(service: RunningService) -> Any:
    state, _ = await service.load(account, "")
    return plain(state)


@router.put("/settings")
async def change(body: SettingsBody, service: RunningService, sent: Sent) -> Any:
    outcome = await service.execute(account, "", Change(Settings(**body.model_dump())), sent)
    return plain(outcome.state)
