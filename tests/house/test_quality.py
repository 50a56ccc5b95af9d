"""The gate with its views: rules that look back, lists, many orders at once, and who else is looking."""

import asyncio
from datetime import timedelta

import pytest

from services.qa.review import review
from shared.contracts.catalog import Settings
from shared.contracts.order import Instrument, Person
from shared.contracts.payments import PaymentAuthorized
from shared.kernel.codec import MARK, headers
from shared.kernel.events import Fact
from shared.kernel.ports import Stored
from shared.service import utc_now
from tests.house.shop import ADDRESS, GOOD, Shop, until
from tests.samples import NOON, submitted

VELOCITY = {"kind": "velocity", "orders": 1, "hours": 24}


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def placed(shop, method="external", number=GOOD, **changes):
    """The order's id, submitted."""
    body = await shop.started()
    if changes:
        status, body = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", changes, if_match=f'"{body["version"]}"')
        assert status == 200, body
    id = body["order_id"]
    if method == "card":
        status, answer = await shop.charge(id, number)
    else:
        status, answer = await shop.ask("cart", "POST", f"/orders/{id}/submit", {"method": method})
    assert status == 202, answer
    return id


async def held(shop, id):
    """Its review, once somebody has to look at it."""

    async def there():
        status, body = await shop.ask("qa", "GET", f"/reviews/{id}", actor="agent:qa1")
        return status == 200 and body

    return await until(there)


async def listed(shop, query=""):
    status, body = await shop.ask("qa", "GET", f"/reviews{query}", actor="agent:qa1")
    assert status == 200, body
    return [row["id"] for row in body["rows"]]


async def ruled(shop, *rules):
    status, body = await shop.ask("qa", "PUT", "/rules", {"rules": rules, "target_minutes": 5}, actor="agent:supervisor1")
    assert status == 200, body

    async def known():
        _, body = await shop.ask("qa", "GET", "/rules")
        return body["by"] == "agent:supervisor1"

    await until(known)


async def test_a_rule_that_looks_back_holds_the_second_order_and_says_so_of_past_ones(shop):
    await ruled(shop, VELOCITY)
    first = await placed(shop, "card")
    await shop.exported(first)
    second = await placed(shop, "card")
    second_review = await held(shop, second)
    assert (second_review["why"], second_review["rules"]) == ("rule", ["1 order before by the same phone within 24 h"])
    (like,) = second_review["similar"]
    assert (like["order_id"], like["same"]) == (first, ["phone", "address", "card"])
    _, told = await shop.ask("qa", "POST", "/rules/test", {"rule": VELOCITY})
    assert (told["tested"], told["held"], told["rows"][0]["order_id"]) == (2, 1, second)


async def test_whoever_rings_it_up_may_ask_for_a_review(shop):
    id = await placed(shop, "card", force_qa=True)
    assert (await held(shop, id))["why"] == "forced"
    assert not shop.export(id).exists()


async def test_the_setting_at_submission_counts_not_the_one_of_now(shop):
    async def skip(on):
        changed = Settings(undo_seconds=0, prepaid_skip_qa=on, tax_rates={"US-TX": "8.25"}).model_dump(mode="json")
        assert (await shop.ask("catalog", "PUT", "/settings", changed))[0] == 200

        async def known():
            body = await shop.started()
            _, said = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": "external"})
            _, order = await shop.ask("ops", "GET", f"/streams/order-{body['order_id']}")
            stamped = [each["data"]["submitted"]["rules"]["skip_qa"] for each in order["rows"] if each["type"].endswith("OrderSubmitted")]
            return body["order_id"] if said and stamped == [on] else None

        return await until(known)

    waits = await skip(False)
    await held(shop, waits)
    passes = await skip(True)
    await shop.exported(passes)
    assert (await held(shop, waits))["stage"] == "waiting"


