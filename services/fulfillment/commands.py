"""What may be asked of a shipment. ``export_id`` is ``<order>-<plugin>``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.fulfillment import Parcel
from shared.contracts.order import SubmittedOrder


@dataclass(frozen=True, slots=True)
class Create:
    """A record for each plugin that the order's lines name."""

    submitted: SubmittedOrder
    now: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """The order was approved."""

    order_id: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """What was taken under ``reference`` came back from the customer's bank."""

    order_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class HoldByHand:
    order_id: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """Somebody lifts the hold."""

    order_id: str
    by: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Deny:
    order_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    order_id: str
    reason: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    export_id: str
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    export_id: str
    their_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Counts only under the claim that holds until ``lease``.

    ``again``: by itself, not before ``after`` has passed. ``unknown``: they may have it nevertheless.
    """

    export_id: str
    reason: str
    now: datetime
    lease: datetime | None
    again: bool = True
    after: timedelta | None = None
    unknown: bool = True


@dataclass(frozen=True, slots=True)
class Resend:
    """Once more, or now rather than later; under the same export id."""

    order_id: str
    plugin: str
    by: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ClaimCancel:
    export_id: str
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whoever ships it does not ship it any more, or never had it."""

    export_id: str


@dataclass(frozen=True, slots=True)
class TooLate:
    """They ship it regardless. ``their_id`` is what they call it."""

    export_id: str
    reason: str
    their_id: str = ""


@dataclass(frozen=True, slots=True)
class Unstoppable:
    """They cannot stop it, and did not say whether they have it."""

    export_id: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Settle:
    """Whether they have what nobody knew about: somebody has found out."""

    order_id: str
    plugin: str
    has: bool
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Counts only under the claim that holds until ``lease``."""

    export_id: str
    reason: str
    now: datetime
    lease: datetime | None
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Ship:
    """One parcel is on its way since ``at``; ``source`` says so."""

    order_id: str
    plugin: str
    parcel: Parcel
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Arrive:
    order_id: str
    plugin: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class AskBack:
    """The customer may send it back."""

    order_id: str
    plugin: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """It came back, announced or not."""

    order_id: str
    plugin: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class HandOut:
    """Where it goes is told to somebody outside."""

    order_id: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Erase:
    """The customer is erased."""

    now: datetime


@dataclass(frozen=True, slots=True)
class ClaimErasure:
    export_id: str
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Erased:
    """Nothing of the export is left here."""

    export_id: str


Gate = Create | Release | Hold | HoldByHand | LetGo | Deny | Cancel
Delivery = Claim | Delivered | Failed | Resend
Recall = ClaimCancel | Stopped | TooLate | Unstoppable | Unanswered
News = Ship | Arrive | AskBack | TakeBack
Erasure = Erase | ClaimErasure | Erased
Command = Gate | Delivery | Recall | Settle | News | HandOut | Erasure

COMMANDS = (
    Create, Release, Hold, HoldByHand, LetGo, Deny, Cancel, Claim, Delivered, Failed, Resend, ClaimCancel, Stopped, TooLate, Unstoppable,
    Unanswered, Settle,
    Ship, Arrive, AskBack, TakeBack, HandOut, Erase, ClaimErasure, Erased,
)  # fmt: skip
