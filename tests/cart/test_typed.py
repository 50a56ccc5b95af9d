"""Phone, e-mail, address, date of birth and affiliate: kept in one form, and refused at their field where they cannot be right."""

import pytest

from services.cart.order import order
from services.cart.trials import Tried
from shared.contracts.cart import CartUpdated, OrderSubmitted
from shared.contracts.catalog import Offer
from shared.contracts.order import Address, Attribution, Particulars, Person
from tests.cart.ringing import HOME, begun, change, known, lines, offered, submit
from tests.given import given
from tests.samples import ORDER

PILLOW = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
SHOP = offered(PILLOW, countries=(), affiliates=("RADIO-N",))


def typed(**changes):
    return given(order).when(begun(SHOP, **changes))


def phone(text, country="US"):
    return typed(customer=Person(phone=text), billing=Address(country=country))


@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("(512) 555-0142", "US", "+15125550142"),
        ("+1 512.555.0142", "DE", "+15125550142"),
        ("030 123456", "DE", "+4930123456"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("06 698 12345", "IT", "+390669812345"),
        ("512 555 0142", "", "+15125550142"),
    ],
)
def test_a_phone_number_is_kept_with_its_country_code(text, country, kept):
    (event,) = phone(text, country).then_types(CartUpdated)
    assert event.changes.customer.phone == kept


@pytest.mark.parametrize("text", ["abc", "5550142", "512 555 014", "512 555 0142 0142", "+999 512 555 0142", "512 555 0142 ext 7", "\u202e12"])
def test_what_is_no_phone_number_is_refused(text):
    assert phone(text).then_refused("phone").field == "customer.phone"


def test_one_that_the_order_has_had_for_long_stays_as_it_is():
    old = begun(SHOP, customer=Person(first_name="Customer", last_name="A", phone="555 0142", email="a@b.test"))
    before = CartUpdated(order_id=ORDER, changes=old.changes, campaign_version=1)
    person = old.changes.customer.model_copy(update={"first_name": "Customer B"})
    (event,) = given(order, before).when(change(SHOP, customer=person)).then_types(CartUpdated)
    assert event.changes.customer == person


def test_the_same_number_typed_in_another_way_is_no_change():
    (event,) = typed(customer=Person(phone="512 555 0142")).then_types(CartUpdated)
    given(order, event).when(change(SHOP, customer=Person(phone="(512) 555-0142"))).then_nothing()


@pytest.mark.parametrize(("text", "kept"), [("Customer.A@EXAMPLE.com", "Customer.A@example.com"), ("", "")])
def test_an_email_address_is_kept(text, kept):
    (event,) = typed(customer=Person(email=text)).then_types(CartUpdated)
    assert event.changes.customer.email == kept


@pytest.mark.parametrize(
    "text", ["nobody", "a@b", "a b@example.com", "a@example..com", "a@@example.com", f"{'x' * 60}@{'example.' * 25}com", "a@localhost"]
)
def test_what_is_no_email_address_is_refused(text):
    assert typed(customer=Person(email=text)).then_refused("email").field == "customer.email"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "ZZ"}, "country"),
        ({"region": "QC"}, "region"),
        ({"region": "XX"}, "region"),
        ({"country": "DE", "region": "TX"}, "region"),
        ({"postal": "7870"}, "postal"),
        ({"postal": "10001"}, "postal"),
        ({"country": "CA", "region": "QC", "postal": "78701"}, "postal"),
        ({"country": "CA", "region": "QC", "postal": "V8X 3X4"}, "postal"),
    ],
)
def test_an_address_that_contradicts_itself_is_refused(changes, field):
    wrong = HOME.model_copy(update=changes)
    assert typed(billing=wrong).then_refused(field).field == f"billing.{field}"
    assert typed(shipping=wrong, shipping_same=False).then_refused(field).field == f"shipping.{field}"


@pytest.mark.parametrize(
    "address",
    [
        HOME,
        Address(),
        Address(postal="anything"),
        Address(country="US", region="TX"),
        Address(country="US", postal="78701-1234"),
        Address(country="CA", region="QC", postal="h3z 2y7"),
        Address(country="HK", postal="999077"),
        Address(country="GB", postal="ec1y 8sy"),
    ],
)
def test_one_that_may_still_become_right_is_not(address):
    typed(billing=address).then_types(CartUpdated)


@pytest.mark.parametrize("text", ["1970-13-01", "31.12.1970", "19701231", "1970-W01-1", "1066-10-14", "2026-03-02", "x"])
def test_what_is_no_date_of_birth_is_refused(text):
    assert typed(particulars=Particulars(birth_date=text)).then_refused("date").field == "particulars.birth_date"


def test_a_date_of_birth():
    typed(particulars=Particulars(birth_date="2000-02-29")).then_types(CartUpdated)


def test_an_affiliate_is_one_of_the_directory():
    (event,) = typed(attribution=Attribution(affiliate="RADIO-N")).then_types(CartUpdated)
    assert typed(attribution=Attribution(affiliate="TV")).then_refused("unknown-affiliate").field == "attribution.affiliate"
    gone = offered(PILLOW, countries=())
    given(order, event).when(change(gone, attribution=Attribution(affiliate="RADIO-N", dnis="8005550100"))).then_types(CartUpdated)


def test_all_that_is_wrong_is_told_at_once():
    refused = typed(customer=Person(phone="1", email="nobody"), billing=Address(country="US", region="QC")).then_refused("phone")
    assert [error["field"] for error in refused.data["errors"]] == ["customer.phone", "customer.email", "billing.region"]


SPRAY = Offer(id="5", name="Lavender spray", sku="RN-SPR", price=495, trial_days=14, base_product="Lavender spray")
TRIALS = offered(PILLOW, SPRAY, settings=None)
HAD = (Tried("Lavender spray", "Lavender spray", "7K2M9QX4TC", "2026-02-01T10:00:00+00:00"),)


def test_a_trial_is_sold_once_to_a_customer_unless_an_agent_says_otherwise():
    made = given(order).when(begun(TRIALS, lines(_1=1, _5=1))).decision
    history = given(order, *made)
    assert [line.trial for line in history.state.quote.lines] == ["", "Lavender spray"]
    refused = history.when(submit(TRIALS, "external", tried=HAD)).then_refused("trial-duplicate")
    assert (refused.field, "7K2M9QX4TC" in refused.detail, "2026-02-01" in refused.detail) == ("lines.5", True, True)
    history.when(submit(TRIALS, "external", tried=(HAD[0]._replace(trial="Other"),))).then_types(OrderSubmitted)
    (overridden,) = history.when(change(TRIALS, trial_override=True, knows=known())).then_types(CartUpdated)
    again = given(order, *history.events, overridden).when(submit(TRIALS, "external", tried=HAD)).decision
    assert again[0].submitted.order.trial_override
