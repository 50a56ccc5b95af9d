"""One run: a world and its people from a seed, then calm until nothing is left to do, then the questions of ``checks``."""

import random
import re
from collections import Counter
from dataclasses import dataclass

from services.house import SERVICES
from tests.simulation.calm import discard, parked, settled
from tests.simulation.checks import Evidence, held_by, problems
from tests.simulation.edges import edges
from tests.simulation.faults import Faults
from tests.simulation.loop import Loop
from tests.simulation.people import People
from tests.simulation.replay import differences
from tests.simulation.trace import Trace
from tests.simulation.world import World

_ORDERS = (5, 12)
_LAST = 60
_ORDER = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{10}\b")


@dataclass(frozen=True)
class Run:
    """``seen`` counts the kinds of steps, and the types of events that were recorded."""

    seed: int
    findings: list
    digest: str
    steps: list
    seen: Counter

    def report(self, last=_LAST):
        """The findings, and the last steps that have to do with the first."""
        about = _ORDER.findall(self.findings[0]) if self.findings else []
        steps = [step for step in self.steps if not about or about[0] in step or " calm " in step]
        again = f"Seed {self.seed}: python -m tests.simulation --seed {self.seed}"
        return "\n".join([*steps[len(steps) - last :], *(f"FOUND {finding}" for finding in self.findings), again])


def simulate(seed):
    """The same for the same seed, whatever the process, its hash seed and the runs before it."""
    chance = {what: random.Random(f"{seed}/{what}") for what in ("loop", "faults", "people", "bytes")}  # noqa: S311 - no secrets
    loop, faults, worlds = Loop(chance["loop"]), Faults(chance["faults"]), []
    trace = Trace(loop)
    loop.set_exception_handler(lambda loop, context: trace.note("unheard", repr(context.get("exception"))))
    outside = {"simulator": lambda: worlds[0].gateway, "idempotent": not faults.careless, "packages": lambda: worlds[0].packages()}
    with edges(chance["bytes"], **outside, said=heard(trace)):
        try:
            loop.run_until_complete(_live(faults, chance["people"], trace, worlds))
        finally:
            loop.close()
    return Run(seed, trace.findings, trace.digest, trace.steps, trace.seen)


async def _live(faults, chance, trace, worlds):
    world = World(faults, trace)
    worlds.append(world)
    crowd = People(world, chance)
    await world.open()
    await crowd.work(chance.randint(*_ORDERS))
    trace.note("calm")
    world.mend()
    await crowd.calm()
    await settled(world, crowd.poisoned)
    await crowd.finish()
    await settled(world, crowd.poisoned)
    await _poison_stayed(world, crowd, trace)
    trace.seen.update(dict(stored.headers)["ce_type"] for stored in world.cluster.log)
    trace.seen.update("takeover" for stored in world.cluster.log if b'"takeover":true' in stored.data)
    evidence = Evidence(world, crowd)
    trace.seen.update(f"held by {kind}" for kind in held_by(evidence))
    for problem in [*problems(evidence), *world.reactions.unheard(SERVICES)]:
        trace.find(problem)
    async for problem in differences(world, chance):
        trace.find(problem)


async def _poison_stayed(world, crowd, trace):
    """P9: it held up its own order alone, and once it is discarded not even that."""
    waiting = {stream.partition("-")[2] for streams in parked(world).values() for stream in streams}
    for order in sorted(waiting - crowd.poisoned):
        trace.find(f"poison: {order} is parked, and nobody poisoned it")
    if crowd.poisoned:
        await discard(world)
        await settled(world)
        for service, streams in parked(world).items():
            trace.find(f"poison: {service} has {sorted(streams)} parked for ever")


def heard(trace):
    def heard(event, fields):
        trace.note("said", event, *(f"{name}={fields[name]}" for name in sorted(fields) if name != "exc_info"))

    return heard
