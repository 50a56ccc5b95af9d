"""Payments: what an authorisation costs beside the gateway's own time, how fast what an outage left is done, and what waiting costs."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.payments.gateways.protocol import Charge, Said, Secrets
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.means import Card
from services.payments.payment import Open
from services.payments.service import payments
from services.payments.views import work
from shared.contracts.cart import OrderSubmitted
from shared.contracts.order import Part
from shared.contracts.payments import OrderDeclined, PaymentAuthorized
from shared.kernel.events import Fact
from shared.kernel.runner import Runner
from shared.kernel.views import Document, collection
from shared.service import Running
from shared.settings import Settings
from tests.bench.row import ALTERNATIONS, Row
from tests.house.shop import Shop, until
from tests.samples import submitted

ORDERS, PENDING, FRESH, FINISHED = 200, 10_000, 20, 1_000_000
"""One after the other; left by an outage; new ones a second meanwhile; done long ago."""
DURABLE = "WAL, synchronous=FULL, each event"
CUSTOMER = "4000000001"
_IDLE = 10
_LONG_AGO = timedelta(minutes=10)


class AtOnce(SimulatorGateway):
    """Answers without being asked."""

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said:
        return Said(answer="approved", reference="x", amount=charge.amount)


class Till:
    """Payments alone. ``ended`` has when each order had its outcome."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.running: Running = shop.house.running["payments"]
        self.ended: dict[str, float] = {}
        self._told = self.running.commands._appended
        self.running.commands._appended = self._appended

    def _appended(self, fact: Fact) -> None:
        self._told(fact)
        if isinstance(fact.event, PaymentAuthorized | OrderDeclined):
            self.ended[fact.event.order_id] = time.perf_counter()

    async def stored(self) -> str:
        """A card that any order may be charged to."""
        vault, card = self.running.state["vault"], Card("4242424242424242", "12/49", "", "Customer A")
        reference: str = vault.reference(CUSTOMER, card)
        await vault.store(reference, card)
        return reference

    async def ends(self, orders: Sequence[str]) -> None:
        async with asyncio.timeout(300):
            while not self.ended.keys() >= set(orders):
                await asyncio.sleep(0.001)


@asynccontextmanager
async def till(folder: Path) -> AsyncIterator[Till]:
    shop = Shop(Settings(data=folder / "data", key_file=folder / "master.key"), services=(payments,))
    yield Till(await shop.open())
    await shop.close()


def ids(first: int, count: int) -> list[str]:
    return [f"{n:010}" for n in range(first, first + count)]


def wanted(order_id: str) -> dict[str, Any]:
    order = submitted()
    body = order.order.model_copy(update={"order_id": order_id, "customer_id": CUSTOMER})
    about = order.model_copy(update={"order_id": order_id, "order": body})
    return {"parts": (Part(number=1, gateway="simulator", amount=about.amount),), "submitted": about}


