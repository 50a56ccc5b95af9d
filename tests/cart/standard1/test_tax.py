"""T1 to T7, and Q1."""

import pytest

from services.cart.standard1.policy import price
from tests.cart.standard1.snapshots import BERLIN, DALLAS, address, coupon, line, row, snapshot, tax

PLAIN = line(1, 10000, ship_price=1000)
TEXAS = row("tx", "10", region="TX")


def taxed(*rows, lines=(PLAIN,), where=DALLAS, nexus=("US-TX",), override=None, exempt=False, **taxable):
    return price(snapshot(*lines, address=where, exempt=exempt, tax=tax(*rows, nexus=nexus, override=override, **(taxable or {"XX": True}))))


def said(*rows, **given):
    (quoted,) = taxed(*rows, **given).lines
    return quoted.tax, quoted.tax_rule, quoted.tax_row


@pytest.mark.parametrize("given", [{}, {"exempt": True}, {"where": None}, {"nexus": ()}, {"lines": (PLAIN | {"tax_class": "exempt"},)}])
def test_t1_a_tax_that_is_given_is_the_tax_whatever_else_holds(given):
    quote = taxed(TEXAS, override=777, **given)
    assert (quote.lines[0].tax, quote.lines[0].tax_rule, quote.lines[0].tax_row, quote.lines[0].taxable) == (777, "override", None, 11000)
    (found,) = quote.tax_lines
    assert (found.row, found.tax_class, found.rate, found.taxable, found.tax) == (None, None, None, 11000, 777)


def test_t1_it_is_shared_by_what_the_lines_come_to_or_all_on_the_first():
    lines = (line(1, 1000), line(2, 2000, ship_price=1000))
    assert [each.tax for each in taxed(override=100, lines=lines).lines] == [25, 75]
    assert [each.tax for each in taxed(override=100, lines=(line(1, 0, 0), line(2, 0), line(3, 0))).lines] == [0, 100, 0]
    assert taxed(override=100, lines=(line(1, 5, 0),)).tax_lines == ()


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"exempt": True, "where": None}, "customer-exempt"),
        ({"where": None, "nexus": ()}, "no-address"),
        ({"where": address(None, None, None, "NA"), "nexus": ()}, "no-address"),
        ({"nexus": ("US-CA", "DE"), "lines": (PLAIN | {"tax_class": "exempt"},)}, "no-nexus"),
        ({"where": address("US"), "nexus": ("US-TX",)}, "no-nexus"),
        ({"lines": (PLAIN | {"tax_class": "exempt"},)}, "class-exempt"),
        ({"nexus": ("US",)}, "rate"),
        ({}, "rate"),
    ],
)
def test_t2_the_first_that_holds(given, rule):
    found = said(TEXAS, **given)
    assert found == ((1000, "rate", "tx") if rule == "rate" else (0, rule, None))


def test_t3_rows_of_the_class_first_then_of_class_standard_then_none():
    food = row("food", "2", region="TX", tax_class="food")
    meal = (PLAIN | {"tax_class": "food"},)
    assert said(TEXAS, food, lines=meal) == (200, "rate", "food")
    assert said(TEXAS, {**food, "region": "CA"}, lines=meal) == (1000, "rate", "tx")
    assert said(food) == (0, "no-rate", None)
    assert said(row("exempt", "5", tax_class="exempt"), lines=(PLAIN | {"tax_class": "exempt"},)) == (0, "class-exempt", None)


@pytest.mark.parametrize(
    ("other", "applies"),
    [
        ({"country": "DE"}, False), ({"region": None}, True), ({"region": "CA"}, False), ({"postal": "75201"}, True), ({"postal": "75202"}, False),
        ({"since": "2025-06-15"}, True), ({"since": "2025-06-16"}, False), ({"until": "2025-06-15"}, True), ({"until": "2025-06-14"}, False),
    ],
)  # fmt: skip
def test_t3_where_and_when_a_row_applies(other, applies):
    assert said(row("1", "10", **{"region": "TX", **other}))[1] == ("rate" if applies else "no-rate")


