from services.fulfillment.shipment import Create, Deny, Release
from shared.contracts.payments import ExternalPaymentPending, PaymentAuthorized
from shared.contracts.qa import OrderApproved, OrderDenied
from shared.kernel.events import Fact
from shared.kernel.policies import Commands, policy


@policy
def create_record(event: PaymentAuthorized | ExternalPaymentPending, fact: Fact) -> Commands:
    yield event.order_id, Create("csv", event.submitted, fact.time)


@policy
def release(event: OrderApproved, fact: Fact) -> Commands:
    yield event.order_id, Release(event.order_id, event.by, fact.time)


@policy
def deny(event: OrderDenied) -> Commands:
    yield event.order_id, Deny(event.order_id)
