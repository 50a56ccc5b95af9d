"""Whoever ships: what each plugin's inbox was given, and plugins that behave as badly as plugins do."""

import asyncio
from collections import Counter
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from services.fulfillment.plugins import csv_drop
from services.fulfillment.plugins.csv_drop import written
from services.fulfillment.plugins.kinds import Field, Kind
from services.fulfillment.plugins.protocol import TIMEOUT, NoAnswer, Refused, Stopped, Taken
from tests.simulation.loop import PROCESS

COURIERS = ("boxes", "post")
"""Plugins of the kind that misbehaves."""
_LATEST = 2 * TIMEOUT
"""Seconds that something may be under way: longer than it is waited for, shorter than a claim."""
_MISSING = 0.3
"""How often a process comes without the package of that kind."""


@dataclass(frozen=True)
class Came:
    """One export as it arrived; ``place`` is how much of the log there was, ``again`` that somebody wanted it sent once more."""

    plugin: str
    export_id: str
    text: str
    place: int
    again: bool
    lines: tuple
    name: str
    by_itself: bool
    """Nobody sent it: it was on the line twice."""

    @property
    def order(self):
        return self.export_id.partition("-")[0]


class Inbox:
    """What arrived at any plugin, each time that it did; what of it is there still; and how often it was said that it is not."""

    def __init__(self):
        self.received = []
        self.files = {}
        self.unheard_of = Counter()
        self.stopped = set()

    def take(self, plugin, outgoing, place, by_itself=False):
        lines = tuple(item.line for item in outgoing.items)
        text = written(outgoing, {})
        self.received.append(Came(plugin, outgoing.export_id, text, place, outgoing.resend, lines, outgoing.first_name, by_itself))
        self.files[plugin, outgoing.export_id] = text

    def known(self, plugin, outgoing):
        there = self.files.get((plugin, outgoing.export_id))
        if there is None:
            self.unheard_of[outgoing.export_id] += 1
            return None
        return Taken(f"{plugin} {outgoing.export_id}", same=there == written(outgoing, {}))


class MemoryDrop:
    """The CSV drop, as the product's own, into the inbox."""

    plugin = "csv"

    def __init__(self, inbox, log):
        self._inbox, self._log = inbox, log

    async def deliver(self, outgoing, options, secrets):
        await self._ask("deliver", lambda: self._inbox.take(self.plugin, outgoing, len(self._log)), outgoing.export_id)
        return Taken(f"{outgoing.export_id}.csv")

    async def reconcile(self, outgoing, options, secrets):
        return await self._ask("reconcile", lambda: self._inbox.known(self.plugin, outgoing), outgoing.export_id)

    async def cancel(self, outgoing, their_id, options, secrets):
        there = await self._ask("cancel", lambda: (self.plugin, outgoing.export_id) in self._inbox.files, outgoing.export_id)
        return Refused("It was fetched already.", again=False) if there else Stopped()

    async def erase(self, export_id, options):
        await self._ask("erase", lambda: self._inbox.files.pop((self.plugin, export_id), None), export_id)

    async def trouble(self, options, secrets):
        return ""

    async def _ask(self, what, work, export_id):
        return await PROCESS.get().line.ask(f"plugin.{what}", work, [export_id])


class Courier:
    """Refuses, answers nothing or nonsense, is late, hears things twice, wants nothing any more; and knows what it was given."""

    def __init__(self, inbox, log, faults, trace):
        self._inbox, self._log, self._faults, self._trace = inbox, log, faults, trace

    async def deliver(self, outgoing, options, secrets):
        take, taken = partial(self._take, options["account"], outgoing), Taken(f"{options['account']} {outgoing.export_id}")
        mood = self._mood(("refused", "for good", "gone", "unheard", "nonsense", "late", "lost", "twice"), outgoing.export_id)
        match mood:
            case "refused":
                return Refused("They are closed.", after=self._faults.chance.choice((None, timedelta(seconds=40))))
            case "for good" | "gone":
                return Refused("They do not ship that.", again=False, gone=mood == "gone")
            case "lost":
                await asyncio.Event().wait()
            case "late":
                await self._arrives_late(take)
                return taken
            case "unheard" | "nonsense":
                take()
                return NoAnswer("The line went dead.") if mood == "unheard" else "It is a pleasure."
            case "twice":
                take(by_itself=True)
        await PROCESS.get().line.ask("plugin.deliver", take, [outgoing.export_id])
        return taken

    def _take(self, account, outgoing, by_itself=False):
        self._inbox.take(account, outgoing, len(self._log), by_itself)

    def _mood(self, moods, export_id):
        if not self._faults.happens(self._faults.courier):
            return "well"
        mood = self._faults.chance.choice(moods)
        self._trace.note(f"plugin {mood}", export_id)
        return mood

    async def _arrives_late(self, take):
        """What was sent is under way, whether or not anybody waits for it."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        async def arrive():
            await asyncio.sleep(self._faults.chance.uniform(0, _LATEST))
            take()
            arrived.set()

        Context().run(loop.create_task, arrive())
        await arrived.wait()

    async def reconcile(self, outgoing, options, secrets):
        return await PROCESS.get().line.ask("plugin.reconcile", lambda: self._inbox.known(options["account"], outgoing), [outgoing.export_id])

    async def cancel(self, outgoing, their_id, options, secrets):
        key = (options["account"], outgoing.export_id)
        match self._mood(("too late", "unheard", "refused"), outgoing.export_id):
            case "too late" if key in self._inbox.files:
                return Refused("It is on its way.", again=False)
            case "refused":
                return Refused("They are closed.")
            case "unheard":
                self._inbox.stopped.add(key)
                return NoAnswer("The line went dead.")
        await PROCESS.get().line.ask("plugin.cancel", lambda: self._inbox.stopped.add(key), [outgoing.export_id])
        return Stopped()

    async def erase(self, export_id, options):
        """Nothing of it lies here."""

    async def trouble(self, options, secrets):
        return ""


@dataclass(frozen=True)
class Package:
    """As an entry point tells of one that is installed."""

    name: str
    kind: Kind

    @property
    def value(self):
        return f"outside:{self.name}"

    def load(self):
        return self.kind


def packages(inbox, log, faults, trace):
    """What a process finds when it starts: now and then the courier's package is missing, and what waits for it waits."""
    yield Package("csv", replace(csv_drop.KIND, make=lambda around: MemoryDrop(inbox, log)))
    if faults.happens(_MISSING):
        trace.note("plugin missing")
        PROCESS.get().lacks = True
        return
    account = Field("account", "Account", required=True)
    yield Package("courier", Kind("Courier", lambda around: Courier(inbox, log, faults, trace), options=(account,)))
