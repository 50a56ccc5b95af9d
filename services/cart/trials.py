"""Trials that a customer had before: found by customer number, and by keyed hashes of phone and e-mail (domain.md, OE14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.cart.state import Order
from services.cart.used import found_in, hashes, same_person
from shared.aliases import family
from shared.contracts.cart import OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.customers import CustomerErased
from shared.contracts.payments import PaymentRefunded
from shared.kernel.codec import stamp
from shared.kernel.decider import Refused
from shared.kernel.events import ERASED, Fact
from shared.kernel.projector import hasher
from shared.kernel.views import Row, view
from shared.service import Running

Hashed = Callable[[str], str]


class Tried(NamedTuple):
    """``trial`` is the base product, ``name`` what it was called then."""

    trial: str
    name: str
    order_id: str
    ordered_at: str


class Again(NamedTuple):
    """A line of an order that is a trial which its customer had before."""

    product: str
    line: int
    name: str
    order_id: str
    ordered_at: str


def tried_before(order: Order, tried: Sequence[Tried]) -> list[Again]:
    """The newest order of each."""
    newest = {each.trial: each for each in sorted(tried, key=lambda each: each.ordered_at)}
    lines = [line for line in order.quote.lines if line.trial in newest] if order.quote else []
    return [Again(line.product, line.line, line.name, newest[line.trial].order_id, newest[line.trial].ordered_at) for line in lines]


def again(order: Order, tried: Sequence[Tried]) -> Refused | None:
    found = [] if order.trial_override else tried_before(order, tried)
    if not found:
        return None
    said = {each: f"This customer ordered {each.name} as a trial before, on {each.ordered_at[:10]}: order {each.order_id}." for each in found}
    errors = [{"field": f"lines.{each.product}", "code": "trial-duplicate", "detail": detail} for each, detail in said.items()]
    data = {"errors": errors, "trials": [each._asdict() for each in found]}
    return Refused("trial-duplicate", errors[0]["detail"], field=errors[0]["field"], conflict=False, data=data)


def _key(event: OrderSubmitted | OrderReopened | OrderClosed | PaymentRefunded | CustomerErased) -> Sequence[str]:
    return event.order_ids if isinstance(event, CustomerErased) else (event.order_id,)


def _trials(row: Row | None, fact: Fact, id: str, hashed: Hashed) -> Row | None:
    """What is refunded whole stays so, whichever topic comes first."""
    if row and row.get("refunded"):
        return row
    match fact.event:
        case PaymentRefunded(refunded=refunded, captured=captured):
            return {"refunded": True, "trials": {}, "customer_id": None, "phone": None, "email": None} if refunded >= captured else row
        case OrderSubmitted(submitted=submitted):
            order = submitted.order
            found = {line.trial: line.name for line in order.quote.lines if line.trial}
            if not found or ERASED in (order.customer.phone, order.customer.email):
                return None
            known = hashes(order.customer.phone, order.customer.email, hashed)
            return {"trials": found, "ordered_at": stamp(submitted.submitted_at), "customer_id": order.customer_id, **known}
        case OrderReopened(why="completing") | OrderClosed(why="approved"):
            return row
    return None


trials = view("trials", 1, _key, _trials, ["customer_id", "phone", "email"], opens=True)
"""One document an order with trials that was submitted, and not declined, denied, cancelled or refunded since."""


async def tried(service: Running, order_id: str, order: Order, wanted: frozenset[str], customer_id: str = "") -> tuple[Tried, ...]:
    """Those of ``wanted``, by base product, that are in the customer's other orders."""
    if not wanted:
        return ()
    known = customer_id or order.customer_id
    conditions = [{"customer_id": await family(service, known)}] if known else []
    found: set[Tried] = set()
    for where in [*conditions, *same_person(order.customer.phone, order.customer.email, hasher(service.keyring))]:
        async for row in found_in(service, trials, where):
            if row["id"] != order_id:
                found.update(Tried(each, called, row["id"], row["ordered_at"]) for each, called in row["trials"].items() if each in wanted)
    return tuple(sorted(found))


def trials_of(order: Order) -> frozenset[str]:
    return frozenset(line.trial for line in order.quote.lines if line.trial) if order.quote else frozenset()
