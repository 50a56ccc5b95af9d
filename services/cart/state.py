"""What an order is, folded from its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from services.cart.pricing import About
from shared.contracts.cart import (
    CartChanges,
    CartUpdated,
    Channel,
    Disposition,
    DraftLinkIssued,
    DraftLinkOpened,
    DraftLinkRevoked,
    OrderClosed,
    OrderReopened,
    OrderSubmitted,
    OverrideApproved,
    OverrideRefused,
    OverrideRequested,
    PartialCreated,
    RecordingPaused,
    RecordingResumed,
    RetryAllowed,
    SecondFactTried,
    Source,
)
from shared.contracts.order import Address, Attribution, Call, FieldValue, Instrument, Line, Particulars, Person, Quote
from shared.kernel.decider import Decision, Refused
from shared.kernel.events import ERASED, Event, erased

CUSTOMER = "customer"
"""The actor who is not of the house."""

Why = Literal["approved", "denied", "cancelled", "erased"]


_OnLine = TypeVar("_OnLine", OverrideRequested, OverrideRefused)


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
class Held:
    """The order as it was when its prices were locked for the customer."""

    lines: tuple[Line, ...]
    quote: Quote
    coupons: tuple[str, ...]
    profile: str


@dataclass(frozen=True, slots=True)
class Link:
    link_id: str
    token_hash: str
    channel: Channel
    to: str
    issued_at: datetime | None
    issued_by: str
    expires_at: datetime
    held: Held | None = None
    """With a price lock."""
    opened_at: datetime | None = None
    completed: bool = False
    revoked: str = ""
    """Why."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A price beyond the limits, for this quantity."""

    line: int
    quantity: int
    price: int | None
    shipping_price: int | None


@dataclass(frozen=True, slots=True)
class Order:
    stage: Literal["none", "open", "partial", "submitted", "closed"] = "none"
    of: Literal["agent", "customer"] = "agent"
    """Whose page it is open on."""
    source: Source = "phone"
    reorder_of: str = ""
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
    repriced_from: int | None = None
    """Its total before the last change, where that was a re-pricing."""
    gone: tuple[str, ...] = ()
    """Names of the products that it took out."""
    delivery_was: str = ""
    """The profile that it replaced, until one is chosen."""
    attempt: int = 0
    submitted_at: datetime | None = None
    customer_id: str = ""
    declines: tuple[Declined, ...] = ()
    pardoned: int = 0
    """So many of them were before a supervisor allowed another try."""
    closed_as: Why | Literal[""] = ""
    """Why it was closed first, or that it was cancelled after it was approved."""
    erased: bool = False
    coupons: tuple[str, ...] = ()
    profile: str = ""
    fields: tuple[FieldValue, ...] = ()
    terms_agreed: bool = False
    attribution: Attribution = Attribution()  # noqa: RUF009
    particulars: Particulars = Particulars()  # noqa: RUF009
    trial_override: bool = False
    force_qa: bool = False
    disposition: Disposition | Literal[""] = ""
    recording_paused: bool = False
    links: tuple[Link, ...] = ()
    asked: tuple[OverrideRequested, ...] = ()
    refused: tuple[OverrideRefused, ...] = ()
    """For which prices a supervisor's approval is waited for."""
    approved: tuple[Approved, ...] = ()
    wrong_facts: int = 0
    """So often somebody who has the bare order id guessed wrong."""

    @property
    def undecided(self) -> bool:
        """Its customer was erased while it was submitted: it may still be approved, denied or cancelled."""
        return self.closed_as == "erased" and self.attempt > len(self.declines)

    @property
    def ship_to(self) -> Address:
        return self.billing if self.shipping_same else self.shipping


def about(order: Order) -> About:
    """What its price depends on beside its lines."""
    customer, place = order.customer, order.ship_to
    return About(order.customer_id, customer.phone, customer.email, place.country, place.region, place.postal, order.coupons)


def applied(order: Order, changes: CartChanges) -> Order:
    given: dict[str, Any] = {name: getattr(changes, name) for name in CartChanges.model_fields if getattr(changes, name) is not None}
    changed = replace(order, stage="open", **given)
    if order.stage == "none" and changes.source == "checkout":
        changed = replace(changed, of="customer")
    if changes.lines is None or not (order.asked or order.approved):
        return changed
    return replace(changed, asked=_still(order.asked, changes.lines, _was), approved=_still(order.approved, changes.lines, _is))


def _still(prices: tuple[Any, ...], lines: Sequence[Line], of: Callable[[Any], tuple[int, int | None, int | None]]) -> tuple[Any, ...]:
    """Those that are about a line as it is now."""
    now = {line.line: (line.quantity, line.price, line.shipping_price) for line in lines}
    return tuple(each for each in prices if now.get(each.line) == of(each))


def _was(asked: OverrideRequested) -> tuple[int, int | None, int | None]:
    return asked.quantity, asked.was_price, asked.was_shipping_price


def _is(approved: Approved) -> tuple[int, int | None, int | None]:
    return approved.quantity, approved.price, approved.shipping_price


