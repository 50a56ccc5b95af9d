"""Orders through all services, over events, on the embedded engine."""

import asyncio
from dataclasses import replace

import pytest
from faststream import AckPolicy

from shared.ids import order_id
from tests.house.shop import BROKE, GOOD, Shop, until


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def test_a_card_order_is_priced_charged_once_approved_and_exported(shop):
    body = await shop.started()
    quote = body["state"]["quote"]
    assert (quote["price"], quote["shipping"], quote["tax"], quote["total"]) == (9990, 1390, 939, 12319)
    assert not shop.export(body["order_id"]).exists()
    status, _ = await shop.charge(body["order_id"], GOOD)
    assert status == 202
    rows = await shop.exported(body["order_id"])
    assert [(row["sku"], row["quantity"], row["first_name"], row["city"]) for row in rows] == [("RN-PIL-01", "2", "Customer", "Austin")]
    await shop.stage(body["order_id"], "closed")
    assert [(entry["kind"], entry["status"], entry["amount"]) for entry in shop.ledger()] == [
        ("authorize", "approved", 12319),
        ("capture", "approved", 12319),
    ]


async def test_a_declined_order_comes_back_and_is_charged_with_another_card(shop):
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, BROKE)
    body = await shop.stage(order_id, "open")
    assert (body["state"]["declines"][0]["reason"], body["state"]["declines"][0]["retry"]) == ("insufficient-funds", True)
    assert body["state"]["customer"]["first_name"] == "Customer"
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    assert [entry["status"] for entry in shop.ledger()] == ["declined", "approved", "approved"]


