"""P1 to P7, and that a plain and slow reading of the rules comes to the same."""

import copy
import random
from dataclasses import asdict, replace

from hypothesis import HealthCheck, assume, settings
from hypothesis import given as forall
from hypothesis import strategies as st

from services.cart.standard1.policy import price
from tests.cart.standard1 import reference
from tests.cart.standard1.strategies import snapshots

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@forall(snapshots())
@MANY
def test_p1_the_sums_agree(given):
    quote = price(given)
    for name in ("price", "discount", "shipping", "shipping_discount", "tax", "total"):
        assert getattr(quote.totals, name) == sum(getattr(line, name) for line in quote.lines)
    assert quote.totals.tax == sum(line.tax for line in quote.tax_lines)
    assert sum(line.taxable for line in quote.lines) == sum(line.taxable for line in quote.tax_lines)
    taken = quote.totals.discount + quote.totals.shipping_discount
    assert taken == sum(coupon.amount for coupon in quote.coupons)
    assert taken == sum(each.amount for line in quote.lines for each in (*line.discounts, *line.shipping_discounts))
    totals = quote.totals
    assert totals.total == totals.price - totals.discount + totals.shipping - totals.shipping_discount + totals.tax


@forall(snapshots())
@MANY
def test_p2_nothing_is_negative_and_no_discount_exceeds_what_it_is_on(given):
    quote = price(given)
    for line in quote.lines:
        assert 0 <= line.discount <= line.price
        assert 0 <= line.shipping_discount <= line.shipping
        assert min(line.unit_price, line.tax, line.taxable, line.total) >= 0
        assert all(each.amount > 0 for each in (*line.discounts, *line.shipping_discounts))
    assert all(coupon.amount >= 0 and (coupon.verdict == "applied" or not coupon.amount) for coupon in quote.coupons)


@forall(snapshots(), st.randoms(use_true_random=False))
@MANY
def test_p3_the_order_of_what_has_none_changes_nothing(given, chance):
    shuffled = copy.deepcopy(given)
    for each in (shuffled["lines"], shuffled["coupons"]["catalog"], shuffled["tax"]["rows"], shuffled["tax"]["nexus"]):
        chance.shuffle(each)
    chance.shuffle(shuffled["customer"]["used_codes"])
    for each in shuffled["lines"]:
        chance.shuffle(each["tags"])
        chance.shuffle(each["categories"])
    assert price(shuffled) == price(given)


@forall(snapshots(), st.randoms(use_true_random=False))
@MANY
def test_p3_which_code_was_typed_first_changes_no_amount_unless_there_are_too_many(given, chance):
    quote = price(given)
    assume(all(coupon.verdict != "too-many" for coupon in quote.coupons))
    chance.shuffle(given["coupons"]["entered"])
    again = price(given)
    assert again.lines == quote.lines
    assert again.totals == quote.totals
    assert {coupon.code: coupon for coupon in again.coupons} == {coupon.code: coupon for coupon in quote.coupons}


@forall(snapshots(least=1, minimums=False), st.data())
@MANY
def test_p4_one_more_never_costs_less(given, data):
    live = [line for line in given["lines"] if line["quantity"]]
    assume(live)
    before = price(given)
    data.draw(st.sampled_from(live))["quantity"] += 1
    after = price(given)
    assert after.totals.price - after.totals.discount >= before.totals.price - before.totals.discount


@forall(snapshots(least=1, minimums=False, free=False), st.data())
@MANY
def test_p4_nor_in_all_as_long_as_nothing_ships_free_and_one_rate_holds(given, data):
    given["coupons"]["catalog"] = [
        {**each, "target": "order" if each["on"] == "shipping" else each["target"]} for each in given["coupons"]["catalog"]
    ]
    for line in given["lines"]:
        line["tax_class"] = "standard"
    live = [line for line in given["lines"] if line["quantity"]]
    assume(live)
    before = price(given)
    data.draw(st.sampled_from(live))["quantity"] += 1
    assert price(given).totals.total >= before.totals.total


@forall(snapshots(), st.data())
@MANY
def test_p5_a_line_of_none_changes_nothing_else(given, data):
    before = price(given)
    extra = data.draw(snapshots(least=1))["lines"][0]
    extra.update(line=data.draw(st.sampled_from([0, 50])), quantity=0)
    given["lines"].insert(0, extra)
    after = price(given)
    assert replace(after, lines=tuple(line for line in after.lines if line.line not in (0, 50))) == before


@forall(snapshots(), st.sampled_from(["JPY", "KWD", "EUR"]))
@MANY
def test_p6_another_currency_changes_no_number(given, currency):
    before = price(given)
    assert price({**given, "currency": currency}) == replace(before, currency=currency)


@forall(snapshots())
@MANY
def test_p7_the_same_again_is_the_same(given):
    kept = copy.deepcopy(given)
    first = price(given)
    random.seed(1)
    assert given == kept
    assert asdict(price(kept)) == asdict(first)


@forall(snapshots())
@settings(MANY, max_examples=200)
def test_a_plain_reading_of_the_rules_comes_to_the_same(given):
    quote = price(given)
    total, lines, coupons = reference.price(copy.deepcopy(given))
    live = [line for line in quote.lines if line.quantity]
    assert {line.line: (line.discount, line.shipping, line.shipping_discount, line.tax) for line in live} == lines
    assert [(each.code, each.reason, each.amount) for each in quote.coupons] == coupons
    assert [each.verdict for each in quote.coupons] == [reference.VERDICTS.get(why, "applied") for _, why, _ in coupons]
    assert quote.totals.total == total
