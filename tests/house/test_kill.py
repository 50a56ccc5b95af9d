"""kill -9 under load, again and again: every order that was accepted ends, is charged at most once and exported at most once."""

import asyncio
import sys
from collections import Counter
from datetime import timedelta

import pytest

from shared.service import utc_now
from shared.settings import Settings
from tests.house.shop import Shop, until

ORDERS = 200


async def killed_after(folder, run, accepted):
    """The orders that were answered with 202 before the kill, and how each must end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.house.victim", str(folder), str(run), str(ORDERS), stdout=asyncio.subprocess.PIPE
    )
    seen = {}
    while len(seen) < accepted:
        line = (await process.stdout.readline()).decode().split()
        assert len(line) == 2, "the load ended before the kill"
        seen[line[0]] = line[1]
    process.kill()
    rest = (await process.communicate())[0].decode().splitlines()
    assert "survived" not in rest
    return seen | dict(line.split() for line in rest if len(line.split()) == 2)


@pytest.mark.slow
async def test_nothing_accepted_is_lost_and_nothing_is_done_twice(tmp_path):
    accepted = {}
    for run, after in enumerate((1, 17, 42, 5, 63, 28, 90, 11, 74, 35)):
        accepted |= await killed_after(tmp_path, run, after)
    settings = Settings(data=tmp_path / "data", key_file=tmp_path / "keys" / "master.key")
    shop = await Shop(settings, clock=after_every_lease).open()
    for order_id, end in accepted.items():
        await ended(shop, order_id, end)
    done = Counter((entry["reference"].split("-")[0], entry["kind"]) for entry in shop.ledger() if entry["status"] == "approved")
    assert max(done.values()) == 1
    assert {order_id for order_id, end in accepted.items() if end == "charged"} <= {order_id for order_id, kind in done if kind == "capture"}
    assert not [order_id for order_id, end in accepted.items() if end != "charged" and shop.export(order_id).exists()]
    await shop.close()


def after_every_lease():
    return utc_now() + timedelta(minutes=5)


async def ended(shop, order_id, end):
    if end == "charged":
        await until(lambda: is_there(shop, order_id), 60)
        await shop.stage(order_id, "closed")
    elif end == "declined":
        await shop.stage(order_id, "open")
    else:
        await until(lambda: is_waiting(shop, order_id), 60)


async def is_there(shop, order_id):
    return shop.export(order_id).exists()


async def is_waiting(shop, order_id):
    status, body = await shop.ask("qa", "GET", f"/reviews/{order_id}")
    return status == 200 and body["stage"] == "waiting"