def test_t3_postal_code_then_region_then_the_latest():
    country, old, new = row("us", "1"), row("old", "2", region="TX", since="2024-01-01"), row("new", "3", region="TX", since="2025-05-01")
    zip_alone, zip_here = row("zip", "4", postal="75201", since="2020-01-01"), row("zip-tx", "5", region="TX", postal="75201", since="2019-01-01")
    assert said(country, old, new, zip_alone, zip_here)[2] == "zip-tx"
    assert said(country, old, new, zip_alone)[2] == "zip"
    assert said(country, old, new)[2] == "new"
    assert said(country, old)[2] == "old"
    assert said(country)[2] == "us"


@pytest.mark.parametrize(
    ("country", "written", "typed", "same"),
    [
        ("US", "75201", "75201-1234", True), ("US", "75201-9999", "75201 1234", True), ("US", "75201", "7520", False), ("US", "75201", None, False),
        ("GB", "SW1A1AA", "sw1a 1aa", True), ("GB", "SW1A1", "SW1A 1AA", False), ("DE", "10115", "10-115", True),
    ],
)  # fmt: skip
def test_t4_postal_codes_are_compared_plainly(country, written, typed, same):
    found = said(row("1", "10", country, postal=written), where=address(country, None, typed, None), nexus=(country,))
    assert (found[1] == "rate") == same


@pytest.mark.parametrize(
    ("taxable", "tax"), [({"US_TX": True}, 1100), ({"US_TX": False, "US": True}, 1000), ({"US": True}, 1100), ({"DE": True}, 1000)]
)
def test_t5_shipping_is_taxed_as_the_region_says_else_the_country(taxable, tax):
    assert said(TEXAS, **taxable)[0] == tax


def test_t5_shipping_is_taxed_with_its_line_and_not_without_a_row():
    lines = (line(1, 1000, ship_price=100), line(2, 1000, ship_price=100, tax_class="exempt"), line(3, 0, ship_price=500, tax_class="food"))
    quote = taxed(TEXAS, row("food", "50", region="TX", tax_class="food"), lines=lines, US_TX=True)
    assert [(each.taxable, each.tax) for each in quote.lines] == [(1100, 110), (0, 0), (500, 250)]


def test_t6_what_is_taxed_is_net():
    catalog = [coupon("TEN", "10"), coupon("HALF", "50", on="shipping")]
    quote = price(snapshot(PLAIN, catalog=catalog, address=DALLAS, tax=tax(TEXAS, nexus=("US-TX",), US_TX=True)))
    assert (quote.lines[0].taxable, quote.lines[0].tax) == (9500, 950)


def test_t7_one_tax_line_a_row_by_class_rounded_once_and_shared():
    lines = (line(1, 5), line(2, 5, tax_class="food"), line(3, 5), line(4, 5, tax_class="clothing"))
    quote = taxed(TEXAS, row("food", "50", region="TX", tax_class="food"), lines=lines)
    assert [(each.row, each.tax_class, each.rate, each.taxable, each.tax) for each in quote.tax_lines] == [
        ("food", "food", "50", 5, 3),
        ("tx", "standard", "10", 15, 2),
    ]
    assert [each.tax for each in quote.lines] == [1, 3, 1, 0]


def test_q1_the_total_is_what_is_left_of_it_all():
    catalog = [coupon("TEN", "10"), coupon("HALF", "50", on="shipping")]
    totals = price(snapshot(PLAIN, catalog=catalog, address=BERLIN, tax=tax(row("de", "19", "DE"), nexus=("DE",), DE=True))).totals
    assert (totals.price, totals.discount, totals.shipping, totals.shipping_discount, totals.tax) == (10000, 1000, 1000, 500, 1805)
    assert totals.total == 10000 - 1000 + 1000 - 500 + 1805
