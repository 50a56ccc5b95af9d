"""What an order costs, to the cent."""

from fractions import Fraction

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from services.cart.pricing import quote, shared, tax_rule
from shared.contracts.catalog import Campaign, Offer, Settings
from shared.contracts.order import Address, Line

TEXAS, OREGON, BERLIN = Address(country="US", region="TX"), Address(country="US", region="OR"), Address(country="DE", region="BE")
PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
GIFT = Offer(id="2", name="Sleep mask", sku="RN-MSK-01", price=0)
CAMPAIGN = Campaign(id="restful", name="Restful Nights", offers=(PILLOW, GIFT))
MONEY = st.integers(0, 10**7)


def lines(*quantities):
    return [Line(line=n, product=str(n), quantity=quantity) for n, quantity in enumerate(quantities, 1)]


def priced(rate, ship_to=TEXAS, taxed=False, quantities=(2,), campaign=CAMPAIGN):
    return quote(campaign, Settings(tax_rates={"US-TX": rate}, shipping_taxable={"US-TX": taxed}), lines(*quantities), ship_to)


def test_price_and_shipping_are_a_unit_s_times_the_quantity():
    found = priced("0")
    assert (found.price, found.shipping, found.tax, found.total) == (9990, 1390, 0, 11380)
    (line,) = found.lines
    assert (line.unit_price, line.price, line.shipping, line.total, line.sku) == (4995, 9990, 1390, 11380, "RN-PIL-01")


@pytest.mark.parametrize(("taxed", "tax"), [(False, 824), (True, 939)])
def test_shipping_is_taxed_where_the_place_says_so(taxed, tax):
    found = priced("8.25", taxed=taxed)
    assert (found.tax, found.total, found.tax_rate) == (tax, 11380 + tax, "8.25")


@pytest.mark.parametrize(("price", "rate", "tax"), [(10, "5", 1), (10, "4.999999", 0), (30, "5", 2), (50, "1", 1), (49, "1", 0)])
def test_half_a_cent_is_rounded_up(price, rate, tax):
    campaign = Campaign(id="restful", name="Restful Nights", offers=(Offer(id="1", name="Pillow", sku="RN-1", price=price),))
    assert priced(rate, quantities=(1,), campaign=campaign).tax == tax


def test_a_region_s_entry_comes_before_its_country_s():
    settings = Settings(tax_rates={"US": "1", "US-TX": "8.25"}, shipping_taxable={"US": True, "US-TX": False})
    assert tax_rule(settings, TEXAS) == (Fraction("8.25"), False)
    assert tax_rule(settings, OREGON) == (1, True)
    assert tax_rule(settings, BERLIN) == (0, False)
    assert tax_rule(Settings(tax_rates={"US-TX": "0", "US": "1"}, shipping_taxable={"US": True}), TEXAS) == (0, True)


def test_nothing_is_taxed_where_no_place_is_named():
    found = priced("8.25", ship_to=Address(), taxed=True)
    assert (found.tax, found.tax_rate) == (0, "0")


def test_a_line_of_none_costs_nothing_and_is_not_shown():
    found = priced("8.25", quantities=(0, 1))
    assert [line.product for line in found.lines] == ["2"]
    assert (found.price, found.shipping, found.tax, found.total) == (0, 0, 0, 0)
    assert priced("8.25", quantities=(0, 0)).lines == ()


def test_a_product_that_has_left_the_campaign_is_not_charged():
    gone = [*lines(1), Line(line=9, product="9", quantity=1)]
    assert quote(CAMPAIGN, Settings(), gone, TEXAS).total == 5690


@forall(MONEY, st.lists(MONEY, max_size=12))
def test_shares_sum_to_the_amount_and_none_is_a_unit_off(amount, weights):
    shares = shared(amount, weights)
    total = sum(weights)
    assert sum(shares) == (amount if total else 0)
    assert all(abs(share - Fraction(amount * weight, total or 1)) < 1 for share, weight in zip(shares, weights, strict=True))


def test_equal_fractions_go_to_the_first():
    assert shared(2, [1, 1, 1]) == [1, 1, 0]
    assert shared(1, [0, 1, 1]) == [0, 1, 0]
    assert shared(5, [0, 0]) == [0, 0]


@forall(st.lists(st.tuples(MONEY, MONEY, st.integers(0, 99)), max_size=8), st.integers(0, 10**8), st.booleans())
def test_lines_sum_to_the_totals_and_the_tax_is_off_by_half_a_unit_at_most(chosen, millionths, taxed):
    offers = tuple(Offer(id=str(n), name="Pillow", sku="RN-1", price=p, shipping_price=s) for n, (p, s, _) in enumerate(chosen, 1))
    rate = f"{millionths // 10**6}.{millionths % 10**6:06}"
    campaign = Campaign(id="restful", name="Restful Nights", offers=offers)
    found = priced(rate, taxed=taxed, quantities=[q for _, _, q in chosen], campaign=campaign)
    for name in ("price", "shipping", "tax", "total"):
        assert getattr(found, name) == sum(getattr(line, name) for line in found.lines)
    assert found.total == found.price + found.shipping + found.tax
    base = found.price + (found.shipping if taxed else 0)
    assert -Fraction(1, 2) < found.tax - base * Fraction(rate) / 100 <= Fraction(1, 2)
