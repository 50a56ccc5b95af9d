"""kill -9 around the call of a plugin that is a process of its own: its inbox sees the same export id again, and never another one."""

import json
from collections import defaultdict

import pytest

from tests.chaos.counter import HOOK, SERVICES, is_exported, settings_of
from tests.chaos.processes import Simulator, Victim
from tests.chaos.test_kill import after_every_lease
from tests.house.shop import Shop, until

ORDERS = 12
POINTS = [
    ("before call of deliver", 2),
    ("after call of deliver", 3),
    ("before append of FulfillmentExported", 4),
    ("after append of FulfillmentExported", 3),
]


class Warehouse(Simulator):
    def inbox(self):
        """Export id -> what came under it, each time."""
        found = defaultdict(list)
        for line in (self.folder / "inbox.jsonl").read_text().splitlines():
            came = json.loads(line)
            found[came["id"]].append(came["said"])
        return found


@pytest.fixture
async def warehouse(tmp_path):
    warehouse = await Warehouse(tmp_path / "warehouse", "tests.chaos.warehouse").start()
    yield warehouse
    await warehouse.kill()


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_kill_between_deliver_and_acknowledge_makes_no_second_shipment(tmp_path, warehouse):
    victim = Victim(tmp_path, warehouse, "tests.chaos.counter")
    for point, nth in POINTS:
        await victim.start(point, ORDERS, point, nth)
        await victim.reads()
        assert (victim.died_at, await victim.kill()) == (point, -9)
    shop = await Shop(settings_of(tmp_path), clock=after_every_lease, services=SERVICES).open()
    for order in victim.accepted:
        await until(lambda order=order: is_exported(shop, order), 60)
        assert await exported_by(shop, order) == ["csv", HOOK], "each of them once"
    inbox = warehouse.inbox()
    await shop.close()
    assert inbox.keys() >= {f"{order}-{HOOK}" for order in victim.accepted}, "accepted, and not shipped"
    assert {id.partition("-")[2] for id in inbox} == {HOOK}
    assert [id for id, said in inbox.items() if len(said) > 1], "what was under way at a kill came again"
    assert not [id for id, said in inbox.items() if len(set(said)) > 1], "and it was the same each time"
    assert not [id for id, said in inbox.items() if json.loads(said[0])["data"]["export_id"] != id]


async def exported_by(shop, order):
    assert shop.export(order).exists()
    _, log = await shop.ask("fulfillment", "GET", f"/shipments/{order}/log")
    return sorted(row["plugin"] for row in log["rows"] if row["outcome"] == "exported")
