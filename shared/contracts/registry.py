"""Every event type by its stored name, and the topics that they lie in. A new contract file is imported here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.contracts import cards, cart, catalog, customers, fulfillment, ops, payments, qa
from shared.kernel.events import Event
from shared.kernel.views import View

SERVICES = ("catalog", "cart", "payments", "qa", "fulfillment", "customers", "ops")


def _events() -> Iterator[type[Event]]:
    for module in (catalog, cart, payments, cards, qa, fulfillment, customers, ops):
        yield from (v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Event) and v.TYPE and v.__module__ == module.__name__)


EVENTS: dict[str, type[Event]] = {event.TYPE: event for event in _events()}


def topics_of(types: Iterable[type[Event]]) -> tuple[str, ...]:
    return tuple(sorted({event.TOPIC for event in types}))


def view_topics(views: Iterable[View]) -> tuple[str, ...]:
    """What these views are read from; a view of every event reads all topics."""
    return tuple(sorted({topic for view in views for topic in (topics_of(view.types) if view.types else SERVICES)}))
