import pytest

from services.cart.order import Close, order
from services.cart.policies import forget
from shared.contracts.cart import CartChanges, CartUpdated, OrderClosed, OrderSubmitted
from shared.contracts.customers import CustomerErased
from shared.contracts.order import Address, Call, Person
from tests.customers.facts import fact
from tests.given import given
from tests.samples import NOON, ORDER, parts, submitted

PERSON = Person(first_name="Customer", last_name="A", phone="+1 512 555 0142")
HOME = Address(street="100 Example Street", city="Austin", region="TX", country="US")
CALL = Call(agent="agent:agent1", started_at=NOON)
TYPED = CartUpdated(
    order_id=ORDER, changes=CartChanges(call=CALL, customer=PERSON, billing=HOME, shipping=HOME, notes="Ring twice"), campaign_version=1
)
SENT = OrderSubmitted(order_id=ORDER, attempt=1, payment="tok_1", parts=parts(5690), submitted=submitted())
ERASED = OrderClosed(order_id=ORDER, why="erased")


@pytest.mark.parametrize("history", [(TYPED,), (TYPED, SENT), (TYPED, SENT, OrderClosed(order_id=ORDER, why="approved"))])
def test_an_erased_customer_s_order_is_closed_at_every_stage_once(history):
    given(order, *history).when(Close(ORDER, "erased")).then(ERASED)
    given(order, *history, ERASED).when(Close(ORDER, "erased")).then_nothing()
    assert given(order, *history, ERASED).state.stage == "closed"


def test_it_reads_erased_where_something_was_and_keeps_the_rest():
    state = given(order, TYPED, SENT, ERASED).state
    assert state.customer == Person(first_name="Erased", last_name="Erased", phone="Erased")
    assert state.billing == state.shipping == Address(street="Erased", city="Erased", region="TX", country="US")
    assert (state.notes, state.attempt, state.call) == ("Erased", 1, CALL)


def test_every_order_of_the_customer_is_closed():
    event = CustomerErased(customer_id="4000000001", order_ids=(ORDER, "7K2M9QX4TC"))
    assert list(forget.react(fact(event, "customer-4000000001", 2))) == [(id, Close(id, "erased")) for id in event.order_ids]
