"""``make cluster``: every service in processes of its own. An order goes its way, a killed process is not missed, and in the end nothing is left."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.rings import charged, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SLOWLY = 60
"""Seconds that everything may take where a group has to wait for a member that died."""


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
        """The processes of one service, oldest first."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return sorted((one for one in children if one.cmdline()[-2:] == ["serve", name]), key=lambda one: one.create_time())

    def environment(self, name):
        return self.rooms(name)[0].environ()


@pytest.fixture
async def cluster(servers, tmp_path):
    """Asks for ``servers`` since where there can be none this is skipped too."""
    where = {"RINGUP_DATA": str(tmp_path), "RINGUP_KEY_FILE": str(tmp_path / "master.key"), "RINGUP_PORT": "0", "RINGUP_PARTITIONS": "3"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "deploy.cluster", env={**os.environ, **where}, stdout=asyncio.subprocess.PIPE
    )
    started = Cluster(process, tmp_path / "cluster")
    try:
        started.address = (await started.says(r"starts at (http://\S+),"))[1]
        await started.says("gateway: ok")
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def furnished(cluster):
    async with signed_in(cluster, "admin1") as client:

        async def all_there():
            answer = await client.get("/api/v1/orders")
            return answer.status_code == 200 and len(answer.json()["rows"]) >= 9

        await until(all_there, SLOWLY)


async def test_an_order_goes_its_way_and_a_killed_process_is_not_missed(cluster):
    await furnished(cluster)
    await exported(cluster, await charged(cluster, "First"))

    victim, other = cluster.rooms("cart")
    victim.kill()
    await exported(cluster, await charged(cluster, "Second", within=SLOWLY))
    assert other.is_running()

    async def two_again():
        return len(cluster.rooms("cart")) == 2

    await until(two_again, SLOWLY)
    await nobody_unsigned(cluster)
    await operators_reach_it(cluster)
    await nothing_is_left(cluster)


async def exported(cluster, order_id):
    async def there():
        return (cluster.data / "exports" / f"{order_id}-csv.csv").exists()

    await until(there, SLOWLY)


async def nobody_unsigned(cluster):
    port = cluster.environment("payments")["RINGUP_PORT"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"x-ringup-actor": "agent:agent1", "x-ringup-role": "admin"}) as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/-/views")).json()["code"] == "unsigned"


async def operators_reach_it(cluster):
    command = [sys.executable, "-m", "services", "views", "lag", "--json"]
    asked = await asyncio.create_subprocess_exec(*command, env=cluster.environment("ops"), stdout=asyncio.subprocess.PIPE)
    out, _ = await asked.communicate()
    assert {row["service"] for row in json.loads(out)} >= {"cart", "payments", "qa", "fulfillment", "customers"}


async def nothing_is_left(cluster):
    begun = psutil.Process(cluster.process.pid).children(recursive=True)
    assert len(begun) > 10
    cluster.process.send_signal(signal.SIGINT)
    await cluster.says("Ringup stops")
    assert await cluster.process.wait() == 0
    assert not [one for one in begun if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
