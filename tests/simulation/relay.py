"""Commits to topics, in memory: reads what is unrelayed, sends each partition in order, marks what arrived."""

import asyncio
import contextlib

from shared.kernel.errors import KernelError

_POLL = 10.0


class MemoryRelay:
    def __init__(self, cluster, service, line):
        self._cluster, self._commits, self._line = cluster, cluster.commits[service], line
        self._kicked = asyncio.Event()
        self._task = asyncio.create_task(self.run())

    def kick(self):
        self._kicked.set()

    def close(self):
        self._task.cancel()

    async def waiting(self):
        return await self._line.read("relay.waiting", self._waiting)

    def _waiting(self):
        unrelayed = [commit for commit in self._commits if not commit["relayed"]]
        return len(unrelayed), unrelayed[0]["events"][0] if unrelayed else None

    async def run(self):
        while True:
            self._kicked.clear()
            with contextlib.suppress(KernelError):
                await self._round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL):
                    await self._kicked.wait()

    async def _round(self):
        streams = {}
        for commit in await self._unrelayed():
            streams.setdefault(commit["stream"], []).append(commit)
        await asyncio.gather(*map(self._carry, streams.values()), return_exceptions=True)

    async def _unrelayed(self):
        return await self._line.read("relay.read", lambda: [commit for commit in self._commits if not commit["relayed"]])

    async def _carry(self, commits):
        arrived = []
        try:
            for commit in commits:
                await self._send(commit["topic"], self._cluster.partition(commit["stream"]), commit["events"])
                arrived.append(commit["_id"])
        finally:
            if arrived:
                await self._mark(arrived)

    async def _send(self, topic, partition, events):
        await self._line.ask("relay.send", lambda: self._cluster.send(topic, partition, events), [f"{e.stream}@{e.version}" for e in events])

    async def _mark(self, ids):
        def mark():
            for id in ids:
                self._commits[id]["relayed"] = True

        await self._line.ask("relay.mark", mark, ids)
