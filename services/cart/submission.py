"""What an order needs before it can be charged, and what is said then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.cart import addresses, partial
from services.cart.blocked import blocked
from services.cart.carried import answers, body
from services.cart.changing import BUSY
from services.cart.lines import Errors, refused
from services.cart.links import locked
from services.cart.pricing import Catalog
from services.cart.state import CUSTOMER, Order
from services.cart.tariff import Tariff
from services.cart.trials import Tried, again
from shared.contracts.cart import OrderSubmitted
from shared.contracts.catalog import Campaign
from shared.contracts.order import Address, Method, Part, Quote, QuoteLine, Rules, SubmittedOrder
from shared.kernel.decider import Decision, Refused


@dataclass(frozen=True, slots=True)
class Submit:
    """``redeemed`` are the limited coupons of which this order has a use, ``used`` the codes of the customer's other orders, ``tried`` the
    trials of which the customer had one. ``total`` is what was shown, where somebody says."""

    order_id: str
    catalog: Catalog
    method: Method
    payment: str
    actor: str
    customer_id: str
    now: datetime
    today: str
    redeemed: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    tried: tuple[Tried, ...] = ()
    oral_authorisation: bool = False
    total: int | None = None


def submit(command: Submit, order: Order) -> Decision:
    catalog = command.catalog
    if order.stage == "partial":
        return BUSY
    if catalog.retired:
        return Refused("campaign-retired", f"The campaign {catalog.tariff.campaign.name} has been retired.", conflict=False)
    if blocked(order, command.now):
        return Refused("too-many-attempts", "Five attempts were declined within an hour. A supervisor has to help.")
    wrong = refused(list(missing(command, order)), "incomplete") or refused([*gone(command, order), *waiting(order)]) or again(order, command.tried)
    if wrong:
        return wrong
    if order.quote and command.total not in (None, order.quote.total):
        return repriced(order.quote.total)
    if order.quote is None or not command.customer_id or not limited(catalog.tariff, order.quote) <= command.redeemed:
        return BUSY
    return [submitted(command, order, order.quote)]


def repriced(total: int) -> Refused:
    return Refused("repriced", "It costs something else by now. Look at the total again.", data={"total": total})


def missing(command: Submit, order: Order) -> Errors:
    for field, detail in (*_missing_of_customer(order, command.catalog.tariff.campaign), *_missing_of_sale(command, order)):
        yield field, "missing", detail
    campaign, place = command.catalog.tariff.campaign, "billing" if order.shipping_same else "shipping"
    if order.ship_to.country and campaign.countries and order.ship_to.country not in campaign.countries:
        yield f"{place}.country", "country", f"{campaign.name} is not sold to this country."


def _missing_of_customer(order: Order, campaign: Campaign) -> Iterator[tuple[str, str]]:
    yield from partial.missing(order)
    yield from _missing_of_address(order.billing, "billing", campaign)
    if not order.shipping_same:
        yield from _missing_of_address(order.shipping, "shipping", campaign)


def _missing_of_address(address: Address, place: str, campaign: Campaign) -> list[tuple[str, str]]:
    """Of one that nobody has touched what is missing in the country that it is shown in."""
    shown = address.model_copy(update={"country": campaign.countries[0]}) if address == Address() and campaign.countries else address
    return [*addresses.missing(shown, place)] or [*addresses.missing(address, place)]


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
    if order.delivery_was and campaign.profiles and all(profile.id != order.delivery_was for profile in campaign.profiles):
        yield "profile", "The delivery that this order had is gone. Ask which one the customer wants."
    yield from _missing_of_payment(command, order)


def _missing_of_payment(command: Submit, order: Order) -> Iterator[tuple[str, str]]:
    if command.method not in command.catalog.tariff.campaign.methods or (command.actor == CUSTOMER and command.method != "card"):
        yield "method", "This campaign does not take this payment method."
    if command.method == "external" or not (order.quote and order.quote.total):
        return
    if not command.payment:
        yield "payment", "Enter the card." if command.method == "card" else "Enter the bank account."
    if command.method == "echeck" and not command.oral_authorisation:
        yield "oral_authorisation", "Read the authorisation out and ask whether the customer agrees, on the recorded line."


def gone(command: Submit, order: Order) -> Errors:
    """What the order was quoted with and cannot be had any more, by its name."""
    catalog, products = command.catalog, command.catalog.tariff.products
    for line in order.quote.lines if order.quote else ():
        sold = products.get(line.product)
        if sold is None:
            yield f"lines.{line.product}", "product-gone", f"{line.name} is not in the campaign any more. Take it out."
        elif command.method != "external" and line.total:
            yield from _wrong_gateway(command, line, sold.offer.gateway)
    for verdict in order.quote.coupons if order.quote else ():
        coupon = catalog.tariff.coupons.get(verdict.code)
        if verdict.verdict != "applied" or coupon is None:
            continue
        way_out = "It goes with the next change of the order, whichever that is." if verdict.auto else "Take it out."
        if coupon.ends and command.today > coupon.ends and not locked(order, command.now):
            yield "coupons", "coupon-ended", f"The coupon {verdict.code} ended on {coupon.ends}. {way_out}"
        elif verdict.amount and verdict.code in catalog.tariff.once & command.used:
            yield "coupons", "coupon-used", f"The customer has used the coupon {verdict.code} already. {way_out}"


def waiting(order: Order) -> Errors:
    """The customer has been told another price than the one that the order has until a supervisor has decided."""
    for each in order.asked:
        detail = f"A supervisor is asked for another price of {each.name}. Wait for the answer, or change the line to take it back."
        yield f"lines.{each.product}", "override-waiting", detail


def _wrong_gateway(command: Submit, line: QuoteLine, name: str) -> Errors:
    """One that nobody has configured yet is left to payments. A link helps where it is the phone that does not do."""
    gateway = command.catalog.gateways.get(name)
    if gateway is None or not (why := gateway.unusable):
        if command.method == "echeck" and not (gateway and gateway.ach):
            yield "method", "no-ach", f"{line.name} cannot be paid by eCheck: the gateway {name} takes none."
        return
    field, code = f"lines.{line.product}", "gateway-unusable"
    if command.actor == CUSTOMER:
        yield field, code, f"{line.name} cannot be paid here at the moment. Take it out, or call us."
        return
    detail = f"{line.name} cannot be charged by phone: the gateway {name} {why}."
    way_out = "Send the customer a link to pay by, take it out, or" if gateway.on else "Take it out, or"
    yield field, code, f"{detail} {way_out} ask a supervisor for another gateway."


def limited(tariff: Tariff, quote: Quote) -> frozenset[str]:
    """Codes of which the order takes one of so many uses."""
    return tariff.limited & {verdict.code for verdict in quote.coupons if verdict.amount}


def submitted(command: Submit, order: Order, quoted: Quote) -> OrderSubmitted:
    campaign, attempt = command.catalog.tariff.campaign, order.attempt + 1
    sent = SubmittedOrder(
        order_id=command.order_id,
        attempt=attempt,
        method=command.method,
        amount=quoted.total,
        currency=quoted.currency,
        placed_by=command.actor,
        submitted_at=command.now,
        oral_authorisation=command.now if command.method == "echeck" and command.oral_authorisation else None,
        order=body(order, command.order_id, command.customer_id, campaign, quoted),
        rules=_rules(command, order),
    )
    parts = () if command.method == "external" else _parts(command.catalog.tariff, quoted)
    return OrderSubmitted(
        order_id=command.order_id, attempt=attempt, payment=command.payment, parts=parts, submitted=sent, customer=answers(order, campaign)
    )


def _rules(command: Submit, order: Order) -> Rules:
    catalog = command.catalog
    return Rules(
        campaign=order.campaign,
        campaign_version=order.campaign_version,
        settings_version=catalog.settings_number,
        skip_qa=catalog.settings.prepaid_skip_qa,
        qa_share=catalog.tariff.campaign.qa_share,
        force_qa=order.force_qa,
        plugin=catalog.settings.default_plugin,
        letters=tuple(letter.template for letter in catalog.tariff.campaign.letters if letter.on),
    )


def _parts(tariff: Tariff, quoted: Quote) -> tuple[Part, ...]:
    """One part a gateway, for the lines of the offers that are assigned to it."""
    amounts: dict[str, int] = {}
    for line in quoted.lines:
        gateway = tariff.products[line.product].offer.gateway
        amounts[gateway] = amounts.get(gateway, 0) + line.total
    return tuple(Part(number=n, gateway=gateway, amount=amount) for n, (gateway, amount) in enumerate(sorted(amounts.items()), 1) if amount)
