"""The order while it is being rung up: what is in it, what it costs, and when it is submitted."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.cart.lines import Errors, Wanted, after, refused
from services.cart.pricing import About, Catalog, Known, quote
from services.cart.providers import Question, Unasked
from services.cart.standard1.snapshot import InvalidSnapshot
from services.cart.submission import gone, limited, missing, submitted
from shared.contracts.cart import CartChanges, CartUpdated, OrderClosed, OrderReopened, OrderSubmitted
from shared.contracts.catalog import Campaign
from shared.contracts.order import Address, Call, FieldValue, Instrument, Line, Method, Person, Quote
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import ERASED, Event, erased

DECLINES_AN_HOUR = 5

Why = Literal["approved", "denied", "cancelled", "erased"]


_BUSY = Refused("busy", "Others are changing this at the same time. Try again.")


@dataclass(frozen=True, slots=True)
class Change:
    """The first one starts the order. ``lines`` replaces them, by product. ``known`` are the circumstances that it was priced in."""

    order_id: str
    catalog: Catalog
    known: Known
    actor: str
    changes: CartChanges
    lines: Mapping[str, Wanted] | None = None


@dataclass(frozen=True, slots=True)
class Reprice:
    """By the campaign and settings as they are now. What is not sold any more leaves the order; changed prices stay."""

    order_id: str
    catalog: Catalog
    known: Known
    actor: str


@dataclass(frozen=True, slots=True)
class Submit:
    """``redeemed`` are the limited coupons of which this order has a use, ``used`` the codes of the customer's other orders."""

    order_id: str
    catalog: Catalog
    method: Method
    payment: str
    actor: str
    customer_id: str
    now: datetime
    today: str
    redeemed: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


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


Command = Change | Reprice | Submit | Place | Reopen | Close


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
    closed_as: Why | Literal[""] = ""
    """Why it was closed first, or that it was cancelled after it was approved."""
    erased: bool = False
    coupons: tuple[str, ...] = ()
    profile: str = ""
    fields: tuple[FieldValue, ...] = ()
    terms_agreed: bool = False

    @property
    def undecided(self) -> bool:
        """Its customer was erased while it was submitted: it may still be approved, denied or cancelled."""
        return self.closed_as == "erased" and self.attempt > len(self.declines)

    @property
    def ship_to(self) -> Address:
        return self.billing if self.shipping_same else self.shipping


def decide(command: Command, order: Order) -> Sequence[Event] | Refused:
    match command:
        case Close(order_id, why):
            return [] if _is_closed(order, why) else [OrderClosed(order_id=order_id, why=why)]
        case Reopen():
            return _reopen(command, order)
    stopped = _stopped(order)
    if stopped:
        return stopped
    match command:
        case Change():
            return _change(command, order)
        case Reprice():
            return _reprice(command, order)
        case Submit():
            return _submit(command, order)
        case Place(change, submit):
            return _place(change, submit, order)


def _is_closed(order: Order, why: Why) -> bool:
    """An approved one may be cancelled until it goes out: its coupons have not been used then."""
    if why == "erased":
        return order.erased
    return order.stage == "closed" and not (order.undecided or (why == "cancelled" and order.closed_as == "approved"))


def _stopped(order: Order) -> Refused | None:
    if order.stage == "submitted":
        return Refused("being-charged", "This order is being charged. Wait for the outcome.")
    if order.stage == "closed":
        return Refused("closed", "This order is finished. Start a new one.")
    return None


def unasked(command: Change | Reprice, order: Order) -> Question | None:
    """What a provider has to be asked before this can be decided."""
    change = _anew(command, order) if isinstance(command, Reprice) else command
    if _stopped(order) or isinstance(change, Refused):
        return None
    made = _made(change, order)
    if isinstance(made, Refused):
        return None
    with contextlib.suppress(InvalidSnapshot):
        try:
            _priced(change, made[1])
        except Unasked as unasked:
            return unasked.question
    return None


def _change(command: Change, order: Order) -> Sequence[Event] | Refused:
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


def _reprice(command: Reprice, order: Order) -> Sequence[Event] | Refused:
    change = _anew(command, order)
    return change if isinstance(change, Refused) else _change(change, order)


def _anew(command: Reprice, order: Order) -> Change | Refused:
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
    return Change(command.order_id, catalog, command.known, command.actor, changes, lines)


