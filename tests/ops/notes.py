"""A small service over the embedded engine, started again and again with other views."""

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.contracts.customers import CustomerNoted
from shared.engines.embedded.engine import Engine
from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate
from shared.kernel.views import view
from shared.service import Running, Service
from tests.house.shop import until


@dataclass(frozen=True, slots=True)
class Note:
    customer: str
    order: str


def noted(command, state):
    return [CustomerNoted(customer_id=command.customer, order_id=command.order, note="n")]


def by_customer(event: CustomerNoted) -> str:
    return event.customer_id


def by_order(event: CustomerNoted) -> str:
    return event.order_id


def count(row, fact):
    if fact.event.order_id == "poison":
        raise ZeroDivisionError
    return {"notes": (row or {"notes": 0})["notes"] + 1}


customer = Aggregate("customer", 0, noted, lambda state, event: state + 1, (Note,))
NOTES = view("notes", 1, by_customer, count)
NOTES_2 = view("notes", 2, by_customer, lambda row, fact: {"notes": (row or {"notes": 0})["notes"] + 10})
ORDERS = view("orders", 1, by_order, count)
HARMLESS = view("harmless", 1, by_customer, lambda row, fact: {"seen": True})


def unreadable(settings, position):
    """Whoever reads this event from now on cannot."""
    with contextlib.closing(sqlite3.connect(settings.data / "events.db", isolation_level=None)) as db:
        db.execute("update events set data = x'00' where position = ?", (position,))


class Notes:
    """``held``: whoever wants to project waits until ``running.working.holding`` is released. ``shared``: other processes work beside it."""

    def __init__(self, settings, *views, shared=False):
        self.shared = shared
        self.settings = settings
        self.service = Service("customers", aggregates=(customer,), views=views)

    async def open(self, *, held=False):
        self.engine = Engine(self.settings)
        self.running = Running(self.service, replace(self.engine.ports("customers"), shared=self.shared), self.settings)
        if held:
            await self.running.working.holding.acquire()
        await self.running.start()
        self.running.subscribe(self.engine.broker)
        await self.engine.broker.start()
        return self

    async def close(self):
        await self.running.stop()
        await self.engine.close()

    async def note(self, id, order="o"):
        sent = Envelope(f"{id}/{asyncio.get_running_loop().time()}", "agent:agent1", datetime.now(UTC))
        return await self.running.execute(customer, id, Note(id, order), sent)

    async def read(self):
        """Everything that was recorded is in the live views."""

        async def done():
            live = len(self.running.builds) == len(self.service.views)
            end = await self.running.topics.end("customers")
            return live and await self.running.offset("customers.views", "customers") == end

        await until(done)

    async def documents(self, collection):
        return {document.id: document.data async for document in self.running.documents.scan(collection)}
