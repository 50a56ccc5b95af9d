"""Signed calls, as Standard Webhooks says (standardwebhooks.com, version 1): to others, and from them."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

_TOLERANCE = timedelta(minutes=5)


def secret_of(text: str) -> bytes:
    """Of ``whsec_`` and base64. Raises ValueError, which does not repeat it."""
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def signed(secret: bytes, id: str, at: int, body: bytes) -> dict[str, str]:
    """``at`` in seconds since 1970."""
    digest = hmac.digest(secret, f"{id}.{at}.".encode() + body, "sha256")
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def is_signed(secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """By this secret, and not long ago. Names of headers are in small letters."""
    id, at, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not secret or not re.fullmatch(r"\d{1,12}", at, re.ASCII) or abs(now.timestamp() - int(at)) > _TOLERANCE.total_seconds():
        return False
    wanted = signed(secret, id, int(at), body)["webhook-signature"]
    return any(hmac.compare_digest(each.encode(), wanted.encode()) for each in given.split(" "))
