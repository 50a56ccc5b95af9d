"""Keeps a process going: started again when it died, later each time it does so soon; and asked how it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from pathlib import Path

import httpx

from deploy.members import Member
from deploy.processes import leashed

_SOONEST, _LATEST = 0.5, 15.0
_SETTLED = 30.0
"""Seconds after which a death is not the same trouble any more."""
_ENDS_WITHIN = 20.0
_LAG = re.compile(r"^ringup_lag_events\{.*\} ([\d.]+)$", re.MULTILINE)


class Supervised:
    """``health`` is empty while it is well, else a sentence. ``lag`` is in events, None where nothing is read."""

    def __init__(self, member: Member, logs: Path) -> None:
        self.member = member
        self.health = "starts"
        self.lag: int | None = None
        self.restarts = 0
        self._log = logs / f"{member.name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._client = httpx.AsyncClient(base_url=member.address, timeout=5)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep(self) -> None:
        """Until cancelled. From the thread that ends last: the process dies with it."""
        pause = _SOONEST
        while True:
            begun = time.monotonic()
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *leashed(self.member.command), env=self.member.environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
            code = await self._process.wait()
            pause = _SOONEST if time.monotonic() - begun > _SETTLED else min(_LATEST, pause * 2)
            self.health, self.lag = f"ended with {code}, see {self._log}", None
            await asyncio.sleep(pause)
            self.restarts += 1

    async def ask(self) -> None:
        if self.pid is None:
            return
        try:
            answer = await self._client.get(self.member.health)
            self.health = "" if answer.status_code == 200 else "; ".join(answer.json()["reasons"])
        except (httpx.HTTPError, ValueError, KeyError):
            self.health = "does not answer" if not self.health else self.health

    async def count(self) -> None:
        """How far it is behind."""
        with contextlib.suppress(httpx.HTTPError):
            found = _LAG.findall((await self._client.get("/metrics")).text)
            self.lag = int(sum(map(float, found))) if found else None

    async def end(self) -> None:
        """Politely, then not. Nothing starts it again."""
        await self._client.aclose()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(_ENDS_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
