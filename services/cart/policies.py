from services.cart.coupon import Keep, stream_id
from services.cart.order import Close, Reopen
from shared.contracts.cart import OrderSubmitted
from shared.contracts.customers import CustomerErased
from shared.contracts.fulfillment import OrderCancelled
from shared.contracts.payments import OrderDeclined
from shared.contracts.qa import OrderApproved, OrderDenied
from shared.kernel.policies import Commands, policy


@policy
def reopen(event: OrderDeclined) -> Commands:
    said = (event.reason, event.say, event.retry, event.try_next, event.instrument, event.amount)
    yield event.order_id, Reopen(event.order_id, event.attempt, *said)


@policy
def close(event: OrderApproved | OrderDenied | OrderCancelled) -> Commands:
    match event:
        case OrderApproved():
            yield event.order_id, Close(event.order_id, "approved")
        case OrderDenied():
            yield event.order_id, Close(event.order_id, "denied")
        case OrderCancelled():
            yield event.order_id, Close(event.order_id, "cancelled")


@policy
def keep(event: OrderSubmitted) -> Commands:
    """One whose use went back while it was being submitted takes it again."""
    order = event.submitted.order
    for verdict in order.quote.coupons:
        if verdict.amount:
            yield stream_id(order.campaign, verdict.code), Keep(order.campaign, verdict.code, event.order_id)


@policy
def forget(event: CustomerErased) -> Commands:
    """At every stage, so that nothing personal stays in a folded state."""
    for order_id in event.order_ids:
        yield order_id, Close(order_id, "erased")
