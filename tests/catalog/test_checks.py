"""What a campaign may be: every bad input at its field, each with a sentence."""

from typing import Literal, get_args, get_origin

import hypothesis
import pytest
from hypothesis import strategies as st

from services.catalog.changes import changes
from services.catalog.checks.campaign import Known, problems
from services.catalog.checks.shapes import is_percent
from shared.contracts.catalog import Campaign, Coupon, CustomField, Letter, Offer, Option, ShippingProfile, ShippingRule, Variant
from tests.catalog.samples import DIRECTORY, FIVE, GATEWAYS, KNOWN, PILLOW, SLEEP, STANDARD, TOPPER, WHOLE, changed, with_row

MANY = "9" * 12


def found(campaign, known=KNOWN):
    wrong = problems(campaign, known)
    assert all(problem.detail.endswith((".", "?")) and problem.detail[0] in "“" + problem.detail[0].upper() for problem in wrong)
    return [(problem.field, problem.code) for problem in wrong]


def test_a_campaign_with_something_of_everything_is_right():
    assert found(WHOLE) == []


@pytest.mark.parametrize(
    ("sections", "field", "code"),
    [
        ({"name": ""}, "name", "missing"),
        ({"currency": "usd"}, "currency", "unknown-currency"),
        ({"currency": "XYZ"}, "currency", "unknown-currency"),
        ({"countries": ()}, "countries", "missing"),
        ({"countries": ("US", "ZZ")}, "countries.1", "unknown-country"),
        ({"countries": ("US", "usa")}, "countries.1", "unknown-country"),
        ({"countries": ("US", "CA", "US")}, "countries.2", "twice"),
        ({"qa_share": 101}, "qa_share", "out-of-range"),
        ({"qa_share": -1}, "qa_share", "out-of-range"),
        ({"target_call_seconds": 0}, "target_call_seconds", "out-of-range"),
        ({"target_call_seconds": 86_401}, "target_call_seconds", "out-of-range"),
        ({"max_coupons": 21}, "max_coupons", "out-of-range"),
        ({"max_coupons": -1}, "max_coupons", "out-of-range"),
        ({"reorder_days": -1}, "reorder_days", "out-of-range"),
        ({"methods": ()}, "methods", "missing"),
        ({"methods": ("card", "card")}, "methods.1", "twice"),
        ({"listed": True, "kind": "lander"}, "listed", "not-by-phone"),
        ({"listed": True, "kind": "ecommerce"}, "listed", "not-by-phone"),
        ({"offers": (), "coupons": (), "profiles": ()}, "offers", "missing"),
        ({"terms": " "}, "terms", "missing"),
        ({"call_center": "West", "teams": ()}, "call_center", "unknown-call-center"),
        ({"call_center": "Closed", "teams": ()}, "call_center", "unknown-call-center"),
        ({"teams": ("Team 9",)}, "teams.0", "unknown-team"),
        ({"teams": ("Gone",)}, "teams.0", "unknown-team"),
        ({"teams": ("Team 2",)}, "teams.0", "elsewhere"),
        ({"teams": ("Team 1", "Team 1")}, "teams.1", "twice"),
        ({"script_main": "Hello {name}."}, "script_main", "unknown-merge-field"),
        ({"script_rebuttal": "{ agent}"}, "script_rebuttal", "unknown-merge-field"),
        ({"script_upsell": "{}"}, "script_upsell", "unknown-merge-field"),
        ({"letters": (Letter(template="shipped", subject="{tracking} {track}"),)}, "letters.0.subject", "merge-field"),
        ({"letters": (Letter(template="draft-link", text="{link}"), Letter(template="shipped", text="{link}"))}, "letters.1.text", "merge-field"),
        ({"letters": (Letter(template="draft-link", text="Come back."),)}, "letters.0.text", "merge-field"),
        ({"letters": (Letter(template="draft-link", on=False),)}, "letters.0.on", "by-hand"),
        ({"letters": (Letter(template="shipped"), Letter(template="shipped", on=False))}, "letters.1.template", "twice"),
        ({"fields": (CustomField(id="9", label=""),)}, "fields.0.label", "missing"),
        ({"fields": (CustomField(id="8", label="Size"), CustomField(id="9", label="size"))}, "fields.1.label", "twice"),
        ({"fields": (CustomField(id="9", label="Size", kind="choice"),)}, "fields.0.choices", "missing"),
        ({"fields": (CustomField(id="9", label="Size", kind="choice", choices=("L", "l")),)}, "fields.0.choices.1", "twice"),
        ({"fields": (CustomField(id="9", label="Size", kind="choice", choices=("L", "")),)}, "fields.0.choices.1", "missing"),
        ({"fields": (CustomField(id="9", label="Size", choices=("L",)),)}, "fields.0.choices", "not-asked"),
        ({"fields": (CustomField(id="9", label="A"), CustomField(id="9", label="B"))}, "fields.1.id", "twice"),
    ],
)  # fmt: skip
def test_the_campaign_itself(sections, field, code):
    assert (field, code) in found(changed(**sections))


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id": ""}, "id", "missing"),
        ({"id": "22"}, "id", None),
        ({"name": ""}, "name", "missing"),
        ({"sku": ""}, "sku", "missing"),
        ({"price": -1}, "price", "negative"),
        ({"price": 10**9 + 1}, "price", "too-much"),
        ({"shipping_price": -1}, "shipping_price", "negative"),
        ({"min_price": -1}, "min_price", "negative"),
        ({"max_price": 10**9 + 1}, "max_price", "too-much"),
        ({"min_price": 5000}, "price", "outside-limits"),
        ({"max_price": 4000}, "price", "outside-limits"),
        ({"min_price": 5000, "max_price": 4000}, "min_price", "above-most"),
        ({"min_shipping_price": 700}, "shipping_price", "outside-limits"),
        ({"max_shipping_price": 600}, "shipping_price", "outside-limits"),
        ({"min_shipping_price": 700, "max_shipping_price": 600}, "min_shipping_price", "above-most"),
        ({"min_quantity": 0}, "min_quantity", "out-of-range"),
        ({"max_quantity": 0}, "max_quantity", "out-of-range"),
        ({"max_quantity": 10**7}, "max_quantity", "out-of-range"),
        ({"min_quantity": 5, "max_quantity": 4}, "min_quantity", "above-most"),
        ({"trial_days": -1}, "trial_days", "out-of-range"),
        ({"trial_days": 366}, "trial_days", "out-of-range"),
        ({"tax_class": ""}, "tax_class", "not-a-word"),
        ({"tax_class": "Food and drink"}, "tax_class", "not-a-word"),
        ({"image": "logo.png"}, "image", "unknown-image"),
        ({"categories": ("a", "b", "a")}, "categories.2", "twice"),
        ({"tags": ("a", "a")}, "tags.1", "twice"),
        ({"gateway": "nowhere"}, "gateway", "unknown-gateway"),
        ({"gateway": "dark"}, "gateway", "gateway-off"),
        ({"gateway": "threes"}, "gateway", "gateway-unfit"),
        ({"gateway": "forms"}, "gateway", "gateway-unfit"),
        ({"options": (Option(name="Size", values=("S",)),)}, "variants", "missing"),
        ({"variants": (Variant(id="29", sku="V"),)}, "options", "missing"),
    ],
)
def test_an_offer(changes, field, code):
    if code is None:
        assert ("offers.1.variants.1.id", "twice") in found(with_row("offers", 0, **changes))
    else:
        assert (f"offers.0.{field}", code) in found(with_row("offers", 0, **changes))


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"options": (Option(name="Size", values=("Queen", "King")), Option(name="size", values=("a",)))}, "options.1.name", "twice"),
        ({"options": (Option(name="", values=("Queen", "King")),)}, "options.0.name", "missing"),
        ({"options": (Option(name="Size", values=("Queen", "King", "queen")),)}, "options.0.values.2", "twice"),
        ({"options": (Option(name="Size"),)}, "options.0.values", "missing"),
        ({"options": (Option(name="Size", values=("Queen", "King")), Option(name="Colour", values=("a",)))}, "variants.0.values", "incomplete"),
        ({"variants": (Variant(id="21", sku="Q", values=("Twin",)),)}, "variants.0.values.0", "unknown-value"),
        ({"variants": (Variant(id="21", sku="Q", values=("King",)), Variant(id="22", sku="K", values=("King",)))}, "variants.1.values", "twice"),
        ({"variants": (Variant(id="21", sku="", values=("King",)),)}, "variants.0.sku", "missing"),
        ({"variants": (Variant(id="21", sku="RN-PIL-01", values=("King",)),)}, "variants.0.sku", "sku-twice"),
        ({"variants": (Variant(id="21", sku="Q", values=("King",), price=-1),)}, "variants.0.price", "negative"),
        ({"variants": (Variant(id="21", sku="Q", values=("King",), price=20000),)}, "variants.0.price", "outside-limits"),
        ({"variants": (Variant(id="21", sku="Q", values=("King",), shipping_price=-1),)}, "variants.0.shipping_price", "negative"),
        ({"variants": (Variant(id="", sku="Q", values=("King",)),)}, "variants.0.id", "missing"),
        ({"variants": (Variant(id="1", sku="Q", values=("King",)),)}, "variants.0.id", "twice"),
    ],
)
def test_variants(changes, field, code):
    assert (f"offers.1.{field}", code) in found(with_row("offers", 1, **changes))


