"""The cluster in memory: what Kafka and MongoDB keep for all processes, and the engine through which one process uses it.

Like the cluster engine it has several partitions a topic, commits that a relay carries to their topic, consumer groups with members and
offsets, and documents written with the progress of their group.
"""

import asyncio
import hmac
import os
from collections import defaultdict
from dataclasses import dataclass, field, replace

from shared.contracts.registry import SERVICES
from shared.engines.cluster.kafka import Names
from shared.engines.wrapping import Wrapping
from shared.kernel.errors import Conflict, Oversize, Unavailable
from shared.kernel.ports import LARGEST
from shared.service import Ports
from tests.simulation.documents import MemoryDocuments, Shelf
from tests.simulation.groups import Groups, MemoryBroker
from tests.simulation.relay import commit_of, started

PARTITIONS = 3
_REWRAPPED_AT_ONCE = 500


class Line:
    """Between one process and the cluster: each question takes a moment. Simulated lines also fail."""

    async def ask(self, what, work, about=()):
        await asyncio.sleep(0)
        return work()

    read = fetch = ask

    def is_stale(self):
        return False

    def shuffled(self, places):
        return places

    def at_most(self, limit):
        return limit


@dataclass
class Cluster:
    """What outlives every process. ``log`` has all events in the order in which they were appended."""

    names: Names = Names("ringup", PARTITIONS)  # noqa: RUF009 - frozen
    log: list = field(default_factory=list)
    streams: dict = field(default_factory=lambda: defaultdict(list))
    commits: dict = field(default_factory=lambda: defaultdict(list))
    topics: dict = field(default_factory=dict)
    shelves: dict = field(default_factory=lambda: defaultdict(Shelf))
    keys: dict = field(default_factory=dict)
    seed: bytes | None = None
    blobs: dict = field(default_factory=lambda: defaultdict(dict))
    groups: Groups = field(default_factory=Groups)

    def __post_init__(self):
        self.topics = {part: [] for service in SERVICES for part in self.names.parts(service)}

    def send(self, topic, partition, events):
        """Events arrive at the end of their partition, all of them or none."""
        part = self.topics[self.names.part(topic, partition)]
        for event in events:
            part.append(replace(event, position=len(part), fact=None))
        self.groups.arrived(topic)


class MemoryStreams:
    """Commits of one service; ``appended`` hears that there is something to relay."""

    def __init__(self, cluster, service, line, appended):
        self._cluster, self._service, self._line = cluster, service, line
        self._appended = appended

    async def load(self, stream, after=0, *, confirmed=False):
        """Unless it has to be confirmed, a deposed primary may answer, which has not heard of the newest commit."""

        def loaded():
            events = self._cluster.streams.get(stream, ())
            until = len(events) if confirmed or not self._line.is_stale() else self._newest(stream) - 1
            return [event for event in events[:until] if event.version > after]

        return await self._line.read("streams.load", loaded)

    def _newest(self, stream):
        """The version with which the newest commit of a stream begins; 1 for none."""
        return next((commit["version"] for commit in reversed(self._cluster.commits[self._service]) if commit["stream"] == stream), 1)

    async def append(self, topic, events):
        for event in events:
            if len(event.data) > LARGEST:
                raise Oversize(f"An event of {event.stream} is {len(event.data)} bytes; at most {LARGEST} can be recorded.")
        await self._line.ask("streams.append", lambda: self._append(topic, events), [f"{e.stream}@{e.version}" for e in events])
        self._appended()

    def _append(self, topic, events):
        stream = events[0].stream
        newest = len(self._cluster.streams.get(stream, ()))
        if [event.version for event in events] != list(range(newest + 1, newest + 1 + len(events))):
            raise Conflict(f"{stream} is at version {newest}.")
        kept = [replace(event, fact=None) for event in events]
        self._cluster.streams[stream] += kept
        self._cluster.log += kept
        commits = self._cluster.commits[self._service]
        commits.append(commit_of(len(commits), topic, kept))

    async def names(self, prefix="", after="", limit=100):
        def found():
            owned = {commit["stream"] for commit in self._cluster.commits[self._service]}
            return [(name, len(self._cluster.streams[name])) for name in sorted(owned) if name.startswith(prefix) and name > after][:limit]

        return await self._line.read("streams.names", found)


