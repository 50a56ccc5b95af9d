"""What is said to them, and what their answers mean. Pure."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json, to_json

from services.fulfillment.plugins.protocol import NoAnswer, Outgoing, Refused, Stopped, Taken
from services.fulfillment.plugins.webhook_wire import Answer
from shared.kernel.codec import stamp

_GONE = 410
_NEVER = (413, 422)
"""Answers that the same delivery gets again."""
_THEIR_ID = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_LONGEST_WAIT = timedelta(days=1)


def requested(outgoing: Outgoing) -> bytes:
    """The same bytes each time, however often it is tried."""
    told = {name: getattr(outgoing, name) for name in ("export_id", "order_id", "campaign", "currency", "total", "shipping", "tax", "resend")}
    customer = {name: getattr(outgoing, name) for name in ("first_name", "last_name", "phone", "email")}
    where = {"ship_to": outgoing.ship_to.model_dump(), "bill_to": outgoing.bill_to.model_dump()}
    data = {**told, "items": [asdict(item) for item in outgoing.items], "customer": customer, **where, "notes": outgoing.notes}
    return to_json({"type": "shipment.requested", "timestamp": stamp(outgoing.approved_at), "data": data})


def cancelled(outgoing: Outgoing, their_id: str, at: datetime) -> bytes:
    data = {"export_id": outgoing.export_id, "order_id": outgoing.order_id, "id": their_id}
    return to_json({"type": "shipment.cancel_requested", "timestamp": stamp(at), "data": data})


def delivered(answer: Answer, export_id: str, confirmed: bool, now: datetime) -> Taken | Refused | NoAnswer:
    """``confirmed``: a yes says of which export it is. One that says another is none in any case."""
    if not 200 <= answer.status < 300:
        return _no(answer, now)
    said = _object(answer)
    if said.get("export_id", "" if confirmed else export_id) != export_id:
        return NoAnswer(f"They answered {answer.status}, and not that they have this export.")
    their_id = said.get("id")
    named = type(their_id) in (str, int) and _THEIR_ID.fullmatch(str(their_id))
    return Taken(str(their_id) if named else "")


def stopped(answer: Answer, now: datetime) -> Stopped | Refused | NoAnswer:
    """An endpoint that says yes to everything has stopped nothing."""
    if answer.status == 409:
        return Refused("They say that it is too late.", again=False)
    if not 200 <= answer.status < 300:
        return _no(answer, now)
    match _object(answer).get("stopped"):
        case True:
            return Stopped()
        case False:
            return Refused("They say that it is too late.", again=False)
    return NoAnswer(f"They answered {answer.status}, and not whether it is stopped.")


def _no(answer: Answer, now: datetime) -> Refused | NoAnswer:
    status, after = answer.status, _after(answer, now)
    if status >= 500:
        return NoAnswer(f"They answered {status}.", after)
    if status == _GONE:
        return Refused("They answered 410: they want nothing any more.", again=False, gone=True)
    if 300 <= status < 400:
        return Refused(f"They answered {status}: another address is not followed, it has to be typed in.")
    return Refused(f"They answered {status}.", again=status not in _NEVER, after=after)


def _after(answer: Answer, now: datetime) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or a date."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        wait = timedelta(seconds=int(text))
    else:
        try:
            at = parsedate_to_datetime(text)
            wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            return None
    return min(wait, _LONGEST_WAIT) if wait > timedelta(0) else None


def _object(answer: Answer) -> dict[str, Any]:
    """Empty where they said nothing of that shape."""
    try:
        said = from_json(answer.body or b"")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