async def test_an_external_payment_waits_for_a_reviewer(shop):
    order_id = (await shop.started())["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})

    async def waiting():
        _, body = await shop.ask("qa", "GET", "/reviews")
        return body["rows"]

    (row,) = await until(waiting)
    assert row["last_name"] == "A"
    assert not shop.export(order_id).exists()
    status, body = await shop.ask("qa", "POST", f"/reviews/{order_id}/decide", {"verdict": "approve"}, actor="agent:agent1")
    assert (status, body["code"]) == (409, "own-order")
    status, _ = await shop.ask("qa", "POST", f"/reviews/{order_id}/decide", {"verdict": "approve"}, actor="agent:qa1")
    assert status == 200
    await shop.exported(order_id)


async def test_a_denied_order_is_not_exported(shop):
    order_id = (await shop.started())["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})

    async def denied():
        return (await shop.ask("qa", "POST", f"/reviews/{order_id}/decide", {"verdict": "deny", "reason": "no"}, actor="agent:qa1"))[0] == 200

    await until(denied)

    async def cancelled():
        status, body = await shop.ask("fulfillment", "GET", f"/shipments/{order_id}")
        return status == 200 and body["status"] == "Cancelled"

    await until(cancelled)
    await shop.stage(order_id, "closed")
    assert not shop.export(order_id).exists()


async def test_pressing_process_twice_charges_once(shop):
    order_id = (await shop.started())["order_id"]
    _, token = await shop.ask("payments", "POST", "/tokens", {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"})
    body = {"method": "card", "payment": token["token"]}
    answers = await asyncio.gather(*(shop.ask("cart", "POST", f"/orders/{order_id}/submit", body, idempotency_key="k1") for _ in range(5)))
    assert [status for status, _ in answers] == [202] * 5
    status, refused = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"}, idempotency_key="k1")
    assert (status, refused["code"]) == (422, "key-reused")
    await shop.exported(order_id)
    assert sum(entry["kind"] == "capture" for entry in shop.ledger()) == 1


async def test_a_stale_version_gets_the_current_order(shop):
    body = await shop.started()
    status, answer = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", {"notes": "x"}, if_match='"1"')
    assert (status, answer["code"], answer["version"]) == (409, "stale", body["version"])
    assert answer["state"]["customer"]["first_name"] == "Customer"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": [{"product": "1", "quantity": -1}]}, "lines.0.quantity"),
        ({"lines": [{"product": "1", "quantity": 10**12}]}, "lines.0.quantity"),
        ({"lines": [{"product": "1", "quantity": "2"}]}, "lines.0.quantity"),
        ({"lines": [{"product": "1", "quantity": 100}]}, "lines.1"),
        ({"lines": [{"product": "9", "quantity": 1}]}, "lines.9"),
        ({"notes": "a\x00b"}, "notes"),
        ({"notes": "\ue000order-1 abcd"}, "notes"),
        ({"customer": {"email": "nobody"}}, "customer.email"),
        ({"colour": "red"}, "colour"),
        ([], "body"),
    ],
)
async def test_bad_input_names_its_field(shop, change, field):
    body = await shop.started()
    status, answer = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/changes", change)
    assert (status, answer["field"]) == (422, field)


async def test_an_incomplete_order_names_everything_that_is_missing(shop):
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    status, answer = await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": "card"})
    assert (status, answer["code"]) == (422, "incomplete")
    fields = {error["field"] for error in answer["errors"]}
    assert {"customer.first_name", "customer.phone", "billing.street", "lines"} <= fields


async def test_personal_data_and_cards_lie_nowhere_in_the_clear(shop):
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await shop.stage(order_id, "closed")
    written = {path: path.read_bytes() for path in shop.settings.data.rglob("*") if path.is_file() and path.parent.name != "exports"}
    for secret in (GOOD.encode(), b"100 Example Street", b"512 555 0142"):
        assert not [path.name for path, data in written.items() if secret in data]
    assert not await shop.engine.blobs.ids("tokens")


async def test_an_erased_customer_reads_erased(shop):
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await shop.stage(order_id, "closed")
    _, body = await shop.ask("cart", "GET", f"/orders/{order_id}")
    assert await shop.engine.keyring.erase(body["state"]["customer_id"]) == [f"order-{order_id}"]
    for running in shop.house.running.values():
        running.commands.forget()
    _, body = await shop.ask("cart", "GET", f"/orders/{order_id}")
    assert body["state"]["customer"]["first_name"] == "Erased"

    async def shipped():
        status, body = await shop.ask("fulfillment", "GET", f"/shipments/{order_id}")
        return body if status == 200 and body["status"] == "Pending Shipment" else None

    shipment = await until(shipped)
    assert shipment["records"][0]["shipping"]["street"] == "Erased"
    assert [line["quantity"] for line in shipment["records"][0]["lines"]] == [2]


async def test_after_a_restart_everything_goes_on(settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id = (await shop.started())["order_id"]
    await shop.close()
    shop = await Shop(settings).open()
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await shop.close()


async def test_every_subscriber_commits_by_hand_after_the_work(shop):
    subscribers = shop.engine.broker.subscribers
    groups = [group for running in shop.house.running.values() for group in running.groups]
    assert sorted(subscriber.group_id for subscriber in subscribers) == sorted(groups)
    assert {subscriber.ack_policy for subscriber in subscribers} == {AckPolicy.MANUAL}


async def test_a_card_asked_for_again_after_its_attempt_is_not_kept_again(shop):
    order_id = (await shop.started())["order_id"]
    details = {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    _, token = await shop.ask("payments", "POST", "/tokens", details, idempotency_key="card-of-this-order")
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": token["token"]})
    await shop.stage(order_id, "closed")
    assert await shop.ask("payments", "POST", "/tokens", details, idempotency_key="card-of-this-order") == (201, token)
    assert not await shop.engine.blobs.ids("tokens")


async def test_a_refused_process_reserves_no_customer_number(shop):
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    assert (await shop.ask("cart", "POST", f"/orders/{body['order_id']}/submit", {"method": "external"}))[0] == 422
    assert not await shop.house.running["cart"].streams.names(prefix="customerid-")


async def test_an_id_that_another_command_has_taken_is_counted_on(shop):
    cart = shop.house.running["cart"]
    taken = order_id(shop.engine.keyring.derived("installation"), "agent:agent1", "the-second-key")
    first = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"}, idempotency_key="the-first-key")
    stored = await cart.streams.load(f"order-{first[1]['order_id']}")
    await cart.streams.append("cart", [replace(event, stream=f"order-{taken}") for event in stored])
    ids = {(await shop.ask("cart", "POST", "/orders", {"campaign": "restful"}, idempotency_key="the-second-key"))[1]["order_id"] for _ in range(2)}
    assert ids == {order_id(shop.engine.keyring.derived("installation"), "agent:agent1", "the-second-key", 1)}


async def test_a_version_that_is_none_is_refused(shop):
    status, answer = await shop.ask("qa", "GET", "/reviews/0000000000?min_version=abc")
    assert (status, answer["code"], answer["field"]) == (422, "bad-version", "min_version")
