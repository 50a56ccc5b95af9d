"""A view is built again beside the live one, compared with it, and put in its place."""

import asyncio
import sys

import pytest

from shared.engines.embedded.engine import Engine
from shared.kernel.views import Document, digest
from tests.house.shop import GOOD, Shop, until
from tests.ops.conftest import caught_up
from tests.ops.notes import unreadable
from tests.ops.rebuilding import ACTOR, audited, replayed, switched


async def digest_of(running, collection):
    return digest([document async for document in running.documents.scan(collection)])


async def test_every_view_built_again_is_the_same_as_the_live_one(shop):
    _, views = await shop.ask("ops", "GET", "/views")
    assert len(views["rows"]) >= 11
    for row in views["rows"]:
        job = await replayed(shop, f"{row['service']}.{row['view']}")
        assert (job["state"], job["equal"], job["documents"]) == ("compared", True, row["documents"]), row
        live = await digest_of(shop.house.running[row["service"]], row["build"])
        assert job["build_digest"] == job["live_digest"] == live


async def test_a_switched_build_is_the_live_view_and_lives_on(shop):
    job = await replayed(shop, "payments.payments")
    status, done = await switched(shop, "payments.payments")
    assert (status, done["state"], done["build"]) == (200, "switched", job["build"])
    assert job["build"] not in await shop.house.running["payments"].documents.collections()
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await caught_up(shop)
    assert (await shop.ask("payments", "GET", f"/orders/{order_id}"))[0] == 200
    assert (await replayed(shop, "payments.payments"))["equal"]


async def test_a_build_is_read_to_where_the_live_view_is_when_it_is_switched(shop):
    await replayed(shop, "payments.payments")
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.stage(order_id, "closed")
    await caught_up(shop)
    status, done = await switched(shop, "payments.payments")
    assert (status, done["equal"], done["documents"]) == (200, True, 3)
    assert (await shop.ask("payments", "GET", f"/orders/{order_id}"))[1]["attempts"]


async def test_orders_that_arrive_meanwhile_make_no_difference(shop):
    async def place():
        order_id = (await shop.started())["order_id"]
        await shop.charge(order_id, GOOD)

    job, *_ = await asyncio.gather(replayed(shop, "payments.payments"), *(place() for _ in range(10)))
    assert (job["state"], job["equal"]) == ("compared", True)


async def test_a_damaged_view_is_found_and_mended_by_force(shop):
    running = shop.house.running["payments"]
    (first, *_) = [document async for document in running.documents.scan("payments@2")]
    damaged = Document(first.id, {**first.data, "attempts": []}, first.versions, first.revision)
    await running.documents.write({"payments@2": [damaged]})
    job = await replayed(shop, "payments.payments")
    assert (job["state"], job["equal"]) == ("compared", False)
    status, refused = await switched(shop, "payments.payments")
    assert (status, refused["code"]) == (409, "different")
    assert (await shop.ask("payments", "GET", f"/orders/{first.id}"))[1]["attempts"] == []
    status, done = await switched(shop, "payments.payments", force=True)
    assert (status, done["forced"]) == (200, True)
    assert (await shop.ask("payments", "GET", f"/orders/{first.id}"))[1]["attempts"] == first.data["attempts"]
    rebuilt, forced = await audited(shop)
    assert rebuilt[:2] == ("ViewRebuilt", ACTOR)
    assert rebuilt[2]["equal"] is False
    assert forced[:2] == ("ViewSwitched", ACTOR)
    assert (forced[2]["forced"], forced[2]["build"]) == (True, job["build"])
    assert forced[2]["build_digest"] != forced[2]["live_digest"]
    _, newest = await shop.ask("ops", "GET", "/audit?limit=1")
    _, older = await shop.ask("ops", "GET", f"/audit?limit=1&before={newest['next']}")
    assert [row["version"] for row in (*newest["rows"], *older["rows"])] == [2, 1]
    assert older["next"] is None


async def test_an_erasure_reaches_a_build_that_holds_opened_fields(shop):
    job = await replayed(shop, "customers.search")
    running = shop.house.running["customers"]
    before = {document.id: document.data async for document in running.documents.scan(job["build"])}
    assert all("customer a" in data["first"] for data in before.values())
    customer_id = await until(lambda: one_erased(shop, before))
    await caught_up(shop)

    async def reached():
        return before | {customer_id: None} == {document.id: document.data async for document in running.documents.scan(job["build"])}

    await until(reached)
    status, done = await switched(shop, "customers.search")
    assert (status, done["equal"]) == (200, True)


async def one_erased(shop, customers):
    """Whose order is finished can be erased."""
    for customer_id in customers:
        if (await shop.ask("customers", "POST", f"/customers/{customer_id}/erase"))[0] == 200:
            return customer_id
    return None


