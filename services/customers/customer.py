"""A customer: the profile as their newest order has it, notes, what they agree to, whose alias they are, and that they want to be forgotten.

The state holds nothing personal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from services.customers.merging import Merge, Pairs, Unmerge, merged, noticed
from shared.contracts.customers import (
    ConsentChanged,
    ConsentName,
    CustomerErased,
    CustomerExported,
    CustomerNoted,
    CustomersMerged,
    CustomersUnmerged,
    CustomerUpdated,
    TaxExemptionChanged,
)
from shared.contracts.order import CustomerAnswers, OrderBody
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

_NOTHING = CustomerAnswers()
_BEFORE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Update:
    """They have ordered, or nearly so, and answered what was asked with it: as of then, by an actor."""

    order: OrderBody
    as_of: datetime
    by: str
    answers: CustomerAnswers = _NOTHING


@dataclass(frozen=True, slots=True)
class Erase:
    """``unfinished`` are those of their orders that still need to know them, and the status of each."""

    customer_id: str
    order_ids: tuple[str, ...]
    unfinished: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exempt:
    """Whether they pay tax, and on what it rests that they do not."""

    customer_id: str
    exempt: bool
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Added by hand."""

    customer_id: str
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Agree:
    """``given`` or taken back, outside of an order. ``phone`` is the number that SMS may go to, ``known``: it is the one of before."""

    customer_id: str
    consent: ConsentName
    given: bool
    by: str
    at: datetime
    phone: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True)
class HandOut:
    """All that is known of them."""

    customer_id: str
    by: str


Command = Update | Erase | Exempt | Note | Agree | HandOut | Merge | Unmerge


@dataclass(frozen=True, slots=True)
class Customer:
    """``newest`` is the submission or No Sale that the profile is of, ``orders`` are all that it was ever told by."""

    newest: tuple[datetime, str] | None = None
    noted: frozenset[tuple[str, datetime | None]] = field(default_factory=frozenset)
    orders: frozenset[str] = frozenset()
    erased: bool = False
    exempt: bool = False
    agreed: frozenset[ConsentName] = frozenset()
    taken_back: Mapping[ConsentName, datetime] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=dict)


def decide(command: Command, customer: Customer) -> Sequence[Event] | Refused:
    if customer.erased:
        return [] if isinstance(command, Update | Erase) else Refused("erased", "This customer was erased.")
    match command:
        case Update():
            return [*_profile(command, customer), *_note(command, customer)]
        case Exempt():
            return _exempt(command, customer)
        case Note() | Agree():
            return _said(command, customer)
        case HandOut(customer_id, by):
            return [CustomerExported(customer_id=customer_id, by=by)]
        case Merge() | Unmerge():
            return merged(command, customer.pairs)
        case Erase(customer_id, order_ids, (), aliases):
            return [CustomerErased(customer_id=customer_id, order_ids=order_ids, aliases=aliases)]
        case Erase(unfinished=unfinished):
            return _unfinished(unfinished)


def _profile(command: Update, customer: Customer) -> Sequence[Event]:
    """Orders arrive in any order; an older one changes nothing."""
    order = command.order
    if customer.newest and (command.as_of, order.order_id) <= customer.newest:
        return []
    return [
        CustomerUpdated(
            customer_id=order.customer_id,
            order_id=order.order_id,
            as_of=command.as_of,
            person=order.customer,
            billing=order.billing,
            shipping=order.shipping,
            fields=command.answers.fields,
            particulars=command.answers.particulars,
        )
    ]


def _exempt(command: Exempt, customer: Customer) -> Sequence[Event] | Refused:
    if command.exempt and not command.certificate:
        return Refused("missing", "Enter the certificate that the exemption rests on.", field="certificate", conflict=False)
    if not command.exempt and not customer.exempt:
        return []
    certificate = command.certificate if command.exempt else ""
    return [TaxExemptionChanged(customer_id=command.customer_id, exempt=command.exempt, certificate=certificate)]


def _said(command: Note | Agree, customer: Customer) -> Sequence[Event] | Refused:
    if isinstance(command, Note):
        if not command.note.strip():
            return Refused("missing", "Write the note first.", field="note", conflict=False)
        return [CustomerNoted(customer_id=command.customer_id, by=command.by, note=command.note.strip(), as_of=command.at)]
    texts = command.consent == "sms_consent" and command.given
    if command.given == (command.consent in customer.agreed) and (command.known or not texts):
        return []
    if texts and not command.phone:
        return Refused("missing", "There is no phone number that SMS could go to.", field="phone", conflict=False)
    said = {"consent": command.consent, "given": command.given, "by": command.by, "at": command.at}
    return [ConsentChanged(customer_id=command.customer_id, phone=command.phone if texts else "", **said)]


def _note(command: Update, customer: Customer) -> Sequence[Event]:
    """Again with each submission and No Sale: more may have been written meanwhile."""
    order = command.order
    if not order.notes or (order.order_id, command.as_of) in customer.noted:
        return []
    return [CustomerNoted(customer_id=order.customer_id, order_id=order.order_id, by=command.by, note=order.notes, as_of=command.as_of)]


def _unfinished(orders: Sequence[tuple[str, str]]) -> Refused:
    order_id, status = orders[0]
    rows = [{"order_id": order_id, "status": status} for order_id, status in orders]
    return Refused(
        "order-unfinished", f"Order {order_id} is not finished yet ({status}). Its customer can be erased afterwards.", data={"orders": rows}
    )


def evolve(customer: Customer, event: Event) -> Customer:
    match event:
        case CustomerUpdated():
            return replace(_agreed(customer, event), newest=(event.as_of, event.order_id), orders=customer.orders | {event.order_id})
        case CustomerNoted() if event.order_id:
            return replace(customer, noted=customer.noted | {(event.order_id, event.as_of)}, orders=customer.orders | {event.order_id})
        case TaxExemptionChanged():
            return replace(customer, exempt=event.exempt)
        case ConsentChanged(given=True):
            return replace(customer, agreed=customer.agreed | {event.consent})
        case ConsentChanged():
            return replace(customer, agreed=customer.agreed - {event.consent}, taken_back={**customer.taken_back, event.consent: event.at})
        case CustomersMerged() | CustomersUnmerged():
            return replace(customer, pairs=noticed(customer.pairs, event))
        case CustomerErased():
            return replace(customer, erased=True)
    return customer


def _agreed(customer: Customer, event: CustomerUpdated) -> Customer:
    """An order that is heard of late was submitted before what was said since."""
    said: dict[ConsentName, bool] = {"sms_consent": event.particulars.sms_consent, "do_not_sell": event.particulars.do_not_sell}
    new = {name for name, given in said.items() if given and not event.as_of <= customer.taken_back.get(name, _BEFORE)}
    return replace(customer, agreed=customer.agreed | new)


commands = (Update, Erase, Exempt, Note, Agree, HandOut, Merge, Unmerge)
customer = Aggregate("customer", Customer(), decide, evolve, commands)
