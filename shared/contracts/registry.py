"""Every event type by its stored name. A new contract file is imported here."""

from __future__ import annotations

from collections.abc import Iterator

from shared.contracts import cart, catalog, customers, fulfillment, ops, payments, qa
from shared.kernel.events import Event

SERVICES = ("catalog", "cart", "payments", "qa", "fulfillment", "customers", "ops")


def _events() -> Iterator[type[Event]]:
    for module in (catalog, cart, payments, qa, fulfillment, customers, ops):
        yield from (v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Event) and v.TYPE and v.__module__ == module.__name__)


EVENTS: dict[str, type[Event]] = {event.TYPE: event for event in _events()}
