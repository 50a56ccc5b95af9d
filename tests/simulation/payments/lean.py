"""What payments alone needs of a cluster: its own streams, documents and blobs in memory. Brokers, relays and rebuilds are left out.

The whole house has those in its own simulation. Here its policies are handed what others tell them, and its views what is appended; so a run costs
a tenth, and there can be so many of them that the seldom meets the seldom.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace

from pydantic_core import from_json

from shared.kernel.codec import Codec
from shared.kernel.commands import decode
from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.projector import Build
from shared.kernel.runner import Runner
from shared.kernel.views import Document, collection
from shared.service import Ports, Running
from tests.simulation.documents import MemoryDocuments, Shelf
from tests.simulation.memory import MemoryBlobs, MemoryKeyring


@dataclass
class Store:
    """What outlives every process. ``log`` has all events of payments in the order in which they were appended."""

    log: list = field(default_factory=list)
    streams: dict = field(default_factory=lambda: defaultdict(list))
    shelf: Shelf = field(default_factory=Shelf)
    keys: dict = field(default_factory=dict)
    seed: bytes | None = None
    blobs: dict = field(default_factory=dict)


class LeanLine:
    """Between a process and the store: what fails on the way there was not done; on the way back, it was. The process may die on either."""

    def __init__(self, process, faults, trace):
        self._process, self._faults, self._trace = process, faults, trace

    async def ask(self, what, work, about=()):
        await self._cross(what)
        result = work()
        if about:
            self._trace.note(what, *about)
        await self._cross(f"{what} answered")
        return result

    async def read(self, what, work):
        await self._cross(what)
        return work()

    def is_stale(self):
        return self._faults.happens(self._faults.stale)

    async def _cross(self, what):
        """One number decides whether anything happens at all: most crossings are calm."""
        drawn = self._faults.chance.random()
        rough = drawn < self._faults.rough and not self._faults.over
        await asyncio.sleep(self._faults.delay() if rough else 0)
        if rough and drawn < self._faults.crash:
            self._trace.note("crash", what)
            self._process.kill()
            await asyncio.Event().wait()
        if self._is_down() or (rough and drawn < self._faults.crash + self._faults.fail):
            self._trace.note(f"fault {what}")
            raise Unavailable("The store is away.")

    def _is_down(self):
        return self._faults.down.get("payments", 0) > asyncio.get_running_loop().time()


class LeanStreams:
    def __init__(self, store, line):
        self._store, self._line = store, line

    async def load(self, stream, after=0, *, confirmed=False):
        """Unless it has to be confirmed, a deposed primary may answer, which has not heard of the newest events."""

        def loaded():
            events = self._store.streams.get(stream, ())
            stale = 1 if events and not confirmed and self._line.is_stale() else 0
            return events[after : len(events) - stale]

        return await self._line.read("streams.load", loaded)

    async def append(self, topic, events):
        await self._line.ask("append", lambda: self._append(events), [f"{e.stream}@{e.version} {_type(e)}" for e in events])

    def _append(self, events):
        stream = self._store.streams[events[0].stream]
        if [event.version for event in events] != list(range(len(stream) + 1, len(stream) + 1 + len(events))):
            raise Conflict(f"{events[0].stream} is at version {len(stream)}.")
        kept = [replace(event, fact=None, position=len(self._store.log) + n) for n, event in enumerate(events)]
        stream += kept
        self._store.log += kept


def _type(event):
    return dict(event.headers)["ce_type"].rpartition(".")[2]


class LeanDocuments(MemoryDocuments):
    """Each document is decoded once a revision: nobody changes what was read."""

    def __init__(self, shelf, line):
        super().__init__(shelf, line)
        self._read = {}

    async def _matching(self, collection, where):
        def found():
            kept = self._in(collection)
            rows = ((id, self._decoded(collection, id, row)) for id, row in kept.items() if row[2] is not None)
            return [Document(id, data) for id, data in rows if all(_fits(data.get(name), wanted) for name, wanted in (where or {}).items())]

        return await self._line.read("documents.find", found)

    def _decoded(self, collection, id, row):
        revision, data = self._read.get((collection, id), (0, None))
        if revision != row[0]:
            data = from_json(row[2])
            self._read[collection, id] = (row[0], data)
        return data


def _fits(value, wanted):
    if hasattr(wanted, "high"):
        return value is not None and (wanted.low is None or value >= wanted.low) and (wanted.high is None or value <= wanted.high)
    return value in wanted if isinstance(wanted, tuple) else value == wanted


class _NoRelay:
    problem = ""

    def kick(self):
        """Nobody listens."""


class LeanRunning(Running):
    """Views are there from the start and no topic is read: ``react`` and ``project`` are called instead."""

    async def open(self):
        self.builds = {view.name: Build(view, collection(view)) for view in self.service.views}
        for view in self.service.views:
            await self.documents.prepare(collection(view), view.indexes)

    async def start(self):
        await self.open()
        await self.service.setup(self)
        self._runner = Runner(self.service.name, self.service.effects(self), self.service.timers, self)
        self.spawn(self._runner.watch())


def lean(service, store, masters, settings, clock, line):
    """A process of a service."""
    documents = LeanDocuments(store.shelf, line)
    keyring = MemoryKeyring(store, masters, line)
    ports = Ports(LeanStreams(store, line), None, documents, keyring, MemoryBlobs(store.blobs, line), _NoRelay(), lambda group: None, shared=True)
    return LeanRunning(service, ports, settings, clock)


class Decoding:
    """Each event is decoded once, whoever reads it: that is most of what a run would cost otherwise."""

    def __init__(self):
        self._known = {}

    def __call__(self, codec: Codec, stored):
        key = (stored.stream, stored.version)
        if key not in self._known:
            self._known[key] = decode(codec, stored)
        return self._known[key]