async def test_lists_are_chosen_by_what_the_address_says(shop):
    cheap, dear = await placed(shop), await placed(shop, "card", force_qa=True, lines=[{"product": "1", "quantity": 9}])
    for id in (cheap, dear):
        await held(shop, id)
    assert await listed(shop) == [cheap, dear]
    assert await listed(shop, "?why=forced") == [dear]
    assert await listed(shop, "?why=external&agent=agent:agent1&campaign=restful") == [cheap]
    assert await listed(shop, "?agent=agent:agent") == []
    assert await listed(shop, "?over=200") == [dear]
    assert await listed(shop, f"?q={dear.lower()}&over=1000") == []
    assert await listed(shop, f"?q={dear.lower()}") == [dear]
    assert sorted(await listed(shop, "?q=512 555 0142")) == sorted([cheap, dear])
    assert await listed(shop, "?stage=done") == []
    _, body = await shop.ask("qa", "GET", "/reviews?over=x")
    assert body["field"] == "over"


async def test_those_that_wait_longer_than_they_should_are_counted(shop):
    await ruled(shop)
    await held(shop, await placed(shop))
    qa = shop.house.running["qa"]

    async def late(minutes):
        qa.clock = lambda: utc_now() + timedelta(minutes=minutes)
        _, body = await shop.ask("qa", "GET", "/reviews", actor="agent:qa1")
        return body["late"], body["rows"][0]["opened_at"] <= body["late_since"], body["target_minutes"]

    assert await late(4) == (0, False, 5)
    assert await late(6) == (1, True, 5)


async def test_many_are_approved_at_once_each_by_itself(shop):
    ids = [await placed(shop) for _ in range(3)]
    for id in ids:
        await held(shop, id)
    own = await placed(shop)
    assert (await shop.ask("qa", "POST", f"/reviews/{ids[0]}/decide", {"verdict": "deny", "reason": "x"}, actor="agent:qa2"))[0] == 200

    async def decided():
        _, found = await shop.ask("qa", "POST", "/reviews/sum", {"order_ids": ids}, actor="agent:qa1")
        return found["gone"] and found

    found = await until(decided)
    assert (found["order_ids"], found["sums"], found["gone"]) == (ids[1:], [{"currency": "USD", "amount": 24638}], ids[:1])
    _, answer = await shop.ask("qa", "POST", "/reviews/approve", {"order_ids": ids}, actor="agent:qa1", idempotency_key="many-0001")
    assert [(row["order_id"], row["done"]) for row in answer["rows"]] == list(zip(ids, (False, True, True), strict=True))
    assert answer["rows"][0]["detail"] == "qa2 has denied this order already."
    _, again = await shop.ask("qa", "POST", "/reviews/approve", {"order_ids": ids}, actor="agent:qa1", idempotency_key="many-0001")
    assert [row["done"] for row in again["rows"]] == [False, True, True]
    for id in ids[1:]:
        await shop.exported(id)
    _, answer = await shop.ask("qa", "POST", "/reviews/approve", {"order_ids": [own]}, actor="agent:agent1")
    assert [row["code"] for row in answer["rows"]] == ["own-order"]


async def test_one_key_stands_for_one_lot_of_orders(shop):
    first, second = await placed(shop), await placed(shop)
    for id in (first, second):
        await held(shop, id)

    async def asked(what, *ids):
        return await shop.ask("qa", "POST", f"/reviews/{what}", {"order_ids": ids}, actor="agent:qa1", idempotency_key="many-0002")

    assert (await asked("approve", first))[1]["done"] == 1
    for what, ids in (("approve", (second,)), ("approve", (first, second)), ("undo", (first,))):
        status, body = await asked(what, *ids)
        assert (status, body["code"]) == (422, "key-reused")
    assert (await asked("approve", first))[1]["done"] == 1
    kept, qa = "bulk-keys", shop.house.running["qa"]
    qa.clock = lambda: utc_now() + timedelta(days=2)
    assert (await asked("approve", second))[1]["done"] == 1
    assert len(await qa.blobs.ids(kept)) == 1


async def test_two_reviewers_at_once_make_one_decision(shop):
    id = await placed(shop)
    await held(shop, id)
    verdicts = {"agent:qa1": {"verdict": "approve"}, "agent:qa2": {"verdict": "deny", "reason": "No"}}
    answers = await asyncio.gather(*(shop.ask("qa", "POST", f"/reviews/{id}/decide", body, actor=actor) for actor, body in verdicts.items()))
    assert sorted(status for status, _ in answers) == [200, 409]
    assert next(body["detail"] for status, body in answers if status == 409).endswith("this order already.")


