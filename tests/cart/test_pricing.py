"""The snapshot that an order makes, and its quote as the order carries it."""

import pytest

from services.cart.pricing import Catalog, Circumstances, quote
from services.cart.standard1.snapshot import InvalidSnapshot
from services.cart.tariff import Tariff
from shared.contracts.catalog import Campaign, Coupon, Offer, Option, Settings, ShippingProfile, ShippingRule, Variant
from shared.contracts.order import Address, CouponVerdict, Line, Taken, TaxLine

TEXAS, OREGON, BERLIN = Address(country="US", region="TX"), Address(country="US", region="OR"), Address(country="DE", region="BE")
DALLAS = Address(country="US", region="TX", postal="75201-1234")
PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
GIFT = Offer(id="2", name="Sleep mask", sku="RN-MSK-01", price=0)
TOPPER = Offer(
    id="3",
    name="Foam topper",
    sku="RN-TOP",
    price=11900,
    shipping_price=1295,
    options=(Option(name="Size", values=("Queen", "King")), Option(name="Colour", values=("White",))),
    variants=(
        Variant(id="31", sku="RN-TOP-Q", values=("Queen", "White")),
        Variant(id="32", sku="RN-TOP-K", values=("King", "White"), price=14500, shipping_price=0),
    ),
)
RATES = Settings(tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True})


def lines(*quantities):
    return [Line(line=n, product=str(n), quantity=quantity) for n, quantity in enumerate(quantities, 1)]


def priced(bought=None, *, ship_to=TEXAS, settings=RATES, entered=(), profile="", offers=(PILLOW, GIFT, TOPPER), known=None, **campaign):
    whole = Campaign(id="restful", name="Restful Nights", offers=offers, **campaign)
    catalog = Catalog(Tariff(whole), 1, settings, 1)
    return quote(catalog, bought or lines(2), entered, profile, ship_to, known or Circumstances("2026-03-01"))


def priced_with(bought, *coupons, entered=None, **other):
    codes = [coupon.code for coupon in coupons] if entered is None else entered
    return priced(bought, entered=codes, coupons=coupons, max_coupons=9, **other)


def test_it_is_quoted_by_the_policy_and_says_so():
    found = priced()
    assert (found.policy, found.price, found.shipping, found.tax, found.total) == ("standard-1", 9990, 1390, 939, 12319)
    (line,) = found.lines
    assert (line.name, line.sku, line.list_price, line.unit_price, line.unit_rule) == ("Cloud pillow", "RN-PIL-01", 4995, 4995, "list")
    assert (line.shipping_rule, line.tax_rule, line.tax_row, line.taxable) == ("own", "rate", "US-TX", 11380)
    assert found.tax_lines == (TaxLine(row="US-TX", tax_class="standard", rate="8.25", taxable=11380, tax=939),)
    assert (found.tax_rate, found.profile, found.profile_applies) == ("8.25", "", None)


def test_a_region_s_rate_comes_before_its_country_s():
    settings = Settings(tax_rates={"US": "1", "US-TX": "8.25"}, shipping_taxable={"US": True, "US-TX": False})
    assert [priced(ship_to=place, settings=settings).tax_lines for place in (TEXAS, OREGON, BERLIN)] == [
        (TaxLine(row="US-TX", tax_class="standard", rate="8.25", taxable=9990, tax=824),),
        (TaxLine(row="US", tax_class="standard", rate="1", taxable=11380, tax=114),),
        (),
    ]


@pytest.mark.parametrize(
    ("nexus", "rule"), [(None, "rate"), (("US-TX",), "rate"), (("US",), "rate"), ((), "no-nexus"), (("US-CA", "DE"), "no-nexus")]
)
def test_tax_is_collected_where_there_is_nexus_or_before_it_was_asked_for_wherever_there_is_a_rate(nexus, rule):
    assert priced(settings=RATES.model_copy(update={"tax_nexus": nexus})).lines[0].tax_rule == rule


@pytest.mark.parametrize(("ship_to", "rule"), [(Address(), "no-address"), (Address(region="TX"), "no-address"), (OREGON, "no-nexus")])
def test_nothing_is_taxed_where_no_place_is_named_or_none_has_a_rate(ship_to, rule):
    found = priced(ship_to=ship_to)
    assert (found.tax, found.tax_rate, found.lines[0].tax_rule) == (0, "0", rule)


