from services.customers.customer import Update
from shared.contracts.cart import OrderSubmitted, PartialCreated
from shared.kernel.policies import Commands, policy


@policy
def update_profile(event: OrderSubmitted | PartialCreated) -> Commands:
    match event:
        case OrderSubmitted(submitted=submitted):
            yield submitted.order.customer_id, Update(submitted.order, submitted.submitted_at, submitted.placed_by, event.customer)
        case PartialCreated(order=order):
            yield order.customer_id, Update(order, event.created_at, event.made_by, event.customer)
