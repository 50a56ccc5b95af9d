from services.customers.api import router
from services.customers.customer import customer
from services.customers.message import message
from services.customers.messages import consents, messages, sending
from services.customers.messages_api import router as messages_router
from services.customers.orders_api import router as orders_router
from services.customers.people_api import router as people_router
from services.customers.policies import (
    confirm_order,
    hand_over_consent,
    hand_over_said,
    send_link,
    settle_merge,
    stop_confirmation,
    stop_link,
    tell_shipped,
    update_profile,
)
from services.customers.profiles import addresses, notes, profiles
from services.customers.search import search
from services.customers.sending import effects, setup
from services.customers.timeline import timeline
from services.customers.views import campaigns, orders
from services.customers.wordings import sold, wordings
from shared.aliases import aliases
from shared.contracts.customers import ConsentChanged, CustomerNoted, TaxExemptionChanged
from shared.kernel.events import Event
from shared.service import Service

router.routes += [*orders_router.routes, *people_router.routes, *messages_router.routes]


def _label(event: Event) -> tuple[str, str] | None:
    """A certificate, a number and a note by hand are sealed under the key of the customer's own stream."""
    match event:
        case TaxExemptionChanged() | ConsentChanged() | CustomerNoted(order_id=""):
            return f"customer-{event.customer_id}", event.customer_id
    return None


customers = Service(
    "customers",
    aggregates=(customer, message),
    views=(orders, timeline, profiles, aliases, search, notes, addresses, campaigns, messages, sending, consents, wordings, sold),
    policies=(
        update_profile,
        settle_merge,
        send_link,
        stop_link,
        confirm_order,
        tell_shipped,
        stop_confirmation,
        hand_over_consent,
        hand_over_said,
    ),
    effects=effects,
    router=router,
    setup=setup,
    label=_label,
)
