"""A consent to SMS is handed over once a person and number, and once more where it was taken back and given anew."""

from __future__ import annotations

from typing import Any

from services.customers.customer import Customer, customer
from services.customers.mail import NotSent
from services.customers.messages import consents, whose
from shared.aliases import family
from shared.kernel.codec import stamp
from shared.kernel.errors import Unavailable
from shared.kernel.projector import hasher
from shared.service import Running


async def to_hand_over(running: Running, message: str, wanted: dict[str, Any]) -> str:
    """Under which reference, the same for each message about one consent; empty where another one was handed over already.

    ``wanted`` is a MessageRequested with its personal fields opened. Raises NotSent, Unavailable.
    """
    mine = await running.get(consents, message if wanted["order_id"] else wanted["customer_id"], f"message-{message}@1", opened=False)
    if mine is None:
        raise Unavailable("What is known of consents has not arrived here yet.")
    ids = await family(running, wanted["customer_id"])
    since = await _taken_back(running, ids)
    if mine["at"] <= since:
        raise NotSent("The consent was taken back.", over=True)
    hashed = hasher(running.keyring)
    same, _ = await running.find(consents, {"whose": tuple(hashed(whose(id, wanted["to"])) for id in ids)}, open_fields=False)
    if any(row["handed"] == "yes" and row["at"] > since for row in same):
        return ""
    return hashed(f"{whose(ids[0], wanted['to'])}/{since}") if since else str(mine["whose"])


async def _taken_back(running: Running, ids: tuple[str, ...]) -> str:
    """When it was for the last time; empty: never."""
    known: list[Customer] = [(await running.load(customer, id))[0] for id in ids]
    return max(stamp(each.taken_back["sms_consent"]) if "sms_consent" in each.taken_back else "" for each in known)