class MemoryTopics:
    def __init__(self, cluster, shelf, line):
        self._cluster, self._shelf, self._line = cluster, shelf, line
        self.part, self.parts = cluster.names.part, cluster.names.parts

    def place(self, topic, stream):
        return self.part(topic, self._cluster.names.partition(stream))

    async def read(self, part, position, limit):
        return await self._line.read("topics.read", lambda: self._cluster.topics[part][position : position + limit])

    async def offset(self, group, part):
        """What is kept with the documents; what is committed, where a group writes none."""

        def offset():
            return self._shelf.offsets.get((group, part)) or self._cluster.groups.committed(group, part) or 0

        return await self._line.read("topics.offset", offset)

    async def end(self, part):
        return await self._line.read("topics.end", lambda: len(self._cluster.topics[part]))

    async def behind(self, part, position):
        left = await self.read(part, position, len(self._cluster.topics[part]))
        return len(left), left[0] if left else None


class MemoryKeyring:
    def __init__(self, cluster, masters, line):
        self._cluster, self._line = cluster, line
        self._wrapping = Wrapping(masters, "the keyring")
        cluster.seed = cluster.seed or self._new("installation")
        self._secret = self._wrapping.unwrap("installation", cluster.seed)

    async def ensure(self, stream, label=""):
        def ensured():
            wrapped, known = self._cluster.keys.get(stream) or (self._new(stream), "")
            self._cluster.keys[stream] = (wrapped, label or known)
            return self._open(stream)

        return await self._line.ask("keyring.ensure", ensured)

    def _new(self, name):
        """Made of os.urandom, which a simulation takes from its seed."""
        return self._wrapping.wrap(name, os.urandom(32))

    def _open(self, stream):
        if stream not in self._cluster.keys:
            raise Unavailable(f"The key of {stream} is not in the keyring.")
        wrapped, _ = self._cluster.keys[stream]
        return wrapped and self._wrapping.unwrap(stream, wrapped)

    async def find(self, streams):
        return await self._line.read("keyring.find", lambda: {stream: self._open(stream) for stream in streams})

    async def erase(self, label):
        def erased():
            streams = sorted(stream for stream, (_, known) in self._cluster.keys.items() if known == label)
            self._cluster.keys.update(dict.fromkeys(streams, (None, label)))
            return streams

        return await self._line.ask("keyring.erase", erased)

    async def drop(self, stream):
        await self._line.ask("keyring.drop", lambda: self._cluster.keys.update({stream: (None, "")} if stream in self._cluster.keys else {}))

    def derived(self, purpose):
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    async def rewrap(self):
        streams = sorted(self._cluster.keys)
        done = 0
        for start in range(0, len(streams), _REWRAPPED_AT_ONCE):
            for stream in streams[start : start + _REWRAPPED_AT_ONCE]:
                wrapped, label = self._cluster.keys[stream]
                if wrapped:
                    self._cluster.keys[stream] = (self._wrapping.rewrapped(stream, wrapped) or wrapped, label)
                    done += 1
            yield done
        self._cluster.seed = self._wrapping.wrap("installation", self._secret)
        yield done + 1


class MemoryBlobs:
    def __init__(self, kept, line):
        self._kept, self._line = kept, line

    async def put(self, kind, id, data):
        await self._line.ask("blobs.put", lambda: self._kept.update({(kind, id): data}))

    async def get(self, kind, id):
        return await self._line.read("blobs.get", lambda: self._kept.get((kind, id)))

    async def replace(self, kind, id, before, data):
        def replaced():
            same = self._kept.get((kind, id)) == before
            self._kept.update({(kind, id): data} if same else {})
            return same

        return await self._line.ask("blobs.replace", replaced)

    async def delete(self, kind, id):
        await self._line.ask("blobs.delete", lambda: self._kept.pop((kind, id), None))

    async def ids(self, kind):
        return await self._line.read("blobs.ids", lambda: sorted(id for of, id in self._kept if of == kind))


class MemoryEngine:
    """What one process has of the cluster, with a relay at work for each of its services."""

    def __init__(self, cluster, masters, services=SERVICES, line=None):
        self.cluster, self.line = cluster, line or Line()
        self.keyring = MemoryKeyring(cluster, masters, self.line)
        self.broker = MemoryBroker(cluster, self.line)
        self._relays = {service: started(cluster, service, self.line) for service in services}

    def ports(self, service):
        line, shelf, (relay, _) = self.line, self.cluster.shelves[service], self._relays[service]
        return Ports(
            MemoryStreams(self.cluster, service, line, relay.kick),
            MemoryTopics(self.cluster, shelf, line),
            MemoryDocuments(shelf, line),
            self.keyring,
            MemoryBlobs(self.cluster.blobs[service], line),
            relay,
            self.broker.hurry,
            shared=True,
        )

    async def close(self):
        await self.broker.stop()
        for _, task in self._relays.values():
            task.cancel()