def test_rows_of_tax_tables_are_beside_those_of_the_settings():
    row = {"country": "US", "region": "TX", "postal": "75201", "class": "standard", "from": "2026-01-01", "until": None}
    rows = ({**row, "id": "texas@3 75201", "rate": "9"}, {**row, "id": "texas@3 food", "postal": None, "class": "food", "rate": "0"})
    food = PILLOW.model_copy(update={"id": "2", "tax_class": "food"})
    found = priced(lines(1, 1), ship_to=DALLAS, offers=(PILLOW, food), known=Circumstances("2026-03-01", rows=rows))
    assert [line.tax_row for line in found.lines] == ["texas@3 75201", "texas@3 food"]
    assert found.tax_rate == "0"
    same = {**row, "postal": None, "from": "0001-01-01", "id": "texas@3", "rate": "9"}
    assert priced(ship_to=DALLAS, known=Circumstances("2026-03-01", rows=(same,))).lines[0].tax_row == "texas@3"


def test_an_exempt_customer_pays_no_tax():
    found = priced(known=Circumstances("2026-03-01", tax_exempt=True))
    assert (found.tax, found.lines[0].tax_rule) == (0, "customer-exempt")


def test_a_variant_has_its_own_name_sku_and_prices_or_its_offer_s():
    bought = [Line(line=1, product="31", quantity=1), Line(line=2, product="32", quantity=1)]
    queen, king = priced(bought).lines
    assert (queen.product, queen.name, queen.sku, queen.unit_price, queen.shipping) == ("31", "Foam topper, Queen, White", "RN-TOP-Q", 11900, 1295)
    assert (king.product, king.name, king.sku, king.unit_price, king.shipping) == ("32", "Foam topper, King, White", "RN-TOP-K", 14500, 0)


def test_coupons_and_rules_name_the_offer_whichever_variant_is_bought():
    profile = ShippingProfile(id="21", name="Standard", default=True, rules=(ShippingRule(id="1", scope="product", of="3", price=500),))
    coupon = Coupon(id="11", code="Foam", kind="flat", amount=1000, target="products", products=("3",))
    bought = [Line(line=1, product="31", quantity=1), Line(line=2, product="32", quantity=2), Line(line=3, product="1", quantity=1)]
    found = priced_with(bought, coupon, entered=["foam "], profiles=(profile,))
    assert [(line.discounts, line.shipping, line.shipping_rule_id) for line in found.lines] == [
        ((Taken(code="FOAM", amount=1000),), 500, "1"),
        ((Taken(code="FOAM", amount=2000),), 1000, "1"),
        ((), 695, ""),
    ]


def test_a_changed_price_is_shown_beside_the_campaign_s():
    (line,) = priced([Line(line=1, product="1", quantity=2, price=4000, shipping_price=0)]).lines
    assert (line.list_price, line.unit_price, line.unit_rule, line.shipping, line.shipping_rule) == (4995, 4000, "override", 0, "override")


def test_a_line_of_none_and_a_product_that_has_left_cost_nothing_and_are_not_shown():
    found = priced([*lines(0, 1), Line(line=9, product="9", quantity=1)])
    assert [line.product for line in found.lines] == ["2"]
    assert found.total == 0
    assert priced(lines(0, 0)).lines == ()


@pytest.mark.parametrize(("uses", "verdict"), [({}, "applied"), ({"LAST": 1}, "applied"), ({"LAST": 2}, "exhausted"), ({"OTHER": 2}, "applied")])
def test_the_uses_of_a_limited_coupon_are_by_other_orders(uses, verdict):
    coupon = Coupon(id="11", code="Last ", percent="10", max_uses=2)
    found = priced_with(lines(1), coupon, known=Circumstances("2026-03-01", uses=uses))
    assert [each.verdict for each in found.coupons] == [verdict]


def test_verdicts_are_carried_as_they_are():
    coupon = Coupon(id="11", code="OLD", percent="10", ends="2026-02-28")
    found = priced_with(lines(1), coupon, Coupon(id="12", code="AUTO", kind="flat", amount=100, default=True), entered=["old", "nope"])
    assert found.coupons == (
        CouponVerdict(code="OLD", verdict="expired", reason="ended"),
        CouponVerdict(code="NOPE", verdict="unknown", reason="unknown-code"),
        CouponVerdict(code="AUTO", verdict="applied", auto=True, amount=100),
    )


def test_a_campaign_that_cannot_be_priced_is_refused_at_its_field():
    profile = ShippingProfile(id="21", name="Standard", rules=(ShippingRule(id="1", region="TX"),))
    with pytest.raises(InvalidSnapshot) as refused:
        priced(profiles=(profile,))
    assert refused.value.field == "shipping.profiles.0.rules.0.region"
    with pytest.raises(InvalidSnapshot) as refused:
        priced_with(lines(1), Coupon(id="11", code="NOUGHT", percent="0"))
    assert refused.value.field == "coupons.catalog.0.value"
