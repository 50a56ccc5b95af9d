"""The whole of Ringup in a process of its own, everything logged: ``python -m tests.chaos.served``, settings from the environment."""

import asyncio
import logging
import os
import re
import sys

import httpx

from services.gateway.accounts import PASSWORD
from services.server import run
from shared.settings import Settings
from tests.house.shop import until
from tests.ports import free_port


class Served:
    """``said`` is what it wrote to its terminal."""

    def __init__(self, folder, within=60, **settings):
        self.folder, self.port, self.within = folder, free_port(), within
        self.said = folder / "said.txt"
        where = {"data": folder / "data", "key_file": folder / "keys" / "master.key", "port": self.port, "log_level": "debug", **settings}
        self._environment = {**os.environ, **{f"RINGUP_{name.upper()}": str(value) for name, value in where.items()}}
        self.agent = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    async def spawn(self):
        with self.said.open("ab") as said:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.served", env=self._environment, stdout=said, stderr=said
            )

    async def start(self):
        await self.spawn()
        await until(self._answers, self.within)
        await self.agent.post("/sign-in", data={"user": "agent1", "password": PASSWORD})
        page = await self.agent.get("/order-entry")
        self.agent.headers["x-csrf-token"] = re.search('<meta name="csrf" content="([^"]+)"', page.text)[1]
        return self

    async def _answers(self):
        assert self.process.returncode is None, self.said.read_text()
        try:
            return (await self.agent.get("/sign-in")).status_code == 200
        except httpx.HTTPError:
            return False

    async def stop(self):
        await self.agent.aclose()
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    sys.exit(run(Settings()))
