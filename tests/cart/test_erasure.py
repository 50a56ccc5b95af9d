import pytest

from services.cart.order import Close, order
from services.cart.policies import forget
from services.cart.trials import trials
from services.cart.views import newest
from shared.contracts.cart import CartChanges, CartUpdated, OrderClosed, OrderSubmitted
from shared.contracts.catalog import CampaignPublished, Offer
from shared.contracts.customers import CustomerErased
from shared.contracts.order import Address, Call, Person
from tests.cart.publishing import publish
from tests.customers.facts import fact
from tests.given import given
from tests.house.shop import CAMPAIGN, Shop, until
from tests.house.shop import ORDER as ORDERED
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


async def test_an_erased_customer_s_link_and_trials_are_found_no_more(settings):
    shop = await (await Shop(settings).open()).furnish()
    cart = shop.house.running["cart"]
    spray = Offer(id="5", name="Lavender spray", sku="RN-SPR", price=495, trial_days=14)
    sold = CAMPAIGN.model_copy(update={"offers": (spray,), "checkout": True})
    version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=9, campaign=sold))
    await cart.get(newest, "restful", version)
    tries = {**ORDERED, "lines": [{"product": "5", "quantity": 1}]}
    _, placed = await shop.ask("cart", "POST", "/orders/place", {**tries, "method": "external"})
    _, begun = await shop.ask("cart", "POST", "/orders", tries)
    _, sent = await shop.ask("cart", "POST", f"/orders/{begun['order_id']}/links", {})
    path, ids = f"/links/{sent['link']['token']}", (placed["order_id"], begun["order_id"])
    seen = f"order-{placed['order_id']}@{placed['version']}"
    assert (await shop.ask("cart", "GET", path))[0] == 200
    assert await cart.get(trials, placed["order_id"], seen) is not None
    await publish(shop, "customers", "customer", "4000000001", CustomerErased(customer_id="4000000001", order_ids=ids))

    async def forgotten():
        status, problem = await shop.ask("cart", "GET", path)
        return (status, problem.get("code")) == (404, "unknown-link") and await cart.get(trials, placed["order_id"]) is None

    await until(forgotten)
    await shop.close()
