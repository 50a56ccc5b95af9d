from services.customers.api import router
from services.customers.customer import customer
from services.customers.message import message
from services.customers.messages import consents, messages, sending
from services.customers.messages_api import router as messages_router
from services.customers.orders_api import router as orders_router
from services.customers.policies import hand_over_consent, send_link, stop_link, update_profile
from services.customers.search import search
from services.customers.sending import effects, setup
from services.customers.timeline import timeline
from services.customers.views import campaigns, notes, orders, profiles
from shared.contracts.customers import TaxExemptionChanged
from shared.kernel.events import Event
from shared.service import Service

router.routes += [*orders_router.routes, *messages_router.routes]


def _label(event: Event) -> tuple[str, str] | None:
    """A certificate is sealed under the key of the customer's own stream."""
    return (f"customer-{event.customer_id}", event.customer_id) if isinstance(event, TaxExemptionChanged) else None


customers = Service(
    "customers",
    aggregates=(customer, message),
    views=(orders, timeline, profiles, search, notes, campaigns, messages, sending, consents),
    policies=(update_profile, send_link, stop_link, hand_over_consent),
    effects=effects,
    router=router,
    setup=setup,
    label=_label,
)
