"""S1 to S8."""

import pytest

from services.cart.standard1.policy import price
from tests.cart.standard1.snapshots import BERLIN, DALLAS, LA, US_CA, US_TX, address, coupon, line, profile, rule, snapshot

PLAIN = line(1, 1000, 2, ship_price=500, categories=["bedding"])
UPSELL = line(2, 500, ship_price=300, kind="upsell")


def ships(*lines, address=DALLAS, **given):
    quote = price(snapshot(*lines, address=address, **given))
    return [(each.shipping, each.shipping_rule) for each in quote.lines]


def strongest(*rules, lines=(PLAIN,), **given):
    return price(snapshot(*lines, profiles=[profile(*rules)], address=DALLAS, **given)).lines[0].shipping_rule_id


def applies(*rules, where):
    return price(snapshot(PLAIN, profiles=[profile(*rules)], address=where)).profile_applies


def test_s1_the_chosen_profile_else_the_first_default_one_else_none():
    def used(*profiles, chosen=None):
        quote = price(snapshot(PLAIN, profiles=profiles, chosen=chosen))
        return quote.profile, quote.profile_applies

    a, b, c = (profile(id=id, default=default) for id, default in (("A", False), ("B", True), ("C", True)))
    assert used(a, b, c) == ("B", True)
    assert used(a, c, b) == ("C", True)
    assert used(a, b, chosen="A") == ("A", True)
    assert used(a) == used() == (None, None)


def test_s1_a_profile_applies_unless_the_address_contradicts_every_rule():
    texas, europe = rule("tx", 1, **US_TX), rule("eu", 1, continent="EU")
    assert applies(where=BERLIN)
    assert applies(texas, where=DALLAS)
    assert not applies(texas, where=LA)
    assert applies(texas, europe, where=BERLIN)
    assert applies(texas, where=None)
    assert applies(texas, where=address("US"))
    assert applies(texas, where=address(None, None, None, "NA"))
    assert not applies(texas, where=address("DE", None, None, None))
    assert applies(europe, where=address("DE", None, None, None))
    assert not applies(europe, where=DALLAS)


@pytest.mark.parametrize("switch", ["dearest_only", "entire_order"])
def test_s2_a_changed_shipping_price_stands_whatever_the_profile_says(switch):
    fixed = line(1, 1000, 3, ship_price=500, ship_override=200)
    assert ships(fixed, PLAIN | {"line": 2}, profiles=[profile(rule("any", 900), free_from=1, **{switch: True})])[0] == (600, "override")
    assert ships(fixed) == [(600, "override")]
    assert ships(line(1, 1000, ship_price=5, ship_override=0)) == [(0, "override")]


def test_s3_upsells_left_out_ship_at_their_own_price():
    for switches in ({}, {"dearest_only": True}, {"entire_order": True}, {"free_from": 1}):
        given = profile(rule("any", 900), exclude_upsells=True, **switches)
        assert ships(PLAIN, UPSELL, profiles=[given])[1] == (300, "upsell-excluded")
    assert ships(PLAIN, UPSELL, profiles=[profile(rule("any", 900))])[1] == (900, "rule")


def test_s4_without_a_profile_each_unit_ships_at_its_own_price():
    assert ships(PLAIN, UPSELL) == ships(PLAIN, UPSELL, profiles=[profile()]) == [(1000, "own"), (300, "own")]


def test_s5_the_price_of_a_rule_replaces_or_is_added_a_unit():
    assert ships(PLAIN, profiles=[profile(rule("any", 100))]) == [(200, "rule")]
    assert ships(PLAIN, profiles=[profile(rule("any", 100, mode="add"))]) == [(1200, "rule")]


@pytest.mark.parametrize(
    ("place", "fits"),
    [
        ({}, True), ({"continent": "NA"}, True), ({"continent": "EU"}, False), ({"country": "US"}, True), ({"country": "DE"}, False),
        (US_TX, True), (US_CA, False), ({"continent": "EU", "country": "US"}, False),
    ],
)  # fmt: skip
def test_s5_a_rule_fits_where_all_that_it_names_is_so(place, fits):
    assert (strongest(rule("1", 5, **place)) == "1") == fits


@pytest.mark.parametrize("where", [None, address(None, None, None, None), address("US", None, None, "NA")])
def test_s5_an_address_that_lacks_what_a_rule_names_does_not_fit(where):
    assert ships(PLAIN, address=where, profiles=[profile(rule("tx", 5, **US_TX))]) == [(1000, "own")]


