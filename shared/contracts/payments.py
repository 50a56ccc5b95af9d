"""Events of payments.

References are ``<order>-<attempt>-<part>``, ``-r<n>`` behind it where it was made again, then ``-capture`` or ``-void``, with a number where that was
tried again after a no: ``-capture-2``; of a refund's part ``<order>-refund-<n>-<attempt>-<part>``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.contracts.order import Instrument as Instrument
from shared.contracts.order import Part, SubmittedOrder
from shared.kernel.events import Event, Personal, Value

Answer = Literal["approved", "declined", "unknown", "never-heard"]


class AnsweredPart(Value):
    part: Part
    reference: str
    gateway_reference: str = ""
    avs: str = ""
    cvv: str = ""
    expires_at: datetime | None = None
    """When what it reserves is given back by itself, where the gateway says so."""


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
    expires_at: datetime | None = None
    code: str = ""
    """What the gateway itself calls its answer."""


class PartRerouted(Event, type="ringup.payments.PartRerouted"):
    """After a soft no: ``part``, of the same attempt and amount, stands for the one of number ``instead_of`` at another gateway. Private."""

    order_id: str
    attempt: int
    part: Part
    instead_of: int
    due_at: datetime


class RenewalRequested(Event, type="ringup.payments.RenewalRequested"):
    """What was reserved has expired, or is about to: it is reserved again under ``reference``. Private."""

    order_id: str
    attempt: int
    part: int
    reference: str
    due_at: datetime


class RenewalClaimed(Event, type="ringup.payments.RenewalClaimed"):
    """Private."""

    order_id: str
    attempt: int
    part: int
    reference: str
    holder: str
    until: datetime
    takeover: bool


class PartRenewed(Event, type="ringup.payments.PartRenewed"):
    """What the gateway said of a renewal; ``ask_again_at`` is set while it has not said so for good. Private."""

    order_id: str
    attempt: int
    part: int
    reference: str
    answer: Answer
    reason: str = ""
    gateway_reference: str = ""
    expires_at: datetime | None = None
    ask_again_at: datetime | None = None


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
    """``reference`` is empty where the event is older than second captures of a part."""

    order_id: str
    attempt: int
    part: int
    holder: str
    until: datetime
    takeover: bool
    reference: str = ""


class PartCaptured(Event, type="ringup.payments.PartCaptured"):
    order_id: str
    attempt: int
    part: int
    reference: str
    answer: Answer
    reason: str = ""
    ask_again_at: datetime | None = None
    gateway_reference: str = ""


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
    """``reference`` as in CaptureClaimed."""

    order_id: str
    attempt: int
    part: int
    holder: str
    until: datetime
    takeover: bool
    reference: str = ""


class PartVoided(Event, type="ringup.payments.PartVoided"):
    order_id: str
    attempt: int
    part: int
    reference: str
    answer: Answer
    reason: str = ""
    ask_again_at: datetime | None = None
    gateway_reference: str = ""


class PaymentVoided(Event, type="ringup.payments.PaymentVoided"):
    """``stands``: the attempt is charged all the same, since another part had taken the place of the one that was given back."""

    order_id: str
    attempt: int
    amount: int
    stands: bool = False


class PaymentVoidFailed(Event, type="ringup.payments.PaymentVoidFailed"):
    """``stands`` as in PaymentVoided."""

    order_id: str
    attempt: int
    reason: str
    stands: bool = False


class OutcomeRecorded(Event, type="ringup.payments.OutcomeRecorded"):
    """Somebody has found out what a gateway would not say, and says on what evidence; what follows from it is in the events behind it. Private."""

    order_id: str
    attempt: int
    reference: str
    outcome: Literal["charged", "not-charged"]
    evidence: Personal[str]
    by: str
    customer_id: str = ""


class AnswerContradicted(Event, type="ringup.payments.AnswerContradicted"):
    """A gateway says of an operation something else than stands, such as after an outcome was recorded; somebody must look. Private."""

    order_id: str
    attempt: int
    reference: str
    answer: Answer
    reason: str = ""
    gateway_reference: str = ""


class OperationRetried(Event, type="ringup.payments.OperationRetried"):
    """A capture, void or refund that was refused is asked for once more, under ``reference``. Private.

    Where that is ``of`` itself, its outcome is unknown, and the gateway is asked about it now.
    """

    order_id: str
    attempt: int
    part: int
    of: str
    reference: str
    by: str
    due_at: datetime


class RefundPart(Value):
    """What of a refund one gateway gives back, of what was captured under ``captured``, which it calls ``gateway_reference``."""

    attempt: int
    part: Part
    reference: str
    captured: str
    gateway_reference: str = ""


class RefundRequested(Event, type="ringup.payments.RefundRequested"):
    """``number`` from 1 in an order; the amount is that of its parts. Private."""

    order_id: str
    number: int
    amount: int
    parts: tuple[RefundPart, ...]
    reason: Personal[str] = ""
    """Empty where the order was stopped."""
    by: str
    due_at: datetime
    customer_id: str = ""


class RefundClaimed(Event, type="ringup.payments.RefundClaimed"):
    """Private."""

    order_id: str
    number: int
    reference: str
    holder: str
    until: datetime
    takeover: bool


class PartRefunded(Event, type="ringup.payments.PartRefunded"):
    """What the gateway said; ``ask_again_at`` is set while it has not said so for good. Private."""

    order_id: str
    number: int
    reference: str
    answer: Answer
    reason: str = ""
    gateway_reference: str = ""
    ask_again_at: datetime | None = None


class PaymentRefunded(Event, type="ringup.payments.PaymentRefunded"):
    """Given back. ``refunded`` is the order's total of that so far, ``captured`` what was taken."""

    order_id: str
    number: int
    amount: int
    references: tuple[str, ...]
    refunded: int
    captured: int
    by: str


class PaymentRefundFailed(Event, type="ringup.payments.PaymentRefundFailed"):
    """``refunded`` is what its other parts gave back."""

    order_id: str
    number: int
    amount: int
    reason: str
    refunded: int = 0


class PaymentReturned(Event, type="ringup.payments.PaymentReturned"):
    """A debit that was captured came back from the customer's bank, ``code`` as NACHA numbers its reasons, such as R01."""

    order_id: str
    attempt: int
    part: int
    reference: str
    code: str
    reason: str
    amount: int


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
    fallback: str = ""
    """The gateway that is asked after a soft no of this one; empty: none."""
    renews: bool = False
    """What it reserved is reserved again where it expires before it is captured."""
