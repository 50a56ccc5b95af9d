"""What an order needs before it can be charged, and what is said then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from services.cart.lines import Errors
from services.cart.tariff import Tariff
from shared.contracts.cart import OrderSubmitted
from shared.contracts.order import CustomerAnswers, OrderBody, Part, Quote, Rules, SubmittedOrder

if TYPE_CHECKING:
    from services.cart.order import Order, Submit


def missing(command: Submit, order: Order) -> Errors:
    for field, detail in (*_missing_of_customer(command, order), *_missing_of_sale(command, order)):
        yield field, "missing", detail
    campaign, place = command.catalog.tariff.campaign, "billing" if order.shipping_same else "shipping"
    if order.ship_to.country and campaign.countries and order.ship_to.country not in campaign.countries:
        yield f"{place}.country", "country", f"{campaign.name} is not sold to this country."


def _missing_of_customer(command: Submit, order: Order) -> Iterator[tuple[str, str]]:
    if not order.customer.first_name:
        yield "customer.first_name", "Enter the first name."
    if not order.customer.last_name:
        yield "customer.last_name", "Enter the last name."
    if not (order.customer.phone or order.customer.email):
        yield "customer.phone", "Enter a phone number or an e-mail address."
    addresses = [("billing", order.billing)] + ([] if order.shipping_same else [("shipping", order.shipping)])
    for name, address in addresses:
        for field, what in (("street", "street"), ("city", "city"), ("postal", "postal code"), ("country", "country")):
            if not getattr(address, field):
                yield f"{name}.{field}", f"Enter the {what} of the {name} address."
    settings, country = command.catalog.settings, order.ship_to.country
    if not order.ship_to.region and any(place.startswith(f"{country}-") for place in (*settings.tax_rates, *(settings.tax_nexus or ()))):
        yield f"{'billing' if order.shipping_same else 'shipping'}.region", "Choose the state. The tax depends on it."


def _missing_of_sale(command: Submit, order: Order) -> Iterator[tuple[str, str]]:
    campaign = command.catalog.tariff.campaign
    answers = {answer.field: answer.value for answer in order.fields}
    for field in campaign.fields:
        if field.required and not answers.get(field.id):
            yield f"fields.{field.id}", f"{'Tick' if field.kind == 'checkbox' else 'Enter'} {field.label}."
    if campaign.terms_required and not order.terms_agreed:
        yield "terms_agreed", "Read the terms and ask whether the customer agrees."
    if not order.quote or not order.quote.lines:
        yield "lines", "Choose at least one product."
    if command.method not in campaign.methods:
        yield "method", "This campaign does not take this payment method."
    if command.method == "card" and not command.payment and order.quote and order.quote.total:
        yield "payment", "Enter the card."


def gone(command: Submit, order: Order) -> Errors:
    """What the order was quoted with and cannot be had any more, by its name."""
    catalog, products = command.catalog, command.catalog.tariff.products
    for line in order.quote.lines if order.quote else ():
        sold = products.get(line.product)
        if sold is None:
            yield f"lines.{line.product}", "product-gone", f"{line.name} is not in the campaign any more. Take it out."
        elif command.method == "card" and line.total and sold.offer.gateway in catalog.unusable:
            why = catalog.unusable[sold.offer.gateway]
            detail = f"{line.name} cannot be charged by phone: the gateway {sold.offer.gateway} {why}."
            yield f"lines.{line.product}", "gateway-unusable", f"{detail} Take it out, or ask a supervisor for another gateway."
    for verdict in order.quote.coupons if order.quote else ():
        coupon = catalog.tariff.coupons.get(verdict.code)
        if verdict.verdict != "applied" or coupon is None:
            continue
        way_out = "It goes with the next change of the order, whichever that is." if verdict.auto else "Take it out."
        if coupon.ends and command.today > coupon.ends:
            yield "coupons", "coupon-ended", f"The coupon {verdict.code} ended on {coupon.ends}. {way_out}"
        elif verdict.amount and verdict.code in catalog.tariff.once & command.used:
            yield "coupons", "coupon-used", f"The customer has used the coupon {verdict.code} already. {way_out}"


def limited(tariff: Tariff, quote: Quote) -> frozenset[str]:
    """Codes of which the order takes one of so many uses."""
    return tariff.limited & {verdict.code for verdict in quote.coupons if verdict.amount}


def submitted(command: Submit, order: Order, quoted: Quote) -> OrderSubmitted:
    tariff, attempt = command.catalog.tariff, order.attempt + 1
    body = OrderBody(
        order_id=command.order_id,
        campaign=order.campaign,
        campaign_name=tariff.campaign.name,
        customer_id=command.customer_id,
        call=order.call,
        customer=order.customer,
        billing=order.billing,
        shipping=order.ship_to,
        quote=quoted,
        notes=order.notes,
        terms_agreed=order.terms_agreed,
    )
    sent = SubmittedOrder(
        order_id=command.order_id,
        attempt=attempt,
        method=command.method,
        amount=quoted.total,
        currency=quoted.currency,
        placed_by=command.actor,
        submitted_at=command.now,
        order=body,
        rules=_rules(command, order),
    )
    parts = _parts(tariff, quoted) if command.method == "card" else ()
    labels = {field.id: field.label for field in tariff.campaign.fields}
    answers = CustomerAnswers(fields=tuple(each.model_copy(update={"label": labels.get(each.field, "")}) for each in order.fields if each.value))
    return OrderSubmitted(order_id=command.order_id, attempt=attempt, payment=command.payment, parts=parts, submitted=sent, customer=answers)


def _rules(command: Submit, order: Order) -> Rules:
    catalog = command.catalog
    return Rules(
        campaign=order.campaign,
        campaign_version=order.campaign_version,
        settings_version=catalog.settings_number,
        skip_qa=catalog.settings.prepaid_skip_qa,
        qa_share=catalog.tariff.campaign.qa_share,
    )


def _parts(tariff: Tariff, quoted: Quote) -> tuple[Part, ...]:
    """One part a gateway, for the lines of the offers that are assigned to it."""
    amounts: dict[str, int] = {}
    for line in quoted.lines:
        gateway = tariff.products[line.product].offer.gateway
        amounts[gateway] = amounts.get(gateway, 0) + line.total
    return tuple(Part(number=n, gateway=gateway, amount=amount) for n, (gateway, amount) in enumerate(sorted(amounts.items()), 1) if amount)
