from datetime import timedelta

from services.customers.customer import Erase, Exempt, Update, customer
from services.customers.policies import update_profile
from shared.contracts.customers import CustomerErased, CustomerNoted, CustomerUpdated, TaxExemptionChanged
from shared.contracts.order import CustomerAnswers, FieldValue
from tests.customers.facts import CUSTOMER, PERSON, fact, ordered, sent
from tests.given import given
from tests.samples import NOON, ORDER

LATER = NOON + timedelta(days=1)
ERASED = CustomerErased(customer_id=CUSTOMER, order_ids=(ORDER,))


def order(id=ORDER, at=NOON, notes=""):
    submitted = ordered()
    return submitted.model_copy(
        update={"order_id": id, "submitted_at": at, "order": submitted.order.model_copy(update={"order_id": id, "notes": notes})}
    )


def updated(submitted):
    body = submitted.order
    at, id = submitted.submitted_at, submitted.order_id
    return CustomerUpdated(customer_id=CUSTOMER, order_id=id, as_of=at, person=body.customer, billing=body.billing, shipping=body.shipping)


def noted(id=ORDER, note="Ring twice"):
    return CustomerNoted(customer_id=CUSTOMER, order_id=id, by="agent:agent1", note=note)


def test_a_submission_makes_the_profile():
    given(customer).when(Update(order())).then(updated(order()))


def test_the_newest_order_makes_the_profile_whichever_comes_last():
    given(customer, updated(order(at=LATER))).when(Update(order("7K2M9QX4TC"))).then_nothing()
    given(customer, updated(order())).when(Update(order("7K2M9QX4TC", LATER))).then(updated(order("7K2M9QX4TC", LATER)))
    given(customer, updated(order("7K2M9QX4TC"))).when(Update(order(ORDER))).then_nothing()


def test_the_same_submission_again_changes_nothing():
    given(customer, updated(order()), noted()).when(Update(order(notes="Ring twice"))).then_nothing()


def test_an_order_is_noted_once_also_when_it_is_not_the_newest():
    given(customer).when(Update(order(notes="Ring twice"))).then(updated(order()), noted())
    given(customer, updated(order()), noted()).when(Update(order(at=LATER, notes="Ring thrice"))).then(updated(order(at=LATER)))
    given(customer, updated(order("7K2M9QX4TC", LATER))).when(Update(order(notes="Ring twice"))).then(noted())


def test_erasing_names_the_orders_whose_keys_are_gone():
    given(customer, updated(order())).when(Erase(CUSTOMER, (ORDER,))).then(ERASED)


def test_erasing_is_refused_while_an_order_is_unfinished_and_names_it():
    refused = given(customer, updated(order())).when(Erase(CUSTOMER, (ORDER,), ((ORDER, "Pending"),))).then_refused("order-unfinished")
    assert ORDER in refused.detail
    assert refused.data == {"orders": [{"order_id": ORDER, "status": "Pending"}]}


def test_nothing_is_written_about_an_erased_customer():
    erased = given(customer, updated(order()), ERASED)
    erased.when(Erase(CUSTOMER, (ORDER,), ((ORDER, "Pending"),))).then_nothing()
    erased.when(Update(order("7K2M9QX4TC", LATER, notes="Ring twice"))).then_nothing()


def test_nothing_personal_is_in_the_state():
    state = given(customer, updated(order()), noted()).state
    for personal in (PERSON.phone, "Ring twice"):
        assert personal not in repr(state)


def test_a_submission_updates_the_profile_of_its_customer():
    event = sent()
    assert list(update_profile.react(fact(event, f"order-{ORDER}", 3))) == [(CUSTOMER, Update(event.submitted))]


ANSWERS = (FieldValue(field="1", value="King"),)
EXEMPT = TaxExemptionChanged(customer_id=CUSTOMER, exempt=True, certificate="TX-01-339")


def test_answers_to_custom_fields_go_to_the_profile():
    given(customer).when(Update(order(), ANSWERS)).then(updated(order()).model_copy(update={"fields": ANSWERS}))
    submitted = sent().model_copy(update={"customer": CustomerAnswers(fields=ANSWERS)})
    ((_, command),) = update_profile.react(fact(submitted, f"order-{ORDER}", 1))
    assert command == Update(ordered(), ANSWERS)


def test_an_exemption_rests_on_a_certificate():
    given(customer, updated(order())).when(Exempt(CUSTOMER, True, "TX-01-339")).then(EXEMPT)
    assert given(customer, updated(order())).when(Exempt(CUSTOMER, True)).then_refused("missing").field == "certificate"


def test_it_ends_and_nothing_ends_that_has_not_begun():
    given(customer, updated(order()), EXEMPT).when(Exempt(CUSTOMER, False, "any")).then(TaxExemptionChanged(customer_id=CUSTOMER, exempt=False))
    given(customer, updated(order())).when(Exempt(CUSTOMER, False)).then_nothing()


def test_an_erased_customer_gets_none():
    given(customer, updated(order()), ERASED).when(Exempt(CUSTOMER, True, "TX-01-339")).then_refused("erased")
