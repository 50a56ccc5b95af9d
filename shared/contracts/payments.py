"""Events of payments. References are ``<order>-<attempt>-<part>``, then ``-capture`` or ``-void``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import Instrument as Instrument
from shared.contracts.order import Part, SubmittedOrder
from shared.kernel.events import Event, Value

Answer = Literal["approved", "declined", "unknown", "never-heard"]


class AnsweredPart(Value):
    part: Part
    reference: str
    gateway_reference: str = ""
    avs: str = ""
    cvv: str = ""


class AttemptOpened(Event, type="ringup.payments.AttemptOpened"):
    order_id: str
    attempt: int
    payment: str
    parts: tuple[Part, ...]
    submitted: SubmittedOrder
    due_at: datetime


class AttemptClaimed(Event, type="ringup.payments.AttemptClaimed"):
    order_id: str
    attempt: int
    part: int
    holder: str
    until: datetime
    takeover: bool


class PartAnswered(Event, type="ringup.payments.PartAnswered"):
    order_id: str
    attempt: int
    part: int
    reference: str
    answer: Answer
    reason: str = ""
    gateway_reference: str = ""
    avs: str = ""
    cvv: str = ""


class PaymentAuthorized(Event, type="ringup.payments.PaymentAuthorized"):
    """The money is reserved, every part of it."""

    order_id: str
    attempt: int
    parts: tuple[AnsweredPart, ...]
    instrument: Instrument
    submitted: SubmittedOrder


class OrderDeclined(Event, type="ringup.payments.OrderDeclined"):
    """No money, for good, by this attempt. ``say`` is for the agent to say, ``try_next`` what may help."""

    order_id: str
    attempt: int
    reason: str
    say: str
    retry: bool
    try_next: str
    instrument: Instrument = Instrument()
    amount: int


class ExternalPaymentPending(Event, type="ringup.payments.ExternalPaymentPending"):
    """Paid elsewhere, or a courtesy; nobody was charged."""

    order_id: str
    attempt: int
    amount: int
    submitted: SubmittedOrder


class PaymentOutcomeUnknown(Event, type="ringup.payments.PaymentOutcomeUnknown"):
    """We asked and don't know yet; ``ask_again_at`` is when the watchdog asks. ``never-heard``: they did not know of it, and may yet.

    ``reason`` does-not-fit: they did something else under this reference.
    """

    order_id: str
    attempt: int
    part: int
    reference: str
    ask_again_at: datetime
    answer: Answer = "unknown"
    reason: str = ""


class LateAuthorisationFound(Event, type="ringup.payments.LateAuthorisationFound"):
    order_id: str
    attempt: int
    part: int
    reference: str
    amount: int


class CaptureRequested(Event, type="ringup.payments.CaptureRequested"):
    order_id: str
    attempt: int
    parts: tuple[AnsweredPart, ...]
    due_at: datetime


class CaptureClaimed(Event, type="ringup.payments.CaptureClaimed"):
    order_id: str
    attempt: int
    part: int
    holder: str
    until: datetime
    takeover: bool


class PartCaptured(Event, type="ringup.payments.PartCaptured"):
    order_id: str
    attempt: int
    part: int
    reference: str
    answer: Answer
    reason: str = ""
    ask_again_at: datetime | None = None


class PaymentCaptured(Event, type="ringup.payments.PaymentCaptured"):
    order_id: str
    attempt: int
    amount: int
    references: tuple[str, ...]


class PaymentCaptureFailed(Event, type="ringup.payments.PaymentCaptureFailed"):
    order_id: str
    attempt: int
    reason: str


class VoidRequested(Event, type="ringup.payments.VoidRequested"):
    order_id: str
    attempt: int
    parts: tuple[AnsweredPart, ...]
    why: Literal["denied", "cancelled", "other-part-declined", "late"]
    due_at: datetime


class VoidClaimed(Event, type="ringup.payments.VoidClaimed"):
    order_id: str
    attempt: int
    part: int
    holder: str
    until: datetime
    takeover: bool


class PartVoided(Event, type="ringup.payments.PartVoided"):
    order_id: str
    attempt: int
    part: int
    reference: str
    answer: Answer
    reason: str = ""
    ask_again_at: datetime | None = None


class PaymentVoided(Event, type="ringup.payments.PaymentVoided"):
    order_id: str
    attempt: int
    amount: int


class PaymentVoidFailed(Event, type="ringup.payments.PaymentVoidFailed"):
    order_id: str
    attempt: int
    reason: str


class PaymentStopped(Event, type="ringup.payments.PaymentStopped"):
    """Nothing may follow: a later submission, pass or answer charges and captures nothing."""

    order_id: str
    why: Literal["denied", "cancelled"]


class GatewayConfigured(Event, type="ringup.payments.GatewayConfigured"):
    name: str
    kind: str
    capabilities: tuple[str, ...]
    """Of ``authorise``, ``capture``, ``void``, ``refund``, ``ach``, ``requires-3ds``, ``requires-form``."""
    on: bool
    title: str = ""
    credentials: str = ""
    """A reference to them, new each time they are typed in; empty: none are kept. Never the credentials."""


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
