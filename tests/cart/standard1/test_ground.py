"""G1 to G7: the shapes of a snapshot, what is refused and where, and exact shares."""

import copy
import json

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from services.cart.standard1.amounts import millionths, part_of, share
from services.cart.standard1.policy import price
from services.cart.standard1.snapshot import InvalidSnapshot, Snapshot, checked, read
from tests.cart.standard1.snapshots import DALLAS, coupon, line, profile, row, rule, snapshot, tax

WHOLE = snapshot(
    line(1, 100),
    line(2, 100),
    catalog=[coupon("TEN", "10"), coupon("FIVE", 500)],
    profiles=[profile(rule("1", 5), rule("2", 5, "product", of="A", country="US", region="TX"))],
    chosen="P",
    address=DALLAS,
    tax=tax(row("tx", "8.25", region="TX"), row("dallas", "8", region="TX", postal="75201")),
)
ANYTHING = {"currency": 5, "today": None, "lines": None, "shipping": [], "coupons": None, "address": "US", "customer": None, "tax": None}
WRONG = [
    *ANYTHING.items(),
    ("currency", "usd"), ("today", "2025-6-15"), ("today", "20250615"), ("today", "2025-02-30"),
    ("lines.0.line", "1"), ("lines.0.line", None), ("lines.1.line", 1), ("lines.0.product", ""), ("lines.0.product", None), ("lines.0.kind", "gift"),
    ("lines.0.categories", "bedding"), ("lines.0.tags.0", 5), ("lines.0.list_price", -1), ("lines.0.list_price", 1.5), ("lines.0.list_price", "1"),
    ("lines.0.list_price", None), ("lines.0.price_override", -1), ("lines.0.quantity", -1), ("lines.0.quantity", True), ("lines.0.quantity", None),
    ("lines.0.ship_price", -1), ("lines.0.ship_override", -1), ("lines.0.tax_class", ""),
    ("shipping.chosen", "Q"), ("shipping.profiles.0.id", None), ("shipping.profiles.0.default", 1), ("shipping.profiles.0.entire_order", "yes"),
    ("shipping.profiles.0.dearest_only", None), ("shipping.profiles.0.exclude_upsells", None), ("shipping.profiles.0.free_from", -5),
    ("shipping.profiles.0.free_after_coupons", None), ("shipping.profiles.0.rules", None),
    ("shipping.profiles.0.rules.0.id", ""), ("shipping.profiles.0.rules.0.continent", "XX"), ("shipping.profiles.0.rules.0.country", "us"),
    ("shipping.profiles.0.rules.0.region", "TX"), ("shipping.profiles.0.rules.1.region", "tx"), ("shipping.profiles.0.rules.0.scope", "all"),
    ("shipping.profiles.0.rules.1.of", 7), ("shipping.profiles.0.rules.0.mode", "minus"), ("shipping.profiles.0.rules.0.price", -1),
    ("coupons.max", -1), ("coupons.max", None), ("coupons.entered.0", None), ("coupons.catalog.0.code", None), ("coupons.catalog.1.code", " ten"),
    ("coupons.catalog.0.on", "tax"), ("coupons.catalog.0.kind", "free"), ("coupons.catalog.0.value", "0"), ("coupons.catalog.0.value", "100.000001"),
    ("coupons.catalog.0.value", 10), ("coupons.catalog.0.value", "1.1234567"), ("coupons.catalog.0.value", "1e1"), ("coupons.catalog.0.value", "-1"),
    ("coupons.catalog.1.value", "5"), ("coupons.catalog.1.value", -1), ("coupons.catalog.1.value", True), ("coupons.catalog.0.target", "all"),
    ("coupons.catalog.0.products", None), ("coupons.catalog.0.tags", None), ("coupons.catalog.0.first_only", 0),
    ("coupons.catalog.0.starts", "soon"), ("coupons.catalog.0.ends", "2025-13-01"), ("coupons.catalog.0.min_subtotal", -1),
    ("coupons.catalog.0.min_quantity", -1), ("coupons.catalog.0.max_uses", -1), ("coupons.catalog.0.uses", -1), ("coupons.catalog.0.uses", None),
    ("coupons.catalog.0.once_per_customer", None), ("coupons.catalog.0.default", None),
    ("address.continent", "UE"), ("address.country", "USA"), ("address.region", "Texas"), ("address.postal", 75201),
    ("customer.tax_exempt", "no"), ("customer.used_codes", None),
    ("tax.nexus.0", "Texas"), ("tax.shipping_taxable.us", True), ("tax.shipping_taxable.US", "yes"), ("tax.override", -1), ("tax.rows", None),
    ("tax.rows.0.id", None), ("tax.rows.0.country", None), ("tax.rows.0.region", "tx"), ("tax.rows.0.postal", 1), ("tax.rows.0.class", None),
    ("tax.rows.0.rate", 8.25), ("tax.rows.0.rate", "-1"), ("tax.rows.0.rate", "8,25"), ("tax.rows.0.rate", "8.2500000"), ("tax.rows.0.from", None),
    ("tax.rows.0.until", "never"),
]  # fmt: skip


