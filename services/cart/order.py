"""The order while it is being rung up: what is in it, what it costs, and when it is submitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.cart.pricing import quote
from shared.contracts.cart import CartChanges, CartUpdated, OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.catalog import Campaign, Settings
from shared.contracts.order import Address, Call, Instrument, Line, Method, OrderBody, Part, Person, Quote, Rules, SubmittedOrder
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import ERASED, Event, erased

DECLINES_AN_HOUR = 5

Why = Literal["approved", "denied", "cancelled", "erased"]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The campaign and settings as cart knows them now."""

    campaign: Campaign
    number: int
    settings: Settings
    settings_number: int
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """``call`` starts the order. ``quantities`` replaces the lines: product -> quantity."""

    order_id: str
    catalog: Catalog
    changes: CartChanges
    quantities: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Submit:
    order_id: str
    catalog: Catalog
    method: Method
    payment: str
    actor: str
    customer_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Change and submit in one append."""

    change: Change
    submit: Submit


@dataclass(frozen=True, slots=True)
class Reopen:
    order_id: str
    attempt: int
    reason: str
    say: str
    retry: bool
    try_next: str
    instrument: Instrument
    amount: int


@dataclass(frozen=True, slots=True)
class Close:
    order_id: str
    why: Why


Command = Change | Submit | Place | Reopen | Close


@dataclass(frozen=True, slots=True)
class Declined:
    attempt: int
    reason: str
    say: str
    retry: bool
    try_next: str
    submitted_at: datetime
    instrument: Instrument
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    stage: Literal["none", "open", "submitted", "closed"] = "none"
    campaign: str = ""
    campaign_version: int = 0
    call: Call | None = None
    customer: Person = Person()  # noqa: RUF009 - frozen
    billing: Address = Address()  # noqa: RUF009
    shipping: Address = Address()  # noqa: RUF009
    shipping_same: bool = True
    lines: tuple[Line, ...] = ()
    notes: str = ""
    quote: Quote | None = None
    attempt: int = 0
    submitted_at: datetime | None = None
    customer_id: str = ""
    declines: tuple[Declined, ...] = ()
    erased: bool = False

    @property
    def ship_to(self) -> Address:
        return self.billing if self.shipping_same else self.shipping


def decide(command: Command, order: Order) -> Sequence[Event] | Refused:
    match command:
        case Close(order_id, why):
            done = order.erased if why == "erased" else order.stage == "closed"
            return [] if done else [OrderClosed(order_id=order_id, why=why)]
        case Reopen():
            return _reopen(command, order)
    stopped = _stopped(order)
    if stopped:
        return stopped
    match command:
        case Change():
            return _change(command, order)
        case Submit():
            return _submit(command, order)
        case Place(change, submit):
            return _place(change, submit, order)


def _stopped(order: Order) -> Refused | None:
    if order.stage == "submitted":
        return Refused("being-charged", "This order is being charged. Wait for the outcome.")
    if order.stage == "closed":
        return Refused("closed", "This order is finished. Start a new one.")
    return None


def _change(command: Change, order: Order) -> Sequence[Event] | Refused:
    wrong = _wrong_quantity(command)
    if wrong:
        return wrong
    changes = command.changes
    if command.quantities is not None:
        changes = changes.model_copy(update={"lines": _lines(command.quantities, order)})
    changed = _applied(order, changes)
    quoted = quote(command.catalog.campaign, command.catalog.settings, changed.lines, changed.ship_to)
    if changed == order and quoted == order.quote:
        return []
    moved = quoted if quoted != order.quote else None
    return [CartUpdated(order_id=command.order_id, changes=changes, quote=moved, campaign_version=command.catalog.number)]


def _wrong_quantity(command: Change) -> Refused | None:
    offers = {offer.id: offer for offer in command.catalog.campaign.offers}
    for product, quantity in (command.quantities or {}).items():
        if product not in offers:
            return Refused("unknown-product", "This product is not in the campaign.", field=f"lines.{product}", conflict=False)
        most = offers[product].max_quantity
        if not 0 <= quantity <= most:
            return Refused("quantity", f"Between 0 and {most} of {offers[product].name} can be ordered.", field=f"lines.{product}", conflict=False)
    return None


def _lines(quantities: Mapping[str, int], order: Order) -> tuple[Line, ...]:
    """A product keeps its line number; one that left stays with quantity 0, so that no number is used again."""
    known = {line.product: line.line for line in order.lines}
    following = max(known.values(), default=0)
    lines = [line.model_copy(update={"quantity": quantities.get(line.product, 0)}) for line in order.lines]
    for product, quantity in quantities.items():
        if product not in known and quantity:
            following += 1
            lines.append(Line(line=following, product=product, quantity=quantity))
    return tuple(lines)


def _place(change: Change, submit: Submit, order: Order) -> Sequence[Event] | Refused:
    changed = _change(change, order)
    if isinstance(changed, Refused):
        return changed
    for event in changed:
        order = evolve(order, event)
    submitted = _submit(submit, order)
    return submitted if isinstance(submitted, Refused) else [*changed, *submitted]


def _submit(command: Submit, order: Order) -> Sequence[Event] | Refused:
    catalog = command.catalog
    if catalog.retired:
        return Refused("campaign-retired", f"The campaign {catalog.campaign.name} has been retired.", conflict=False)
    recent = [declined for declined in order.declines if command.now - declined.submitted_at < timedelta(hours=1)]
    if len(recent) >= DECLINES_AN_HOUR:
        return Refused("too-many-attempts", "Five attempts were declined within an hour. A supervisor has to help.")
    errors = list(_missing(command, order))
    if errors:
        data = {"errors": [{"field": field, "code": "missing", "detail": detail} for field, detail in errors]}
        return Refused("incomplete", errors[0][1], field=errors[0][0], conflict=False, data=data)
    if not command.customer_id:
        return Refused("busy", "Others are changing this at the same time. Try again.")
    return [_submitted(command, order)]


def _missing(command: Submit, order: Order) -> Iterator[tuple[str, str]]:
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
    if not order.ship_to.region and any(place.startswith(f"{order.ship_to.country}-") for place in command.catalog.settings.tax_rates):
        yield f"{'billing' if order.shipping_same else 'shipping'}.region", "Choose the state. The tax depends on it."
    if not order.quote or not order.quote.lines:
        yield "lines", "Choose at least one product."
    if command.method not in command.catalog.campaign.methods:
        yield "method", "This campaign does not take this payment method."
    if command.method == "card" and not command.payment and order.quote and order.quote.total:
        yield "payment", "Enter the card."


def _submitted(command: Submit, order: Order) -> OrderSubmitted:
    quoted = order.quote
    if quoted is None:
        raise AssertionError("an order is priced before it is submitted")
    attempt = order.attempt + 1
    body = OrderBody(
        order_id=command.order_id,
        campaign=order.campaign,
        campaign_name=command.catalog.campaign.name,
        customer_id=command.customer_id,
        call=order.call,
        customer=order.customer,
        billing=order.billing,
        shipping=order.ship_to,
        quote=quoted,
        notes=order.notes,
    )
    submitted = SubmittedOrder(
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
    parts = _parts(command.catalog.campaign, quoted) if command.method == "card" else ()
    return OrderSubmitted(order_id=command.order_id, attempt=attempt, payment=command.payment, parts=parts, submitted=submitted)


def _rules(command: Submit, order: Order) -> Rules:
    catalog = command.catalog
    return Rules(
        campaign=order.campaign,
        campaign_version=order.campaign_version,
        settings_version=catalog.settings_number,
        skip_qa=catalog.settings.prepaid_skip_qa,
        qa_share=catalog.campaign.qa_share,
    )


def _parts(campaign: Campaign, quoted: Quote) -> tuple[Part, ...]:
    """One part a gateway, for the lines of the offers that are assigned to it."""
    gateways = {offer.id: offer.gateway for offer in campaign.offers}
    amounts: dict[str, int] = {}
    for line in quoted.lines:
        amounts[gateways[line.product]] = amounts.get(gateways[line.product], 0) + line.total
    return tuple(Part(number=n, gateway=gateway, amount=amount) for n, (gateway, amount) in enumerate(sorted(amounts.items()), 1) if amount)


def _reopen(command: Reopen, order: Order) -> Sequence[Event]:
    if order.stage != "submitted" or order.attempt != command.attempt:
        return []
    said = {name: getattr(command, name) for name in ("reason", "say", "retry", "try_next", "instrument", "amount")}
    return [OrderReopened(order_id=command.order_id, why="declined", attempt=command.attempt, **said)]


def _applied(order: Order, changes: CartChanges) -> Order:
    given: dict[str, Any] = {name: getattr(changes, name) for name in CartChanges.model_fields if getattr(changes, name) is not None}
    return replace(order, stage="open", **given)


def evolve(order: Order, event: Event) -> Order:
    match event:
        case CartUpdated():
            changed = _applied(order, event.changes)
            return replace(changed, quote=event.quote or order.quote, campaign_version=event.campaign_version)
        case OrderSubmitted(submitted=submitted):
            at, customer = submitted.submitted_at, submitted.order.customer_id
            return replace(order, stage="submitted", attempt=event.attempt, submitted_at=at, customer_id=customer)
        case OrderReopened() if order.submitted_at:
            return replace(order, stage="open", declines=(*order.declines, _declined(event, order.submitted_at)))
        case OrderClosed(why="erased"):
            return _erased(order)
        case OrderClosed():
            return replace(order, stage="closed")
    return order


def _declined(event: OrderReopened, submitted_at: datetime) -> Declined:
    return Declined(event.attempt, event.reason, event.say, event.retry, event.try_next, submitted_at, event.instrument, event.amount)


def _erased(order: Order) -> Order:
    """As it reads once the key is dropped."""
    return replace(
        order,
        stage="closed",
        erased=True,
        customer=erased(order.customer),
        billing=erased(order.billing),
        shipping=erased(order.shipping),
        notes=ERASED if order.notes else "",
    )


order = Aggregate("order", Order(), decide, evolve, (Change, Submit, Place, Reopen, Close), opens=True)
