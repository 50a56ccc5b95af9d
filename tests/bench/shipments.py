"""What people and plugins ask of very many shipments: the list, how a plugin does, what it has been given."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from services.fulfillment.desk import OwnDesk
from services.fulfillment.health import Watch
from services.fulfillment.service import fulfillment
from services.fulfillment.views import shipments
from shared.contracts.fulfillment import FulfillmentDelivered
from shared.engines.embedded.documents import SqliteDocuments
from shared.kernel.events import Event, Fact
from shared.kernel.views import Document, advance, collection
from shared.service import Running
from shared.settings import Settings
from tests.bench.row import Row
from tests.bench.samples import NOON, shipment
from tests.house.shop import Shop

SHIPMENTS, A_DAY, TIMES = 100_000, 1_000, 20
DURABLE = "documents written as the view would"


def _made(n: int) -> Document:
    """One in ten is on hold; most others have arrived."""
    order_id, at = f"{n:010}", NOON + timedelta(days=n / A_DAY)
    export = {"order_id": order_id, "plugin": "csv", "export_id": f"{order_id}-csv"}
    events: list[Event] = [*shipment(n), FulfillmentDelivered(**export, at=at)][: 1 if n % 10 == 0 else 4 if n % 10 == 1 else 5]
    document = Document(f"{order_id}-csv", None)
    for version, event in enumerate(events, 1):
        document = advance(shipments, document, Fact(event, f"shipment-{order_id}", version, at, "policy:x", order_id, "", part="fulfillment"))
    return Document(document.id, document.data, document.versions)


async def _filled(data: Path) -> None:
    documents = SqliteDocuments(data / "fulfillment.views.db")
    for start in range(0, SHIPMENTS, 1_000):
        await documents.write({collection(shipments): [_made(n) for n in range(start, start + 1_000)]})
    documents.close()


async def _timed(asked: Callable[[], Awaitable[object]]) -> list[float]:
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await asked()
        found.append((time.perf_counter() - begun) * 1000)
    return found


def _asked(shop: Shop, running: Running) -> dict[str, Callable[[], Awaitable[object]]]:
    async def got(path: str) -> None:
        status, answer = await shop.ask("fulfillment", "GET", path)
        if status != 200:
            raise RuntimeError(f"{path} was answered with {answer}")

    async def given(since: datetime, until: datetime, page: int = 1) -> None:
        """There are no streams behind the documents, so that nothing is opened."""
        if not (await OwnDesk(running, "csv").exports(since, until, page))[1]:
            raise RuntimeError("nothing has gone out")

    last = NOON + timedelta(days=SHIPMENTS / A_DAY)
    return {
        "the list of all": lambda: got("/shipments"),
        "  of one status": lambda: got("/shipments?status=Delivered"),
        "  of one plugin": lambda: got("/shipments?plugin=csv"),
        "  of both": lambda: got("/shipments?status=Hold&plugin=csv"),
        "  by a tracking number": lambda: got("/shipments?q=1Z999"),
        "how plugins do": lambda: got("/plugins"),
        "  looked at by the watch": lambda: Watch(running, running.state["roster"]).look(),
        "a page of what a plugin was given within a day": lambda: given(last - timedelta(days=1), last),
        "  its second page": lambda: given(last - timedelta(days=1), last, 2),
        "  within a year": lambda: given(last - timedelta(days=365), last),
    }


async def rows() -> list[Row]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", key_file=Path(folder) / "master.key")
        await (await Shop(settings, services=(fulfillment,)).open()).close()
        await _filled(settings.data)
        shop = await Shop(settings, services=(fulfillment,)).open()
        asked = _asked(shop, shop.house.running["fulfillment"])
        found = []
        for what, each in asked.items():
            wanted = "" if "year" in what else "< 20"
            found.append(Row(f"{SHIPMENTS:,} shipments: {what}", DURABLE, "ms", await _timed(each), wanted=wanted))
        await shop.close()
    return found
