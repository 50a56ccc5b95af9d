"""Whose turn an order is: an agent's, its customer's, or nobody's; and what a customer may change of it."""

from __future__ import annotations

from collections.abc import Mapping

from services.cart.lines import PRICES, Errors, Wanted
from services.cart.state import CUSTOMER, Order
from shared.contracts.cart import CartChanges
from shared.kernel.decider import Refused

_THEIRS = frozenset(("customer", "billing", "shipping", "shipping_same", "lines", "coupons", "profile", "fields", "terms_agreed", "particulars"))
_AT_FIRST = _THEIRS | {"campaign", "source", "attribution"}


def refused_turn(order: Order, actor: str) -> Refused | None:
    """A customer may go on with one that is kept for them."""
    if order.stage == "submitted":
        return Refused("being-charged", "This order is being charged. Wait for the outcome.")
    if order.stage == "closed":
        return Refused("closed", "This order is finished. Start a new one.")
    if actor == CUSTOMER:
        return Refused("with-agent", "An agent has this order open.") if order.stage == "open" and order.of == "agent" else None
    if order.stage == "partial":
        return Refused("partial", "This order is kept as a partial. Press Complete Order first.")
    return Refused("with-customer", "The customer has this order open. Complete Order takes it over.") if order.of == "customer" else None


def not_theirs(changes: CartChanges, wanted: Mapping[str, Wanted] | None, order: Order) -> Errors:
    """What a customer does not change."""
    theirs = _AT_FIRST if order.stage == "none" else _THEIRS
    for name in CartChanges.model_fields:
        if getattr(changes, name) is not None and name not in theirs:
            yield name, "not-yours", "Only an agent changes this."
    for product, each in (wanted or {}).items():
        for name in PRICES:
            if getattr(each, name) is not None:
                yield f"lines.{product}.{name}", "not-yours", "Only an agent changes a price."


def as_promised(wanted: Mapping[str, Wanted], order: Order) -> dict[str, Wanted]:
    """With the prices that an agent gave, but for one that was approved for another quantity."""
    known = {line.product: line for line in order.lines}
    approved = {each.line: each.quantity for each in order.approved}

    def promised(product: str, each: Wanted) -> Wanted:
        line = known.get(product)
        if line is None or approved.get(line.line, each.quantity) != each.quantity:
            return each
        return Wanted(each.quantity, line.price, line.shipping_price, line.reason)

    return {product: promised(product, each) for product, each in wanted.items()}
