"""Prices beyond an offer's limits: an agent asks, a supervisor approves or refuses (domain.md, OE9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.cart.changing import Change, change
from services.cart.lines import PRICES, Wanted, beyond, limits, not_allowed, refused
from services.cart.pricing import Catalog, Known
from services.cart.state import Order, evolve, together
from services.cart.tariff import Sold
from shared.contracts.cart import CartChanges, OverrideApproved, OverrideRefused, OverrideRequested
from shared.kernel.decider import Decision, Refused

_NOT_ASKED = Refused("not-asked", "Nobody waits for this any more: it was decided, or the line was changed.")


@dataclass(frozen=True, slots=True)
class Ask:
    """A price that is None is left as it is."""

    order_id: str
    catalog: Catalog
    product: str
    price: int | None
    shipping_price: int | None
    reason: str
    actor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Approve:
    order_id: str
    catalog: Catalog
    known: Known
    line: int
    supervisor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Refuse:
    order_id: str
    line: int
    supervisor: str
    reason: str


def ask(command: Ask, order: Order) -> Decision:
    """One waits for each line: asking again takes the place of what was asked before."""
    sold = command.catalog.tariff.products.get(command.product)
    line = next((line for line in order.lines if line.product == command.product and line.quantity), None)
    field = f"lines.{command.product}"
    if sold is None or line is None:
        return Refused("unknown-product", "Choose how many of this product there are first.", field=field, conflict=False)
    wrong = refused(list(_wrong(command, sold)))
    if wrong:
        return wrong
    asked = OverrideRequested(
        order_id=command.order_id,
        line=line.line,
        product=command.product,
        name=sold.name,
        quantity=line.quantity,
        price=command.price,
        shipping_price=command.shipping_price,
        list_price=sold.price,
        list_shipping_price=sold.shipping_price,
        limit=_limit(command, sold),
        currency=command.catalog.tariff.campaign.currency,
        reason=command.reason,
        by=command.actor,
        was_price=line.price,
        was_shipping_price=line.shipping_price,
        requested_at=command.now,
    )
    return [] if any(each.model_copy(update={"requested_at": command.now}) == asked for each in order.asked) else [asked]


def _wrong(command: Ask, sold: Sold) -> Iterator[tuple[str, str, str]]:
    field, currency = f"lines.{command.product}", command.catalog.tariff.campaign.currency
    asked = [(name, getattr(command, name)) for name in PRICES if getattr(command, name) is not None]
    for name, _ in asked:
        if refusal := not_allowed(name, sold, command.catalog):
            yield f"{field}.{name}", *refusal
    if not any(beyond(name, amount, sold, currency) for name, amount in asked):
        yield f"{field}.price", "within-limits", "Nobody has to approve this price: it is within the limits."
    if not command.reason:
        yield f"{field}.reason", "missing", f"Say why the price of {sold.name} is changed."


def _limit(command: Ask, sold: Sold) -> str:
    currency = command.catalog.tariff.campaign.currency
    said = [f"{PRICES[name]} {limits(name, sold, currency)}" for name in PRICES if getattr(command, name) is not None]
    return ", ".join(said)


def approve(command: Approve, order: Order) -> Decision:
    asked = _asked(order, command.line)
    if asked is None:
        return _NOT_ASKED
    if asked.by == command.supervisor:
        return Refused("own-override", "Somebody else has to approve what you asked for.")
    agreed = _agreed(command, asked)
    return together(order, lambda order: [agreed], lambda agreed_on: change(_changed(command, asked, order), agreed_on))


def _agreed(command: Approve, asked: OverrideRequested) -> OverrideApproved:
    return OverrideApproved(
        order_id=command.order_id,
        line=command.line,
        product=asked.product,
        quantity=asked.quantity,
        price=asked.price,
        shipping_price=asked.shipping_price,
        supervisor=command.supervisor,
    )


def _changed(command: Approve, asked: OverrideRequested, order: Order) -> Change:
    """As the agent who asked would type it."""
    lines = {line.product: Wanted(line.quantity, line.price, line.shipping_price, line.reason) for line in order.lines if line.quantity}
    before = lines[asked.product]
    price = before.price if asked.price is None else asked.price
    shipping_price = before.shipping_price if asked.shipping_price is None else asked.shipping_price
    lines[asked.product] = Wanted(asked.quantity, price, shipping_price, asked.reason)
    return Change(command.order_id, command.catalog, command.known, asked.by, command.now, CartChanges(), lines)


def to_price(command: Approve, order: Order) -> tuple[Change, Order] | None:
    """The change that the approval comes to, and the order that it is made of; None where nothing was asked."""
    asked = _asked(order, command.line)
    if asked is None:
        return None
    return _changed(command, asked, order), evolve(order, _agreed(command, asked))


def refuse(command: Refuse, order: Order) -> Decision:
    asked = _asked(order, command.line)
    if asked is None:
        return _NOT_ASKED
    refused = OverrideRefused(
        order_id=command.order_id, line=command.line, product=asked.product, supervisor=command.supervisor, reason=command.reason
    )
    return [refused]


def _asked(order: Order, line: int) -> OverrideRequested | None:
    return next((each for each in order.asked if each.line == line), None)
