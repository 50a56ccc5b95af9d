"""Why somebody must look after an order's money, and from when on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.payments.capture import EXPIRED
from services.payments.pending import CANNOT_BE_ASKED
from shared.kernel.codec import stamp
from shared.kernel.views import Row

ALARM = timedelta(minutes=15)
"""So long an outcome may be unknown before somebody must look."""

Alarm = tuple[str, str, list[str]]
"""From when on, why, and the references that it is about."""


def alarms(row: Row) -> Iterator[Alarm]:
    for operation in row["operations"]:
        yield from _of_operation(operation)
    for attempt in row["attempts"]:
        yield from _of_attempt(row, attempt)
    yield from _of_refunds(row)
    for back in row["returned"]:
        if not back["seen"]:
            yield back["at"], "payment-returned", [back["reference"]]


def _of_operation(operation: Row) -> Iterator[Alarm]:
    since, why = operation["unknown_since"], operation["reason"]
    named = [operation["reference"]]
    if operation["contradicted"]:
        yield operation["contradicted"], "answer-contradicts", named
    if since and why == CANNOT_BE_ASKED:
        yield since, "outcome-unknown", named
    elif since and why:
        yield since, "answer-does-not-fit", named
    elif since:
        yield stamp(datetime.fromisoformat(since) + ALARM), "outcome-unknown", named


def _of_attempt(row: Row, attempt: Row) -> Iterator[Alarm]:
    followed = [each for each in row["operations"] if each["attempt"] == attempt["attempt"] and each["kind"] in ("renew", "capture", "void")]
    refused = [each["reference"] for each in followed if each["status"] in ("declined", "never-heard")]
    if attempt["trouble"]:
        why = EXPIRED if attempt["trouble"] == "capture-failed" and attempt["reason"] == EXPIRED else attempt["trouble"]
        yield attempt["trouble_at"], why, refused[-1:]
    if attempt["status"] == "authorized" and not followed:
        for part in attempt["parts"]:
            if part["expires_at"] and part["status"] == "authorized":
                yield part["expires_at"], EXPIRED, [part["reference"]]


def _of_refunds(row: Row) -> Iterator[Alarm]:
    last = row["refunds"][-1] if row["refunds"] else None
    failed = [each["reference"] for each in row["operations"] if last and each["number"] == last["number"] and each["status"] == "declined"]
    if row["stopped"] and row["refundable"] and not (last and last["status"] == "open"):
        yield max(row["stopped_at"], last["at"] if last else "", *(attempt["at"] for attempt in row["attempts"])), "refund-due", failed
    elif last and last["status"] == "failed":
        yield last["at"], "refund-failed", failed
