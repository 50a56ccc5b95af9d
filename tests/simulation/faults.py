"""What goes wrong, as the seed has it: each run has a weather of its own, from calm to everything at once."""

import asyncio

from aiokafka.errors import KafkaConnectionError

from shared.kernel.errors import Unavailable


class Faults:
    """Rates a call. ``down`` has until when a service's store is away; over when ``end`` was called."""

    def __init__(self, chance):
        self.chance = chance
        self.over = False
        self.down = {}
        wild = chance.choice((0.2, 1, 3))
        self.fail = wild * chance.choice((0, 0.002, 0.01))
        self.crash = wild * chance.choice((0, 0.0005, 0.001))
        self.lose_marks = chance.choice((0, 0.1, 0.5))
        self.lose_sends = chance.choice((0, 0.02, 0.1))
        self.stale = chance.choice((0, 0.05, 0.3))
        self.slow = chance.choice((0, 0.01, 0.05))
        self.gateway = chance.choice((0, 0.2, 0.5))
        self.plugin = chance.choice((0, 0.1, 0.3))
        self.courier = chance.choice((0, 0.5, 0.9))
        self.careless = chance.random() < 0.5
        self.weather = chance.choice((0, 20, 60))

    def end(self):
        self.over = True
        self.down = {}

    def happens(self, rate):
        return not self.over and self.chance.random() < rate

    def delay(self):
        """Seconds: mostly none, seldom many."""
        if self.over or self.chance.random() < 0.6:
            return 0
        return self.chance.uniform(0, 20 if self.happens(self.slow) else 0.05)


class FaultyLine:
    """Between one process and the cluster. What fails on the way there was not done; on the way back, it was."""

    def __init__(self, process, service, faults, trace):
        self._process, self._service, self._faults, self._trace = process, service, faults, trace

    async def ask(self, what, work, about=()):
        await self._cross(what)
        result = work()
        self._trace.note(what, *about)
        await self._cross(f"{what} answered")
        return result

    async def read(self, what, work):
        await self._cross(what)
        return work()

    async def fetch(self, group, work):
        await self._cross("group.fetch")
        found = work()
        if found:
            places = [f"{place.topic}/{place.partition}:{records[0].offset}-{records[-1].offset}" for place, records in found.items()]
            self._trace.note("group.fetch", group, *places)
        return found

    def is_stale(self):
        return self._faults.happens(self._faults.stale)

    def shuffled(self, places):
        return self._faults.chance.sample(places, len(places))

    def at_most(self, limit):
        return limit if self._faults.over else self._faults.chance.choice((1, 3, limit, limit))

    async def _cross(self, what):
        await asyncio.sleep(self._faults.delay())
        if self._faults.happens(self._faults.crash):
            self._trace.note("crash", what)
            self._process.kill()
            await asyncio.Event().wait()
        down = self._faults.down.get(self._service, 0) > asyncio.get_running_loop().time()
        if down or self._faults.happens(self._rate(what)):
            self._trace.note(f"fault {what}")
            raise _error(what)

    def _rate(self, what):
        match what.split()[0]:
            case "relay.mark":
                return self._faults.lose_marks
            case "kafka.send":
                return self._faults.lose_sends
            case "plugin.deliver":
                return self._faults.plugin
        return self._faults.fail


def _error(what):
    if what.startswith(("group.", "kafka.")):
        return KafkaConnectionError("The broker is away.")
    return OSError("The plugin is away.") if what.startswith("plugin.") else Unavailable("The store is away.")
