"""What operators see: health with reasons, lag, streams with sealed fields, parked streams, metrics."""

import pytest

from shared.app import service_app
from shared.asgi import AsgiClient
from shared.kernel.errors import Unavailable
from shared.kernel.ports import Stored
from shared.operate import age
from tests.house.shop import GOOD, ORDER, until
from tests.ops.notes import NOTES, ORDERS, Notes
from tests.samples import NOON


async def test_all_is_well(shop):
    status, body = await shop.ask("ops", "GET", "/health")
    assert (status, body["status"]) == (200, "ok")
    assert set(body["services"]) == set(shop.house.running)
    _, views = await shop.ask("ops", "GET", "/views")
    assert {row["state"] for row in views["rows"]} == {"live"}
    assert {row["lag"]["events"] for row in views["rows"]} == {0}


async def test_lag_is_the_events_behind_and_the_age_of_the_oldest(shop):
    async with shop.house.running["qa"].working.holding:
        order_id = (await shop.started())["order_id"]
        await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})

        async def behind():
            _, views = await shop.ask("qa", "GET", "/-/views")
            (lag,) = [row["lag"] for row in views["rows"] if row["view"] == "queue"]
            return lag if lag["events"] and lag["seconds"] else None

        lag = await until(behind)
        assert lag["events"] == 1
        assert lag["seconds"] > 0


async def test_a_view_that_waits_says_why(shop, monkeypatch):
    payments = shop.house.running["payments"]

    async def away(*args, **kwargs):
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(payments.documents, "write", away)
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)

    async def failing():
        status, body = await shop.ask("ops", "GET", "/health")
        return body if status == 503 else None

    body = await until(failing)
    assert body["services"]["payments"]["reasons"] == ["payments.views waits: The disk is full."]
    assert body["services"]["qa"]["status"] == "ok"
    _, views = await shop.ask("payments", "GET", "/-/views")
    assert {row["waits"] for row in views["rows"]} == {"The disk is full."}
    monkeypatch.undo()

    async def well():
        return (await shop.ask("ops", "GET", "/health"))[0] == 200

    await until(well)


async def test_streams_are_listed_by_prefix_page_by_page(shop):
    _, every = await shop.ask("ops", "GET", "/streams")
    names = [row["stream"] for row in every["rows"]]
    assert names == sorted(names)
    assert {"account", "campaign-restful", "gateway-simulator"} <= set(names)
    seen, after = [], ""
    while after is not None:
        _, page = await shop.ask("ops", "GET", f"/streams?limit=2&after={after}")
        seen += [row["stream"] for row in page["rows"]]
        after = page["next"]
    assert seen == names
    _, orders = await shop.ask("ops", "GET", "/streams?prefix=order-")
    assert len(orders["rows"]) == 2
    assert {row["service"] for row in orders["rows"]} == {"cart"}


async def test_a_streams_events_are_shown_with_personal_fields_sealed(shop):
    order_id = (await shop.started())["order_id"]
    _, page = await shop.ask("ops", "GET", f"/streams/order-{order_id}")
    assert [row["version"] for row in page["rows"]] == [1, 2]
    changed = page["rows"][1]
    assert (changed["type"], changed["actor"]) == ("ringup.cart.CartUpdated", "agent:agent1")
    assert changed["data"]["changes"]["customer"]["first_name"] == "sealed"
    assert changed["data"]["changes"]["billing"]["street"] == "sealed"
    assert ORDER["billing"]["street"] not in str(page)
    assert changed["data"]["quote"]["total"] == 12319
    _, second = await shop.ask("ops", "GET", f"/streams/order-{order_id}?after=1")
    assert second["rows"] == [changed]
    _, first = await shop.ask("ops", "GET", f"/streams/order-{order_id}?limit=1")
    assert first["next"] == 1


@pytest.mark.parametrize("time", [{}, {"ce_time": "yesterday"}, {"ce_time": "2026-03-01T12:00:00"}])
def test_what_does_not_say_when_it_was_recorded_has_no_age(time):
    assert age(Stored("payment-1", 1, tuple(time.items()), b"{}"), NOON) == 0.0


async def test_a_service_shows_only_its_own_streams(shop):
    assert (await shop.ask("qa", "GET", "/-/streams/campaign-restful"))[0] == 404
    assert (await shop.ask("catalog", "GET", "/-/streams/campaign-restful"))[0] == 200
    assert (await shop.ask("ops", "GET", "/streams/nobody-1"))[0] == 404
    _, page = await shop.ask("catalog", "GET", "/-/streams")
    assert [row["stream"] for row in page["rows"]] == ["account", "campaign-restful", "numbers"]


async def test_metrics_count_what_happened(shop):
    response = await shop.house.clients["qa"].request("GET", "/metrics")
    lines = dict(line.rsplit(" ", 1) for line in response.body.decode().splitlines() if not line.startswith("#"))
    events = len(await shop.house.running["payments"].topics.read("payments", 0, 1000))
    assert float(lines['ringup_events_appended_total{service="payments"}']) == events
    assert float(lines['ringup_commands_total{outcome="accepted",service="catalog"}']) == 3
    assert float(lines['ringup_effects_total{effect="deliver",outcome="done",service="fulfillment"}']) == 1
    assert float(lines['ringup_lag_events{group="payments.views",service="payments"}']) == 0
    assert float(lines['ringup_view_batches_total{service="qa"}']) > 0


async def test_a_parked_stream_is_shown_and_counted_and_fails_nobody(settings):
    notes = await Notes(settings, ORDERS).open()
    client = AsgiClient(service_app(notes.running))
    await notes.note("1", "poison")
    await notes.read()
    rows = (await client.request("GET", "/-/parked")).json()["rows"]
    assert [(row["group"], row["stream"]) for row in rows] == [("customers.views", "customer-1")]
    health = await client.request("GET", "/-/health")
    assert (health.status, health.json()["parked"]) == (200, 1)
    assert b'ringup_parked_streams{service="customers"} 1.0' in (await client.request("GET", "/metrics")).body
    await notes.close()


async def test_health_fails_while_a_view_is_built_for_the_first_time(settings):
    notes = await Notes(settings, NOTES).open()
    await notes.note("1")
    await notes.read()
    await notes.close()
    notes = await Notes(settings, NOTES, ORDERS).open(held=True)
    client = AsgiClient(service_app(notes.running))
    health = await client.request("GET", "/-/health")
    assert health.status == 503
    assert health.json()["reasons"] == [f"The view customers.orders is being built, {notes.running.rebuilds.percent(ORDERS)} %."]
    states = {row["view"]: row["state"] for row in (await client.request("GET", "/-/views")).json()["rows"]}
    assert states == {"notes": "live", "orders": "building"}
    notes.running.working.holding.release()
    await notes.read()
    assert (await client.request("GET", "/-/health")).status == 200
    await notes.close()
