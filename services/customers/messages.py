"""Messages as the outbox lists them, those that are not sent yet, and to whom a consent was handed over already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from services.customers.message import CONSENT, START, message_id
from shared.contracts.customers import CustomerErased, MessageClaimed, MessageFailed, MessageRequested, MessageSent
from shared.kernel.codec import stamp
from shared.kernel.events import ERASED, Fact
from shared.kernel.views import Row, view
from shared.text import digits

MessageStatus = Literal["Waiting", "Failed", "Sent", "Stopped"]
MESSAGE_STATUSES: tuple[MessageStatus, ...] = get_args(MessageStatus)


def consent_id(order_id: str, *, sold: bool) -> str:
    return message_id(CONSENT, order_id, "sold" if sold else "kept")


Told = MessageRequested | MessageClaimed | MessageSent | MessageFailed


def _key(event: Told) -> str:
    return event.message_id


def _message(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    row = row or {"requested_at": stamp(fact.time), "tries": 0, "reason": "", "retry_at": None, "sent_at": None, "by": "", "sends": 0}
    changed = {**row, **_changed(row, fact, event), "updated_at": stamp(fact.time)}
    at = None if (changed["template"], changed["status"]) == (CONSENT, "Stopped") else changed["requested_at"]
    return {**changed, "status_at": at and f"{changed['status']} {at}", "listed_at": at}


def _changed(row: Row, fact: Fact, event: Any) -> Row:
    match event:
        case MessageRequested():
            return {**event.model_dump(mode="json", exclude={"message_id", "due_at"}), "status": "Waiting", "retry_at": None}
        case MessageClaimed():
            return {"tries": row["tries"] + 1}
        case MessageSent():
            return {"status": "Sent", "sends": row["sends"] + 1, "sent_at": stamp(fact.time), "by": event.by, "reason": "", "retry_at": None}
    status = "Stopped" if event.over else "Waiting" if event.retry_at else "Failed"
    return {"status": status, "reason": event.reason, "retry_at": stamp(event.retry_at) if event.retry_at else None}


messages = view("messages", 2, _key, _message, ["status_at", "listed_at", "order_id", "customer_id"])
"""One row a message. ``status_at`` is status and time in one text, ``listed_at`` time alone; None for a consent that nobody is there to take."""


def _sending(row: Row | None, fact: Fact, id: str) -> Row | None:
    match fact.event:
        case MessageRequested(due_at=due) | MessageClaimed(until=due):
            return {"reference": id, "due_at": stamp(due)}
        case MessageFailed(retry_at=due) if due:
            return {"reference": id, "due_at": stamp(due)}
    return None


sending = view("sending", 1, _key, _sending, ["due_at"])
"""Messages that are not sent, and when the watchdog takes them."""


def _consent_key(event: MessageRequested | MessageSent | CustomerErased) -> Sequence[str]:
    """By hand a customer has one, the newest."""
    match event:
        case CustomerErased():
            return [event.customer_id, *(consent_id(order_id, sold=sold) for order_id in event.order_ids for sold in (False, True))]
        case MessageRequested(template="consent") | MessageSent(about="consent"):
            return [event.message_id if event.order_id else event.customer_id]
    return ()


def whose(customer_id: str, phone: str) -> str:
    return f"consent/{customer_id}/{digits(phone)}"


def _consent(row: Row | None, fact: Fact, id: str, hashed: Callable[[str], str]) -> Row | None:
    """What is erased stays so, whichever topic comes first: its key was dropped before."""
    event: Any = fact.event
    match event:
        case MessageRequested():
            return _asked(row, event, hashed)
        case MessageSent():
            return {**row, "handed": "yes"} if row and row["message"] == event.message_id else row
    return None


def _asked(row: Row | None, event: MessageRequested, hashed: Callable[[str], str]) -> Row | None:
    at = stamp(event.due_at - START)
    if event.to == ERASED or (row and (row["message"] == event.message_id or (row["at"], row["message"]) > (at, event.message_id))):
        return row
    return {"message": event.message_id, "at": at, "whose": hashed(whose(event.customer_id, event.to)), "handed": "no"}


consents = view("consents", 2, _consent_key, _consent, ["whose"], opens=True)
"""One row a consent to SMS, given at ``at``. ``whose`` is a keyed hash of customer and number."""
