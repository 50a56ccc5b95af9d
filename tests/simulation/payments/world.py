"""Two processes of payments over one store, and what the other services tell them."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.payments.service import payments
from shared.contracts.registry import EVENTS
from shared.kernel.codec import Codec
from shared.kernel.errors import KernelError
from shared.kernel.events import Fact
from shared.kernel.projector import project_all
from shared.settings import Settings
from tests.simulation.loop import Process
from tests.simulation.payments.gateway import BadGateway
from tests.simulation.payments.lean import Decoding, LeanLine, Store, lean

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_MASTERS = (bytes(range(32)),)
_AWAY = 20
"""Seconds until a process that died is there again, at most."""
_APART = 240
"""Seconds that the clocks of two processes may differ, at most."""
_JUMP = 3600


class PaymentsProcess(Process):
    def __init__(self, world, number):
        super().__init__(f"payments-{number}")
        self.number, self._world = number, world
        self.skew = timedelta(seconds=world.faults.chance.uniform(-_APART / 2, _APART / 2))
        self.running, self.ready = None, False

    def clock(self):
        return START + timedelta(seconds=asyncio.get_running_loop().time()) + self.skew

    async def run(self):
        settings = self._world.settings.model_copy(update={"instance": self.name})
        line = LeanLine(self, self._world.faults, self._world.trace)
        self.running = lean(payments, self._world.store, _MASTERS, settings, self.clock, line)
        await self.running.start()
        self.ready = True
        self._world.trace.note("started")


class World:
    def __init__(self, faults, trace):
        self.faults, self.trace = faults, trace
        self.store, self.decode = Store(), Decoding()
        self.gateway = BadGateway(faults, trace, self.now)
        self.settings = Settings(data=Path("nowhere"), key_file=Path("nowhere"))
        self.processes = {}
        self.codec = Codec(EVENTS)
        self.told, self.projected = 0, 0
        """How much of what was told nobody has reacted to yet; how much of the log the views have seen."""
        self._versions, self._lanes = {}, {}

    async def open(self):
        for number in (1, 2):
            self._begin(number)
        for work in (self._weather(), self._project()):
            asyncio.get_running_loop().create_task(work)

    def now(self):
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    # What others tell

    def tell(self, stream, event, times=1):
        """In the order of each stream, until somebody has done with it; by a relay that may not be sure of having sent it, and sends it again."""
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        id = f"{stream}@{version}"
        fact = Fact(event, stream, version, self.now(), "agent:agent1", stream.partition("-")[2], id, id, "", event.TOPIC)
        lane = self._lanes.setdefault(stream, asyncio.Lock())
        self.told += 1
        asyncio.get_running_loop().create_task(self._heard(lane, fact, times))

    async def _heard(self, lane, fact, times):
        async with lane:
            await asyncio.sleep(self.faults.delay())
            while times:
                if await self.ask(lambda running: running.working._react_in_order([fact])) is not None:
                    times -= 1
                else:
                    await asyncio.sleep(1)
        self.told -= 1

    async def _project(self):
        """Views are behind by as much as the weather has it; repeats change nothing."""
        while True:
            await asyncio.sleep(self.faults.behind())
            until = min(len(self.store.log), self.projected + 200)
            if until > self.projected:
                facts = [self.decode(self.codec, stored) for stored in self.store.log[max(0, self.projected - self.faults.again()) : until]]
                if await self.ask(lambda running, facts=facts: self._projected(running, facts)) is not None:
                    self.projected = until

    async def _projected(self, running, facts):
        await project_all(running.documents, running.keyring, list(running.builds.values()), facts)
        return True

    # Processes

    def some(self):
        there = [process for _, process in sorted(self.processes.items()) if process.alive and process.ready]
        return self.faults.chance.choice(there) if there else None

    async def ask(self, work):
        """``work(running)`` in one of the processes; None where it died meanwhile, or could not."""
        process = self.some()
        if process is None:
            return await asyncio.sleep(1)
        asked = process.spawn(work(process.running))
        await asyncio.wait([asked, process.death], return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            return None
        with contextlib.suppress(KernelError):
            return asked.result() or True
        return None

    def _begin(self, number):
        process = PaymentsProcess(self, number)
        self.processes[process.name] = process
        asyncio.get_running_loop().create_task(self._supervise(process))

    async def _supervise(self, process):
        starting = process.spawn(process.run())
        await asyncio.wait([starting, process.death], return_when=asyncio.FIRST_COMPLETED)
        if process.alive and starting.exception():
            self.trace.note("start failed", process.name, repr(starting.exception()))
            process.kill()
        await process.death
        await asyncio.sleep(0.1 if self.faults.over else self.faults.chance.uniform(0.1, _AWAY))
        self._begin(process.number)

    async def _weather(self):
        chance = self.faults.chance
        while self.faults.weather:
            await asyncio.sleep(chance.uniform(1, self.faults.weather))
            if self.faults.over:
                return
            process = self.processes[chance.choice(sorted(self.processes))]
            what = chance.choice(("stall", "outage", "kill", "jump" if self.faults.jumps else "stall"))
            self.trace.note(what, process.name)
            match what:
                case "stall":
                    process.stall(chance.uniform(1, 200))
                case "outage":
                    self.faults.down["payments"] = asyncio.get_running_loop().time() + chance.uniform(1, 40)
                case "kill":
                    process.kill()
                case "jump":
                    process.skew += timedelta(seconds=chance.choice((-_JUMP, _JUMP)))
