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
    order = {**ORDER, "external_id": "their-4711", "method": "external", "card": None}
    answers = [await agent.send("POST", "/api/v1/orders", json=order, key=key) for key in ("some-key-1", "some-key-2")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["order_id"] for answer in answers}) == 1


async def test_an_answer_can_wait_for_the_outcome(ringup):
    agent = await ringup.sign_in("agent1")
    order_id = (await agent.send("POST", "/api/v1/orders", json=ORDER, key="waited-for-1")).json()["order_id"]
    answer = await agent.get(f"/api/v1/orders/{order_id}", headers={"prefer": "wait=20"})
    assert answer.json()["status"] == "Complete"
