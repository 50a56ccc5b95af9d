from services.fulfillment.commands import Create, Deny, Erase, Hold, Release
from shared.contracts.customers import CustomerErased
from shared.contracts.payments import ExternalPaymentPending, PaymentAuthorized, PaymentReturned
from shared.contracts.qa import OrderApproved, OrderDenied
from shared.kernel.events import Fact
from shared.kernel.policies import Commands, policy


@policy
def create_record(event: PaymentAuthorized | ExternalPaymentPending, fact: Fact) -> Commands:
    yield event.order_id, Create(event.submitted, fact.time)


@policy
def release(event: OrderApproved, fact: Fact) -> Commands:
    yield event.order_id, Release(event.order_id, event.by, fact.time)


@policy
def hold(event: PaymentReturned) -> Commands:
    yield event.order_id, Hold(event.order_id, event.reference)


@policy
def deny(event: OrderDenied) -> Commands:
    yield event.order_id, Deny(event.order_id)


@policy
def forget(event: CustomerErased, fact: Fact) -> Commands:
    for order_id in event.order_ids:
        yield order_id, Erase(fact.time)
