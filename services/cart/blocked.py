"""An order that was declined too often within an hour waits for a supervisor (flows.md §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.cart.state import Order
from shared.contracts.cart import RetryAllowed

DECLINES = 5
WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AllowRetry:
    order_id: str
    supervisor: str
    now: datetime


def blocked(order: Order, now: datetime) -> bool:
    recent = [each for each in order.declines[order.pardoned :] if now - each.submitted_at < WITHIN]
    return len(recent) >= DECLINES


def allow_retry(command: AllowRetry, order: Order) -> Sequence[RetryAllowed]:
    waits = order.stage != "closed" and blocked(order, command.now)
    return [RetryAllowed(order_id=command.order_id, supervisor=command.supervisor)] if waits else []
