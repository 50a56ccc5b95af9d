"""A customer: the profile as their newest order has it, the agents' notes, and that they want to be forgotten.

The state holds nothing personal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.contracts.customers import CustomerErased, CustomerNoted, CustomerUpdated, TaxExemptionChanged
from shared.contracts.order import CustomerAnswers, OrderBody
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

_NOTHING = CustomerAnswers()


@dataclass(frozen=True, slots=True)
class Update:
    """They have ordered, or nearly so, and answered what was asked with it: as of then, by an actor."""

    order: OrderBody
    as_of: datetime
    by: str
    answers: CustomerAnswers = _NOTHING


@dataclass(frozen=True, slots=True)
class Erase:
    """``unfinished`` are those of their orders that still need to know them, and the status of each."""

    customer_id: str
    order_ids: tuple[str, ...]
    unfinished: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Exempt:
    """Whether they pay tax, and on what it rests that they do not."""

    customer_id: str
    exempt: bool
    certificate: str = ""


Command = Update | Erase | Exempt


@dataclass(frozen=True, slots=True)
class Customer:
    """``newest`` is the submission or No Sale that the profile is of, ``orders`` are all that it was ever told by."""

    newest: tuple[datetime, str] | None = None
    noted: frozenset[tuple[str, datetime | None]] = field(default_factory=frozenset)
    orders: frozenset[str] = frozenset()
    erased: bool = False
    exempt: bool = False


def decide(command: Command, customer: Customer) -> Sequence[Event] | Refused:
    if customer.erased:
        return Refused("erased", "This customer was erased.") if isinstance(command, Exempt) else []
    match command:
        case Update():
            return [*_profile(command, customer), *_note(command, customer)]
        case Exempt():
            return _exempt(command, customer)
        case Erase(customer_id, order_ids, ()):
            return [CustomerErased(customer_id=customer_id, order_ids=order_ids)]
        case Erase(unfinished=unfinished):
            return _unfinished(unfinished)


def _profile(command: Update, customer: Customer) -> Sequence[Event]:
    """Orders arrive in any order; an older one changes nothing."""
    order = command.order
    if customer.newest and (command.as_of, order.order_id) <= customer.newest:
        return []
    return [
        CustomerUpdated(
            customer_id=order.customer_id,
            order_id=order.order_id,
            as_of=command.as_of,
            person=order.customer,
            billing=order.billing,
            shipping=order.shipping,
            fields=command.answers.fields,
            particulars=command.answers.particulars,
        )
    ]


def _exempt(command: Exempt, customer: Customer) -> Sequence[Event] | Refused:
    if command.exempt and not command.certificate:
        return Refused("missing", "Enter the certificate that the exemption rests on.", field="certificate", conflict=False)
    if not command.exempt and not customer.exempt:
        return []
    certificate = command.certificate if command.exempt else ""
    return [TaxExemptionChanged(customer_id=command.customer_id, exempt=command.exempt, certificate=certificate)]


def _note(command: Update, customer: Customer) -> Sequence[Event]:
    """Again with each submission and No Sale: more may have been written meanwhile."""
    order = command.order
    if not order.notes or (order.order_id, command.as_of) in customer.noted:
        return []
    return [CustomerNoted(customer_id=order.customer_id, order_id=order.order_id, by=command.by, note=order.notes, as_of=command.as_of)]


def _unfinished(orders: Sequence[tuple[str, str]]) -> Refused:
    order_id, status = orders[0]
    rows = [{"order_id": order_id, "status": status} for order_id, status in orders]
    return Refused(
        "order-unfinished", f"Order {order_id} is not finished yet ({status}). Its customer can be erased afterwards.", data={"orders": rows}
    )


def evolve(customer: Customer, event: Event) -> Customer:
    match event:
        case CustomerUpdated():
            return replace(customer, newest=(event.as_of, event.order_id), orders=customer.orders | {event.order_id})
        case CustomerNoted():
            return replace(customer, noted=customer.noted | {(event.order_id, event.as_of)}, orders=customer.orders | {event.order_id})
        case TaxExemptionChanged():
            return replace(customer, exempt=event.exempt)
        case CustomerErased():
            return replace(customer, erased=True)
    return customer


customer = Aggregate("customer", Customer(), decide, evolve, (Update, Erase, Exempt))
