"""``make cluster``: every service in processes of its own. An order goes its way, a killed process is not missed, and in the end nothing is left."""

import asyncio
import json
import signal
import sys

import httpx
import psutil
import pytest

from tests.clustered import SLOWLY, cluster
from tests.e2e.rings import charged
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_an_order_goes_its_way_and_a_killed_process_is_not_missed(servers, tmp_path):
    async with cluster(tmp_path) as shop:
        await exported(shop, await charged(shop, "First"))

        victim, other = shop.rooms("cart")
        victim.kill()
        await exported(shop, await charged(shop, "Second", within=SLOWLY))
        assert other.is_running()

        async def two_again():
            return len(shop.rooms("cart")) == 2

        await until(two_again, SLOWLY)
        await stores_come_back(shop)
        await nobody_unsigned(shop)
        await operators_reach_it(shop)
        await nothing_is_left(shop)
        logs_are_for_machines(shop)


async def exported(shop, order_id):
    async def there():
        return shop.export(order_id).exists()

    await until(there, SLOWLY)


async def stores_come_back(shop):
    """Those that are processes; Docker would have to be told to kill its own."""
    for store in [one for one in psutil.Process(shop.process.pid).children() if one.name() in ("java", "mongod")]:
        store.kill()
    async with httpx.AsyncClient(base_url=shop.address, timeout=30) as client:

        async def is_ready(status):
            return (await client.get("/health/ready")).status_code == status

        await until(lambda: is_ready(503), SLOWLY)
        await until(lambda: is_ready(200), SLOWLY)
    await exported(shop, await charged(shop, "Third", within=SLOWLY))


async def nobody_unsigned(shop):
    port = shop.rooms("payments")[0].environ()["RINGUP_PORT"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"x-ringup-actor": "agent:agent1", "x-ringup-role": "admin"}) as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/-/views")).json()["code"] == "unsigned"


async def operators_reach_it(shop):
    lags = await said_to_operators(shop, "views", "lag")
    assert {row["service"] for row in lags} >= {"cart", "payments", "qa", "fulfillment", "customers"}
    await until(lambda: is_well(shop), SLOWLY)


async def is_well(shop):
    """To the operators' command; what waited for a store says so until its next turn."""
    (server,) = [check for check in (await said_to_operators(shop, "doctor"))["checks"] if check["name"] == "server"]
    return (server["verdict"], server["found"]) == ("ok", "running and healthy")


async def said_to_operators(shop, *command):
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", *command, "--json", env=shop.rooms("ops")[0].environ(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asked.communicate()
    return json.loads(out)


async def nothing_is_left(shop):
    begun = psutil.Process(shop.process.pid).children(recursive=True)
    assert len(begun) > 10
    shop.process.send_signal(signal.SIGINT)
    await shop.says("Ringup stops")
    assert await shop.process.wait() == 0
    assert not [one for one in begun if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def logs_are_for_machines(shop):
    said = [line for log in (shop.data / "logs").glob("*.log") for line in log.read_text().splitlines()]
    for_people = [line for line in said if " is at http://" in line or line.startswith(("Kafka does not answer", "MongoDB does not answer"))]
    events = [json.loads(line) for line in said if line not in for_people]
    assert events
    assert all(event["level"] and event["timestamp"] for event in events)
