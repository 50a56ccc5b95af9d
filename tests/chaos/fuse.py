"""Ports and a gateway that end their process, as kill -9 would, when it comes to a named point for the nth time."""

import os
import signal
from dataclasses import replace

from shared.engines.embedded.engine import Engine


def say(*words):
    """One line in one write: whole, or not there."""
    os.write(1, f"{' '.join(words)}\n".encode())


class Fuse:
    def __init__(self, point, nth):
        self.point, self.left = point, nth

    def reached(self, point):
        self.left -= point == self.point
        if not self.left:
            say("died", self.point)
            os.kill(os.getpid(), signal.SIGKILL)


class Fused:
    """Everything else goes through as it is."""

    def __init__(self, inner, fuse, name=""):
        self._inner, self._fuse, self._name = inner, fuse, name

    def __getattr__(self, name):
        return getattr(self._inner, name)


class FusedStreams(Fused):
    async def append(self, topic, events):
        types = [dict(event.headers)["ce_type"].rpartition(".")[2] for event in events]
        for name in types:
            self._fuse.reached(f"before append of {name}")
        await self._inner.append(topic, events)
        for name in types:
            self._fuse.reached(f"after append of {name}")


class FusedDocuments(Fused):
    async def write(self, changes, progress=None):
        self._fuse.reached(f"before write of {self._name}")
        for collection in changes:
            if ".b" in collection:
                self._fuse.reached("within a rebuild")
        await self._inner.write(changes, progress)
        self._fuse.reached(f"after write of {self._name}")

    def save_offsets(self, group, offsets):
        self._fuse.reached(f"before commit of {group}")
        self._inner.save_offsets(group, offsets)


class FusedGateway(Fused):
    async def authorise(self, *args):
        return await self._called("authorise", args)

    async def capture(self, *args):
        return await self._called("capture", args)

    async def void(self, *args):
        return await self._called("void", args)

    async def refund(self, *args):
        return await self._called("refund", args)

    async def _called(self, name, args):
        self._fuse.reached(f"before call of {name}")
        answer = await getattr(self._inner, name)(*args)
        self._fuse.reached(f"after call of {name}")
        return answer


class FusedEngine(Engine):
    def __init__(self, settings, fuse):
        self.fuse = fuse
        super().__init__(settings)

    def offsets(self, group):
        return FusedDocuments(super().offsets(group), self.fuse, group)

    def ports(self, service):
        ports = super().ports(service)
        return replace(ports, streams=FusedStreams(ports.streams, self.fuse), documents=FusedDocuments(ports.documents, self.fuse, service))
