from services.customers.api import router
from services.customers.customer import customer
from services.customers.policies import update_profile
from services.customers.search import search
from services.customers.timeline import timeline
from services.customers.views import campaigns, notes, orders, profiles
from shared.contracts.customers import TaxExemptionChanged
from shared.kernel.events import Event
from shared.service import Service


def _label(event: Event) -> tuple[str, str] | None:
    """A certificate is sealed under the key of the customer's own stream."""
    return (f"customer-{event.customer_id}", event.customer_id) if isinstance(event, TaxExemptionChanged) else None


customers = Service(
    "customers",
    aggregates=(customer,),
    views=(orders, timeline, profiles, search, notes, campaigns),
    policies=(update_profile,),
    router=router,
    label=_label,
)
