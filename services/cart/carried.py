"""What events of an order carry of it to other services."""

from __future__ import annotations

from services.cart.state import Order
from shared.contracts.catalog import Campaign
from shared.contracts.order import CustomerAnswers, OrderBody, Quote


def body(order: Order, order_id: str, customer_id: str, campaign: Campaign, quoted: Quote) -> OrderBody:
    return OrderBody(
        order_id=order_id,
        campaign=order.campaign,
        campaign_name=campaign.name,
        customer_id=customer_id,
        call=order.call,
        customer=order.customer,
        billing=order.billing,
        shipping=order.ship_to,
        quote=quoted,
        notes=order.notes,
        terms_agreed=order.terms_agreed,
        attribution=order.attribution,
        trial_override=order.trial_override,
    )


def answers(order: Order, campaign: Campaign) -> CustomerAnswers:
    labels = {field.id: field.label for field in campaign.fields}
    fields = tuple(each.model_copy(update={"label": labels.get(each.field, "")}) for each in order.fields if each.value)
    return CustomerAnswers(fields=fields, particulars=order.particulars)