def together(order: Order, *steps: Callable[[Order], Decision]) -> Decision:
    """Each on what the ones before it made of the order: all of them or none."""
    events: list[Event] = []
    for step in steps:
        decided = step(order)
        if isinstance(decided, Refused):
            return decided
        for event in decided:
            order = evolve(order, event)
        events += decided
    return events


def evolve(order: Order, event: Event) -> Order:
    match event:
        case CartUpdated():
            return _updated(order, event)
        case OrderSubmitted():
            return _submitted(order, event)
        case OrderReopened(why="declined") if order.submitted_at:
            links = tuple(replace(link, completed=False) for link in order.links)
            return replace(order, stage="open", declines=(*order.declines, _declined(event, order.submitted_at)), links=links)
        case OrderReopened(why="completing"):
            return replace(order, stage="open", of=event.of, call=event.call or order.call, repriced_from=None, gone=())
        case PartialCreated():
            customer = event.order.customer_id
            return replace(order, stage="partial", customer_id=customer, source=event.source, disposition=event.disposition, asked=())
        case OrderClosed(why="erased"):
            return _erased(order)
        case OrderClosed():
            last = event.why == "cancelled" or order.undecided
            return replace(order, stage="closed", closed_as=event.why if last else order.closed_as or event.why, asked=())
    return _beside(order, event)


def _updated(order: Order, event: CartUpdated) -> Order:
    quote, repriced = event.quote or order.quote, event.repriced_from is not None
    was = "" if event.changes.profile else order.delivery_was
    if repriced and order.quote and quote and order.quote.profile != quote.profile:
        was = was or order.quote.profile
    return replace(
        applied(order, event.changes),
        quote=quote,
        campaign_version=event.campaign_version,
        repriced_from=event.repriced_from,
        gone=_gone(order.quote, quote) if repriced else (),
        delivery_was=was,
    )


def _gone(before: Quote | None, after: Quote | None) -> tuple[str, ...]:
    """Names of the products that are in the one and not in the other."""
    left = {line.product for line in after.lines} if after else set()
    return tuple(line.name for line in before.lines if line.product not in left) if before else ()


def _beside(order: Order, event: Event) -> Order:
    """What happens beside the order's own life."""
    match event:
        case DraftLinkIssued():
            return replace(order, links=(*order.links, _link(order, event)))
        case DraftLinkOpened(link_id=id, at=at):
            return replace(order, links=tuple(replace(link, opened_at=at) if link.link_id == id else link for link in order.links))
        case DraftLinkRevoked(link_id=id, why=why):
            return replace(order, links=tuple(replace(link, revoked=why, held=None) if link.link_id == id else link for link in order.links))
        case SecondFactTried(matched=False):
            return replace(order, wrong_facts=order.wrong_facts + 1)
        case OverrideRequested():
            return replace(order, asked=(*_without(order.asked, event.line), event), refused=_without(order.refused, event.line))
        case OverrideApproved():
            rest = tuple(each for each in order.approved if each.line != event.line)
            return replace(order, asked=_without(order.asked, event.line), approved=(*rest, _approved(order, event)))
        case OverrideRefused():
            return replace(order, asked=_without(order.asked, event.line), refused=(*_without(order.refused, event.line), event))
        case RetryAllowed():
            return replace(order, pardoned=len(order.declines))
        case RecordingPaused() | RecordingResumed():
            return replace(order, recording_paused=isinstance(event, RecordingPaused))
    return order


def _submitted(order: Order, event: OrderSubmitted) -> Order:
    sent = event.submitted
    by_link = sent.placed_by == CUSTOMER
    links = tuple(replace(link, completed=True) if by_link and _open(link, sent.submitted_at) else link for link in order.links)
    customer = sent.order.customer_id
    return replace(
        order, stage="submitted", attempt=event.attempt, submitted_at=sent.submitted_at, customer_id=customer, links=links, asked=()
    )  # fmt: skip


def _open(link: Link, now: datetime) -> bool:
    return not link.revoked and now < link.expires_at


def _declined(event: OrderReopened, submitted_at: datetime) -> Declined:
    return Declined(event.attempt, event.reason, event.say, event.retry, event.try_next, submitted_at, event.instrument, event.amount)


def _link(order: Order, event: DraftLinkIssued) -> Link:
    held = Held(order.lines, order.quote, order.coupons, order.profile) if event.price_lock and order.quote else None
    return Link(event.link_id, event.token_hash, event.channel, event.to, event.issued_at, event.issued_by, event.expires_at, held)


def _approved(order: Order, event: OverrideApproved) -> Approved:
    line = next(each for each in order.lines if each.line == event.line)
    price = line.price if event.price is None else event.price
    return Approved(event.line, event.quantity, price, line.shipping_price if event.shipping_price is None else event.shipping_price)


def _without(said: tuple[_OnLine, ...], line: int) -> tuple[_OnLine, ...]:
    return tuple(each for each in said if each.line != line)


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
        attribution=erased(order.attribution),
        particulars=erased(order.particulars),
        links=tuple(replace(link, to=ERASED if link.to else "", held=None) for link in order.links),
        asked=(),
        refused=(),
    )
