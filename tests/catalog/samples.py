"""A campaign with something of everything, and what it is held against."""

from services.catalog.checks.campaign import Known
from shared.contracts.catalog import (
    CallCenter,
    Campaign,
    CampaignPublished,
    Coupon,
    CustomField,
    DirectoryChanged,
    Offer,
    Option,
    ShippingProfile,
    ShippingRule,
    Team,
    Variant,
)
from shared.contracts.payments import GatewayConfigured

GATEWAYS = {
    "simulator": GatewayConfigured(name="simulator", kind="simulator", capabilities=("authorise", "capture", "void"), on=True),
    "threes": GatewayConfigured(name="threes", kind="simulator", capabilities=("authorise", "requires-3ds"), on=True),
    "forms": GatewayConfigured(name="forms", kind="simulator", capabilities=("authorise", "requires-form"), on=True),
    "dark": GatewayConfigured(name="dark", kind="simulator", capabilities=("authorise",), on=False),
}
DIRECTORY = DirectoryChanged(
    call_centers=(CallCenter(name="North"), CallCenter(name="South"), CallCenter(name="Closed", on=False)),
    teams=(Team(name="Team 1", call_center="North"), Team(name="Team 2", call_center="South"), Team(name="Gone", call_center="North", on=False)),
)
KNOWN = Known(GATEWAYS, DIRECTORY)
PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695, categories=("bedding",), tags=("soft",))
TOPPER = Offer(
    id="2",
    name="Foam topper",
    sku="RN-TOP",
    price=11900,
    min_price=10000,
    max_price=15000,
    options=(Option(name="Size", values=("Queen", "King")),),
    variants=(Variant(id="21", sku="RN-TOP-Q", values=("Queen",)), Variant(id="22", sku="RN-TOP-K", values=("King",), price=14500)),
)
SLEEP = Coupon(id="31", code="SLEEP10", percent="10", products=("1", "2"), tags=("soft",), starts="2030-01-01", ends="2030-06-30")
FIVE = Coupon(id="32", code="FIVE", kind="flat", amount=500)
STANDARD = ShippingProfile(
    id="41",
    name="Standard",
    default=True,
    rules=(
        ShippingRule(id="1", country="US", region="TX", scope="product", of="1", price=495),
        ShippingRule(id="2", continent="EU", scope="category", of="bedding", price=1995),
        ShippingRule(id="3", price=995),
    ),
)
EXPRESS = ShippingProfile(id="42", name="Express", entire_order=True, free_from=10000)
FIELDS = (CustomField(id="4", label="Firmness", kind="choice", choices=("soft", "firm")), CustomField(id="5", label="Allergies"))
WHOLE = Campaign(
    id="restful",
    name="Restful Nights",
    countries=("US", "CA", "DE"),
    offers=(PILLOW, TOPPER),
    coupons=(SLEEP, FIVE),
    profiles=(STANDARD, EXPRESS),
    fields=FIELDS,
    script_main="Thank you for calling, my name is {agent}. Am I speaking with {customer}? That is {total}.",
    call_center="North",
    teams=("Team 1",),
    terms_required=True,
    terms="Sixty nights to try.",
    max_coupons=2,
)


def published(number=1, version=WHOLE):
    return CampaignPublished(campaign_id=version.id, number=number, campaign=version)


def changed(campaign=WHOLE, **sections):
    return campaign.model_copy(update=sections)


def with_row(section, n, campaign=WHOLE, **changes):
    """The campaign with one row of one section changed."""
    rows = list(getattr(campaign, section))
    rows[n] = rows[n].model_copy(update=changes)
    return campaign.model_copy(update={section: tuple(rows)})
