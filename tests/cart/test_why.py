"""Each figure says which rule gave it."""

import pytest

from services.cart.pricing import Catalog, Circumstances, quote
from services.cart.tariff import Tariff
from services.cart.why import Why, coupon_said, place_of
from shared.contracts.catalog import Campaign, Coupon, Offer, Settings, ShippingProfile, ShippingRule
from shared.contracts.order import Address, CouponVerdict, Line, Quote, QuoteLine

TEXAS = Address(country="US", region="TX", postal="75201")
PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-1", price=4995, shipping_price=695, categories=("bedding",))
MASK = Offer(id="2", name="Sleep mask", sku="RN-2", price=1500, shipping_price=300, kind="upsell", tax_class="exempt")
LINES = (Line(line=1, product="1", quantity=2), Line(line=2, product="2", quantity=1))
RATES = Settings(tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True})


def told(lines=LINES, *rules, ship_to=TEXAS, entered=(), known=None, coupons=(), settings=RATES, **switches):
    profile = ShippingProfile(id="21", name="Standard", default=True, rules=rules, **switches)
    campaign = Campaign(id="1", name="Restful Nights", offers=(PILLOW, MASK), coupons=coupons, profiles=(profile,), max_coupons=2)
    tariff = Tariff(campaign)
    quoted = quote(Catalog(tariff, 1, settings, 1), lines, entered, "", ship_to, known or Circumstances("2026-03-01"))
    return Why(quoted, lines, tariff).told()


def shipping(*rules, lines=LINES, **switches):
    return [line["shipping"] for line in told(lines, *rules, **switches)["lines"]]


def test_a_price_is_the_campaign_s_or_says_who_changed_it_and_why():
    changed = Line(line=1, product="1", quantity=1, price=4000, shipping_price=100, reason="Torn seam", by="agent:agent1")
    lines = told((changed, LINES[1]))["lines"]
    assert lines[0]["unit"] == "40.00 each instead of 49.95: changed by agent1 (Torn seam)."
    assert lines[0]["shipping"] == "Shipping 1.00: changed by agent1 (Torn seam) to 1.00 each."
    assert lines[1]["unit"] == "15.00 each: the campaign's price."


def test_shipping_names_the_rule_of_the_profile():
    rule = ShippingRule(id="1", country="US", scope="product", of="1", price=495)
    assert shipping(rule) == [
        "Shipping 9.90: rule “US, Cloud pillow” of profile Standard, 4.95 each.",
        "Shipping 3.00: the product's own 3.00 each.",
    ]
    more = ShippingRule(id="1", continent="NA", scope="category", of="bedding", mode="add", price=100)
    assert (
        shipping(more)[0] == "Shipping 15.90: rule “North America, category bedding” of profile Standard, 1.00 more than the product's own 6.95 each."
    )


def test_shipping_names_what_the_profile_does_otherwise():
    assert shipping(exclude_upsells=True)[1] == "Shipping 3.00: profile Standard leaves upsells out, so that it is the product's own 3.00 each."
    dearest = "Shipping 0.00: profile Standard charges only the line that costs most to ship, which is another one."
    assert shipping(dearest_only=True) == ["Shipping 13.90: the product's own 6.95 each.", dearest]
    assert shipping(free_from=5000)[0] == "Shipping 0.00: profile Standard ships orders from 50.00 on for nothing."
    once = ShippingRule(id="1", price=1149)
    assert shipping(once, entire_order=True)[0] == "Shipping 9.99: its share of 11.49 an order, rule “everywhere, anything” of profile Standard."


def test_the_profile_and_whether_it_is_for_the_address():
    assert told()["shipping"] == "Shipping by profile Standard."
    rule = ShippingRule(id="1", country="DE", price=1)
    found = told(LINES, rule, entire_order=True, dearest_only=True, exclude_upsells=True, free_from=9000)["shipping"]
    assert found == (
        "Shipping by profile Standard (one price an order, only the line that costs most to ship, without upsells, free from 90.00 on). "
        "None of its rules is for this address."
    )
    quoted = Quote(currency="USD", policy="standard-1")
    told_nothing = Why(quoted, (), Tariff(Campaign(id="1", name="Restful Nights"))).told()
    assert told_nothing["shipping"] == "No shipping profile: each product ships at its own price."


