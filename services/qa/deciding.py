"""One verdict on many orders: a command each, so that each is decided, refused and undone by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from services.qa.review import review
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.errors import KernelError
from shared.service import Running

_AT_ONCE = 50


async def each(service: Running, order_ids: Sequence[str], command: Callable[[], Any], sent: Envelope) -> dict[str, Any]:
    """What was done, and what was not, in the order given: a repeat under the same key does only what is left."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(order_id: str) -> dict[str, Any]:
        async with slots:
            return await _one(service, order_id, command(), replace(sent, command_id=f"{sent.command_id}/{order_id}"))

    rows = await asyncio.gather(*map(one, dict.fromkeys(order_ids)))
    return {"done": sum(1 for row in rows if row["done"]), "rows": rows}


async def _one(service: Running, order_id: str, command: Any, sent: Envelope) -> dict[str, Any]:
    try:
        outcome = await service.execute(review, order_id, command, sent)
    except Refusal as refusal:
        return {"order_id": order_id, "done": False, "code": refusal.refused.code, "detail": refusal.refused.detail}
    except KernelError as error:
        return {"order_id": order_id, "done": False, "code": type(error).__name__.lower(), "detail": str(error)}
    decision = getattr(outcome.state, "decision", None)
    return {"order_id": order_id, "done": True, "version": outcome.version, "effective": decision.effective if decision else None}