@pytest.mark.parametrize(
    ("scope", "of", "fits"),
    [
        ("product", "A", True), ("product", "B", False), ("product", None, False), ("category", "bedding", True), ("category", "food", False),
        ("offers", None, True), ("upsells", None, False), ("any", None, True),
    ],
)  # fmt: skip
def test_s5_a_rule_covers_by_its_scope(scope, of, fits):
    assert (strongest(rule("1", 5, scope, of=of)) == "1") == fits
    assert strongest(rule("1", 5, "upsells"), lines=[line(1, 5, kind="upsell")]) == "1"


def test_s5_place_before_scope_before_position():
    product, category, offers, everything = (
        rule(scope, 5, scope, of=of) for scope, of in (("product", "A"), ("category", "bedding"), ("offers", None), ("any", None))
    )
    assert strongest(everything, offers, category, product) == "product"
    assert strongest(everything, offers, category) == "category"
    assert strongest(everything, offers) == "offers"
    assert strongest(everything, rule("upsells", 5, "upsells"), lines=[UPSELL]) == "upsells"
    assert strongest({**everything, "id": "first"}, everything) == "first"
    continent, country, region = (
        {**everything, "id": name, **place} for name, place in (("c", {"continent": "NA"}), ("us", {"country": "US"}), ("tx", US_TX))
    )
    assert strongest(product, continent, country, region) == "tx"
    assert strongest(product, continent, country) == "us"
    assert strongest(product, continent) == "c"


def test_s6_the_dearest_keeps_its_shipping_and_of_equal_ones_the_first():
    lines = [line(2, 100, ship_price=500), line(1, 100, 2, ship_price=250), line(3, 100, ship_price=100)]
    assert ships(*lines, profiles=[profile(dearest_only=True)]) == [(500, "own"), (0, "not-dearest"), (0, "not-dearest")]
    by_rule = profile(rule("c", 900, "product", of="C"), dearest_only=True)
    assert ships(*lines, profiles=[by_rule]) == [(0, "not-dearest"), (0, "not-dearest"), (900, "rule")]


def test_s7_one_price_an_order_is_shared_by_what_the_lines_cost():
    lines = [line(1, 3000), line(2, 1000, ship_price=500)]
    assert ships(*lines, profiles=[profile(rule("any", 400), entire_order=True)]) == [(300, "entire-order"), (100, "entire-order")]
    assert ships(*lines, profiles=[profile(rule("any", 400, mode="add"), entire_order=True)]) == [(300, "entire-order"), (600, "entire-order")]
    free = [line(1, 0, 3), line(2, 0, 1)]
    assert ships(*free, profiles=[profile(rule("any", 400), entire_order=True)]) == [(300, "entire-order"), (100, "entire-order")]


def test_s7_only_rules_for_anything_count_and_without_one_nothing_changes():
    given = profile(rule("a", 1, "product", of="A", **US_TX), rule("de", 2, country="DE"), rule("any", 400), entire_order=True)
    assert price(snapshot(PLAIN, profiles=[given], address=DALLAS)).lines[0].shipping_rule_id == "any"
    assert ships(PLAIN, profiles=[profile(rule("a", 1, "product", of="A"), entire_order=True)]) == [(1000, "own")]


def test_s7_on_top_of_what_the_dearest_left():
    given = profile(rule("any", 400, mode="add"), entire_order=True, dearest_only=True)
    lines = [line(1, 100, ship_price=500), line(2, 100, ship_price=300)]
    assert ships(*lines, profiles=[given]) == [(700, "entire-order"), (200, "entire-order")]


def test_s7_nothing_is_charged_without_a_governed_line():
    given = profile(rule("any", 400), entire_order=True, exclude_upsells=True)
    assert ships(UPSELL | {"line": 1}, line(2, 100, ship_override=50), profiles=[given]) == [(300, "upsell-excluded"), (50, "override")]


@pytest.mark.parametrize(("bound", "free"), [(None, False), (0, False), (2500, True), (2501, False)])
def test_s8_free_from_the_sum_of_all_lines(bound, free):
    fixed = line(2, 500, ship_override=50)
    found = ships(PLAIN, fixed, profiles=[profile(free_from=bound)])
    assert found == [(0, "free") if free else (1000, "own"), (50, "override")]


@pytest.mark.parametrize(("after", "bound", "free"), [(False, 2000, True), (True, 2000, False), (True, 1900, True), (True, 1901, False)])
def test_s8_with_or_without_the_price_discounts(after, bound, free):
    catalog = [coupon("ONE", 100), coupon("SHIP", 100, on="shipping")]
    given = profile(free_from=bound, free_after_coupons=after)
    assert ships(PLAIN, catalog=catalog, profiles=[given]) == [(0, "free") if free else (1000, "own")]
