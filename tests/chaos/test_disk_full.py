"""A full disk: writes are refused, nothing accepted is lost, and it goes on by itself when there is room again."""

import asyncio
import subprocess
from contextlib import suppress

import pytest

from shared.settings import Settings
from tests.chaos.processes import Simulator
from tests.chaos.served import Served
from tests.chaos.test_kill import after_every_lease, events_are_whole, has_ended, once
from tests.house.shop import GOOD, Shop, until

ORDER = {
    "campaign": "1",
    "customer": {"first_name": "Customer", "last_name": "Z", "phone": "+1 512 555 0160"},
    "billing": {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"},
    "lines": [{"product": "101", "quantity": 1}],
}
BY_CARD = {**ORDER, "method": "card", "card": {"number": GOOD, "expiry": "12/49", "cvv": "123"}}
EXTERNAL = {**ORDER, "method": "external"}


@pytest.fixture
def disk(tmp_path):
    """A disk of 32 MB for the data."""
    folder = tmp_path / "shop" / "data"
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"NO SMALL DISK: a tmpfs cannot be mounted here ({mounted.stderr.decode().strip()}), so nothing tries a full disk.")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
async def simulator(tmp_path):
    simulator = await Simulator(tmp_path / "simulator").start()
    yield simulator
    await simulator.kill()


@pytest.fixture
async def ringup(disk, simulator):
    served = await Served(disk.parent, simulator_url=simulator.url, demo="true").start()
    yield served
    await served.stop()


def fill(disk):
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"\0" * 4096)


class Till:
    def __init__(self, agent):
        self.agent, self.accepted, self.refused = agent, {}, []

    async def place(self, key, order=BY_CARD):
        answer = await self.agent.post("/api/v1/orders", json=order, headers={"idempotency-key": f"disk-full-{key}"})
        assert answer.status_code in (202, 503), answer.text
        if answer.status_code == 503:
            self.refused.append(key)
        else:
            self.accepted[answer.json()["order_id"]] = "charged" if order is BY_CARD else "external"
        return answer.status_code


@pytest.mark.slow
async def test_a_full_disk_refuses_and_loses_nothing_and_goes_on_when_there_is_room(ringup, disk, simulator):
    till = Till(ringup.agent)
    await asyncio.gather(*(till.place(f"before-{n}", BY_CARD if n % 3 else EXTERNAL) for n in range(20)))
    assert len(till.accepted) == 20
    fill(disk)
    await refuses_everything(till)
    known = next(iter(till.accepted))
    assert (await ringup.agent.get(f"/order-entry/{known}/status")).status_code == 200

    (disk / "filler").unlink()
    assert await till.place("after-0") == 202
    for key in till.refused[:10]:
        assert await till.place(key) == 202
    last = list(till.accepted)[-1]
    await until(lambda: is_file(disk / "exports" / f"{last}-csv.csv"))
    await ringup.stop()
    await all_ended(Shop(settings_of(ringup, simulator), clock=after_every_lease), till.accepted, simulator)


async def refuses_everything(till):
    """What still fits into the space that the files have already is accepted; then nothing is."""
    in_a_row = 0
    for n in range(2000):
        status = await till.place(f"full-{n}", BY_CARD if n % 3 else EXTERNAL)
        in_a_row = in_a_row + 1 if status == 503 else 0
        if in_a_row == 30:
            return
    raise AssertionError("the disk never filled")


def settings_of(ringup, simulator):
    return Settings(data=ringup.folder / "data", key_file=ringup.folder / "keys" / "master.key", simulator_url=simulator.url)


async def is_file(path):
    return path.exists()


async def all_ended(shop, accepted, simulator):
    await shop.open()
    for order_id, end in accepted.items():
        await until(lambda order_id=order_id, end=end: has_ended(shop, order_id, end), 30)
    once(simulator.ledger(), accepted)
    await events_are_whole(shop.engine.ports("ops").streams)
    await shop.close()
