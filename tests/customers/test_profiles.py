"""The profile, as orders and partials make it one after the other."""

from datetime import timedelta

from services.customers.profiles import notes, profiles
from shared.contracts.customers import CustomerNoted, CustomerUpdated
from shared.contracts.order import Address, Particulars, Person
from tests.customers.facts import CUSTOMER, folded, stream
from tests.samples import NOON, ORDER

HOME = Address(street="100 Example Street", city="Austin", country="US")


def update(minute=0, order_id=ORDER, **said):
    sections = {"person": Person(first_name="Customer", phone="+15125550100"), "billing": HOME, "shipping": HOME, **said}
    return minute, CustomerUpdated(customer_id=CUSTOMER, order_id=order_id, as_of=NOON + timedelta(minutes=minute), **sections)


def profile(*timed):
    return folded(profiles, stream(f"customer-{CUSTOMER}", *timed))[CUSTOMER].data


def test_an_address_that_a_partial_does_not_know_stays_as_it_was():
    empty = Address(country="US")
    row = profile(update(), update(1, billing=empty, shipping=Address(street="7 Other Street", country="US")))
    assert (row["billing"]["street"], row["shipping"]["street"]) == ("100 Example Street", "7 Other Street")
    assert profile(update(billing=empty))["billing"]["country"] == "US"


def test_particulars_stay_until_others_are_said():
    row = profile(update(particulars=Particulars(birth_date="1970-12-31", gender="female")), update(1))
    assert row["particulars"] == {"birth_date": "1970-12-31", "gender": "female"}
    row = profile(update(particulars=Particulars(birth_date="1970-12-31")), update(1, particulars=Particulars(birth_date="1971-12-31")))
    assert row["particulars"] == {"birth_date": "1971-12-31", "gender": ""}
    assert profile(update())["particulars"] is None


def test_what_they_agreed_to_is_kept_with_order_time_and_number():
    row = profile(update(particulars=Particulars(sms_consent=True)), update(1, "7K2M9QX4TC", particulars=Particulars(do_not_sell=True)))
    assert row["consents"]["sms_consent"] == {"order_id": ORDER, "at": "2026-03-01T12:00:00.000000+00:00", "phone": "+15125550100"}
    assert row["consents"]["do_not_sell"]["order_id"] == "7K2M9QX4TC"
    assert profile(update())["consents"] == {}


def test_of_an_order_s_notes_the_newest_are_kept():
    said = [CustomerNoted(customer_id=CUSTOMER, order_id=order, note=note) for order, note in ((ORDER, "A"), ("7K2M9QX4TC", "B"), (ORDER, "C"))]
    found = folded(notes, stream(f"customer-{CUSTOMER}", *enumerate(said)))
    assert {id: document.data["note"] for id, document in found.items()} == {f"{CUSTOMER}/{ORDER}": "C", f"{CUSTOMER}/7K2M9QX4TC": "B"}
