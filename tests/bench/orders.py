"""Place an order over HTTP by one call, by card, to exported: all services, one process, everything on."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.bench.row import ALTERNATIONS, Row
from tests.site import Site, site

ORDERS = 600
AT_ONCE = 32
DURABLE = "WAL, synchronous=FULL, each order; CSV files synced"
ORDER = {
    "campaign": "1",
    "customer": {"first_name": "Customer", "last_name": "Z", "phone": "+1 512 555 0160", "email": "customer.z@example.com"},
    "billing": {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"},
    "lines": [{"product": "101", "quantity": 2}, {"product": "104", "quantity": 1}],
    "method": "card",
    "card": {"number": "4242424242424242", "expiry": "12/49", "cvv": "737"},
}


async def place(at: Site, numbers: Iterable[int], accepted: dict[str, float], begun: float, every: float) -> None:
    """One client: an order every so many seconds from ``begun`` on, or one after the other where that has passed."""
    connection = await at.connect()
    for place, n in enumerate(numbers):
        await asyncio.sleep(max(0.0, begun + place * every - time.perf_counter()))
        sent = time.perf_counter()
        status, body = await connection.post("/api/v1/orders", ORDER, {**at.headers, "idempotency-key": f"bench-order-{n}"})
        if status != 202:
            raise RuntimeError(f"an order was answered with {status}: {body}")
        accepted[body["order_id"]] = time.perf_counter() - sent
    connection.close()


async def load(at: Site, first: int, count: int, clients: int, per_second: float | None = None) -> dict[str, Any]:
    """Accepts and exports are counted: the run fails where they differ."""
    accepted: dict[str, float] = {}
    begun = time.perf_counter()
    every = 1 / per_second if per_second else 0.0
    shares = [range(first + client, first + count, clients) for client in range(clients)]
    await asyncio.gather(*(place(at, share, accepted, begun + n * every, clients * every) for n, share in enumerate(shares)))
    taken = time.perf_counter() - begun
    async with asyncio.timeout(120):
        while not all(at.export(order).exists() for order in accepted):
            await asyncio.sleep(0.02)
    done = time.perf_counter() - begun
    if len(accepted) != count:
        raise RuntimeError(f"{count} orders were sent, {len(accepted)} different ones accepted")
    times = sorted(accepted.values())
    return {"accepted": count / taken, "exported": count / done, "p50": times[count // 2], "p99": times[int(count * 0.99)]}


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder)) as at:
            idle = at.memory() / 2**20
            await load(at, 0, 200, AT_ONCE)
            full = [await load(at, 10_000 * turn, ORDERS, AT_ONCE) for turn in range(1, ALTERNATIONS + 1)]
            half = statistics.median(run["exported"] for run in full) / 2
            calm = [await load(at, 1_000_000 * turn, ORDERS // 2, 8, half) for turn in range(1, ALTERNATIONS + 1)]
            memory = at.memory() / 2**20
    return [
        Row("order over HTTP in one call, card, to exported", DURABLE, "orders/s", [run["exported"] for run in full], wanted="180 (15 x 12)"),
        Row(f"  time to accept at {half:.0f} orders/s, median", DURABLE, "ms", [1000 * run["p50"] for run in calm]),
        Row(f"  time to accept at {half:.0f} orders/s, p99", DURABLE, "ms", [1000 * run["p99"] for run in calm], wanted="under 40"),
        Row("memory, everything in one process, idle", "", "MB", [idle], wanted="under 250"),
        Row("  after these orders", "", "MB", [memory]),
    ]
