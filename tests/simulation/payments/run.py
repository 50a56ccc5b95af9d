"""One run: orders that are paid while everything goes wrong, then calm until nothing is left to do, then the questions of ``checks``."""

import asyncio
import random
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points

import pytest
from pydantic_core import from_json

from services.payments.gateway import Configure
from services.payments.gateways.installed import GROUP
from services.payments.views import payments_view, pre_auth_work, work
from shared.contracts.payments import GatewayConfigured
from shared.kernel.views import collection
from tests.simulation.edges import edges
from tests.simulation.faults import Faults
from tests.simulation.loop import Loop
from tests.simulation.payments.checks import Evidence, problems
from tests.simulation.payments.people import People
from tests.simulation.payments.world import World
from tests.simulation.run import heard
from tests.simulation.trace import Trace

ORDERS = 150
WITHIN = 1200
"""Seconds in which they come."""
_OURS = [entry for entry in entry_points(group=GROUP) if entry.name == "simulator"]
_LAST = 80
_ORDER = re.compile(r"\b0\d{9}\b")
_LONGEST, _LOOK_EVERY, _POLL = 6 * 3600, 30, 20.0


class Weather(Faults):
    """As the house has it; here the gateway is what is worst, clocks jump, and processes die around its calls."""

    def __init__(self, chance):
        super().__init__(chance)
        self.gateway = chance.choice((0.05, 0.2, 0.5))
        self.dies = chance.choice((0, 0.002, 0.01))
        self.jumps = chance.random() < 0.3
        self.lag = chance.choice((0.2, 2, 30))
        self.rough = max(0.2, self.crash + self.fail)
        """How many of the ways to the store and back are more than a moment."""

    def behind(self):
        """Seconds until views are looked after again."""
        return 5 if self.over else self.chance.uniform(0.05, self.lag)

    def again(self):
        """So many events are projected once more."""
        return self.chance.choice((0, 0, 0, 5))


@dataclass(frozen=True)
class Run:
    seed: int
    attempts: int
    findings: list
    digest: str
    steps: list
    seen: Counter

    def report(self, last=_LAST):
        about = _ORDER.findall(self.findings[0]) if self.findings else []
        steps = [step for step in self.steps if not about or about[0] in step or " calm " in step]
        again = f"Seed {self.seed}: python -m tests.simulation.payments --seed {self.seed}"
        return "\n".join([*steps[len(steps) - last :], *(f"FOUND {finding}" for finding in self.findings), again])


def simulate(seed, orders=ORDERS):
    """The same for the same seed."""
    chance = {what: random.Random(f"payments/{seed}/{what}") for what in ("loop", "faults", "people", "bytes")}  # noqa: S311 - no secrets
    loop, faults, worlds = Loop(chance["loop"]), Weather(chance["faults"]), []
    trace = Trace(loop)
    loop.set_exception_handler(lambda loop, context: trace.note("unheard", repr(context.get("exception"))))
    outside = {"simulator": lambda: worlds[0].gateway, "idempotent": not faults.careless, "packages": tuple}
    with edges(chance["bytes"], **outside, said=heard(trace)), pytest.MonkeyPatch.context() as instead:
        instead.setattr("shared.kernel.runner._POLL", _POLL)
        instead.setattr("services.payments.service._ERASE_EVERY", _POLL)
        instead.setattr("services.payments.service._SWEEP_EVERY", 20 * _POLL)
        instead.setattr("services.payments.service.entry_points", lambda group: _OURS)
        instead.setattr("shared.kernel.commands.decode", lambda codec, stored: worlds[0].decode(codec, stored))
        try:
            attempts = loop.run_until_complete(_live(faults, chance["people"], trace, worlds, orders))
        finally:
            loop.close()
    return Run(seed, attempts, trace.findings, trace.digest, trace.steps, trace.seen)


async def _live(faults, chance, trace, worlds, orders):
    world = World(faults, trace)
    worlds.append(world)
    people = People(world, chance)
    await world.open()
    for name, other in (("simulator", "second"), ("second", "simulator")):
        while not await world.ask(lambda running, name=name, other=other: _configured(running, name, other)):
            await asyncio.sleep(1)
    await people.work(orders, WITHIN)
    trace.note("calm")
    faults.end()
    world.gateway.mend()
    await _settled(world)
    await people.finish()
    await _settled(world)
    await people.look_after(row for row in _rows(world, payments_view) if row["attention"])
    await _settled(world)
    trace.seen.update(dict(stored.headers)["ce_type"].rpartition(".")[2] for stored in world.store.log)
    trace.seen.update("takeover" for stored in world.store.log if b'"takeover":true' in stored.data)
    facts = [world.decode(world.codec, stored) for stored in world.store.log]
    looked_at = _rows(world, payments_view), _rows(world, pre_auth_work)
    evidence = Evidence(facts, world.gateway.entries, people.submitted, people.passed, *looked_at)
    for problem in problems(evidence, settles=not (faults.careless and faults.jumps)):
        trace.find(problem)
    return people.attempts


async def _configured(running, name, other):
    """After a soft no each of them is asked for the other; one reserves again what has expired."""
    kinds = running.state["installed"].kinds
    known = {each: GatewayConfigured(name=each, kind="simulator", capabilities=("authorise", "ach"), on=True) for each in ("simulator", "second")}
    command = Configure(name, "simulator", ("ach",), kinds, fallback=other, renews=name == "second", others=known)
    return await running.send(name, command, f"configure-{name}", "agent:admin1")


async def _settled(world):
    """Until nothing is left to be done that the gateway answers; what it did otherwise than it was asked to waits for a person."""
    loop = asyncio.get_running_loop()
    end, busy = loop.time() + _LONGEST, ["not looked yet"]
    while busy and loop.time() < end:
        await asyncio.sleep(_LOOK_EVERY)
        busy = [*_behind(world), *_due(world)]
    if busy:
        world.trace.find(f"never at rest: {', '.join(busy[:5])}")


def _rows(world, view):
    rows = world.store.shelf.collections[collection(view)]
    return [{**from_json(data), "id": id} for id, (_, _, data) in sorted(rows.items()) if data is not None]


def _behind(world):
    now = asyncio.get_running_loop().time()
    yield from (f"{p.name} is not there" for p in world.processes.values() if not p.ready or p.stalled_until > now)
    if world.told or world.projected < len(world.store.log):
        yield f"{world.told} to react to, {len(world.store.log) - world.projected} to project"


def _due(world):
    for view in (work, pre_auth_work):
        for row in _rows(world, view):
            if row["due_at"] and row["reference"] not in world.gateway.misfits:
                yield f"{row['id']} is to be done at {datetime.fromisoformat(row['due_at']):%H:%M:%S}"
