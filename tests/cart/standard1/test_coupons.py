"""L1, C1 to C4 and D1 to D5."""

import pytest

from services.cart.standard1.policy import price
from tests.cart.standard1.snapshots import coupon, line, on, snapshot

PLAIN = line(1, 1000, 2)


def verdicts(*lines, **given):
    return [(each.code, each.verdict, each.reason) for each in price(snapshot(*lines, **given)).coupons]


def verdict(each, *lines, **given):
    ((_, found, reason),) = verdicts(*(lines or (PLAIN,)), catalog=[each], **given)
    return found if reason is None else f"{found} {reason}"


def discounts(*lines, **given):
    return [{each.code: each.amount for each in quoted.discounts} for quoted in price(snapshot(*lines, **given)).lines]


@pytest.mark.parametrize(("override", "unit", "rule"), [(None, 1000, "list"), (900, 900, "override"), (0, 0, "override"), (1000, 1000, "override")])
def test_l1_a_changed_price_counts_and_nought_is_one(override, unit, rule):
    (quoted,) = price(snapshot(line(1, 1000, 3, price_override=override))).lines
    assert (quoted.unit_price, quoted.unit_rule, quoted.price) == (unit, rule, 3 * unit)


def test_c1_codes_are_trimmed_upper_cased_and_taken_once():
    found = verdicts(PLAIN, catalog=[coupon(" sleep10\t", "10")], entered=["  ", "SLEEP10 ", "sleep10", "", "Nope", "nope"])
    assert found == [("SLEEP10", "applied", None), ("NOPE", "unknown", "unknown-code")]


def test_c2_entered_ones_as_typed_then_default_ones_by_code():
    catalog = [coupon("B", 1, default=True), coupon("A", 1, default=True), coupon("D", 1), coupon("C", 1, default=True)]
    quote = price(snapshot(PLAIN, catalog=catalog, entered=["d", "c"]))
    assert [(each.code, each.auto) for each in quote.coupons] == [("D", False), ("C", False), ("A", True), ("B", True)]


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        ({"target": "order", "products": ["A"]}, [50, 50, 50]),
        ({"products": ["A"]}, [100, 0, 0]),
        ({"tags": ["soft"]}, [0, 100, 100]),
        ({"products": ["A"], "tags": ["soft"]}, [100, 100, 100]),
        ({}, [100, 100, 100]),
        ({"first_only": True}, [100, 0, 0]),
        ({"tags": ["soft"], "first_only": True}, [0, 100, 0]),
        ({"target": "order", "first_only": True}, [50, 50, 50]),
    ],
)
def test_c3_what_it_matches_and_what_it_is_applied_to(other, taken):
    lines = [line(3, 1000, tags=["soft"]), line(1, 1000), line(2, 1000, tags=["new", "soft"])]
    value = 150 if other.get("target") == "order" else 100
    quote = price(snapshot(*lines, catalog=[coupon("X", value, **{"target": "products", **other})]))
    assert [each.discount for each in quote.lines] == taken


def test_c3_first_only_takes_all_units_of_the_first_line():
    assert discounts(line(1, 1000, 3), line(2, 1000), catalog=[coupon("X", 100, target="products", first_only=True)]) == [{"X": 300}, {}]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"starts": "2025-06-16"}, "not-applicable not-started"),
        ({"starts": "2025-06-15"}, "applied"),
        ({"ends": "2025-06-14"}, "expired ended"),
        ({"ends": "2025-06-15"}, "applied"),
        ({"max_uses": 2, "uses": 2}, "exhausted all-used"),
        ({"max_uses": 2, "uses": 1}, "applied"),
        ({"max_uses": 0}, "exhausted all-used"),
        ({"uses": 7}, "applied"),
        ({"target": "products", "products": ["B"]}, "not-applicable no-line"),
        ({"min_subtotal": 2001}, "not-applicable minimum-subtotal"),
        ({"min_subtotal": 2000}, "applied"),
        ({"min_quantity": 3}, "not-applicable minimum-quantity"),
        ({"min_quantity": 2}, "applied"),
        ({"starts": "2025-06-16", "ends": "2025-06-14"}, "not-applicable not-started"),
        ({"ends": "2025-06-14", "max_uses": 0}, "expired ended"),
        ({"max_uses": 0, "target": "products", "products": ["B"]}, "exhausted all-used"),
        ({"min_subtotal": 9999, "target": "products", "products": ["B"]}, "not-applicable no-line"),
        ({"min_subtotal": 9999, "min_quantity": 9}, "not-applicable minimum-subtotal"),
    ],
)
def test_c4_the_first_that_holds_is_the_verdict(other, said):
    assert verdict(coupon("X", "10", **other)) == said


