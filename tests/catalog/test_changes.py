"""What a version changes, in words."""

import pytest

from services.catalog.changes import changes
from services.catalog.numbering import highest, numbered, renumbered, with_numbers
from shared.contracts.catalog import CampaignChanges, CustomField, Letter, Option, ShippingRule
from tests.catalog.samples import FIELDS, FIVE, PILLOW, SLEEP, STANDARD, TOPPER, WHOLE, changed, with_row


def told(now, before=WHOLE):
    return [change.what for change in changes(before, now)]


def test_nothing_changed_is_nothing_told():
    assert told(WHOLE) == []


def test_a_first_version_tells_what_it_sells():
    assert [(change.section, change.what) for change in changes(None, WHOLE)] == [
        ("name", "First version"),
        ("offers", "Offers: Cloud pillow, Foam topper"),
        ("coupons", "Coupons: SLEEP10, FIVE"),
        ("profiles", "Shipping profiles: Standard, Express"),
        ("fields", "Custom fields: Firmness, Allergies"),
    ]


@pytest.mark.parametrize(
    ("sections", "what"),
    [
        ({"name": "Days"}, "Name: Restful Nights → Days"),
        ({"kind": "ecommerce"}, "Type: phone → e-commerce"),
        ({"listed": False}, "List in Order Entry: on → off"),
        ({"currency": "EUR"}, "Currency: USD → EUR"),
        ({"qa_share": 10}, "QA share: 0 % → 10 %"),
        ({"target_call_seconds": 425}, "Target time of a call: 6:00 → 7:05"),
        ({"call_center": ""}, "Call centre: North → none"),
        ({"reorder_days": 30}, "Re-order after: never → 30 days"),
        ({"script_main": ""}, "Main script removed"),
        ({"letters": (Letter(template="shipped"),)}, "Letter “Shipped”: off → on"),
        ({"letters": (Letter(template="draft-link", text="{link}"),)}, "Letter “Link to finish an order”: its words changed"),
        ({"script_upsell": "x"}, "Upsell script added"),
        ({"terms": "Other"}, "Terms changed"),
        ({"countries": ("US", "CA", "DE", "FR")}, "Country France added"),
        ({"countries": ("US", "CA")}, "Country Germany removed"),
        ({"countries": ("CA", "US", "DE")}, "Country: the order changed"),
        ({"methods": ("card",)}, "Payment method external payment removed"),
        ({"methods": ("card", "external", "echeck")}, "Payment method eCheck added"),
        ({"teams": ()}, "Team Team 1 removed"),
        ({"coupons": (SLEEP,)}, "Coupon FIVE removed"),
        ({"coupons": (SLEEP, FIVE, FIVE.model_copy(update={"id": "33", "code": "SHIPFREE"}))}, "Coupon SHIPFREE added"),
        ({"coupons": (FIVE, SLEEP)}, "The order of the coupons changed"),
        ({"fields": (FIELDS[0], FIELDS[1].model_copy(update={"required": True}))}, "Field Allergies: required off → on"),
        ({"fields": (*FIELDS, CustomField(id="6", label="Height"))}, "Field Height added"),
    ],
)
def test_each_section(sections, what):
    assert told(changed(**sections)) == [what]


@pytest.mark.parametrize(
    ("row", "changes", "what"),
    [
        (("offers", 0), {"price": 3995}, "Cloud pillow: price 49.95 → 39.95"),
        (("offers", 0), {"max_price": 6000}, "Cloud pillow: max price none → 60.00"),
        (("offers", 0), {"tags": ()}, "Cloud pillow: tags soft → none"),
        (("offers", 0), {"description": "x" * 500}, "Cloud pillow: description changed"),
        (("offers", 0), {"gateway": "other"}, "Cloud pillow: gateway simulator → other"),
        (("offers", 0), {"name": "Pillow"}, "Pillow: name Cloud pillow → Pillow"),
        (("offers", 1), {"options": (Option(name="Size", values=("Queen",)),)}, "Foam topper: options Size: Queen, King → Size: Queen"),
        (("offers", 1), {"variants": TOPPER.variants[:1]}, "Foam topper, King removed"),
        (("coupons", 0), {"percent": "12.5"}, "Coupon SLEEP10: percent 10 % → 12.5 %"),
        (("coupons", 1), {"amount": 450}, "Coupon FIVE: amount 5.00 → 4.50"),
        (("profiles", 1), {"free_from": None}, "Shipping profile Express: free from 100.00 → none"),
        (("profiles", 0), {"rules": STANDARD.rules[1:]}, "Shipping profile Standard: rule US-TX, offer 1 removed"),
        (("profiles", 0), {"rules": (*STANDARD.rules, ShippingRule(id="9", country="CA", price=1))},
         "Shipping profile Standard: rule Canada, everything added"),
        (("profiles", 0), {"rules": (STANDARD.rules[0].model_copy(update={"price": 595}), *STANDARD.rules[1:])},
         "Shipping profile Standard: rule US-TX, offer 1: price 4.95 → 5.95"),
    ],
)  # fmt: skip
def test_each_row(row, changes, what):
    assert told(with_row(*row, **changes)) == [what]


def test_a_variant_s_price():
    king = TOPPER.variants[1].model_copy(update={"price": 13900})
    assert told(with_row("offers", 1, variants=(TOPPER.variants[0], king))) == ["Foam topper, King: price 145.00 → 139.00"]


def test_rows_without_numbers_get_them_in_order():
    bare = PILLOW.model_copy(update={"id": "", "variants": (TOPPER.variants[0].model_copy(update={"id": ""}),)})
    rule = ShippingRule(id="", price=1)
    sections = CampaignChanges(
        offers=(PILLOW, bare), profiles=(STANDARD.model_copy(update={"id": "", "rules": (rule, rule)}),), fields=(CustomField(id="", label="x"),)
    )
    filled = with_numbers(sections, iter(["1001", "1002", "1003"]), 7)
    assert [id for _, id in numbered(filled)] == ["1", "1001", "1002", "1003"]
    assert [each.id for each in filled.profiles[0].rules] + [filled.fields[0].id] == ["8", "9", "10"]
    assert highest(filled) == 10


def test_a_copy_has_new_numbers_and_points_to_its_own():
    copy = renumbered(WHOLE, iter([str(n) for n in range(100, 109)]))
    assert (copy.id, copy.coupons[0].products, copy.profiles[0].rules[0].of) == ("100", ("101", "102"), "101")
    assert not {id for _, id in numbered(copy)} & {id for _, id in numbered(WHOLE)}
    assert (copy.fields, copy.profiles[0].rules[1]) == (WHOLE.fields, WHOLE.profiles[0].rules[1])
