from __future__ import annotations

from services.cart.api import router
from services.cart.coupon import coupon
from services.cart.customer_id import customerid
from services.cart.desk import desk
from services.cart.held import give_back, held, not_sold
from services.cart.lookups import setup
from services.cart.order import order
from services.cart.policies import close, forget, keep, reopen
from services.cart.trials import trials
from services.cart.used import used
from services.cart.views import customers, directory, gateways, links, newest, settings, tax_parts, tax_tables, versions
from shared.aliases import aliases
from shared.contracts.cart import CartUpdated, OrderSubmitted, PartialCreated
from shared.kernel.effects import Timer
from shared.kernel.events import Event
from shared.service import Service


def _label(event: Event) -> tuple[str, str] | None:
    """An order's key belongs to its customer as soon as one is chosen, at the latest from the first submission, or No Sale, on; and to nobody
    again where whoever was chosen turned out not to be calling."""
    match event:
        case OrderSubmitted():
            return f"order-{event.order_id}", event.submitted.order.customer_id
        case PartialCreated():
            return f"order-{event.order_id}", event.order.customer_id
        case CartUpdated() if event.changes.customer_id is not None:
            stream = f"order-{event.order_id}"
            return stream, event.changes.customer_id or stream
    return None


cart = Service(
    "cart",
    aggregates=(order, customerid, coupon),
    views=(versions, newest, settings, directory, gateways, customers, aliases, tax_tables, tax_parts, held, used, trials, links, desk),
    policies=(reopen, close, keep, forget),
    timers=(Timer("coupons", held, give_back, not_sold),),
    router=router,
    setup=setup,
    label=_label,
)
