"""The order while it is being rung up: what may be done with it at each stage, and by whom. The rules themselves are beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.cart.blocked import AllowRetry, allow_retry
from services.cart.changing import Change, Reprice, change, reprice
from services.cart.links import Issue, Open, Revoke, forgotten, issue, open_link, revoke
from services.cart.overrides import Approve, Ask, Refuse, approve, ask, refuse
from services.cart.partial import Complete, NoSale, StartPartial, complete, no_sale, start_partial
from services.cart.second_fact import TryFact, try_fact
from services.cart.state import Order, Why, evolve, together
from services.cart.submission import Submit, repriced, submit
from services.cart.turns import refused_turn
from shared.contracts.cart import OrderClosed, OrderReopened, OrderSubmitted, RecordingPaused, RecordingResumed
from shared.contracts.order import Instrument
from shared.kernel.decider import Aggregate, Decision, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Place:
    """Change and submit in one append."""

    change: Change
    submit: Submit


@dataclass(frozen=True, slots=True)
class Send:
    """A link to an order that an agent has open is No Sale first."""

    issue: Issue
    no_sale: NoSale


@dataclass(frozen=True, slots=True)
class Record:
    """Whether the call is recorded while card or bank details are being said."""

    order_id: str
    paused: bool


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


Turn = Change | Reprice | Submit | Place | NoSale | StartPartial | Ask | Approve | Refuse
Beside = Complete | Send | Open | Revoke | TryFact | AllowRetry | Record | Reopen | Close
Command = Turn | Beside


def decide(command: Command, order: Order) -> Decision:
    match command:
        case Change() | Reprice() | Submit() | Place() | NoSale() | StartPartial() | Ask() | Approve() | Refuse():
            return refused_turn(order, _who(command)) or _in_turn(command, order)
        case _:
            return _beside(command, order)


def _who(command: Turn) -> str:
    match command:
        case Place(change) | StartPartial(change):
            return change.actor
        case Approve(supervisor=supervisor) | Refuse(supervisor=supervisor):
            return supervisor
        case _:
            return command.actor


def _in_turn(command: Turn, order: Order) -> Decision:
    match command:
        case Change():
            return change(command, order)
        case Reprice():
            return reprice(command, order)
        case Submit():
            return submit(command, order)
        case Place():
            return _place(command, order)
        case NoSale():
            return no_sale(command, order)
        case StartPartial():
            return start_partial(command, order)
        case Ask():
            return ask(command, order)
        case Approve():
            return approve(command, order)
        case Refuse():
            return refuse(command, order)


def _beside(command: Beside, order: Order) -> Decision:
    """What does not depend on whose turn it is."""
    match command:
        case Complete():
            return complete(command, order)
        case Send():
            return _send(command, order)
        case Open():
            return open_link(command, order)
        case Revoke():
            return revoke(command, order)
        case TryFact():
            return try_fact(command, order)
        case AllowRetry():
            return allow_retry(command, order)
        case Record():
            return _record(command, order)
        case Reopen():
            return _reopen(command, order)
        case Close():
            return _close(command, order)


def _place(command: Place, order: Order) -> Decision:
    before = order.quote.total if order.stage == "partial" and order.quote else None
    placed = together(order, lambda order: change(command.change, order), lambda order: submit(command.submit, order))
    if isinstance(placed, Refused) or before is None or command.submit.total is not None:
        return placed
    total = next((event.submitted.amount for event in placed if isinstance(event, OrderSubmitted)), before)
    return placed if total == before else repriced(total)


def _send(command: Send, order: Order) -> Decision:
    if order.stage in ("submitted", "closed"):
        return refused_turn(order, command.issue.actor) or []
    if order.stage == "open" and order.of == "agent":
        unmade = issue(command.issue, order)
        if isinstance(unmade, Refused):
            return unmade  # before No Sale asks for a customer number, which is not reserved for what is refused
        return together(order, lambda order: no_sale(command.no_sale, order), lambda order: issue(command.issue, order))
    return issue(command.issue, order)


def _record(command: Record, order: Order) -> Sequence[Event]:
    if order.stage == "closed" or command.paused == order.recording_paused:
        return []
    return [RecordingPaused(order_id=command.order_id) if command.paused else RecordingResumed(order_id=command.order_id)]


def _reopen(command: Reopen, order: Order) -> Sequence[Event]:
    if order.stage != "submitted" or order.attempt != command.attempt:
        return []
    said = {name: getattr(command, name) for name in ("reason", "say", "retry", "try_next", "instrument", "amount")}
    return [OrderReopened(order_id=command.order_id, why="declined", attempt=command.attempt, of=order.of, **said)]


def _close(command: Close, order: Order) -> Sequence[Event]:
    """An approved one may be cancelled until it goes out: its coupons have not been used then."""
    closed = OrderClosed(order_id=command.order_id, why=command.why)
    if command.why == "erased":
        return [] if order.erased else [*forgotten(command.order_id, order), closed]
    stands = order.undecided or (command.why == "cancelled" and order.closed_as == "approved")
    return [] if order.stage == "closed" and not stands else [closed]


order = Aggregate(
    "order",
    Order(),
    decide,
    evolve,
    (
        Change,
        Reprice,
        Submit,
        Place,
        NoSale,
        StartPartial,
        Ask,
        Approve,
        Refuse,
        Complete,
        Send,
        Open,
        Revoke,
        TryFact,
        AllowRetry,
        Record,
        Reopen,
        Close,
    ),
    opens=True,
)
