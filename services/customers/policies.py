from services.customers.customer import Update
from shared.contracts.cart import OrderSubmitted
from shared.kernel.policies import Commands, policy


@policy
def update_profile(event: OrderSubmitted) -> Commands:
    yield event.submitted.order.customer_id, Update(event.submitted, event.customer.fields)
