"""What the demonstration sells: a phone campaign with variants, coupons, deliveries and custom fields, one of the web, and the settings."""

from __future__ import annotations

from shared.contracts.catalog import (
    Affiliate,
    CallCenter,
    Campaign,
    Coupon,
    CustomField,
    DirectoryChanged,
    Letter,
    Offer,
    Option,
    Settings,
    ShippingProfile,
    ShippingRule,
    Team,
    Variant,
)

MAIN = """Thank you for calling Restful Nights, my name is {agent}. Am I speaking with {customer}?

> Confirm the phone number and the ZIP before you speak about prices.

The Cloud pillow keeps its shape for five years. If you do not sleep better within sixty days, you send it back and we refund it.

> Read the order back, line by line.

With shipping and tax that is {total} today. May I place it on your card?

> Say the total before you ask for the card number."""

REBUTTAL = """I understand. May I ask what holds you back?

> Too expensive: offer the coupon SLEEP10, ten percent off the whole order.

Many of our customers felt the same, and kept the pillow after the first week. You have sixty days to send it back."""

UPSELL = """People who take the pillow often take the silk sleep mask as well. Shall I put one in for you?"""

TERMS = """Goods may be sent back within sixty days of delivery; what was paid for them is refunded, shipping is not.

The lavender spray is a trial of fourteen days."""

OFFERS = (
    Offer(id="101", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695, max_quantity=10, min_price=3995, max_price=4995,
          base_product="Cloud pillow", categories=("Pillows",), description="Shredded memory foam, bamboo cover, medium firm."),
    Offer(id="102", name="Foam topper", sku="RN-TOP", price=11900, shipping_price=1295, max_quantity=4, base_product="Foam topper",
          categories=("Toppers",), description="Two inches of cooling foam.",
          options=(Option(name="Size", values=("Twin", "Queen", "King")),),
          variants=(
              Variant(id="106", sku="RN-TOP-01", values=("Twin",), price=8900),
              Variant(id="107", sku="RN-TOP-02", values=("Queen",)),
              Variant(id="108", sku="RN-TOP-03", values=("King",), price=13900, shipping_price=1595),
          )),
    Offer(id="103", name="Weighted blanket", sku="RN-BLK-01", price=8900, shipping_price=1095, max_quantity=4, base_product="Weighted blanket",
          categories=("Blankets",), description="Seven kilograms of glass beads in washed cotton."),
    Offer(id="104", name="Silk sleep mask", sku="RN-MSK-01", price=1495, max_quantity=5, min_price=900, max_price=1495, kind="upsell",
          base_product="Silk sleep mask", categories=("Extras",), description="Mulberry silk, one size."),
    Offer(id="105", name="Lavender spray", sku="RN-SPR-01", price=495, shipping_price=395, max_quantity=1, kind="upsell", trial_days=14,
          base_product="Lavender spray", categories=("Extras",), description="100 ml."),
)  # fmt: skip

STANDARD = ShippingProfile(
    id="121", name="Standard, 5 to 7 days", default=True, free_from=25000, free_after_coupons=True,
    rules=(
        ShippingRule(id="5", country="US", mode="add", price=0),
        ShippingRule(id="1", country="US", region="AK", mode="add", price=1200),
        ShippingRule(id="2", country="US", region="HI", mode="add", price=1200),
        ShippingRule(id="3", country="CA", scope="offers", price=1850),
    ),
)  # fmt: skip
EXPRESS = ShippingProfile(id="122", name="Express, 2 days", entire_order=True, rules=(ShippingRule(id="4", country="US", price=3490),))

COUPONS = (
    Coupon(id="131", code="SLEEP10", kind="percent", percent="10"),
    Coupon(id="132", code="SHIPFREE", on="shipping", kind="percent", percent="100", min_subtotal=15000),
    Coupon(id="133", code="MASK5", kind="flat", amount=500, target="products", products=("104",), max_uses=100, once_per_customer=True),
)

FIELDS = (
    CustomField(id="1", label="Mattress size", kind="choice", choices=("Twin", "Queen", "King")),
    CustomField(id="2", label="How did you hear of us?", kind="choice", choices=("Radio", "Television", "A friend")),
    CustomField(id="3", label="Wants the monthly letter", kind="checkbox"),
)

LETTERS = (
    Letter(
        template="order-confirmation",
        text="Hello {first_name},\n\nthank you for ordering from Restful Nights. This is what we are getting ready for you:\n\n{lines}\n\n"
        "It goes to:\n\n{ship_to}\n\nYou have sixty days to sleep on it. Your order number is {order}; have it at hand when you call us.",
    ),
    Letter(template="shipped"),
    Letter(template="draft-link"),
)

CAMPAIGN = Campaign(
    id="1", name="Restful Nights (phone)", countries=("US", "CA"), offers=OFFERS, profiles=(STANDARD, EXPRESS), coupons=COUPONS, max_coupons=2,
    fields=FIELDS, letters=LETTERS, script_main=MAIN, script_rebuttal=REBUTTAL, script_upsell=UPSELL, terms=TERMS, reorder_days=60, checkout=True,
    methods=("card", "echeck", "external"),
)  # fmt: skip
WEB = Campaign(
    id="2", name="Restful Nights (web)", kind="ecommerce", listed=False, checkout=True, script_main="", letters=LETTERS,
    offers=(
        Offer(id="201", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695, max_quantity=10, base_product="Cloud pillow",
              categories=("Pillows",), description="Shredded memory foam, bamboo cover, medium firm."),
        Offer(id="202", name="Weighted blanket", sku="RN-BLK-01", price=8900, shipping_price=1095, max_quantity=4,
              base_product="Weighted blanket", categories=("Blankets",), description="Seven kilograms of glass beads in washed cotton."),
    ),
    coupons=(Coupon(id="231", code="WELCOME5", kind="percent", percent="5", once_per_customer=True),),
)  # fmt: skip

SETTINGS = Settings(
    tax_rates={"US-TX": "8.25", "US-NY": "8", "US-CA": "7.25", "US-OR": "0"},
    shipping_taxable={"US-TX": True, "US-NY": True},
    tax_nexus=("US-CA", "US-NY", "US-OR", "US-TX"),
    price_adjustment=True,
    time_zone="America/Chicago",
)

DIRECTORY = DirectoryChanged(
    call_centers=(CallCenter(name="North"), CallCenter(name="South")),
    teams=(Team(name="Team 3", call_center="North"), Team(name="Team 4", call_center="North"), Team(name="Team 1", call_center="South")),
    affiliates=(Affiliate(code="RADIO-N", name="Radio North"), Affiliate(code="TV-LATE", name="Late television")),
)
