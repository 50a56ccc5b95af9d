from datetime import timedelta

from services.customers.customer import Erase, Exempt, Update, customer
from services.customers.policies import update_profile
from shared.contracts.customers import CustomerErased, CustomerNoted, CustomerUpdated, TaxExemptionChanged
from shared.contracts.order import CustomerAnswers, FieldValue, Particulars
from tests.customers.facts import CUSTOMER, PERSON, fact, kept, ordered, sent
from tests.given import given
from tests.samples import NOON, ORDER

LATER = NOON + timedelta(days=1)
ERASED = CustomerErased(customer_id=CUSTOMER, order_ids=(ORDER,))


def order(id=ORDER, at=NOON, notes="", **answers):
    body = ordered().order.model_copy(update={"order_id": id, "notes": notes})
    return Update(body, at, "agent:agent1", CustomerAnswers(**answers))


def updated(update):
    body, answers = update.order, update.answers
    sections = {"person": body.customer, "billing": body.billing, "shipping": body.shipping, "fields": answers.fields}
    return CustomerUpdated(customer_id=CUSTOMER, order_id=body.order_id, as_of=update.as_of, particulars=answers.particulars, **sections)


def noted(id=ORDER, note="Ring twice", at=NOON):
    return CustomerNoted(customer_id=CUSTOMER, order_id=id, by="agent:agent1", note=note, as_of=at)


def test_a_submission_makes_the_profile():
    given(customer).when(order()).then(updated(order()))


def test_the_newest_order_makes_the_profile_whichever_comes_last():
    given(customer, updated(order(at=LATER))).when(order("7K2M9QX4TC")).then_nothing()
    given(customer, updated(order())).when(order("7K2M9QX4TC", LATER)).then(updated(order("7K2M9QX4TC", LATER)))
    given(customer, updated(order("7K2M9QX4TC"))).when(order(ORDER)).then_nothing()


def test_the_same_submission_again_changes_nothing():
    given(customer, updated(order()), noted()).when(order(notes="Ring twice")).then_nothing()


def test_an_order_is_noted_once_also_when_it_is_not_the_newest():
    given(customer).when(order(notes="Ring twice")).then(updated(order()), noted())
    given(customer, updated(order("7K2M9QX4TC", LATER))).when(order(notes="Ring twice")).then(noted())


def test_what_is_written_after_a_no_sale_is_noted_with_the_sale():
    given(customer, updated(order()), noted()).when(order(at=LATER, notes="Ring thrice")).then(
        updated(order(at=LATER)), noted(note="Ring thrice", at=LATER)
    )


def test_erasing_names_the_orders_whose_keys_are_gone():
    given(customer, updated(order())).when(Erase(CUSTOMER, (ORDER,))).then(ERASED)


def test_erasing_is_refused_while_an_order_is_unfinished_and_names_it():
    refused = given(customer, updated(order())).when(Erase(CUSTOMER, (ORDER,), ((ORDER, "Pending"),))).then_refused("order-unfinished")
    assert ORDER in refused.detail
    assert refused.data == {"orders": [{"order_id": ORDER, "status": "Pending"}]}


def test_nothing_is_written_about_an_erased_customer():
    erased = given(customer, updated(order()), ERASED)
    erased.when(Erase(CUSTOMER, (ORDER,), ((ORDER, "Pending"),))).then_nothing()
    erased.when(order("7K2M9QX4TC", LATER, notes="Ring twice")).then_nothing()


def test_nothing_personal_is_in_the_state():
    state = given(customer, updated(order()), noted()).state
    for personal in (PERSON.phone, "Ring twice"):
        assert personal not in repr(state)


def test_a_submission_updates_the_profile_of_its_customer():
    event = sent()
    assert list(update_profile.react(fact(event, f"order-{ORDER}", 3))) == [(CUSTOMER, order())]


def test_so_does_a_no_sale():
    event = kept(customer=CustomerAnswers(particulars=SAID))
    assert list(update_profile.react(fact(event, f"order-{ORDER}", 3))) == [(CUSTOMER, order(particulars=SAID))]


ANSWERS = (FieldValue(field="1", value="King"),)
SAID = Particulars(birth_date="1970-12-31", sms_consent=True)
EXEMPT = TaxExemptionChanged(customer_id=CUSTOMER, exempt=True, certificate="TX-01-339")


def test_answers_and_particulars_go_to_the_profile():
    given(customer).when(order(fields=ANSWERS, particulars=SAID)).then(updated(order(fields=ANSWERS, particulars=SAID)))
    submitted = sent().model_copy(update={"customer": CustomerAnswers(fields=ANSWERS)})
    assert list(update_profile.react(fact(submitted, f"order-{ORDER}", 1))) == [(CUSTOMER, order(fields=ANSWERS))]


def test_an_exemption_rests_on_a_certificate():
    given(customer, updated(order())).when(Exempt(CUSTOMER, True, "TX-01-339")).then(EXEMPT)
    assert given(customer, updated(order())).when(Exempt(CUSTOMER, True)).then_refused("missing").field == "certificate"


def test_it_ends_and_nothing_ends_that_has_not_begun():
    given(customer, updated(order()), EXEMPT).when(Exempt(CUSTOMER, False, "any")).then(TaxExemptionChanged(customer_id=CUSTOMER, exempt=False))
    given(customer, updated(order())).when(Exempt(CUSTOMER, False)).then_nothing()


def test_an_erased_customer_gets_none():
    given(customer, updated(order()), ERASED).when(Exempt(CUSTOMER, True, "TX-01-339")).then_refused("erased")