async def test_it_is_told_who_else_is_looking(shop):
    id = await placed(shop)
    await held(shop, id)

    async def look(actor):
        return (await shop.ask("qa", "POST", f"/reviews/{id}/looking", actor=actor))[1]

    assert await look("agent:qa1") == {"others": [], "news": True}
    assert await look("agent:qa2") == {"others": ["agent:qa1"], "news": True}
    assert await look("agent:qa2") == {"others": ["agent:qa1"], "news": False}
    assert (await shop.ask("qa", "DELETE", f"/reviews/{id}/looking", actor="agent:qa1"))[1] == {"news": True}
    assert (await look("agent:qa2"))["others"] == []


async def test_bad_rules_name_their_fields(shop):
    wrong = [{"kind": "velocity", "orders": 1}, {"kind": "price-override", "percent": 101}, {"kind": "nothing"}]
    for rules, field in ((wrong[:1], "rules.0.hours"), (wrong[1:2], "rules.0.percent"), (wrong[2:], "rules.0.kind")):
        status, body = await shop.ask("qa", "PUT", "/rules", {"rules": rules, "target_minutes": 5})
        assert (status, body["field"]) == (422, field)
    status, body = await shop.ask("qa", "POST", "/rules/test", {"rule": wrong[0]})
    assert (status, body["field"]) == (422, "rule.hours")


async def test_an_address_that_differs_holds(shop):
    await ruled(shop, {"kind": "address-mismatch"})
    there = {**ADDRESS, "street": "200 Example Street"}
    id = await placed(shop, "card", shipping_same=False, shipping=there)
    assert (await held(shop, id))["rules"] == ["Shipping differs from billing"]


async def test_rules_wait_for_a_history_that_is_late(shop):
    await ruled(shop, {"kind": "amount-over", "amount": 20_000})
    qa = shop.house.running["qa"]
    async with qa.working.holding:
        passes, stays = [await placed(shop, "card", lines=[{"product": "1", "quantity": quantity}]) for quantity in (1, 9)]

        async def waits():
            return "has not come to" in qa.problems.get("qa.policies", "")

        await until(waits)
        assert [(await shop.ask("ops", "GET", f"/streams/review-{id}"))[0] for id in (passes, stays)] == [404, 404]
    await shop.exported(passes)
    assert (await held(shop, stays))["rules"] == ["Over 200.00 USD"]
    assert not qa.problems


async def authorised_unreadably(shop, id):
    """A payment whose fields nobody can open: policies do without, the history does not."""
    sent = submitted()
    customer = Person(first_name=f"{MARK}order-{id} damaged", last_name="A")
    sent = sent.model_copy(update={"order_id": id, "order": sent.order.model_copy(update={"order_id": id, "customer": customer})})
    event = PaymentAuthorized(order_id=id, attempt=1, parts=(), instrument=Instrument(), submitted=sent)
    fact = Fact(event, f"payment-{id}", 1, NOON, "effect:payments", id, "")
    stored = Stored(fact.stream, 1, tuple(headers(fact)), event.model_dump_json().encode())
    await shop.engine.log.append("payments", [stored])


@pytest.mark.parametrize("discarded", [False, True], ids=["parked", "discarded"])
async def test_an_order_whose_history_nobody_can_read_is_held(shop, discarded):
    await ruled(shop, {"kind": "amount-over", "amount": 10_000_000})
    qa, id = shop.house.running["qa"], (await shop.started())["order_id"]
    async with qa.working.turn("qa.policies"):
        await authorised_unreadably(shop, id)

        async def parked():
            return await qa.parking.row(f"qa.views|payment-{id}")

        row = await until(parked)
        if discarded:
            await qa.retries.discard(row["id"], row["positions"][0][1], "agent:operator1")

    async def opened():
        state, _ = await qa.load(review, id)
        return state.stage != "none" and state

    assert (await until(opened)).stage == "waiting"
    another = await placed(shop, "card")
    await shop.exported(another)
