"""An order that is no sale yet: kept as a partial, and completed later by an agent (flows.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.cart.carried import answers, body
from services.cart.changing import BUSY, Change, Reprice, change, reprice
from services.cart.lines import refused
from services.cart.links import live
from services.cart.state import Order, together
from services.cart.turns import refused_turn
from shared.contracts.cart import Disposition, DraftLinkRevoked, OrderReopened, PartialCreated
from shared.contracts.catalog import Campaign
from shared.contracts.order import Call, Quote
from shared.kernel.decider import Decision, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class NoSale:
    order_id: str
    campaign: Campaign
    actor: str
    now: datetime
    customer_id: str
    disposition: Disposition | str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class StartPartial:
    """Start and no sale in one append."""

    change: Change
    no_sale: NoSale


@dataclass(frozen=True, slots=True)
class Complete:
    """Also takes over what is open for the customer. What cannot be re-priced, since its campaign is retired or sells no such quantity any more,
    is opened as it is: an agent has to see it to put it right."""

    reprice: Reprice
    call: Call


def no_sale(command: NoSale, order: Order) -> Decision:
    if order.stage == "partial":
        return Refused("partial", "This order is kept as a partial already.")
    wrong = refused([(field, "missing", detail) for field, detail in missing(order)], "incomplete")
    if wrong:
        return wrong
    if not command.customer_id:
        return BUSY
    quoted = order.quote or Quote(currency=command.campaign.currency)
    return [
        PartialCreated(
            order_id=command.order_id,
            disposition=command.disposition,
            note=command.note,
            source=order.source,
            made_by=command.actor,
            created_at=command.now,
            campaign_version=order.campaign_version,
            order=body(order, command.order_id, command.customer_id, command.campaign, quoted),
            customer=answers(order, command.campaign),
        )
    ]


def missing(order: Order) -> Iterator[tuple[str, str]]:
    """Of who it is for, and how they are reached. Field and sentence."""
    if not order.customer.first_name:
        yield "customer.first_name", "Enter the first name."
    if not order.customer.last_name:
        yield "customer.last_name", "Enter the last name."
    if not (order.customer.phone or order.customer.email):
        yield "customer.phone", "Enter a phone number or an e-mail address."


def start_partial(command: StartPartial, order: Order) -> Decision:
    if order.stage != "none":
        return Refused("started", "This order has been started already.")
    return together(order, lambda order: change(command.change, order), lambda order: no_sale(command.no_sale, order))


def complete(command: Complete, order: Order) -> Decision:
    if order.stage in ("submitted", "closed"):
        return refused_turn(order, command.call.agent) or []
    if order.stage == "none" or (order.stage == "open" and order.of == "agent"):
        return []
    decided = together(order, lambda order: _taken_over(command, order), lambda order: reprice(command.reprice, order))
    return decided if not isinstance(decided, Refused) or decided == BUSY else _taken_over(command, order)


def taken_over(order: Order) -> Order:
    """As it is re-priced."""
    return replace(order, stage="open", of="agent", links=())


def _taken_over(command: Complete, order: Order) -> list[Event]:
    id, now = command.reprice.order_id, command.reprice.now
    ended = [DraftLinkRevoked(order_id=id, link_id=link.link_id, why="taken-over") for link in order.links if live(link, now)]
    return [*ended, OrderReopened(order_id=id, why="completing", of="agent", call=command.call)]