async def test_a_dry_run_says_how_many_events_would_be_read_and_starts_nothing(shop):
    status, plan = await shop.ask("ops", "POST", "/views/payments/payments/replay?dry_run=true")
    events = len(await shop.house.running["payments"].topics.read("payments", 0, 1000))
    assert (status, plan["events"], plan["topics"]) == (200, events, {"payments": events})
    assert (await shop.ask("ops", "GET", "/jobs"))[1]["rows"] == []


async def test_a_cancelled_build_leaves_nothing(shop):
    running = shop.house.running["payments"]
    async with running.working.holding:
        _, job = await shop.ask("ops", "POST", "/views/payments/payments/replay")
        status, again = await shop.ask("ops", "POST", "/views/payments/payments/replay")
        assert (status, again["code"]) == (409, "under-way")
        status, cancelled = await shop.ask("ops", "POST", f"/jobs/{job['id']}/cancel")
        assert (status, cancelled["state"]) == (200, "cancelled")
    assert job["build"] not in await running.documents.collections()
    status, refused = await shop.ask("ops", "POST", f"/jobs/{job['id']}/cancel")
    assert (status, refused["code"]) == (409, "not-under-way")
    status, refused = await switched(shop, "payments.payments", build=job["build"])
    assert (status, refused["code"]) == (409, "not-compared")
    assert (await replayed(shop, "payments.payments"))["equal"]


async def test_a_build_can_be_dropped_once(shop):
    job = await replayed(shop, "qa.queue")
    path = f"/views/qa/queue/builds/{job['build']}"
    status, dropped = await shop.ask("ops", "DELETE", path)
    assert (status, dropped["state"]) == (200, "dropped")
    assert job["build"] not in await shop.house.running["qa"].documents.collections()
    assert (await shop.ask("ops", "DELETE", path))[0] == 409
    assert (await shop.ask("ops", "DELETE", "/views/qa/queue/builds/queue@1"))[0] == 404
    assert (await switched(shop, "qa.queue"))[0] == 404


@pytest.mark.parametrize("path", ["/views/nobody/queue/replay", "/views/qa/nothing/replay"])
async def test_what_is_not_there_cannot_be_replayed(shop, path):
    assert (await shop.ask("ops", "POST", path))[0] == 404


@pytest.mark.parametrize("point", ["reading", "compared", "before rename", "after rename"])
async def test_a_kill_leaves_the_live_view_and_the_build_is_gone_on_with(settings, point):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ops.victim", str(settings.data.parent), point, stdout=asyncio.subprocess.PIPE
    )
    build, live = (await process.stdout.readline()).decode().split()
    if point.endswith("rename"):
        assert (await process.stdout.readline()).decode() == f"died {point}\n"
    else:
        process.kill()
    await process.wait()
    unreadable(settings, await first_of_payments(settings))
    shop = await Shop(settings).open()
    running = shop.house.running["payments"]
    assert await digest_of(running, "payments@2") == live

    async def ended():
        _, job = await shop.ask("ops", "GET", f"/jobs/payments.{build}")
        return job if job["state"] in ("compared", "switched") else None

    job = await until(ended)
    assert (job["state"], job["equal"]) == ("switched" if point == "after rename" else "compared", True)
    if job["state"] == "compared":
        assert (await switched(shop, "payments.payments", build=build))[0] == 200
    assert await digest_of(running, "payments@2") == live
    assert build not in await running.documents.collections()
    await shop.close()


async def first_of_payments(settings):
    """What was read before the kill is not read again: it could not be."""
    engine = Engine(settings)
    position = next(stored.position for stored in engine.log.read_now("payments", 0, 20) if stored.stream.startswith("payment-"))
    await engine.close()
    return position


async def test_what_ended_while_nobody_wrote_it_down_is_audited_once_on_the_next_start(settings):
    shop = await (await Shop(settings).open()).furnish()
    running = shop.house.running["catalog"]
    build = await running.rebuilds.begin(running.service.views[0], ACTOR)

    async def compared():
        return (await running.rebuilds.row(build["id"]))["state"] == "compared"

    await until(compared)
    assert await audited(shop) == []
    await shop.close()
    shop = await Shop(settings).open()
    await until(lambda: audited(shop))
    await shop.close()
    shop = await Shop(settings).open()
    later = await replayed(shop, "catalog.campaigns")
    assert [(what, actor, data["build"]) for what, actor, data in await audited(shop)] == [
        ("ViewRebuilt", ACTOR, build["id"]),
        ("ViewRebuilt", ACTOR, later["build"]),
    ]
    await shop.close()
