from __future__ import annotations

from services.cart.api import router
from services.cart.customer_id import customerid
from services.cart.order import order
from services.cart.policies import close, forget, reopen
from services.cart.views import newest, settings, versions
from shared.contracts.cart import OrderSubmitted
from shared.kernel.events import Event
from shared.service import Service


def _label(event: Event) -> tuple[str, str] | None:
    """An order's key belongs to its customer from the first submission on."""
    return (f"order-{event.order_id}", event.submitted.order.customer_id) if isinstance(event, OrderSubmitted) else None


cart = Service(
    "cart", aggregates=(order, customerid), views=(versions, newest, settings), policies=(reopen, close, forget), router=router, label=_label
)