def changed(path, value):
    given = copy.deepcopy(WHOLE)
    inner, *names = given, *path.split(".")
    for name in names[:-1]:
        inner = inner[int(name) if isinstance(inner, list) else name]
    if isinstance(inner, list) and int(names[-1]) == len(inner):
        inner.append(value)
    else:
        inner[int(names[-1]) if isinstance(inner, list) else names[-1]] = value
    return given


def paths(value, under=""):
    """Of every field."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        if isinstance(value, dict) and not under.endswith("shipping_taxable."):
            yield f"{under}{name}"
        yield from paths(inner, f"{under}{name}.")


@pytest.mark.parametrize(("path", "value"), WRONG, ids=[f"{path}={value}" for path, value in WRONG])
@pytest.mark.parametrize("how", ["plain", "JSON"])
def test_g7_what_breaks_a_shape_is_refused_with_its_path(path, value, how):
    given = changed(path, value)
    with pytest.raises(InvalidSnapshot) as refused:
        price(given) if how == "plain" else read(json.dumps(given))
    assert refused.value.field == path


@pytest.mark.parametrize("path", list(paths(WHOLE)))
def test_g7_nothing_may_be_missing_and_nothing_unknown(path):
    given = copy.deepcopy(WHOLE)
    *above, last = path.split(".")
    inner = given
    for name in above:
        inner = inner[int(name) if isinstance(inner, list) else name]
    value = inner.pop(last)
    with pytest.raises(InvalidSnapshot) as refused:
        price(given)
    assert refused.value.field == path
    inner.update({last: value, "more": 1})
    with pytest.raises(InvalidSnapshot, match="more"):
        price(given)


def test_g7_two_rows_must_not_hold_for_the_same():
    twice = [row("a", "8", region="TX", postal="75201-1234"), row("b", "9", region="TX", postal="75201")]
    with pytest.raises(InvalidSnapshot) as refused:
        price({**WHOLE, "tax": tax(*twice)})
    assert refused.value.field == "tax.rows.1"
    other = [twice[0], {**twice[1], "class": "food"}, {**twice[1], "region": None}, {**twice[1], "from": "2025-01-02"}]
    assert price({**WHOLE, "tax": tax(*other)})


def test_a_whole_one_is_priced_however_it_comes():
    made = checked(WHOLE)
    assert isinstance(made, Snapshot)
    assert price(made) == price(WHOLE) == price(read(json.dumps(WHOLE)))


def test_g5_parts_that_are_made_already_are_checked_together():
    made = checked(WHOLE)
    with pytest.raises(InvalidSnapshot) as refused:
        price({**WHOLE, "lines": [*made.lines, made.lines[0]]})
    assert refused.value.field == "lines.2.line"


def test_g6_a_line_of_none_is_told_and_costs_nothing():
    gone = line(1, 500, 0, price_override=0, ship_override=5)
    quote = price(snapshot(gone, line(2, 100), address=DALLAS))
    assert (quote.lines[0].unit_price, quote.lines[0].unit_rule, quote.lines[0].shipping_rule, quote.lines[0].tax_rule) == (
        0, "override", "none", "none",
    )  # fmt: skip
    assert quote.totals == price(snapshot(line(2, 100), address=DALLAS)).totals


@pytest.mark.parametrize("given", [snapshot(), snapshot(line(1, 500, 0, ship_price=5), profiles=[profile(rule("1", 5), entire_order=True)])])
def test_g6_an_order_without_live_lines_costs_nothing(given):
    assert price({**given, "tax": tax(override=100)}).totals.total == 0


@pytest.mark.parametrize(
    ("amount", "percent", "rounded"), [(10, "5", 1), (10, "4.999999", 0), (30, "5", 2), (49, "1", 0), (50, "1", 1), (5, "10", 1), (7501, "50", 3751)]
)
def test_g3_a_half_goes_up(amount, percent, rounded):
    assert part_of(amount, millionths(percent)) == rounded


def test_g2_no_digit_is_lost():
    assert part_of(10**15, millionths("0.000001")) == 10**7
    assert part_of(333_333_333_333_333_333, millionths("33.333333")) == 111_111_110_000_000_000


@forall(st.integers(0, 10**7), st.lists(st.integers(0, 10**7), max_size=12))
def test_g4_shares_sum_to_the_amount_and_none_is_a_unit_off(amount, weights):
    shares, total = share(amount, weights), sum(weights)
    assert sum(shares) == (amount if total else 0)
    assert all(abs(part * total - amount * weight) < (total or 1) for part, weight in zip(shares, weights, strict=True))


def test_g4_the_missing_units_go_to_the_largest_fractions_and_of_equal_ones_to_the_first():
    assert share(2, [1, 1, 1]) == [1, 1, 0]
    assert share(1, [0, 1, 1]) == [0, 1, 0]
    assert share(10, [1, 5]) == [2, 8]
    assert share(5, [0, 0]) == [0, 0]
