"""What is asked for, and what is refused by its name, before an order is charged."""

import pytest

from services.cart.order import order
from services.cart.submission import limited
from shared.contracts.cart import CartUpdated, OrderSubmitted
from shared.contracts.catalog import Coupon, CustomField, Offer, ShippingProfile, Variant
from shared.contracts.order import Address, FieldValue, Part, Quote, QuoteLine
from tests.cart.ringing import HOME, begun, change, known, lines, offered, submit
from tests.given import given
from tests.samples import NOON, ORDER

SIZES = (Variant(id="31", sku="Q"), Variant(id="32", sku="K"))
PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
TOPPER = Offer(id="3", name="Foam topper", sku="RN-TOP", price=10000, gateway="other", variants=SIZES)
FIELDS = (
    CustomField(id="1", label="the size of the bed", kind="choice", choices=("Queen", "King"), required=True),
    CustomField(id="2", label="that the call is recorded", kind="checkbox", required=True),
    CustomField(id="3", label="Where they heard of us"),
)


def rung_up(catalog, wanted=None, knows=None, **changes):
    decided = given(order).when(begun(catalog, wanted or lines(_1=1), knows=knows, **changes))
    return given(order, *decided.then_types(CartUpdated))


def errors(catalog, *, method="card", wanted=None, **changes):
    refused = rung_up(catalog, wanted, **changes).when(submit(catalog, method)).then_refused("incomplete")
    return {error["field"]: error["code"] for error in refused.data["errors"]}


def sent(decided):
    (event,) = decided.then_types(OrderSubmitted)
    return event


def test_required_answers_are_asked_for_and_go_to_the_customer():
    catalog = offered(PILLOW, fields=FIELDS)
    assert errors(catalog) == {"fields.1": "missing", "fields.2": "missing"}
    assert errors(catalog, fields=(FieldValue(field="1", value="King"),)) == {"fields.2": "missing"}
    answers = (FieldValue(field="1", value="King"), FieldValue(field="2", value="yes"))
    event = sent(rung_up(catalog, fields=answers).when(submit(catalog)))
    assert [(each.field, each.value, each.label) for each in event.customer.fields] == [
        (each.field, each.value, asked.label) for each, asked in zip(answers, FIELDS[:2], strict=True)
    ]
    assert "King" not in event.submitted.model_dump_json()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (FieldValue(field="9", value="x"), "unknown-field"),
        (FieldValue(field="1", value="Twin"), "choice"),
        (FieldValue(field="2", value="no"), "choice"),
    ],
)
def test_answers_that_the_campaign_does_not_take(answer, code):
    refused = given(order).when(begun(offered(PILLOW, fields=FIELDS), fields=(answer,))).then_refused(code)
    assert refused.field == f"fields.{answer.field}"


def test_one_that_the_campaign_asks_for_no_more_is_not_asked_for():
    history = rung_up(offered(PILLOW, fields=FIELDS))
    sent(history.when(submit(offered(PILLOW))))


def test_the_terms_where_the_campaign_says_so():
    catalog = offered(PILLOW, terms_required=True, terms="Sixty days to send it back.")
    assert errors(catalog) == {"terms_agreed": "missing"}
    assert sent(rung_up(catalog, terms_agreed=True).when(submit(catalog))).submitted.order.terms_agreed


def test_the_countries_of_the_campaign():
    catalog = offered(PILLOW, countries=("US", "CA"))
    abroad = Address(street="1 Example Street", city="Berlin", postal="10115", country="DE")
    assert errors(catalog, billing=abroad) == {"billing.country": "country"}
    assert errors(catalog, shipping_same=False, shipping=abroad) == {"shipping.country": "country"}
    sent(rung_up(catalog, billing=abroad, shipping=HOME, shipping_same=False).when(submit(catalog)))


def test_a_profile_that_the_campaign_does_not_have_is_refused_and_never_swapped():
    profiles = (ShippingProfile(id="21", name="Standard", default=True), ShippingProfile(id="22", name="Express"))
    catalog = offered(PILLOW, profiles=profiles)
    assert given(order).when(begun(catalog, profile="23")).then_refused("unknown-profile").field == "profile"
    history = rung_up(catalog, profile="22")
    assert history.state.quote.profile == "22"
    smaller = offered(PILLOW, profiles=profiles[:1])
    assert "22" in history.when(change(smaller, lines(_1=2))).then_refused("unknown-profile").detail
    (event,) = history.when(change(smaller, profile="")).then_types(CartUpdated)
    assert event.quote.profile == "21"


