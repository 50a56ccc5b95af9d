"""The whole cluster on this machine: from a submission to where a reviewer's list shows it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.quality import ORDER
from tests.bench.row import Row
from tests.clustered import cluster
from tests.e2e.rings import signed_in

ORDERS, WARM = 200, 20
DURABLE = "MongoDB majority and journal, Kafka all replicas; every process on this machine"
_EVERY = 0.01
"""Seconds between two looks at the list."""


async def _seen(agent: Any, reviewer: Any, n: int) -> float:
    """Milliseconds from before the request until the list is answered with it."""
    begun = time.perf_counter()
    answer = await agent.post("/api/v1/orders", json=ORDER, headers={"idempotency-key": f"bench-clustered-{n}"})
    if answer.status_code != 202:
        raise RuntimeError(f"an order was answered with {answer.status_code}: {answer.text}")
    order_id = answer.json()["order_id"]
    async with asyncio.timeout(60):
        while order_id not in (await reviewer.get(f"/quality/list?q={order_id}")).text:
            await asyncio.sleep(_EVERY)
    return 1000 * (time.perf_counter() - begun)


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with cluster(Path(folder)) as at, signed_in(at, "agent1") as agent, signed_in(at, "reviewer1") as reviewer:
            for n in range(WARM):
                await _seen(agent, reviewer, n)
            took = [await _seen(agent, reviewer, WARM + n) for n in range(ORDERS)]
    p99 = sorted(took)[int(ORDERS * 0.99)]
    return [
        Row("submit to visible in the QA list, cluster, p99", DURABLE, "ms", [p99], wanted="< 1,000"),
        Row("the same, median", DURABLE, "ms", took),
    ]
