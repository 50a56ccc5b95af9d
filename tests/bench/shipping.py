"""Webhooks: how long an approved order takes to a fast endpoint, alone and while thousands wait for one that is slow."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from services.fulfillment.commands import Create, Release
from services.fulfillment.service import fulfillment
from services.fulfillment.views import deliveries, shipments, within
from shared.contracts.order import SubmittedOrder
from shared.kernel.ports import Prefix
from shared.service import Running
from shared.settings import Settings
from tests.bench.row import Row
from tests.bench.samples import submitted
from tests.house.shop import Shop

WAITING, FRESH, A_SECOND, SLOW = 5_000, 200, 20, 10.0
"""Deliveries to the slow one; to the fast one, and how many of those a second; seconds until the slow one answers."""
DURABLE = "WAL, synchronous=FULL, each event"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_AT_ONCE = 100


class Endpoint:
    """Answers each webhook after so many seconds. ``came`` has when each was there first, by its id."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.came: dict[str, float] = {}

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hooks"

    def close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """They hang up where the measuring ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
            await reader.readexactly(int(headers["content-length"]))
            self.came.setdefault(headers["webhook-id"], time.perf_counter())
            await asyncio.sleep(self.seconds)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


def ordered(n: int, plugin: str) -> SubmittedOrder:
    order = submitted(f"{n:010}", n)
    quote = order.order.quote.model_copy(update={"lines": tuple(line.model_copy(update={"plugin": plugin}) for line in order.order.quote.lines)})
    return order.model_copy(update={"order": order.order.model_copy(update={"quote": quote})})


async def approved(running: Running, order: SubmittedOrder) -> None:
    await running.send(order.order_id, Create(order, running.clock()), f"create-{order.order_id}", "bench")
    await running.send(order.order_id, Release(order.order_id, "qa1", running.clock()), f"release-{order.order_id}", "bench")


async def configured(shop: Shop, name: str, url: str) -> None:
    body = {"kind": "webhook", "options": {"url": url}, "secrets": {"secret": SECRET}}
    status, answer = await shop.ask("fulfillment", "PUT", f"/plugins/{name}", body, idempotency_key=name)
    if status != 200:
        raise RuntimeError(f"{name} was not configured: {answer}")


async def fast(running: Running, endpoint: Endpoint, first: int) -> list[float]:
    """Milliseconds from the approval to when it is there; a new one at a steady pace."""
    sent: dict[str, float] = {}

    async def one(n: int) -> None:
        await asyncio.sleep((n - first) / A_SECOND)
        order = ordered(n, "fast")
        sent[f"{order.order_id}-fast"] = time.perf_counter()
        await approved(running, order)

    await asyncio.gather(*(one(n) for n in range(first, first + FRESH)))
    async with asyncio.timeout(120):
        while not sent.keys() <= endpoint.came.keys():
            await asyncio.sleep(0.01)
    return sorted(1000 * (endpoint.came[id] - at) for id, at in sent.items())


async def pile_up(running: Running) -> None:
    """For the slow one, until the view has seen it."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(n: int) -> None:
        async with slots:
            await approved(running, ordered(n, "slow"))

    await asyncio.gather(*(one(n) for n in range(WAITING)))
    async with asyncio.timeout(120):
        while await running.count(shipments, {"plugin_at": Prefix(within("slow"))}) < WAITING:
            await asyncio.sleep(0.1)


def _p99(values: Sequence[float]) -> float:
    return values[int(len(values) * 0.99)]


async def rows() -> list[Row]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    slow, quick = Endpoint(SLOW), Endpoint(0)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", key_file=Path(folder) / "master.key", webhook_private="127.0.0.1")
        shop = await Shop(settings, services=(fulfillment,)).open()
        running = shop.house.running["fulfillment"]
        for name, endpoint in (("slow", slow), ("fast", quick)):
            await configured(shop, name, await endpoint.open())
        await fast(running, quick, 1_000_000)
        alone = await fast(running, quick, 2_000_000)
        await pile_up(running)
        beside = await fast(running, quick, 3_000_000)
        waiting = await running.count(deliveries, {"plugin": "slow"})
        for endpoint in (slow, quick):
            endpoint.close()
        await shop.close()
    meanwhile = f"while {waiting:,} wait for one that answers after {SLOW:.0f} s"
    return [
        Row("approved to there by webhook, alone, median", DURABLE, "ms", [statistics.median(alone)]),
        Row("  p99", DURABLE, "ms", [_p99(alone)]),
        Row(f"  {meanwhile}, median", DURABLE, "ms", [statistics.median(beside)], "alone", [statistics.median(alone)]),
        Row("  p99", DURABLE, "ms", [_p99(beside)], "alone", [_p99(alone)], wanted="not delayed: as alone"),
    ]
