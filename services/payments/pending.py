"""Work at a gateway that has no answer for good yet: when it is claimed, and asked about again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

START = timedelta(seconds=5)
"""After this the watchdog takes work that nobody has claimed."""
LEASE = timedelta(seconds=90)
"""Longest timeout of a gateway, 30 s, and 60 s."""
ASK_AGAIN = timedelta(seconds=5)
"""Doubled with every unknown answer, up to a quarter of an hour."""
_ASK_AT_LATEST = timedelta(minutes=15)
_ASK_NOBODY = timedelta(days=1)
SETTLE = timedelta(minutes=10)
"""A gateway that has not heard of a request for so long will not charge it any more, unless it says how long itself."""
CANNOT_BE_ASKED = "cannot-be-asked"
"""The reason of an unknown outcome that the gateway will never tell: somebody must find out."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Work without an answer: held, or not to be asked about, ``until`` then."""

    until: datetime | None = None
    held: bool = False
    unknown: int = 0
    settled_at: datetime | None = None
    """Set when the gateway did not know of it: if it still does not then, it never will."""


def next_ask(now: datetime, pending: Pending, reason: str = "") -> datetime:
    if reason == CANNOT_BE_ASKED:
        return now + _ASK_NOBODY
    return now + min(ASK_AGAIN * float(2 ** min(pending.unknown, 10)), _ASK_AT_LATEST)
