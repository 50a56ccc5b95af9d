"""One verdict on many orders: a command each, so that each is decided, refused and undone by itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.qa.review import review
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import KernelError
from shared.service import Running

_AT_ONCE = 50
_KEYS = "bulk-keys"
"""What each Idempotency-Key was used for, by the day (UTC)."""


async def each(service: Running, order_ids: Sequence[str], command: Callable[[], Any], sent: Envelope) -> dict[str, Any]:
    """What was done, and what was not, in the order given: a repeat under the same key does only what is left. Raises Refusal for a key that was used
    for something else in the last day, Unavailable.
    """
    await _claim_key(service, sent)
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(order_id: str) -> dict[str, Any]:
        async with slots:
            return await _one(service, order_id, command(), replace(sent, command_id=f"{sent.command_id}/{order_id}"))

    rows = await asyncio.gather(*map(one, dict.fromkeys(order_ids)))
    return {"done": sum(1 for row in rows if row["done"]), "rows": rows}


async def _claim_key(service: Running, sent: Envelope) -> None:
    """The orders' own streams do not know which others were meant."""
    today = sent.now.date()
    kept_since = (today - timedelta(days=1)).isoformat()
    key = hashlib.sha256(sent.command_id.encode()).hexdigest()
    for day in (today.isoformat(), kept_since):
        known = await service.blobs.get(_KEYS, f"{day}.{key}")
        if known is not None and known != sent.hash.encode():
            raise Refusal(Refused("key-reused", "This Idempotency-Key was used for another request.", conflict=False))
        if known is not None:
            return
    await service.blobs.put(_KEYS, f"{today.isoformat()}.{key}", sent.hash.encode())
    for id in await service.blobs.ids(_KEYS):
        if id.partition(".")[0] < kept_since:
            await service.blobs.delete(_KEYS, id)


async def _one(service: Running, order_id: str, command: Any, sent: Envelope) -> dict[str, Any]:
    try:
        outcome = await service.execute(review, order_id, command, sent)
    except Refusal as refusal:
        return {"order_id": order_id, "done": False, "code": refusal.refused.code, "detail": refusal.refused.detail}
    except KernelError as error:
        return {"order_id": order_id, "done": False, "code": type(error).__name__.lower(), "detail": str(error)}
    decision = getattr(outcome.state, "decision", None)
    return {"order_id": order_id, "done": True, "version": outcome.version, "effective": decision.effective if decision else None}
