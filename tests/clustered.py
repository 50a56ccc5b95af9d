"""The whole cluster on this machine, as ``make cluster`` starts it, on data and ports of its own, furnished as a demo."""

import asyncio
import contextlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.e2e.rings import signed_in
from tests.house.shop import until

SLOWLY = 180
"""Seconds that everything may take where all of it starts at once or a group has to wait for a member that died, also beside other tests."""


@dataclass
class Cluster:
    process: asyncio.subprocess.Process
    data: Path
    address: str = ""

    async def says(self, pattern):
        async for line in self.process.stdout:
            if found := re.search(pattern, line.decode()):
                return found
        raise AssertionError(f"it ended without saying {pattern}")

    def rooms(self, name):
        """The processes of one service."""
        return [one for one in psutil.Process(self.process.pid).children(recursive=True) if _serves(one, name)]

    def export(self, order_id):
        return self.data / "exports" / f"{order_id}-csv.csv"


def _serves(process, name):
    """Not one that has just died."""
    try:
        return process.cmdline()[-2:] == ["serve", name]
    except psutil.Error:
        return False


@contextlib.asynccontextmanager
async def cluster(folder):
    where = {"RINGUP_DATA": str(folder), "RINGUP_KEY_FILE": str(folder / "master.key"), "RINGUP_PORT": "0", "RINGUP_PARTITIONS": "3"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "deploy.cluster", env={**os.environ, **where}, stdout=asyncio.subprocess.PIPE
    )
    started = Cluster(process, folder / "cluster")
    try:
        started.address = (await started.says(r"starts at (http://\S+),"))[1]
        await started.says("gateway: ok")
        await _furnished(started)
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _furnished(cluster):
    async with signed_in(cluster, "admin1") as client:

        async def all_there():
            answer = await client.get("/api/v1/orders")
            return answer.status_code == 200 and len(answer.json()["rows"]) >= 9

        await until(all_there, SLOWLY)
