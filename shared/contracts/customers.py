"""Events of customers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import Address, FieldValue, Particulars, Person
from shared.kernel.events import Event, Personal


class CustomerUpdated(Event, type="ringup.customers.CustomerUpdated"):
    """The profile as an order of theirs has it; ``as_of`` is when that was submitted, or kept as a partial."""

    customer_id: str
    order_id: str = ""
    as_of: datetime
    person: Person
    billing: Address
    shipping: Address
    fields: tuple[FieldValue, ...] = ()
    """Answers to the custom fields that this order asked for."""
    particulars: Particulars = Particulars()


ConsentName = Literal["sms_consent", "do_not_sell"]


class TaxExemptionChanged(Event, type="ringup.customers.TaxExemptionChanged"):
    """``certificate`` is what the exemption rests on."""

    customer_id: str
    exempt: bool
    certificate: Personal[str] = ""


class CustomerNoted(Event, type="ringup.customers.CustomerNoted"):
    customer_id: str
    order_id: str = ""
    by: str = ""
    note: Personal[str]
    as_of: datetime | None = None
    """When the order with it was submitted, or kept as a partial."""


class ConsentChanged(Event, type="ringup.customers.ConsentChanged"):
    """Somebody said so outside of an order. ``phone`` is the number that SMS may go to."""

    customer_id: str
    consent: ConsentName
    given: bool
    by: str
    at: datetime
    phone: Personal[str] = ""


class CustomersMerged(Event, type="ringup.customers.CustomersMerged"):
    """Whoever asks for the alias finds the customer. In both streams: what the alias's says counts. Undone by its reverse."""

    customer_id: str
    alias: str
    by: str
    number: int = 1
    """Counts the merges of these two and their reverses, in the customer's stream: a late one changes nothing."""


class CustomersUnmerged(Event, type="ringup.customers.CustomersUnmerged"):
    customer_id: str
    alias: str
    by: str
    number: int = 2


class CustomerExported(Event, type="ringup.customers.CustomerExported"):
    """Somebody was handed all that is known of them."""

    customer_id: str
    by: str


class CustomerErased(Event, type="ringup.customers.CustomerErased"):
    """Forgotten: the keys of these streams are gone."""

    customer_id: str
    order_ids: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class MessageRequested(Event, type="ringup.customers.MessageRequested"):
    """Something is to be told to a customer, once. ``about`` is what: an order's link, its consent. Private."""

    message_id: str
    channel: Literal["email", "sms"]
    template: str
    order_id: str
    customer_id: str = ""
    about: str = ""
    campaign: str = ""
    to: Personal[str]
    due_at: datetime
    campaign_name: str = ""
    first_name: Personal[str] = ""
    total: int = 0
    currency: str = ""
    price_lock: bool = False
    expires_at: datetime | None = None
    """From then on it is not sent any more."""
    campaign_version: int = 0
    """In whose words it is written."""
    carrier: str = ""
    tracking: str = ""


class MessageClaimed(Event, type="ringup.customers.MessageClaimed"):
    """Private."""

    message_id: str
    order_id: str
    holder: str
    until: datetime
    takeover: bool


class MessageSent(Event, type="ringup.customers.MessageSent"):
    """Handed over: to a mail server, or into the outbox folder where none is set."""

    message_id: str
    order_id: str
    channel: Literal["email", "sms"]
    about: str = ""
    by: str = ""
    template: str = ""
    customer_id: str = ""


class MessageFailed(Event, type="ringup.customers.MessageFailed"):
    """``retry_at``: when it is tried again; None: not by itself. ``over``: never, since what it would say does not hold any more."""

    message_id: str
    order_id: str
    channel: Literal["email", "sms"]
    about: str = ""
    reason: str
    retry_at: datetime | None = None
    over: bool = False
    template: str = ""
