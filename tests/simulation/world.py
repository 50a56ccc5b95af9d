"""Two processes of every service over one cluster, a gateway and plugins outside, and the weather that they live in."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.house import SERVICES
from shared.app import service_app
from shared.asgi import AsgiClient
from shared.service import Running
from shared.settings import Settings
from tests.simulation.faults import FaultyLine
from tests.simulation.gateway import SimulatedGateway
from tests.simulation.loop import Process
from tests.simulation.memory import Cluster, MemoryEngine
from tests.simulation.order import Reactions
from tests.simulation.plugins import Inbox, packages

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_MASTERS = (bytes(range(32)),)
_SESSION = 10
"""Seconds after which a member that says nothing is taken for dead."""
_SKEW = 60
_PATIENCE = 30


class Unanswered(OSError):
    """Whoever asked does not know whether it was done."""


class ServiceProcess(Process):
    """One of the processes that work for a service; ``client`` is there once it can be asked."""

    def __init__(self, world, service, number):
        super().__init__(f"{service.name}-{number}")
        self.service, self.number, self._world = service, number, world
        skew = timedelta(seconds=world.faults.chance.uniform(-_SKEW, _SKEW))
        self.clock = lambda: START + timedelta(seconds=asyncio.get_running_loop().time()) + skew
        self.line = FaultyLine(self, service.name, world.faults, world.trace)
        self.running = self.client = self.engine = None
        self.lacks = False
        """A package that others have."""

    async def run(self):
        self.engine = MemoryEngine(self._world.cluster, _MASTERS, (self.service.name,), self.line)
        clients = self._world.clients if self.service.name == "ops" else None
        settings = self._world.settings.model_copy(update={"instance": self.name})
        self.running = Running(self.service, self.engine.ports(self.service.name), settings, self.clock, clients=clients)
        self._world.reactions.watch(self.running.working)
        await self.running.start()
        self.running.subscribe(self.engine.broker)
        await self.engine.broker.start()
        self.client = AsgiClient(service_app(self.running))
        self._world.trace.note("started")

    @property
    def ready(self):
        return self.alive and self.client and not self.running.rebuilds.filling

    def members(self):
        return self.engine.broker.consumers if self.engine else ()


class World:
    def __init__(self, faults, trace):
        self.faults, self.trace = faults, trace
        self.cluster, self.inbox = Cluster(), Inbox()
        self.gateway = SimulatedGateway(faults, trace)
        self.settings = Settings(data=Path("nowhere"), key_file=Path("nowhere"))
        self.clients = {service.name: _Door(self, service.name) for service in SERVICES}
        self.processes = {}
        self.reactions = Reactions(self.cluster, trace)

    def packages(self):
        return packages(self.inbox, self.cluster.log, self.faults, self.trace)

    def mend(self):
        """Nothing goes wrong any more; what a process lacks is installed, and it starts again."""
        self.faults.end()
        self.gateway.mend()
        for process in self.processes.values():
            if process.lacks:
                process.kill()

    async def open(self):
        for service, number in self.faults.chance.sample([(service, number) for service in SERVICES for number in (1, 2)], 2 * len(SERVICES)):
            self._begin(service, number)
        asyncio.get_running_loop().create_task(self._weather())

    def _begin(self, service, number):
        process = ServiceProcess(self, service, number)
        self.processes[process.name] = process
        asyncio.get_running_loop().create_task(self._supervise(process))

    async def _supervise(self, process):
        """A process that could not start, or died, comes again after a while, under its name."""
        starting = process.spawn(process.run())
        await asyncio.wait([starting, process.death], return_when=asyncio.FIRST_COMPLETED)
        if process.alive and starting.exception():
            self.trace.note("start failed", process.name, repr(starting.exception()))
            process.kill()
        await process.death
        self._miss(process)
        await asyncio.sleep(0.1 if self.faults.over else self.faults.chance.uniform(0.1, 2 * _SESSION))
        self._begin(process.service, process.number)

    def _miss(self, process):
        for consumer in process.members():
            asyncio.get_running_loop().later(_SESSION, self.cluster.groups.leave, consumer)

    async def _weather(self):
        chance = self.faults.chance
        while self.faults.weather:
            await asyncio.sleep(chance.uniform(1, self.faults.weather))
            if self.faults.over:
                return
            process = self.processes[chance.choice(sorted(self.processes))]
            match chance.choice(("stall", "outage", "rebalance", "kill")):
                case "stall":
                    self.trace.note("stall", process.name)
                    seconds = chance.uniform(1, 200)
                    process.stall(seconds)
                    if seconds > _SESSION:
                        self._miss(process)
                case "outage":
                    self.trace.note("outage", process.service.name)
                    self.faults.down[process.service.name] = asyncio.get_running_loop().time() + chance.uniform(1, 40)
                case "rebalance":
                    self.trace.note("rebalance", process.service.name)
                    for consumer in process.members():
                        self.cluster.groups.rebalance(consumer.group)
                case "kill":
                    self.trace.note("kill", process.name)
                    process.kill()

    def some(self, service):
        """A process of this service that can be asked, if one can."""
        there = [p for name, p in sorted(self.processes.items()) if p.service.name == service and p.alive and p.client]
        return self.faults.chance.choice(there) if there else None


class _Door:
    """To one of the processes of a service, as a load balancer has it."""

    def __init__(self, world, service):
        self._world, self._service = world, service

    async def request(self, method, path, *, json=None, headers=None):
        """Raises Unanswered where it died meanwhile, or took too long."""
        process = self._world.some(self._service)
        if process is None:
            await asyncio.sleep(0.5)
            raise Unanswered(f"No process of {self._service} is there.")
        asked = process.spawn(process.client.request(method, path, json=json, headers=headers))
        await asyncio.wait([asked, process.death], timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise Unanswered(f"{process.name} does not answer.")
        return asked.result()
