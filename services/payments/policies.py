from services.payments.payment import Capture, Open, Stop
from shared.contracts.cart import OrderSubmitted
from shared.contracts.fulfillment import OrderCancelled
from shared.contracts.qa import OrderDenied, ReviewPassed
from shared.kernel.events import Fact
from shared.kernel.policies import Commands, policy


@policy
def open_attempt(event: OrderSubmitted, fact: Fact) -> Commands:
    yield event.order_id, Open(event.payment, event.parts, event.submitted, fact.time)


@policy
def capture(event: ReviewPassed, fact: Fact) -> Commands:
    yield event.order_id, Capture(event.attempt, fact.time)


@policy
def stop(event: OrderDenied | OrderCancelled, fact: Fact) -> Commands:
    yield event.order_id, Stop("denied" if isinstance(event, OrderDenied) else "cancelled", event.order_id, fact.time)
