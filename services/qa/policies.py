from services.qa.review import Close, Open, Settle
from shared.contracts.fulfillment import OrderCancelled
from shared.contracts.payments import ExternalPaymentPending, PaymentAuthorized, PaymentCaptured, PaymentVoided
from shared.kernel.policies import Commands, policy


@policy
def open_review(event: PaymentAuthorized | ExternalPaymentPending) -> Commands:
    yield event.order_id, Open(event.submitted, external=isinstance(event, ExternalPaymentPending))


@policy
def settle(event: PaymentCaptured) -> Commands:
    yield event.order_id, Settle(event.attempt)


@policy
def close(event: OrderCancelled | PaymentVoided) -> Commands:
    if isinstance(event, OrderCancelled):
        yield event.order_id, Close(event.order_id, None)
    elif not event.stands:
        yield event.order_id, Close(event.order_id, event.attempt)