async def overhead(at: Till, first: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the submission, and from when payments heard of it, to the outcome."""
    token, whole, own = await at.stored(), [], []
    streams, codec = at.shop.engine.ports("cart").streams, at.running.codec
    heard: dict[str, float] = {}
    send = at.running.send

    async def noticed(id: str, command: Any, *about: Any) -> Any:
        if isinstance(command, Open):
            heard[id] = time.perf_counter()
        return await send(id, command, *about)

    at.running.send = noticed  # type: ignore[method-assign]
    for id in ids(first, ORDERS):
        event = OrderSubmitted(order_id=id, attempt=1, payment=token, **wanted(id))
        fact = Fact(event, f"order-{id}", 1, at.running.clock(), "agent:agent1", id, "", id, "", "cart")
        sent = time.perf_counter()
        await streams.append("cart", [codec.encode(fact, str)])
        await at.ends([id])
        whole.append(1000 * (at.ended[id] - sent))
        own.append(1000 * (at.ended[id] - heard[id]))
    at.running.send = send  # type: ignore[method-assign]
    return whole, own


async def left_by_an_outage(at: Till, orders: Sequence[str], token: str) -> None:
    """As a process leaves it that was killed before it could claim anything."""
    runner, at.running._runner = at.running._runner, None
    slots = asyncio.Semaphore(200)

    async def opened(id: str) -> None:
        about = wanted(id)
        async with slots:
            await at.running.send(id, Open(token, about["parts"], about["submitted"], at.running.clock() - _LONG_AGO), f"open-{id}", "bench")

    await asyncio.gather(*map(opened, orders))
    await until(lambda: _waiting(at, len(orders)), 120)
    at.running._runner = runner


async def _waiting(at: Till, count: int) -> bool:
    return await at.running.count(work) == count


async def drained(at: Till, first: int) -> tuple[float, float, list[float]]:
    """A second; a second of the processor; and milliseconds of the new orders meanwhile."""
    token, orders = await at.stored(), ids(first, PENDING)
    for task in [task for task in at.running._tasks if "Runner.watch" in repr(task.get_coro())]:
        task.cancel()
    await left_by_an_outage(at, orders, token)
    fresh: dict[str, float] = {}
    enough = asyncio.Event()

    async def keep_coming() -> None:
        for id in ids(first + PENDING, 100_000):
            if enough.is_set():
                return
            about = wanted(id)
            fresh[id] = time.perf_counter()
            await at.running.send(id, Open(token, about["parts"], about["submitted"], at.running.clock()), f"open-{id}", "bench")
            await asyncio.sleep(1 / FRESH)

    begun, cpu = time.perf_counter(), time.process_time()
    at.running._runner = Runner("payments", at.running.service.effects(at.running), (), at.running)
    at.running.spawn(at.running._runner.watch())
    coming = asyncio.create_task(keep_coming())
    await at.ends(orders)
    taken, worked = max(at.ended[id] for id in orders) - begun, time.process_time() - cpu
    enough.set()
    await coming
    await at.ends(list(fresh))
    return PENDING / taken, PENDING / worked, sorted(1000 * (at.ended[id] - sent) for id, sent in fresh.items())


async def idle(at: Till) -> tuple[float, float]:
    """Of the processor, in percent, with the watchdog and without it; with a million finished payments and nothing to do."""
    name = collection(work)
    for start in range(0, FINISHED, 2_000):
        await at.running.documents.write({name: [Document(f"done-{n}", None, {}) for n in range(start, start + 2_000)]})
    find, asked = at.running.documents.find, [0]

    async def counted(*about: Any, **options: Any) -> Any:
        asked[0] += 1
        return await find(*about, **options)

    at.running.documents.find = counted  # type: ignore[method-assign]
    cpu = time.process_time()
    await asyncio.sleep(_IDLE)
    return (time.process_time() - cpu) / _IDLE * 100, asked[0] / _IDLE


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with till(Path(folder)) as at:
            kept = at.running.state["desk"].gateways
            simulator, kept["simulator"] = kept["simulator"], AtOnce(kept["simulator"]._client)
            timed = [await overhead(at, 1_000 * turn) for turn in range(1, ALTERNATIONS + 1)]
            kept["simulator"] = simulator
            rate, rate_of_cpu, fresh = await drained(at, 1_000_000)
            percent, queries = await idle(at)
    whole, own = ([statistics.median(run[n]) for run in timed] for n in (0, 1))
    p99 = fresh[int(len(fresh) * 0.99)]
    return [
        Row("authorisation beside the gateway's own time, from the submission's commit on, median", DURABLE, "ms", whole, wanted="under 5"),
        Row("  from when payments hears of it", DURABLE, "ms", own),
        Row(
            f"{PENDING:,} pending authorisations after an outage, {FRESH} new ones a second meanwhile", DURABLE, "a second", [rate], wanted="over 500"
        ),
        Row("  a second of the processor", DURABLE, "a second", [rate_of_cpu]),
        Row("  new authorisations meanwhile, median", DURABLE, "ms", [statistics.median(fresh)]),
        Row("  new authorisations meanwhile, p99", DURABLE, "ms", [p99]),
        Row(f"idle with {FINISHED:,} finished payments", "", "% of a processor", [percent]),
        Row("  questions that the watchdogs ask", "", "a second", [queries]),
    ]
