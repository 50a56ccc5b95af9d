"""The processes of a cluster, to be killed; each is started again at once, whatever it died of."""

import asyncio
import contextlib
import os
import re
import signal
from collections import deque
from pathlib import Path

import httpx

from deploy.members import members
from deploy.processes import leashed
from tests.house.shop import until

SLOWLY = 400
"""Seconds that everything may take where all of it starts at once or dies again and again, also on a machine that is busy with something else."""

NOW_AND_THEN = 0.2
"""Seconds between two questions over HTTP, so that who asks is not the load."""


class Prey:
    """``points`` are those that it is to die at, one after the other, as (point, nth). ``deaths`` are the points it died at, empty ones for kills."""

    def __init__(self, member, logs):
        self.member, self.log = member, Path(logs, f"{member.name}.log")
        self.points, self.deaths = deque(), []
        self.ahead, self.pid, self.starts, self.comes_back = 0, 0, 0, True

    def begin(self):
        self._keeping = asyncio.create_task(self._keep())

    async def end(self):
        """Raises what has gone wrong with it."""
        if not self._keeping.done():
            self._keeping.cancel()
            self.kill()
            await asyncio.wait([self._keeping])
        elif error := self._keeping.exception():
            raise error

    async def _keep(self):
        while self.comes_back:
            died_before = self._died_at()
            with self.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *leashed(self._command()), env=self._environment(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
                )
            self.pid, self.starts = process.pid, self.starts + 1
            try:
                code = await process.wait()
            finally:
                self.pid = 0
            self._buried(code, self._died_at()[len(died_before) :])

    def _command(self):
        """What ``ringup`` is everywhere, with fuses."""
        return ["tests.chaos.room" if word == "services" else word for word in self.member.command]

    def _environment(self):
        point, nth = self.points[0] if self.points else ("none", 1)
        return {**self.member.environment, "CHAOS_POINT": point, "CHAOS_NTH": str(nth), "CHAOS_AHEAD": str(self.ahead)}

    def _died_at(self):
        return re.findall(r"^died (.+)$", self.log.read_text(), re.MULTILINE) if self.log.exists() else []

    def _buried(self, code, died_at):
        """1: Kafka or MongoDB did not answer at the start; 0 and SIGTERM: it was asked to leave."""
        assert code in (-signal.SIGKILL, -signal.SIGTERM, 0, 1), f"{self.member.name} ended with {code}, see {self.log}"
        if died_at:
            assert died_at == [self.points.popleft()[0]]
            self.deaths += died_at
        elif code == -signal.SIGKILL:
            self.deaths.append("")

    def kill(self, how=signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, how)

    async def lives(self):
        await self._answers("/health/live")

    async def ready(self):
        await self._answers(self.member.health)

    async def _answers(self, path):
        """Its newest process."""
        async with httpx.AsyncClient(base_url=self.member.address, timeout=5) as client:
            await until(lambda: self._answers_now(client, path), SLOWLY)

    async def _answers_now(self, client, path):
        starts = self.starts
        assert not self._keeping.done()
        await asyncio.sleep(NOW_AND_THEN)
        try:
            return self.pid and (await client.get(path)).status_code == 200 and self.starts == starts
        except httpx.HTTPError:
            return False


@contextlib.asynccontextmanager
async def herd(settings, logs):
    """Name -> prey, all at large and ready."""
    logs.mkdir()
    prey = {member.name: Prey(member, logs) for member in members(settings, settings.kafka, settings.mongo)}
    async with contextlib.AsyncExitStack() as stack:
        for each in prey.values():
            each.begin()
            stack.push_async_callback(each.end)
        await asyncio.gather(*(each.ready() for each in prey.values()))
        yield prey