def _made(command: Change, order: Order) -> tuple[CartChanges, Order] | Refused:
    """The changes with lines, and the order with them, not priced yet."""
    catalog, changes = command.catalog, command.changes
    if catalog.retired and order.stage == "none":
        return _retired(catalog)
    if command.lines is not None:
        lines = after(command.lines, order.lines, catalog, command.actor)
        if isinstance(lines, Refused):
            return lines
        changes = changes.model_copy(update={"lines": lines})
    changed = applied(order, changes)
    wrong = refused([*_wrong_profile(changed, catalog.tariff.campaign), *_wrong_answers(changes, catalog.tariff.campaign)])
    return wrong or (changes, changed)


def _retired(catalog: Catalog) -> Refused:
    return Refused("campaign-retired", f"The campaign {catalog.tariff.campaign.name} has been retired.", field="campaign", conflict=False)


def about(order: Order) -> About:
    """What its price depends on beside its lines."""
    customer, place = order.customer, order.ship_to
    return About(order.customer_id, customer.phone, customer.email, place.country, place.region, place.postal, order.coupons)


def applied(order: Order, changes: CartChanges) -> Order:
    given: dict[str, Any] = {name: getattr(changes, name) for name in CartChanges.model_fields if getattr(changes, name) is not None}
    return replace(order, stage="open", **given)


def _quoted(command: Change, order: Order) -> Quote | Refused:
    """Busy where the circumstances, or a provider's answers, are those of another order than this has become."""
    try:
        return _priced(command, order) or _BUSY
    except Unasked:
        return _BUSY
    except InvalidSnapshot as invalid:
        return Refused("invalid-snapshot", f"This order cannot be priced: {invalid}", field=invalid.field, conflict=False)


def _priced(command: Change, order: Order) -> Quote | None:
    """Raises InvalidSnapshot, Unasked."""
    known = command.known(about(order))
    return quote(command.catalog, order.lines, order.coupons, order.profile, order.ship_to, known) if known else None


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
        return Refused("campaign-retired", f"The campaign {catalog.tariff.campaign.name} has been retired.", conflict=False)
    recent = [declined for declined in order.declines if command.now - declined.submitted_at < timedelta(hours=1)]
    if len(recent) >= DECLINES_AN_HOUR:
        return Refused("too-many-attempts", "Five attempts were declined within an hour. A supervisor has to help.")
    wrong = refused(list(missing(command, order)), "incomplete") or refused(list(gone(command, order)))
    if wrong:
        return wrong
    if order.quote is None or not command.customer_id or not limited(catalog.tariff, order.quote) <= command.redeemed:
        return _BUSY
    return [submitted(command, order, order.quote)]


def _reopen(command: Reopen, order: Order) -> Sequence[Event]:
    if order.stage != "submitted" or order.attempt != command.attempt:
        return []
    said = {name: getattr(command, name) for name in ("reason", "say", "retry", "try_next", "instrument", "amount")}
    return [OrderReopened(order_id=command.order_id, why="declined", attempt=command.attempt, **said)]


def evolve(order: Order, event: Event) -> Order:
    match event:
        case CartUpdated():
            changed = applied(order, event.changes)
            return replace(changed, quote=event.quote or order.quote, campaign_version=event.campaign_version)
        case OrderSubmitted(submitted=sent):
            at, customer = sent.submitted_at, sent.order.customer_id
            return replace(order, stage="submitted", attempt=event.attempt, submitted_at=at, customer_id=customer)
        case OrderReopened() if order.submitted_at:
            return replace(order, stage="open", declines=(*order.declines, _declined(event, order.submitted_at)))
        case OrderClosed(why="erased"):
            return _erased(order)
        case OrderClosed():
            return replace(
                order, stage="closed", closed_as=event.why if event.why == "cancelled" or order.undecided else order.closed_as or event.why
            )
    return order


def _declined(event: OrderReopened, submitted_at: datetime) -> Declined:
    return Declined(event.attempt, event.reason, event.say, event.retry, event.try_next, submitted_at, event.instrument, event.amount)


def _erased(order: Order) -> Order:
    """As it reads once the key is dropped."""
    return replace(
        order,
        stage="closed",
        closed_as=order.closed_as or "erased",
        erased=True,
        customer=erased(order.customer),
        billing=erased(order.billing),
        shipping=erased(order.shipping),
        notes=ERASED if order.notes else "",
        lines=tuple(erased(line) for line in order.lines),
        fields=tuple(erased(answer) for answer in order.fields),
    )


order = Aggregate("order", Order(), decide, evolve, (Change, Reprice, Submit, Place, Reopen, Close), opens=True)
