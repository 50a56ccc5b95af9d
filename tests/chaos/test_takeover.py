"""A consumer of the cluster that is killed and does not come back: another process works what waits in its partitions."""

import asyncio
import time

import pytest

from services.elsewhere import reached
from shared.service import _SESSION
from tests.chaos.load import order
from tests.chaos.prey import SLOWLY, herd
from tests.chaos.test_storm import asked, furnished, seen_from, settings
from tests.e2e.rings import signed_in
from tests.house.shop import until

__all__ = ["settings"]
PROMISED = 2 * _SESSION / 1000 + 5
"""Seconds (P8 of the quality goals)."""
ORDERS, AT_ONCE = 40, 8


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_another_process_works_what_a_killed_consumer_left_waiting(settings, tmp_path):
    async with herd(settings, tmp_path / "logs") as prey, reached(seen_from(prey)) as clients:
        await furnished(clients)
        await until(lambda: worked(clients), SLOWLY)
        killed = await killed_amid_orders(prey["payments-1"], prey["gateway"].member)
        assert not await worked(clients), "nothing waited"
        await until(lambda: worked(clients), SLOWLY)
        seconds = time.monotonic() - killed
        print(f"taken over {seconds:.1f} s after the kill")
        assert seconds < PROMISED


async def killed_amid_orders(victim, gateway):
    """When that was."""
    numbers, killed = iter(range(ORDERS)), 0.0
    victim.comes_back = False
    async with signed_in(gateway, "agent1") as client:

        async def place():
            nonlocal killed
            for n in numbers:
                answer = await client.post("/api/v1/orders", json=order("external", n), headers={"idempotency-key": f"takeover-{n}"})
                assert answer.status_code == 202, answer.text
                if n == ORDERS // 4:
                    victim.kill()
                    killed = time.monotonic()

        await asyncio.gather(*(place() for _ in range(AT_ONCE)))
    return killed


async def worked(clients):
    """Payments has reacted to all there is."""
    ends = (await asked(clients, "ops", "GET", "/ends")).values()
    return not any(each["waiting"] for each in ends) and all(
        row["offset"] == row["end"] for each in ends for row in each["groups"] if row["group"] == "payments.policies"
    )
