"""Events of payments that are about cards and not about an order's money: pre-authorisations, what is stored, the vault's keys, limits."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import Instrument
from shared.contracts.payments import Answer
from shared.kernel.events import Event, Personal, Value


class PreAuthRequested(Event, type="ringup.payments.PreAuthRequested"):
    """One unit of the currency, authorised and voided at once; changes nothing else. Reference ``<order>-pre-<n>``. Private."""

    order_id: str
    number: int
    reference: str
    gateway: str
    amount: int
    currency: str
    payment: str
    by: str
    due_at: datetime


class PreAuthClaimed(Event, type="ringup.payments.PreAuthClaimed"):
    """Private."""

    order_id: str
    number: int
    reference: str
    holder: str
    until: datetime
    takeover: bool


class PreAuthUnanswered(Event, type="ringup.payments.PreAuthUnanswered"):
    """Of the pre-authorisation or its void; ``ask_again_at``, ``answer`` and ``reason`` as in PaymentOutcomeUnknown. Private."""

    order_id: str
    number: int
    reference: str
    ask_again_at: datetime
    answer: Answer = "unknown"
    reason: str = ""


class PreAuthorized(Event, type="ringup.payments.PreAuthorized"):
    """The card says yes, and what it reserved is given back under ``<reference>-void``. After a PreAuthDeclined: the yes came late."""

    order_id: str
    number: int
    reference: str
    gateway: str
    gateway_reference: str = ""
    instrument: Instrument = Instrument()
    due_at: datetime


class PreAuthDeclined(Event, type="ringup.payments.PreAuthDeclined"):
    order_id: str
    number: int
    reference: str
    gateway: str
    reason: str
    say: str
    try_next: str
    instrument: Instrument = Instrument()


class PreAuthVoided(Event, type="ringup.payments.PreAuthVoided"):
    """What became of giving it back. Private."""

    order_id: str
    number: int
    reference: str
    answer: Answer
    reason: str = ""


class InstrumentKept(Event, type="ringup.payments.InstrumentKept"):
    """The vault keeps a card or bank account of this customer, by which an order of theirs was authorised; again when its expiry has changed.
    Private."""

    customer_id: str
    order_id: str
    instrument: Instrument
    kind: Literal["card", "account"]


class InstrumentForgotten(Event, type="ringup.payments.InstrumentForgotten"):
    """Private."""

    customer_id: str
    id: str


class InstrumentsErased(Event, type="ringup.payments.InstrumentsErased"):
    """All of an erased customer's; none will be kept any more. Private."""

    customer_id: str


class VaultKeyMade(Event, type="ringup.payments.VaultKeyMade"):
    """Under this key, by its number from 1, records of the vault are written from now on. Private."""

    key: int
    at: datetime


class VaultRotated(Event, type="ringup.payments.VaultRotated"):
    """No record is under an older key any more. Private."""

    key: int
    records: int
    at: datetime


class VaultKeyDropped(Event, type="ringup.payments.VaultKeyDropped"):
    """Private."""

    key: int


Door = Literal["pre-auth", "checkout"]
Dimension = Literal["fingerprint", "bin", "customer", "agent", "address", "declines"]


class Counted(Value):
    """``subject`` is a keyed hash of what is counted in this dimension."""

    dimension: Dimension
    subject: str


class CardTried(Event, type="ringup.payments.CardTried"):
    """A card was let through a door, to be asked about at a gateway: what limits are counted by. ``order`` is the order's id. Private."""

    door: Door
    order: str
    payment: str
    at: datetime
    counted: tuple[Counted, ...]


class LimitTripped(Event, type="ringup.payments.LimitTripped"):
    """Too many came through ``door`` by one ``dimension``, and no more do ``until`` then, or until it is released.

    ``subject`` is a keyed hash of what is counted; ``shown`` is what may be said of it. ``declines`` is the breaker on the share of declines.
    """

    limit: str
    door: Door
    dimension: Dimension
    subject: str
    shown: Personal[str]
    count: int
    at: datetime
    until: datetime


class LimitReleased(Event, type="ringup.payments.LimitReleased"):
    """``by`` somebody who looked."""

    limit: str
    door: Door
    dimension: Dimension
    subject: str
    by: str
    reason: Personal[str]
    at: datetime