def test_an_offer_s_own_sku_may_be_missing_where_variants_have_theirs():
    assert found(with_row("offers", 1, sku="")) == []


def test_a_sku_stands_once_in_a_campaign():
    assert found(changed(offers=(*WHOLE.offers, PILLOW.model_copy(update={"id": "3"})))) == [("offers.2.sku", "sku-twice")]


@pytest.mark.parametrize("gateway", ["threes", "forms", "dark"])
def test_a_gateway_is_free_where_order_entry_does_not_list_the_campaign(gateway):
    assert found(changed(with_row("offers", 0, gateway=gateway), listed=False)) == []


def test_echeck_needs_an_offer_whose_gateway_takes_it():
    takes = GATEWAYS["simulator"].model_copy(update={"capabilities": ("authorise", "ach")})
    echeck = changed(methods=("card", "echeck"))
    assert found(echeck) == [("methods", "no-ach")]
    assert "gateway simulator does not take eChecks" in problems(echeck, KNOWN)[0].detail
    assert found(echeck, Known({"simulator": takes}, DIRECTORY)) == []
    mixed = echeck.model_copy(update={"offers": (PILLOW, TOPPER.model_copy(update={"gateway": "cards"}))})
    assert ("methods", "no-ach") not in found(mixed, Known({"simulator": takes, "cards": GATEWAYS["simulator"]}, DIRECTORY))
    assert found(changed(methods=("card", "echeck"), listed=False)) == []


