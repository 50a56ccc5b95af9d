"""A message to a customer: sent once, under a stable id, tried again while that may help, and never once its matter is over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.contracts.customers import MessageClaimed, MessageFailed, MessageRequested, MessageSent
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

CONSENT = "consent"
"""The template of what hands a consent over."""
START = timedelta(seconds=5)
LONGEST = 60.0
"""Seconds that one try may take."""
LEASE = timedelta(seconds=LONGEST + 60)
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)
MOST_TRIES = 20
"""In a row: most of a day."""

_NAMESPACE = uuid.UUID("8d1b6a0e-92f4-5d0b-a2a5-1f0a5b1c7e34")


def message_id(matter: str, order_id: str, about: str = "") -> str:
    return uuid.uuid5(_NAMESPACE, f"{matter}/{order_id}/{about}").hex


@dataclass(frozen=True, slots=True)
class Request:
    wanted: MessageRequested


@dataclass(frozen=True, slots=True)
class Claim:
    holder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """``by`` is what took it: smtp, outbox, or the name of an SMS plugin."""

    by: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Counts only under the claim that holds until ``lease``. ``over``: never to be sent."""

    reason: str
    now: datetime
    lease: datetime | None
    again: bool = True
    over: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """What it would say does not hold any more; or somebody does not want it sent."""

    reason: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Somebody wants it tried again, now."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Resend:
    """Somebody wants it sent once more, though it was sent."""

    now: datetime


Command = Request | Claim | Sent | Failed | Stop | Retry | Resend


@dataclass(frozen=True, slots=True)
class Message:
    requested: MessageRequested | None = None
    claimed_until: datetime | None = None
    """Nobody else takes it before; after a failure nobody at all."""
    lease: datetime | None = None
    ever_claimed: bool = False
    failures: int = 0
    end: Literal["", "sent", "failed", "over"] = ""
    sends: int = 0
    """How often it was sent."""

    def reference(self, id: str) -> str:
        """Under which it is sent: another one each time that somebody wants it sent once more."""
        return f"{id}-{self.sends + 1}" if self.sends else id


def decide(command: Command, message: Message) -> Sequence[Event] | Refused:
    wanted = message.requested
    match command:
        case Request():
            return [] if wanted else [command.wanted]
        case Retry(now):
            return _retry(now, message)
        case Resend(now):
            return _resend(now, message)
        case Stop(by_hand=True) if wanted is None or message.end:
            return Refused("not-waiting", "This message does not wait to be sent.")
        case _ if wanted is None or message.end == "sent":
            return []
        case Sent(by):
            whose = "" if wanted.order_id else wanted.customer_id
            return [MessageSent(**_which(wanted), customer_id=whose, by=by)]
        case _ if message.end:
            return []
        case Stop(reason):
            return [_failed(wanted, reason, over=True)]
        case Claim(holder, now) if message.claimed_until is None or now >= message.claimed_until:
            which = {"message_id": wanted.message_id, "order_id": wanted.order_id}
            return [MessageClaimed(**which, holder=holder, until=now + LEASE, takeover=message.ever_claimed)]
        case Failed(reason, now, lease, again, over) if lease and lease == message.lease:
            wait = min(BACKOFF * 2**message.failures, LONGEST_BACKOFF)
            tries = again and not over and message.failures + 1 < MOST_TRIES
            return [_failed(wanted, reason, now + wait if tries else None, over=over)]
    return []


def _failed(wanted: MessageRequested, reason: str, retry_at: datetime | None = None, *, over: bool) -> MessageFailed:
    return MessageFailed(**_which(wanted), reason=reason, retry_at=retry_at, over=over)


def _which(wanted: MessageRequested) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in ("message_id", "order_id", "channel", "about", "template")}


def _retry(now: datetime, message: Message) -> Sequence[Event] | Refused:
    if message.requested is None:
        return Refused("unknown-message", "There is no such message.")
    if message.end == "sent":
        return Refused("sent", "This message was sent already.")
    if message.end == "over":
        return Refused("over", "What this message says does not hold any more. It is not sent.")
    if message.lease and message.claimed_until and now < message.claimed_until:
        return []
    return [message.requested.model_copy(update={"due_at": now + START})]


def _resend(now: datetime, message: Message) -> Sequence[Event] | Refused:
    wanted = message.requested
    if wanted is None:
        return Refused("unknown-message", "There is no such message.")
    if wanted.template == CONSENT:
        return Refused("once", "A consent is handed over once.")
    if wanted.expires_at and now >= wanted.expires_at:
        return Refused("over", "The link has expired. Make a new one.")
    if message.end != "sent":
        return Refused("not-sent", "This message was not sent yet.")
    return [wanted.model_copy(update={"due_at": now + START})]


def evolve(message: Message, event: Event) -> Message:
    match event:
        case MessageRequested():
            return Message(event, ever_claimed=message.ever_claimed and message.end != "sent", sends=message.sends)
        case MessageClaimed():
            return replace(message, claimed_until=event.until, lease=event.until, ever_claimed=True)
        case MessageSent():
            return replace(message, lease=None, end="sent", sends=message.sends + 1)
        case MessageFailed(retry_at=None):
            return replace(message, claimed_until=None, lease=None, end="over" if event.over else "failed")
        case MessageFailed():
            return replace(message, claimed_until=event.retry_at, lease=None, failures=message.failures + 1)
    return message


message = Aggregate("message", Message(), decide, evolve, (Request, Claim, Sent, Failed, Stop, Retry, Resend))