def test_each_gateway_is_asked_for_its_lines_less_their_discounts():
    catalog = offered(PILLOW, TOPPER, coupons=(Coupon(id="11", code="HALF", percent="50", target="products", products=("3",)),))
    history = rung_up(catalog, lines(_1=1, _31=1, _32=1), coupons=("half",))
    event = sent(history.when(submit(catalog)))
    assert event.parts == (Part(number=1, gateway="other", amount=10000), Part(number=2, gateway="simulator", amount=5690))
    assert event.submitted.amount == 15690


def test_a_gateway_that_cannot_be_used_by_phone_is_refused_with_the_product():
    catalog = offered(PILLOW, TOPPER, gateways={"other": None})
    history = rung_up(catalog, lines(_1=1, _31=1))
    refused = history.when(submit(catalog)).then_refused("gateway-unusable")
    assert (refused.field, refused.detail) == (
        "lines.31",
        "Foam topper cannot be charged by phone: the gateway other is switched off. Take it out, or ask a supervisor for another gateway.",
    )
    sent(history.when(submit(catalog, "external")))


def test_an_echeck_needs_a_gateway_that_takes_it_and_the_customer_s_word():
    methods = ("card", "echeck")
    catalog = offered(PILLOW, TOPPER, methods=methods, gateways={"simulator": ("authorise", "ach"), "other": ("authorise",)})
    history = rung_up(catalog)
    refused = history.when(submit(catalog, "echeck")).then_refused("incomplete")
    assert [error["field"] for error in refused.data["errors"]] == ["oral_authorisation"]
    event = sent(history.when(submit(catalog, "echeck", oral_authorisation=True)))
    assert (event.submitted.method, event.submitted.oral_authorisation, event.parts[0].gateway) == ("echeck", NOON, "simulator")
    both = rung_up(catalog, lines(_1=1, _31=1))
    refused = both.when(submit(catalog, "echeck", oral_authorisation=True)).then_refused("no-ach")
    assert (refused.field, "other" in refused.detail) == ("method", True)
    sent(both.when(submit(catalog)))
    unknown = offered(PILLOW, methods=methods)
    rung_up(unknown).when(submit(unknown, "echeck", oral_authorisation=True)).then_refused("no-ach")
    assert sent(history.when(submit(catalog, oral_authorisation=True))).submitted.oral_authorisation is None


@pytest.mark.parametrize(
    ("can", "why"),
    [(("requires-3ds",), "needs 3-D Secure, which a customer on the phone cannot do"), (("requires-form",), "needs a form of its own")],
)
def test_a_gateway_that_needs_the_customer_is_named_and_a_link_is_offered(can, why):
    catalog = offered(PILLOW, TOPPER, gateways={"other": can})
    refused = rung_up(catalog, lines(_31=1)).when(submit(catalog)).then_refused("gateway-unusable")
    assert refused.detail == (
        f"Foam topper cannot be charged by phone: the gateway other {why}. "
        "Send the customer a link to pay by, take it out, or ask a supervisor for another gateway."
    )


def test_a_product_that_is_gone_is_refused_by_its_name():
    history = rung_up(offered(PILLOW, TOPPER), lines(_1=1, _31=1))
    refused = history.when(submit(offered(PILLOW))).then_refused("product-gone")
    assert (refused.field, "Foam topper" in refused.detail) == ("lines.31", True)


def test_a_coupon_that_ended_meanwhile_is_refused_by_its_code():
    catalog = offered(PILLOW, coupons=(Coupon(id="11", code="SPRING", percent="10", ends="2026-03-01"),))
    history = rung_up(catalog, coupons=("spring",))
    sent(history.when(submit(catalog)))
    refused = history.when(submit(catalog, today="2026-03-02")).then_refused("coupon-ended")
    assert (refused.field, "SPRING" in refused.detail) == ("coupons", True)


def test_nobody_is_asked_to_take_out_what_applies_by_itself():
    catalog = offered(PILLOW, coupons=(Coupon(id="11", code="SPRING", percent="10", ends="2026-03-01", default=True),))
    refused = rung_up(catalog).when(submit(catalog, today="2026-03-02")).then_refused("coupon-ended")
    assert refused.detail == "The coupon SPRING ended on 2026-03-01. It goes with the next change of the order, whichever that is."


