"""What an order costs as the log grows: its events appended and its view written, after ever more orders."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from services.fulfillment.views import shipments
from shared.contracts.registry import EVENTS
from shared.engines.embedded.documents import SqliteDocuments
from shared.engines.embedded.log import Log
from shared.kernel.codec import Codec, Probe
from shared.kernel.events import Fact
from shared.kernel.projector import Build, project
from tests.bench.row import ALTERNATIONS, Row
from tests.bench.samples import NOON, shipment

SIZES = tuple(int(size) for size in os.environ.get("ORDERS", "1000,10000,50000").split(","))
"""Orders there before; ``ORDERS=1000,1000000`` takes its time."""
SAMPLE, BATCH = 400, 100
codec = Codec(EVENTS)


class Shop:
    def __init__(self, folder: Path) -> None:
        self.log = Log(folder / "events.db")
        self.documents = SqliteDocuments(folder / "fulfillment.views.db")
        self.build = Build(shipments, "shipments@1")
        self.orders = 0

    async def grow(self, count: int) -> float:
        """Seconds for that many orders more."""
        begun = time.perf_counter()
        for _ in range(0, count, BATCH):
            facts = [fact for n in range(self.orders, self.orders + BATCH) for fact in _facts(n)]
            for first in range(0, len(facts), 4):
                await self.log.append("fulfillment", [codec.encode(fact, Probe()) for fact in facts[first : first + 4]])
            await project([self.build], self.documents, facts)
            self.orders += BATCH
        return time.perf_counter() - begun


def _facts(n: int) -> list[Fact]:
    return [
        Fact(event, f"shipment-{n:010d}", version, NOON, "policy:x", "1", "c1", f"c{version}", "") for version, event in enumerate(shipment(n), 1)
    ]


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        shop = Shop(Path(name))
        await shop.documents.prepare(shop.build.collection, shipments.indexes)
        found: list[Row] = []
        for size in SIZES:
            await shop.grow(size - shop.orders)
            rates = [SAMPLE / await shop.grow(SAMPLE) for _ in range(ALTERNATIONS)]
            first = found[0].ours if found else ()
            against = f"after {SIZES[0]:,}" if found else ""
            found.append(Row(f"four events and a view an order, after {size:,} orders", "FULL, view NORMAL", "orders/s", rates, against, first))
        await shop.log.stop()
        shop.documents.close()
    return found
