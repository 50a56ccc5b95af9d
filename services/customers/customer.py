"""A customer: the profile as their newest order has it, the agents' notes, and that they want to be forgotten.

The state holds nothing personal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.contracts.customers import CustomerErased, CustomerNoted, CustomerUpdated
from shared.contracts.order import SubmittedOrder
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Update:
    """They have ordered."""

    submitted: SubmittedOrder


@dataclass(frozen=True, slots=True)
class Erase:
    """``unfinished`` are those of their orders that still need to know them, and the status of each."""

    customer_id: str
    order_ids: tuple[str, ...]
    unfinished: tuple[tuple[str, str], ...] = ()


Command = Update | Erase


@dataclass(frozen=True, slots=True)
class Customer:
    """``newest`` is the submission that the profile is of."""

    newest: tuple[datetime, str] | None = None
    noted: frozenset[str] = field(default_factory=frozenset)
    erased: bool = False


def decide(command: Command, customer: Customer) -> Sequence[Event] | Refused:
    if customer.erased:
        return []
    match command:
        case Update(submitted):
            return [*_profile(submitted, customer), *_note(submitted, customer)]
        case Erase(customer_id, order_ids, ()):
            return [CustomerErased(customer_id=customer_id, order_ids=order_ids)]
        case Erase(unfinished=unfinished):
            return _unfinished(unfinished)


def _profile(submitted: SubmittedOrder, customer: Customer) -> Sequence[Event]:
    """Orders arrive in any order; an older one changes nothing."""
    if customer.newest and (submitted.submitted_at, submitted.order_id) <= customer.newest:
        return []
    order = submitted.order
    return [
        CustomerUpdated(
            customer_id=order.customer_id,
            order_id=order.order_id,
            as_of=submitted.submitted_at,
            person=order.customer,
            billing=order.billing,
            shipping=order.shipping,
        )
    ]


def _note(submitted: SubmittedOrder, customer: Customer) -> Sequence[Event]:
    order = submitted.order
    if not order.notes or order.order_id in customer.noted:
        return []
    return [CustomerNoted(customer_id=order.customer_id, order_id=order.order_id, by=submitted.placed_by, note=order.notes)]


def _unfinished(orders: Sequence[tuple[str, str]]) -> Refused:
    order_id, status = orders[0]
    rows = [{"order_id": order_id, "status": status} for order_id, status in orders]
    return Refused(
        "order-unfinished", f"Order {order_id} is not finished yet ({status}). Its customer can be erased afterwards.", data={"orders": rows}
    )


def evolve(customer: Customer, event: Event) -> Customer:
    match event:
        case CustomerUpdated():
            return replace(customer, newest=(event.as_of, event.order_id))
        case CustomerNoted():
            return replace(customer, noted=customer.noted | {event.order_id})
        case CustomerErased():
            return replace(customer, erased=True)
    return customer


customer = Aggregate("customer", Customer(), decide, evolve, (Update, Erase))
