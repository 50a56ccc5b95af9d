"""One run: a world and its people from a seed, then calm until nothing is left to do, then the questions of ``checks``."""

import asyncio
import random
from dataclasses import dataclass

from tests.simulation.edges import edges
from tests.simulation.faults import Faults
from tests.simulation.loop import Loop
from tests.simulation.people import People
from tests.simulation.trace import Trace
from tests.simulation.world import World

_LONGEST = 4 * 3600
_ORDERS = (3, 8)


@dataclass(frozen=True)
class Run:
    seed: int
    findings: list
    digest: str
    steps: int
    last: list


def simulate(seed):
    """The same for the same seed, whatever the process, its hash seed and the runs before it."""
    chances = [random.Random(f"{seed}/{what}") for what in ("loop", "faults", "people", "bytes")]  # noqa: S311 - chance, not secrets
    trace = Trace()
    loop = Loop(chances[0])
    world = []
    gateway, drop = lambda: world[0].gateway, lambda: world[0].drop()
    with edges(chances[3], simulator=gateway, drop=drop, said=_heard(trace)):
        try:
            loop.run_until_complete(_live(chances, trace, world))
        finally:
            loop.close()
    return Run(seed, trace.findings, trace.digest, loop.steps, list(trace.last))


async def _live(chances, trace, worlds):
    _, faults, people, _ = chances
    world = World(Faults(faults), trace)
    worlds.append(world)
    crowd = People(world, people)
    await world.open()
    await crowd.work(people.randint(*_ORDERS))
    world.faults.end()
    trace.note("calm")
    await asyncio.sleep(3600)


def _heard(trace):
    def heard(event, fields):
        trace.note("said", event, *(f"{name}={fields[name]}" for name in sorted(fields) if name != "exc_info"))

    return heard
