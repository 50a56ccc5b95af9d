"""One process of a service that reads: says how many events it worked, and in how many seconds, once its group has read everything."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

from shared.engines.cluster.engine import opened
from shared.service import Running
from shared.settings import Settings
from tests.bench.reading import reader


async def consume(settings: Settings, service: str, ends: dict[str, int]) -> None:
    engine = await opened(settings)
    running = Running(reader(service), engine.ports(service), settings)
    await running.start()
    running.subscribe(engine.broker)
    print("starts", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    await engine.broker.start()
    while [part for part, end in ends.items() if await running.offset(running.service.views_group, part) < end]:
        await asyncio.sleep(0.02)
    worked = running.meter.metrics.projected.labels(service)._value.get()
    print(json.dumps({"events": worked, "seconds": time.perf_counter() - begun}), flush=True)
    await running.stop()
    await engine.close()


if __name__ == "__main__":
    _, installation, service, parts = sys.argv
    uvloop.run(consume(Settings.model_validate_json(installation), service, json.loads(parts)))
