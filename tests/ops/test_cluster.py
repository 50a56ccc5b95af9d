"""What operators do, on the cluster engine."""

import pytest

from services.cli.transfer import checked, export
from services.cli.verify import Walk
from services.house import House
from shared.engine import open_engine
from tests.engines.cluster import settings  # noqa: F401
from tests.house.shop import BROKE, GOOD, Shop, until
from tests.ops.rebuilding import audited, replayed, switched

pytestmark = pytest.mark.slow


class ClusterShop(Shop):
    """All services in one process, over Kafka and MongoDB."""

    async def open(self):
        self.engine = await open_engine(self.settings)
        self.house = House(self.settings, self.engine.ports, self.clock)
        await self.house.start()
        for running in self.house.running.values():
            running.subscribe(self.engine.broker)
        await self.engine.broker.start()
        return self


@pytest.fixture
async def shop(settings):  # noqa: F811
    shop = await (await ClusterShop(settings).open()).furnish()
    for number in (GOOD, BROKE):
        order_id = (await shop.started())["order_id"]
        await shop.charge(order_id, number)
        await shop.stage(order_id, "closed", "open")
    yield shop
    await shop.close()


async def quiet(shop):
    """Everything is published and read."""

    async def all_read():
        ends = (await shop.ask("ops", "GET", "/ends"))[1].values()
        return not any(end["waiting"] for end in ends) and all(group["offset"] == group["end"] for end in ends for group in end["groups"])

    await until(all_read, 60)


async def test_views_are_rebuilt_the_same_and_switched(shop):
    for view in ("payments.payments", "customers.search", "customers.orders"):
        job = await replayed(shop, view)
        assert (job["state"], job["equal"]) == ("compared", True), job
        status, done = await switched(shop, view)
        assert (status, done["state"]) == (200, "switched"), done
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await quiet(shop)
    assert (await replayed(shop, "payments.payments"))["equal"]
    assert {what for what, *_ in await audited(shop)} == {"ViewRebuilt", "ViewSwitched"}


async def test_streams_and_topics_are_the_same_and_exported_at_one_moment(shop, tmp_path):
    await quiet(shop)
    client = shop.house.clients["ops"]
    walk = Walk(client, lambda events: None)
    await walk.run()
    assert walk.wrong == []
    outcome = await export(client, tmp_path / "events.jsonl", lambda done, total: None)
    assert outcome.events == walk.events
    assert checked(tmp_path / "events.jsonl", lambda done, total: None) == outcome


async def test_the_relay_tells_what_waits_and_is_kicked(shop):
    _, answer = await shop.ask("ops", "GET", "/relay")
    assert {row["direct"] for row in answer["rows"]} == {False}
    assert (await shop.ask("ops", "POST", "/relay/cart/kick"))[0] == 200


async def test_keys_are_wrapped_anew_where_the_operator_has_put_another_master_key(shop, settings):  # noqa: F811
    status, refused = await shop.ask("ops", "POST", "/keys/rewrap")
    assert (status, refused["code"]) == (409, "no-new-key")
    order_id = (await shop.started())["order_id"]
    await shop.close()
    old = settings.master_file.read_text()
    settings.master_file.write_text(f"{'ab' * 32}\n{old}")
    await shop.open()
    assert (await shop.ask("ops", "POST", "/keys/rewrap"))[0] == 202

    async def finished():
        return (await shop.ask("ops", "GET", "/keys"))[1]["state"] == "finished"

    await until(finished)
    await shop.close()
    settings.master_file.write_text("ab" * 32)
    await shop.open()
    assert (await shop.ask("cart", "GET", f"/orders/{order_id}"))[1]["state"]["customer"]["first_name"] == "Customer"
    assert [what for what, *_ in await audited(shop)] == ["MasterKeyRotated"]