def test_the_gateway_s_problem_names_it_and_the_way_out():
    detail = problems(with_row("offers", 0, gateway="threes"), KNOWN)[0].detail
    assert "threes" in detail
    assert "3-D Secure" in detail
    assert "draft link" in detail


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"code": " "}, "code", "missing"),
        ({"code": " five "}, "", None),
        ({"code": "TWO WORDS"}, "code", "not-a-code"),
        ({"code": "A/B"}, "code", "not-a-code"),
        ({"code": "X" * 41}, "code", "not-a-code"),
        ({"percent": ""}, "percent", "missing"),
        ({"percent": "0"}, "percent", "not-a-percentage"),
        ({"percent": "100.000001"}, "percent", "not-a-percentage"),
        ({"percent": "-5"}, "percent", "not-a-percentage"),
        ({"percent": "0.0000001"}, "percent", "not-a-percentage"),
        ({"kind": "flat"}, "amount", "missing"),
        ({"kind": "flat", "amount": -1}, "amount", "negative"),
        ({"kind": "flat", "amount": 10**9 + 1}, "amount", "too-much"),
        ({"ends": "2029-12-31"}, "ends", "before-start"),
        ({"starts": "2030-02-30"}, "starts", "not-a-date"),
        ({"ends": "30.06.2030"}, "ends", "not-a-date"),
        ({"products": ("1", "99")}, "products.1", "unknown-offer"),
        ({"products": ("1", "21")}, "products.1", "unknown-offer"),
        ({"products": ("1", "1")}, "products.1", "twice"),
        ({"tags": ("hard",)}, "tags.0", "unknown-tag"),
        ({"min_subtotal": -1}, "min_subtotal", "negative"),
        ({"min_quantity": 0}, "min_quantity", "out-of-range"),
        ({"max_uses": 0}, "max_uses", "out-of-range"),
    ],
)
def test_a_coupon(changes, field, code):
    if code is None:
        assert found(with_row("coupons", 0, **changes)) == [("coupons.1.code", "twice")]
    else:
        assert (f"coupons.0.{field}", code) in found(with_row("coupons", 0, **changes))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("10", True),
        ("0.000001", True),
        ("100", True),
        ("99.999999", True),
        ("1e1", False),
        ("NaN", False),
        (MANY, False),
        ("\u0665", False),
        ("5 ", False),
    ],
)
def test_a_percentage(text, right):
    assert is_percent(text) is right


def test_no_more_coupons_apply_by_themselves_than_an_order_takes():
    standing = tuple(coupon.model_copy(update={"default": True}) for coupon in (SLEEP, FIVE))
    assert found(changed(coupons=standing)) == []
    assert found(changed(coupons=standing, max_coupons=1)) == [("coupons.1.default", "too-many")]
    assert found(changed(coupons=standing, max_coupons=0)) == [("coupons.0.default", "too-many")]


def rules(*rules):
    return changed(profiles=(ShippingProfile(id="41", name="S", rules=rules),))


