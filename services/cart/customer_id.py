"""A customer number is reserved by creating its stream: one that exists belongs to somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.cart import CustomerIdReserved
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Reserve:
    customer_id: str
    order_id: str


def decide(command: Reserve, owner: str) -> Sequence[Event] | Refused:
    if owner and owner != command.order_id:
        return Refused("taken", "This customer number is taken.")
    return [] if owner else [CustomerIdReserved(customer_id=command.customer_id, order_id=command.order_id)]


def evolve(owner: str, event: Event) -> str:
    return event.order_id if isinstance(event, CustomerIdReserved) else owner


customerid = Aggregate("customerid", "", decide, evolve, (Reserve,))