def test_a_discount_names_its_coupon():
    coupons = (Coupon(id="11", code="TEN", percent="10"), Coupon(id="12", code="SHIP", on="shipping", kind="flat", amount=500))
    found = told(entered=("ten", "ship"), coupons=coupons)
    assert found["lines"][0]["discount"] == ["Coupon TEN takes 9.99 (10 %).", "Coupon SHIP takes 4.11 of the shipping (5.00)."]
    assert found["coupons"] == [
        {"code": "TEN", "verdict": "applied", "detail": "It takes 11.49."},
        {"code": "SHIP", "verdict": "applied", "detail": "It takes 5.00."},
    ]


def test_tax_names_rate_and_place_or_why_there_is_none():
    found = told()
    assert [line["tax"] for line in found["lines"]] == ["Tax 9.39: 8.25 % of 113.80, by the rate of US-TX.", "No tax: its tax class is exempt."]
    assert found["tax"] == ["Tax 9.39: 8.25 % of 113.80, class standard, by the rate of US-TX."]
    assert told(ship_to=Address())["tax"] == ["No tax: there is no address to ship to yet."]
    assert told(known=Circumstances("2026-03-01", tax_exempt=True))["tax"] == ["No tax: this customer is exempt."]
    assert told(settings=Settings())["tax"] == ["No tax: none is collected where this ships to."]
    assert told(settings=Settings(tax_nexus=("US",)))["lines"][0]["tax"] == "No tax: no rate is known for where this ships to."


def test_a_row_of_a_table_names_the_table():
    assert place_of("texas@3 US-TX 75201-75299") == "US-TX 75201-75299 of tax table texas"


def test_a_tax_that_somebody_else_worked_out_says_so():
    line = QuoteLine(
        line=1, product="1", name="", sku="", quantity=1, unit_price=5, price=5, shipping=0, tax=2, total=7, tax_rule="override", taxable=5
    )
    quoted = Quote(currency="USD", policy="standard-1", lines=(line,), tax_lines=({"taxable": 5, "tax": 2},))
    found = Why(quoted, (), Tariff(Campaign(id="1", name="Restful Nights", offers=(PILLOW,)))).told()
    assert (found["lines"][0]["tax"], found["tax"]) == (
        "Tax 0.02: its share of what the tax provider worked out.", ["Tax 0.02: worked out by the tax provider."],
    )  # fmt: skip


def test_a_quote_of_before_says_what_it_knows():
    line = QuoteLine(line=1, product="1", name="", sku="", quantity=2, unit_price=5, price=10, shipping=6, tax=1, total=17)
    quoted = Quote(currency="USD", lines=(line,), tax_rate="8.25")
    found = Why(quoted, (), Tariff(Campaign(id="1", name="Restful Nights"))).told()
    assert found["lines"][0]["shipping"] == "Shipping 0.06: the product's own 0.03 each."
    assert (found["lines"][0]["tax"], found["tax"]) == ("Tax 0.01: 8.25 %.", [])


COUPON = Coupon(id="11", code="TEN", starts="2026-04-01", ends="2026-02-01", min_subtotal=5000, min_quantity=3)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("unknown-code", "This campaign has no such coupon."),
        ("not-started", "It starts on 2026-04-01."),
        ("ended", "It ended on 2026-02-01."),
        ("all-used", "All of its uses are taken."),
        ("used-by-customer", "This customer has used it in another order."),
        ("no-line", "It is for none of the products in this order."),
        ("minimum-subtotal", "It needs products for 50.00 that it is for."),
        ("minimum-quantity", "It needs 3 of the products that it is for."),
        ("maximum", "An order takes 2, and there are as many already."),
    ],
)
def test_why_a_coupon_is_not_applied(reason, sentence):
    verdict = CouponVerdict(code="TEN", verdict="not-applicable", reason=reason)
    assert coupon_said(verdict, COUPON, 2, "USD") == sentence


def test_what_an_applied_one_does():
    applied = CouponVerdict(code="TEN", verdict="applied", amount=500)
    assert coupon_said(applied, COUPON, 2, "USD") == "It takes 5.00."
    assert (
        coupon_said(applied.model_copy(update={"auto": True, "amount": 0}), COUPON, 2, "USD") == "Applied by itself. Nothing is left for it to take."
    )
    assert coupon_said(CouponVerdict(code="X", verdict="too-many", reason="maximum"), COUPON, 0, "USD") == "This campaign takes no coupons."
