"""Poison on a topic as all services' operators see it: redacted, worked again, left out, and on record."""

import json

import pytest

from shared.kernel.ports import Stored
from tests.house.shop import GOOD, until
from tests.ops.rebuilding import ACTOR, audited

NUMBER = "4242424242424242"
POISON = {
    "order_id": 7,
    "attempt": "x",
    "by": f"paid with {NUMBER}",
    "submitted": {"order": {"customer": {"first_name": "Customer A", "phone": 1}}},
    NUMBER: 1,
}


@pytest.fixture
async def poisoned(shop):
    """Groups that wait for an event on qa's topic that nobody can read."""
    headers = {"ce_type": "ringup.qa.OrderApproved", "ce_subject": "review-1", "streamversion": "1", "ce_time": "2026-03-01T12:00:00+00:00"}
    await shop.engine.log.append("qa", [Stored("review-1", 1, tuple(headers.items()), json.dumps(POISON).encode())])
    return await until(lambda: waiting(shop, 5))


async def waiting(shop, wanted):
    rows = (await shop.ask("ops", "GET", "/parked"))[1]["rows"]
    return rows if len(rows) == wanted else None


def path(row):
    return f"/parked/{row['service']}/{row['id'].replace('|', '%7C')}"


async def test_it_is_shown_without_what_is_personal_and_without_a_card_number(shop, poisoned):
    assert {row["group"] for row in poisoned} == {"cart.policies", "fulfillment.policies", "customers.policies", "qa.views", "customers.views"}
    status, row = await shop.ask("ops", "GET", path(poisoned[0]))
    assert (status, row["service"], row["attempts"] > 0) == (200, poisoned[0]["service"], True)
    (event,) = row["events"]
    assert (event["position"], event["type"], event["version"]) == (row["positions"][0][1], "ringup.qa.OrderApproved", 1)
    assert event["data"]["submitted"]["order"]["customer"] == {"first_name": "sealed", "phone": 1}
    assert event["data"]["order_id"] == 7
    assert NUMBER not in json.dumps(row)
    assert (await shop.ask("ops", "GET", "/parked/qa/qa.views%7Cnothing"))[0] == 404


async def test_all_are_tried_again_and_each_try_is_on_record(shop, poisoned):
    _, answer = await shop.ask("ops", "POST", "/parked/retry", {"service": "cart"}, actor=ACTOR)
    assert [(row["service"], len(row["positions"])) for row in answer["rows"]] == [("cart", 1)]
    _, answer = await shop.ask("ops", "POST", "/parked/retry", {}, actor=ACTOR)
    assert len(answer["rows"]) == 5
    seen = [(what, actor, data["service"], data["stream"], data["left"]) for what, actor, data in await audited(shop)]
    assert seen[0] == ("ParkedRetried", ACTOR, "cart", "review-1", 1)
    assert len(seen) == 6


async def test_a_discard_is_on_record_and_orders_go_on(shop, poisoned):
    for row in poisoned:
        status, left = await shop.ask("ops", "POST", f"{path(row)}/discard", {"position": row["positions"][0][1]}, actor=ACTOR)
        assert (status, left["positions"]) == (200, [])
    assert await waiting(shop, 0) == []
    found = await audited(shop)
    assert {(what, actor, data["group"]) for what, actor, data in found} == {("ParkedDiscarded", ACTOR, row["group"]) for row in poisoned}
    assert {(data["part"], data["position"]) for _, _, data in found} == {tuple(poisoned[0]["positions"][0])}
    status, _ = await shop.ask("ops", "POST", f"{path(poisoned[0])}/discard", {"position": 1}, actor=ACTOR)
    assert status == 404
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)


async def test_the_relay_has_nothing_to_do_where_the_log_is_the_topic(shop):
    _, answer = await shop.ask("ops", "GET", "/relay")
    assert {(row["direct"], row["waiting"]) for row in answer["rows"]} == {(True, 0)}
    status, _ = await shop.ask("ops", "POST", "/relay/qa/kick", actor=ACTOR)
    assert status == 200
    assert [(what, data) for what, _, data in await audited(shop)] == [("RelayKicked", {"service": "qa", "waiting": 0})]
