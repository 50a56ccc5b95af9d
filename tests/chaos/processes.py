"""Processes to be killed: the simulator gateway, and a shop under load."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress

from tests.house.shop import until
from tests.ports import free_port


def _kill(process):
    """Also one that is dead already and not waited for."""
    with suppress(ProcessLookupError):
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)


class Simulator:
    """The gateway in a process of its own; its ledger survives it."""

    def __init__(self, folder, module="services.payments.simulator"):
        self.folder, self.port, self.module = folder, free_port(), module
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def start(self):
        command = ["-m", self.module, "--port", str(self.port), "--data", str(self.folder)]
        self.process = await asyncio.create_subprocess_exec(sys.executable, *command)
        await until(self._answers)
        return self

    async def _answers(self):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True

    async def kill(self):
        _kill(self.process)
        await self.process.wait()

    def ledger(self):
        return [json.loads(line) for line in (self.folder / "simulator.jsonl").read_text().splitlines()]


class Victim:
    """A shop under load in a process of its own. ``accepted`` are the orders that were answered with 202, and how each must end."""

    def __init__(self, folder, simulator, module="tests.chaos.victim"):
        self.folder, self.simulator, self.module = folder, simulator, module
        self.accepted, self.died_at, self.survived = {}, "", False

    async def start(self, run, orders, point="none", nth=1):
        command = ["-m", self.module, self.folder, self.simulator.url, run, orders, point, nth]
        self.died_at, self.survived = "", False
        self.process = await asyncio.create_subprocess_exec(sys.executable, *map(str, command), stdout=asyncio.subprocess.PIPE)

    async def reads(self, accepted=1_000_000):
        """What it says, until it has accepted so many more orders, has survived its load, or is dead."""
        wanted = len(self.accepted) + accepted
        while len(self.accepted) < wanted and not self.survived and (line := await self.process.stdout.readline()):
            word, _, rest = line.decode().strip().partition(" ")
            if word == "accepted":
                order_id, end = rest.split()
                self.accepted[order_id] = end
            elif word == "died":
                self.died_at = rest
            self.survived = word == "survived"

    async def kill(self):
        _kill(self.process)
        await self.reads()
        return await self.process.wait()
