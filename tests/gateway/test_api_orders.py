"""Orders placed by programs."""

import asyncio

from tests.bench.orders import ORDER
from tests.house.shop import until


async def charges(ringup, order_id):
    ledger = ringup.all.house.running["payments"].state["simulator"].state.ledger
    return [entry for entry in ledger.entries.values() if entry["reference"].startswith(order_id) and entry["kind"] == "authorize"]


async def test_the_same_key_again_is_the_same_order_charged_once(ringup):
    agent = await ringup.sign_in("agent1")
    first, second = await asyncio.gather(*(agent.send("POST", "/api/v1/orders", json=ORDER, key="same-order-1") for _ in range(2)))
    order_id = first.json()["order_id"]

    async def complete():
        return (await agent.get(f"/api/v1/orders/{order_id}")).json().get("status") == "Complete"

    await until(complete)
    later = await agent.send("POST", "/api/v1/orders", json=ORDER, key="same-order-1")
    assert [answer.status_code for answer in (first, second, later)] == [202] * 3
    assert {answer.json()["order_id"] for answer in (first, second, later)} == {order_id}
    assert len(await charges(ringup, order_id)) == 1


async def test_the_same_key_with_another_body_is_refused(ringup):
    agent = await ringup.sign_in("agent1")
    await agent.send("POST", "/api/v1/orders", json=ORDER, key="same-order-2")
    for other in ({**ORDER, "notes": "x"}, {**ORDER, "card": {**ORDER["card"], "number": "4111111111111111"}}):
        answer = await agent.send("POST", "/api/v1/orders", json=other, key="same-order-2")
        assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")


async def test_a_clients_own_id_is_the_same_order_whatever_the_key(ringup):
    agent = await ringup.sign_in("agent1")
    order = {**ORDER, "external_id": "their-4711"}
    answers = [await agent.send("POST", "/api/v1/orders", json=order, key=key) for key in ("some-key-1", "some-key-2")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["order_id"] for answer in answers}) == 1
    another = await agent.send("POST", "/api/v1/orders", json=ORDER, key="their-4711")
    assert another.json()["order_id"] != answers[0].json()["order_id"]


async def test_an_answer_can_wait_for_the_outcome(ringup):
    agent = await ringup.sign_in("agent1")
    order_id = (await agent.send("POST", "/api/v1/orders", json=ORDER, key="waited-for-1")).json()["order_id"]
    answer = await agent.get(f"/api/v1/orders/{order_id}", headers={"prefer": "wait=20"})
    assert answer.json()["status"] == "Complete"


async def test_a_cancellation_of_no_order_is_refused_and_leaves_none_behind(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    answer = await supervisor.send("POST", "/api/v1/orders/0000000000/cancel", json={"reason": "x"}, key="cancel-nothing")
    assert answer.status_code == 404
    assert (await supervisor.get("/api/v1/orders/0000000000")).status_code == 404