def test_one_that_was_refused_when_it_was_quoted_stands_in_no_way():
    catalog = offered(PILLOW, coupons=(Coupon(id="11", code="OLD", percent="10", ends="2026-02-01"),))
    sent(rung_up(catalog, coupons=("old",)).when(submit(catalog)))


def test_one_that_the_customer_has_used_meanwhile_is_refused_by_its_code():
    catalog = offered(PILLOW, coupons=(Coupon(id="11", code="ONCE", percent="10", once_per_customer=True),))
    history = rung_up(catalog, coupons=("once",))
    assert "ONCE" in history.when(submit(catalog, used=frozenset({"ONCE"}))).then_refused("coupon-used").detail
    sent(history.when(submit(catalog, used=frozenset({"OTHER"}))))
    spent = rung_up(catalog, knows=known(used_codes=("ONCE",)), coupons=("once",))
    assert [each.reason for each in spent.state.quote.coupons] == ["used-by-customer"]


def test_a_limited_coupon_is_redeemed_before():
    coupons = (Coupon(id="11", code="LAST", percent="10", max_uses=1), Coupon(id="12", code="FREE", on="shipping", percent="100"))
    catalog = offered(PILLOW, coupons=coupons, max_coupons=2)
    history = rung_up(catalog, coupons=("last", "free"))
    assert limited(catalog.tariff, history.state.quote) == {"LAST"}
    history.when(submit(catalog)).then_refused("busy")
    sent(history.when(submit(catalog, redeemed=frozenset({"LAST"}))))


def test_one_that_takes_nothing_is_no_use():
    coupons = (Coupon(id="11", code="LAST", percent="10", max_uses=1), Coupon(id="12", code="ALL", percent="100", target="products"))
    catalog = offered(PILLOW, coupons=coupons, max_coupons=2)
    history = rung_up(catalog, coupons=("last", "all"))
    assert limited(catalog.tariff, history.state.quote) == frozenset()
    sent(history.when(submit(catalog)))


def test_what_an_address_needs_is_what_its_country_asks_for():
    nowhere = HOME.model_copy(update={"region": ""})
    assert errors(offered(PILLOW), billing=nowhere) == {"billing.region": "missing"}
    assert errors(offered(PILLOW), billing=Address(country="US")) == dict.fromkeys(
        ("billing.street", "billing.city", "billing.postal", "billing.region"), "missing"
    )
    everywhere = offered(PILLOW, countries=())
    assert errors(everywhere, billing=Address()) == dict.fromkeys(("billing.street", "billing.city", "billing.postal", "billing.country"), "missing")
    assert errors(everywhere, billing=Address(country="HK")) == {"billing.street": "missing"}
    sent(rung_up(everywhere, billing=Address(street="1 Example Street", city="Dublin", country="IE")).when(submit(everywhere)))


def test_circumstances_of_another_address_are_not_priced_by():
    catalog = offered(PILLOW)
    assert given(order).when(begun(catalog, knows=lambda about: None)).then_refused("busy").conflict


def test_an_order_of_before_is_charged_what_it_was_quoted():
    """Its quote says no policy and explains nothing."""
    line = QuoteLine(line=1, product="1", name="Cloud pillow", sku="RN-1", quantity=1, unit_price=4000, price=4000, shipping=0, tax=330, total=4330)
    old = Quote(currency="USD", lines=(line,), price=4000, tax=330, total=4330, tax_rate="8.25")
    catalog = offered(PILLOW)
    (event,) = given(order).when(begun(catalog, lines(_1=1))).then_types(CartUpdated)
    history = given(order, CartUpdated(order_id=ORDER, changes=event.changes, quote=old, campaign_version=1))
    charged = sent(history.when(submit(catalog)))
    assert (charged.submitted.amount, charged.parts) == (4330, (Part(number=1, gateway="simulator", amount=4330),))


def test_an_address_that_nobody_has_touched_is_asked_for_as_in_the_country_that_it_is_shown_in():
    places = {f"billing.{part}" for part in ("street", "city", "postal", "region")}
    assert set(errors(offered(PILLOW), billing=Address())) == places
    assert set(errors(offered(PILLOW), billing=Address(city="Austin"))) == {"billing.street", "billing.postal", "billing.country"}
    assert "billing.country" in errors(offered(PILLOW, countries=()), billing=Address())