def test_c4_once_a_customer():
    once = coupon("X", "10", once_per_customer=True)
    assert verdict(once, used=[" x"]) == "exhausted used-by-customer"
    assert verdict(once, used=["Y"]) == "applied"
    assert verdict(coupon("X", "10"), used=["X"]) == "applied"
    assert verdict(coupon("X", "10", once_per_customer=True, max_uses=1, uses=1), used=["X"]) == "exhausted all-used"
    assert verdict(coupon("X", "10", once_per_customer=True, target="products", products=["B"]), used=["X"]) == "exhausted used-by-customer"


def test_c4_the_minimums_are_of_the_matched_lines_before_any_discount():
    lines = [line(1, 1000, 2), line(2, 9000, 5)]
    half = on("A", "HALF", "50")
    assert verdicts(*lines, catalog=[half, on("A", "X", "10", min_subtotal=2000)])[1] == ("X", "applied", None)
    assert verdicts(*lines, catalog=[half, on("A", "X", "10", min_subtotal=2001)])[1] == ("X", "not-applicable", "minimum-subtotal")
    assert verdicts(*lines, catalog=[on("A", "X", "10", min_quantity=3)]) == [("X", "not-applicable", "minimum-quantity")]
    first = coupon("X", "10", target="products", first_only=True, min_quantity=7, min_subtotal=47000)
    assert verdicts(*lines, catalog=[first]) == [("X", "applied", None)]


def test_c4_there_is_no_line_to_match_without_a_live_one():
    assert verdict(coupon("X", "10"), line(1, 1000, 0)) == "not-applicable no-line"


def test_c4_a_refused_one_takes_no_place_and_default_ones_count():
    catalog = [coupon("GONE", "10", ends="2025-01-01"), coupon("A", 1), coupon("B", 1, default=True), coupon("C", 1, default=True)]
    assert [each[1] for each in verdicts(PLAIN, catalog=catalog, entered=["GONE", "NOPE", "A"], max=2)] == [
        "expired", "unknown", "applied", "applied", "too-many",
    ]  # fmt: skip
    assert verdict(coupon("X", "10"), max=0) == "too-many maximum"


def test_c4_an_applied_one_may_come_to_nothing():
    quote = price(snapshot(PLAIN, catalog=[coupon("ALL", "100", target="products"), coupon("MORE", 500)]))
    assert [(each.code, each.verdict, each.amount) for each in quote.coupons] == [("ALL", "applied", 2000), ("MORE", "applied", 0)]
    assert quote.lines[0].discounts == (type(quote.lines[0].discounts[0])("ALL", 2000),)


def test_d1_products_before_order_and_flat_before_percent():
    catalog = [coupon("A", "10"), coupon("B", 100), on("A", "C", "10"), on("A", "D", 100)]
    assert discounts(line(1, 1000), catalog=catalog) == [{"D": 100, "C": 90, "B": 100, "A": 71}]


def test_d2_flat_on_products_is_for_every_unit_up_to_what_is_left_by_code():
    assert discounts(line(1, 250, 3), catalog=[on("A", "B", 200), on("A", "A", 100)]) == [{"A": 300, "B": 450}]


def test_d3_percents_on_products_add_up_to_a_hundred_and_round_once_a_line():
    lines = [line(1, 5), line(2, 5)]
    assert discounts(*lines, catalog=[coupon("X", "5", target="products"), coupon("Y", "5", target="products")]) == [{"X": 1}, {"X": 1}]
    assert discounts(line(1, 100), catalog=[on("A", "X", "90"), on("A", "Y", "30")]) == [{"X": 75, "Y": 25}]


def test_d4_flat_on_the_order_is_taken_once_and_one_after_the_other():
    lines = [line(1, 100, 5), line(2, 300)]
    assert discounts(*lines, catalog=[coupon("B", 300), coupon("A", 600)]) == [{"A": 375, "B": 125}, {"A": 225, "B": 75}]


def test_d5_percents_on_the_order_round_once_an_order():
    assert discounts(line(1, 5), line(2, 5), line(3, 5), catalog=[coupon("A", "10")]) == [{"A": 1}, {"A": 1}, {}]
    assert discounts(line(1, 100), catalog=[coupon("A", "90"), coupon("B", "30")]) == [{"A": 75, "B": 25}]


def test_coupons_on_shipping_take_from_shipping_alone():
    quote = price(snapshot(line(1, 1000, 2, ship_price=150), catalog=[coupon("HALF", "50", on="shipping"), on("A", "FLAT", 100, on="shipping")]))
    (quoted,) = quote.lines
    assert (quoted.discount, quoted.shipping, quoted.shipping_discount, quoted.total) == (0, 300, 250, 2050)
    assert [(each.code, each.amount) for each in quoted.shipping_discounts] == [("FLAT", 200), ("HALF", 50)]
