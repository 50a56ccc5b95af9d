"""What is typed into an order, and what it costs then."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.cart.lines import Errors, Wanted, after, refused
from services.cart.links import locked
from services.cart.locking import with_lock
from services.cart.pricing import Catalog, Known, quote
from services.cart.providers import Question, Unasked
from services.cart.standard1.snapshot import InvalidSnapshot
from services.cart.state import CUSTOMER, Order, about, applied, together
from services.cart.turns import as_promised, not_theirs, refused_turn
from services.cart.typed import kept, wrong
from shared.contracts.cart import CartChanges, CartUpdated, OrderReopened
from shared.contracts.catalog import Campaign
from shared.contracts.order import Quote
from shared.kernel.decider import Decision, Refused

BUSY = Refused("busy", "Others are changing this at the same time. Try again.")


@dataclass(frozen=True, slots=True)
class Change:
    """The first one starts the order. ``lines`` replaces them, by product. ``known`` are the circumstances that it was priced in."""

    order_id: str
    catalog: Catalog
    known: Known
    actor: str
    now: datetime
    changes: CartChanges
    lines: Mapping[str, Wanted] | None = None


@dataclass(frozen=True, slots=True)
class Reprice:
    """By the campaign and settings as they are now. What is not sold any more leaves the order; changed prices stay."""

    order_id: str
    catalog: Catalog
    known: Known
    actor: str
    now: datetime


def change(command: Change, order: Order) -> Decision:
    """A customer's first change opens what was kept for them, by the prices of now unless these are locked."""
    meant = _meant(command, order)
    if isinstance(meant, Refused):
        return meant
    if order.stage != "partial":
        return _changed(meant, order)
    opened = OrderReopened(order_id=command.order_id, why="completing", of="customer")
    return together(order, lambda order: [opened], lambda order: _changed(meant, order))


def _meant(command: Change, order: Order) -> Change | Refused:
    """A customer's keeps what an agent promised, and renews what has to be."""
    if command.actor != CUSTOMER:
        return command
    refusal = refused([*not_theirs(command.changes, command.lines, order)])
    if refusal:
        return refusal
    if command.lines is not None:
        command = replace(command, lines=as_promised(command.lines, order))
    if order.stage != "partial" or locked(order, command.now):
        return command
    made = renewed(Reprice(command.order_id, command.catalog, command.known, command.actor, command.now), order)
    if isinstance(made, Refused):
        return made
    given = {name: value for name, value in command.changes.__dict__.items() if value is not None}
    return replace(command, changes=made.changes.model_copy(update=given), lines=made.lines if command.lines is None else command.lines)


def reprice(command: Reprice, order: Order) -> Decision:
    made = renewed(command, order)
    if isinstance(made, Refused):
        return made
    events = _changed(made, order)
    if isinstance(events, Refused) or order.quote is None:
        return events
    return [event.model_copy(update={"repriced_from": order.quote.total}) for event in events]


def renewed(command: Reprice, order: Order) -> Change | Refused:
    catalog, campaign = command.catalog, command.catalog.tariff.campaign
    if catalog.retired:
        return _retired(catalog)
    sold, asked = catalog.tariff.products, {field.id for field in campaign.fields}
    lines = {
        line.product: Wanted(line.quantity, line.price, line.shipping_price, line.reason) if line.product in sold else Wanted(0)
        for line in order.lines
    }
    lost = all(profile.id != order.profile for profile in campaign.profiles)
    fields = tuple(answer for answer in order.fields if answer.field in asked)
    changes = CartChanges(profile="" if order.profile and lost else None, fields=fields if fields != order.fields else None)
    return Change(command.order_id, catalog, command.known, command.actor, command.now, changes, lines)


def unasked(command: Change | Reprice, order: Order) -> Question | None:
    """What a provider has to be asked before this can be decided."""
    if refused_turn(order, command.actor):
        return None
    change = renewed(command, order) if isinstance(command, Reprice) else _meant(command, order)
    made = change if isinstance(change, Refused) else _made(change, order)
    if isinstance(change, Refused) or isinstance(made, Refused):
        return None
    with contextlib.suppress(InvalidSnapshot):
        try:
            _priced(change, made[1])
        except Unasked as unasked:
            return unasked.question
    return None


def _changed(command: Change, order: Order) -> Sequence[CartUpdated] | Refused:
    made = _made(command, order)
    if isinstance(made, Refused):
        return made
    changes, changed = made
    quoted = _quoted(command, changed)
    if isinstance(quoted, Refused):
        return quoted
    if changed == order and quoted == order.quote and command.catalog.number == order.campaign_version:
        return []
    moved = quoted if quoted != order.quote else None
    return [
        CartUpdated(
            order_id=command.order_id,
            changes=changes,
            quote=moved,
            campaign_version=command.catalog.number,
            settings_version=command.catalog.settings_number,
        )
    ]


def _made(command: Change, order: Order) -> tuple[CartChanges, Order] | Refused:
    """The changes with lines, and the order with them, not priced yet."""
    catalog, changes = command.catalog, kept(command.changes, order, command.catalog)
    if catalog.retired and order.stage == "none":
        return _retired(catalog)
    if command.lines is not None:
        lines = after(command.lines, order.lines, catalog, command.actor, order.approved)
        if isinstance(lines, Refused):
            return lines
        changes = changes.model_copy(update={"lines": lines})
    changed = applied(order, changes)
    campaign = catalog.tariff.campaign
    errors = [*wrong(changes, order, catalog, command.now), *_wrong_profile(changed, campaign), *_wrong_answers(changes, campaign)]
    return refused(errors) or (changes, changed)


def _retired(catalog: Catalog) -> Refused:
    return Refused("campaign-retired", f"The campaign {catalog.tariff.campaign.name} has been retired.", field="campaign", conflict=False)


def _quoted(command: Change, order: Order) -> Quote | Refused:
    """Busy where the circumstances, or a provider's answers, are those of another order than this has become."""
    try:
        return _priced(command, order) or BUSY
    except Unasked:
        return BUSY
    except InvalidSnapshot as invalid:
        return Refused("invalid-snapshot", f"This order cannot be priced: {invalid}", field=invalid.field, conflict=False)


def _priced(command: Change, order: Order) -> Quote | None:
    """Raises InvalidSnapshot, Unasked."""
    known = command.known(about(order))
    if known is None:
        return None
    quoted = quote(command.catalog, order.lines, order.coupons, order.profile, order.ship_to, known)
    held = locked(order, command.now)
    return with_lock(quoted, order, held, command.catalog, known) if held else quoted


def _wrong_profile(order: Order, campaign: Campaign) -> Errors:
    """One that the campaign has lost is never replaced by another one silently."""
    if order.profile and all(profile.id != order.profile for profile in campaign.profiles):
        yield "profile", "unknown-profile", f"The campaign has no shipping profile {order.profile}. Choose another one."


def _wrong_answers(changes: CartChanges, campaign: Campaign) -> Errors:
    fields = {field.id: field for field in campaign.fields}
    for answer in changes.fields or ():
        field, place = fields.get(answer.field), f"fields.{answer.field}"
        if field is None:
            yield place, "unknown-field", "The campaign does not ask for this."
        elif field.kind == "choice" and answer.value not in ("", *field.choices):
            yield place, "choice", f"{field.label} is one of {', '.join(field.choices)}."
        elif field.kind == "checkbox" and answer.value not in ("", "yes"):
            yield place, "choice", f"{field.label} is yes, or nothing."
