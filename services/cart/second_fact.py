"""Somebody who has the bare order id knows a second fact about its customer, or does not (domain.md, OE17)."""

from __future__ import annotations

from dataclasses import dataclass

from services.cart.standard1.snapshot import postal_of
from services.cart.state import Order
from shared.contracts.cart import SecondFactTried
from shared.kernel.decider import Decision, Refused
from shared.kernel.events import ERASED
from shared.text import digits

TRIES = 5


@dataclass(frozen=True, slots=True)
class TryFact:
    order_id: str
    fact: str


def try_fact(command: TryFact, order: Order) -> Decision:
    if order.stage == "closed":
        return Refused("closed", "This order is finished.")
    if order.wrong_facts >= TRIES:
        return Refused("too-many-tries", "That did not match too often. Ask for a link to your order.")
    return [SecondFactTried(order_id=command.order_id, matched=matches(command.fact, order))]


def matches(fact: str, order: Order) -> bool:
    """The postal code of the billing address, or the last four digits of the phone number."""
    postal, phone, country = order.billing.postal, order.customer.phone, order.billing.country
    facts = {postal_of(postal, country)} if postal and postal != ERASED else set()
    end = digits(phone)[-4:]
    return postal_of(fact, country) in facts or (len(end) == 4 and fact.strip() == end)