@pytest.mark.parametrize(
    ("rule", "field", "code"),
    [
        ({"price": -1}, "price", "negative"),
        ({"continent": "XX"}, "continent", "unknown-continent"),
        ({"country": "ZZ"}, "country", "unknown-country"),
        ({"country": "US", "region": "ZZ"}, "region", "unknown-region"),
        ({"country": "DE", "region": "BY"}, "region", "unknown-region"),
        ({"region": "TX"}, "country", "missing"),
        ({"scope": "product"}, "of", "unknown-offer"),
        ({"scope": "product", "of": "99"}, "of", "unknown-offer"),
        ({"scope": "product", "of": "21"}, "of", "unknown-offer"),
        ({"scope": "category"}, "of", "unknown-category"),
        ({"scope": "category", "of": "garden"}, "of", "unknown-category"),
        ({"scope": "any", "of": "1"}, "of", "not-asked"),
        ({"id": ""}, "id", "missing"),
    ],
)
def test_a_shipping_rule(rule, field, code):
    assert (f"profiles.0.rules.0.{field}", code) in found(rules(ShippingRule(**{"id": "1", **rule})))


def test_a_country_without_regions_is_told_so():
    wrong = problems(rules(ShippingRule(id="1", country="DE", region="BY")), KNOWN)
    assert [problem.detail for problem in wrong] == ["Addresses in Germany have no region. Leave the region empty."]


def test_rules_for_the_same_are_named():
    texas = ShippingRule(id="1", country="US", region="TX", price=1)
    same = texas.model_copy(update={"id": "2", "price": 2, "mode": "add"})
    wider = texas.model_copy(update={"id": "3", "region": ""})
    assert found(rules(texas, wider)) == []
    assert found(rules(texas, wider, same)) == [("profiles.0.rules.2", "overlap")]
    assert found(rules(texas, same.model_copy(update={"scope": "offers"}))) == []


def test_shipping_profiles():
    assert found(with_row("profiles", 1, default=True)) == [("profiles.1.default", "two-defaults")]
    assert found(with_row("profiles", 1, name="standard")) == [("profiles.1.name", "twice")]
    assert found(with_row("profiles", 1, name="")) == [("profiles.1.name", "missing")]
    assert found(with_row("profiles", 1, free_from=-1)) == [("profiles.1.free_from", "negative")]
    assert found(changed(profiles=(STANDARD.model_copy(update={"default": False}),))) == []


def test_everything_that_is_wrong_is_named_at_once():
    wrong = Campaign(id="1", name="", offers=(Offer(id="2", name="", sku="", price=-1),), coupons=(Coupon(id="3", code=""),))
    assert {field for field, _ in found(wrong)} == {
        "name", "offers.0.name", "offers.0.sku", "offers.0.price", "coupons.0.code", "coupons.0.percent",
    }  # fmt: skip


def test_amounts_in_sentences_have_the_currency_s_decimals():
    assert problems(changed(with_row("offers", 0, price=10**9 + 1), currency="JPY"), KNOWN)[0].detail == "The most is 1,000,000,000."


def test_an_offer_with_variants_has_limits_for_all_of_them():
    assert TOPPER.max_price == 15000
    assert found(with_row("offers", 1, max_price=14000)) == [("offers.1.variants.1.price", "outside-limits")]


def test_without_a_directory_nobody_can_be_named():
    assert found(WHOLE, Known(GATEWAYS)) == [("call_center", "unknown-call-center"), ("teams.0", "unknown-team")]
    assert found(WHOLE, Known({}, DIRECTORY)) == [("offers.0.gateway", "unknown-gateway"), ("offers.1.gateway", "unknown-gateway")]


WORDS = st.sampled_from(
    ["", " ", "US", "DE", "TX", "EU", "King", "1", "2", "21", "100", "1e9", "2030-01-01", "2030-13-01", "{agent}", "{", "simulator", "x" * 300]
)
NUMBERS = st.sampled_from([-(2**53), -1, 0, 1, 5, 100, 10**9, 2**53])
FLAGS = st.booleans()


def any_of(kind):
    """Rows of a contract, each field any word, number or choice that its type takes."""

    def field(annotation):
        if annotation is str:
            return WORDS
        if annotation in (int, bool):
            return NUMBERS if annotation is int else FLAGS
        if get_origin(annotation) is Literal:
            return st.sampled_from(get_args(annotation))
        if get_origin(annotation) is tuple:
            return st.lists(field(get_args(annotation)[0]), max_size=3).map(tuple)
        if isinstance(annotation, type):
            return any_of(annotation)
        return st.one_of(*(st.none() if part is type(None) else field(part) for part in get_args(annotation)))

    return st.builds(kind, **{name: field(info.annotation) for name, info in kind.model_fields.items()})


@hypothesis.given(any_of(Campaign), any_of(Campaign))
@hypothesis.settings(max_examples=150, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_whatever_is_in_a_campaign_is_looked_at_and_told_without_a_fault(campaign, before):
    assert all(problem.field and problem.detail for problem in problems(campaign, KNOWN))
    assert all(change.what for change in changes(before, campaign))
