"""Customers and orders through the whole house: found, told, and forgotten."""

from urllib.parse import quote

import pytest

from services.customers.customer import customer
from services.customers.views import orders
from services.fulfillment.shipment import LEASE
from services.payments.payment import Stop
from services.payments.service import sweep
from services.payments.simulator.magic import MAGIC
from shared.kernel.codec import stamp
from shared.service import utc_now
from tests.house.shop import ADDRESS, BROKE, GOOD, ORDER, Shop, until

NOTES = "Leave it with the neighbour"
REASON = "Lives with a neighbour"
PERSONAL = ("Customer", "512 555", "100 Example Street", "Austin", "78701", NOTES)


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def get(shop, path):
    return await shop.ask("customers", "GET", path)


async def seen(shop, order_id, status, mark=None):
    async def reached():
        code, row = await get(shop, f"/orders/{order_id}")
        return row if code == 200 and row["status"] == status and (mark is None or mark in row["marks"]) else None

    return await until(reached)


async def known(shop, customer_id):
    async def there():
        code, row = await get(shop, f"/customers/{customer_id}")
        return row if code == 200 else None

    return await until(there)


async def noted(shop):
    order_id = (await shop.started())["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"notes": NOTES})
    return order_id


async def bought(shop, number=GOOD):
    """A customer with one order that has gone out."""
    order_id = await noted(shop)
    await shop.charge(order_id, number)
    await shop.stage(order_id, "closed")
    row = await seen(shop, order_id, "Complete", "exported")
    await known(shop, row["customer_id"])
    return order_id, row["customer_id"]


async def pending(shop):
    order_id = await noted(shop)
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    return await seen(shop, order_id, "Pending")


async def erase(shop, customer_id, **headers):
    return await shop.ask("customers", "POST", f"/customers/{customer_id}/erase", {}, actor="agent:supervisor1", **headers)


async def test_an_order_goes_through_its_statuses(shop):
    order_id = (await shop.started())["order_id"]
    assert (await seen(shop, order_id, "Open"))["campaign_name"] == "Restful Nights (phone)"
    await shop.charge(order_id, BROKE)
    row = await seen(shop, order_id, "Declined")
    assert (row["decline"]["reason"], row["customer"]["first_name"]) == ("insufficient-funds", "Customer")
    await shop.stage(order_id, "open")
    await shop.charge(order_id, GOOD)
    row = await seen(shop, order_id, "Complete", "exported")
    assert (row["total"], row["instrument"], row["approved_by"]) == (12319, {"brand": "Visa", "last4": "4242"}, "automatic")


async def test_orders_are_listed_by_status_newest_first_and_counted(shop):
    await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    started = [await shop.started() for _ in range(2)]
    opened = [body["order_id"] for body in started]
    waiting = await pending(shop)
    await get(shop, f"/orders/{opened[1]}?min_version=order-{opened[1]}@{started[1]['version']}")
    _, body = await get(shop, "/orders?status=Open")
    assert [row["order_id"] for row in body["rows"]] == opened[::-1]
    assert body["counts"] == {
        "Open": 2,
        "Partial": 0,
        "Processing": 0,
        "Pending": 1,
        "Declined": 0,
        "Complete": 0,
        "Refunded": 0,
        "Cancelled": 0,
        "Attention": 0,
    }
    _, body = await get(shop, "/orders")
    assert [row["order_id"] for row in body["rows"]] == [waiting["order_id"], *opened[::-1]]
    _, body = await get(shop, f"/orders?customer_id={waiting['customer_id']}&status=Pending")
    assert [row["order_id"] for row in body["rows"]] == [waiting["order_id"]]
    assert (await get(shop, f"/orders?customer_id={waiting['customer_id']}&status=Open"))[1]["rows"] == []


async def test_an_order_whose_money_needs_somebody_is_listed_as_such(shop):
    order_id, _ = await bought(shop, next(magic.value for magic in MAGIC if magic.does == "refund-declined" and magic.what == "card"))
    assert (await get(shop, "/orders?status=Attention"))[1]["rows"] == []
    await shop.house.running["payments"].send(order_id, Stop("cancelled", order_id, utc_now()), "stopped-late", "policy:payments.stop")
    row = await seen(shop, order_id, "Complete", "refund-failed")
    assert "refund-due" in row["marks"]
    for path in ("/orders?status=Attention", f"/orders?status=Attention&q={order_id}"):
        _, body = await get(shop, path)
        assert (body["rows"], body["counts"]["Attention"]) == ([row], 1)

    async def listed():
        _, body = await shop.ask("payments", "GET", "/attention")
        return [(each["id"], each["attention"]) for each in body["rows"]]

    assert await until(listed) == [(order_id, "refund-due")]


async def test_a_page_of_orders_leads_to_the_next(shop):
    started = [await shop.started() for _ in range(53)]
    wanted = [body["order_id"] for body in started]
    await get(shop, f"/orders/{wanted[-1]}?min_version=order-{wanted[-1]}@{started[-1]['version']}")
    for path in ("/orders?", "/orders?status=Open&"):
        _, first = await get(shop, path)
        _, second = await get(shop, f"{path}cursor={first['next']}")
        assert [row["order_id"] for row in first["rows"] + second["rows"]] == wanted[::-1]
        assert second["next"] is None


async def test_an_answer_can_wait_for_a_version(shop):
    body = await shop.started()
    _, row = await get(shop, f"/orders/{body['order_id']}?min_version=order-{body['order_id']}@{body['version']}")
    assert row["customer"]["last_name"] == "A"


async def test_a_customer_has_a_profile_orders_and_notes(shop):
    order_id, customer_id = await bought(shop)
    row = await known(shop, customer_id)
    assert row["person"] == {**ORDER["customer"], "phone": "+15125550142", "email": ""}
    assert row["billing"]["street"] == row["shipping"]["street"] == ADDRESS["street"]
    assert [order["order_id"] for order in row["orders"]["rows"]] == [order_id]
    assert [(note["order_id"], note["note"], note["by"]) for note in row["notes"]] == [(order_id, NOTES, "agent:agent1")]


@pytest.mark.parametrize("asked", ["cust", "a cus", "512-555-0142", "+1 512 555 0142", "0142", "ORDER", "order", "CUSTOMER"])
async def test_customers_and_orders_are_found(shop, asked):
    order_id, customer_id = await bought(shop)
    q = quote({"ORDER": order_id, "order": order_id.lower(), "CUSTOMER": customer_id}.get(asked, asked))
    _, body = await get(shop, f"/customers?q={q}")
    assert [(row["customer_id"], row["orders"]) for row in body["rows"]] == [(customer_id, 1)]
    _, body = await get(shop, f"/orders?q={q}")
    assert [row["order_id"] for row in body["rows"]] == [order_id]


async def test_nothing_is_found_for_somebody_else(shop):
    await bought(shop)
    for path in ("/customers?q=nobody", "/orders?q=nobody", "/orders?q=0143"):
        assert (await get(shop, path))[1]["rows"] == []


@pytest.mark.parametrize("asked", ["phone=5125550142", "phone=%2B15125550142", "phone=512-555-0142&email=nobody@example.com"])
async def test_whoever_calls_again_is_recognised_with_their_last_order(shop, asked):
    order_id, customer_id = await bought(shop)
    ((row,),) = (await get(shop, f"/matches?{asked}"))[1].values()
    assert (row["customer_id"], row["person"]["first_name"], row["why"], row["orders"]) == (customer_id, "Customer", ["phone"], 1)
    assert (row["last_order"]["order_id"], row["last_order"]["status"], row["partial"]) == (order_id, "Complete", None)


async def test_nobody_is_recognised_by_another_number_or_the_order_being_rung_up(shop):
    order_id, _ = await bought(shop)
    for asked in ("", "phone=5125550143", "phone=5550142", "email=nobody@example.com", f"phone=5125550142&order_id={order_id}"):
        assert (await get(shop, f"/matches?{asked}"))[1] == {"rows": []}


async def test_the_timeline_tells_every_service_s_part_also_as_of_then(shop):
    order_id = await noted(shop)
    await seen(shop, order_id, "Open")
    then = quote(stamp(utc_now()))
    await shop.charge(order_id, GOOD)
    row = await seen(shop, order_id, "Complete", "exported")
    await known(shop, row["customer_id"])
    _, body = await get(shop, f"/orders/{order_id}/timeline")
    told = [entry["text"] for entry in body["rows"]]
    assert {entry["service"] for entry in body["rows"]} == {"cart", "payments", "qa", "fulfillment", "customers"}
    assert told[0] == "Started by agent1, inbound call"
    story = ["Payment authorized", "Payment captured", "Approved automatically", "Exported with csv"]
    assert [text for text in told if text in story] == story
    _, earlier = await get(shop, f"/orders/{order_id}/timeline?as_of={then}")
    assert [entry["text"] for entry in earlier["rows"]] == [
        "Started by agent1, inbound call",
        "Changed: customer, billing address, products",
        "Changed: notes",
    ]


async def test_erasing_is_refused_while_an_order_is_not_finished(shop):
    row = await pending(shop)
    status, body = await erase(shop, row["customer_id"])
    assert (status, body["code"]) == (409, "order-unfinished")
    assert body["orders"] == [{"order_id": row["order_id"], "status": "Pending"}]
    assert row["order_id"] in body["detail"]
    assert (await get(shop, f"/orders/{row['order_id']}"))[1]["customer"]["first_name"] == "Customer"


async def test_an_erasure_sees_an_order_that_was_submitted_the_moment_before(shop):
    order_id = await noted(shop)
    await shop.charge(order_id, BROKE)
    await shop.stage(order_id, "open")
    row = await seen(shop, order_id, "Declined")
    await known(shop, row["customer_id"])
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    status, body = await erase(shop, row["customer_id"])
    assert (status, body["orders"][0]["order_id"]) == (409, order_id)


async def test_erasing_is_refused_while_an_order_s_row_may_not_tell_all(shop):
    order_id, customer_id = await bought(shop)
    parking = shop.house.running["customers"].parking
    await parking.park("customers.views", f"shipment-{order_id}", "fulfillment", 1, "cannot be read")
    assert (await erase(shop, customer_id))[1]["orders"][0]["order_id"] == order_id
    await parking.worked("customers.views", f"shipment-{order_id}", "fulfillment", 1)
    assert (await erase(shop, customer_id))[0] == 200


async def test_everything_personal_of_an_erased_customer_reads_erased(shop):
    order_id, customer_id = await bought(shop)
    status, _ = await erase(shop, customer_id)
    assert status == 200
    await forgotten(shop, order_id)
    answers = [
        await get(shop, f"/orders/{order_id}"),
        await get(shop, f"/customers/{customer_id}"),
        await get(shop, f"/customers?q={customer_id}"),
        await get(shop, f"/orders?customer_id={customer_id}"),
        await shop.ask("cart", "GET", f"/orders/{order_id}"),
        await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"notes": "x"}),
        await shop.ask("payments", "GET", f"/orders/{order_id}"),
        await shop.ask("fulfillment", "GET", f"/shipments/{order_id}"),
    ]
    for answer in answers:
        assert not [personal for personal in PERSONAL if personal in str(answer)], answer
    assert answers[0][1]["customer"] == {"first_name": "Erased", "last_name": "Erased", "phone": "Erased"}
    assert answers[1][1]["person"]["first_name"] == answers[1][1]["billing"]["street"] == answers[1][1]["notes"][0]["note"] == "Erased"
    assert answers[4][1]["state"]["customer"]["first_name"] == answers[7][1]["records"][0]["shipping"]["street"] == "Erased"


async def test_no_byte_of_an_erased_customer_stays_on_the_disk(shop):
    order_id, customer_id = await bought(shop)
    await until(lambda: lies_in(shop, {"customers.views.db", f"{order_id}-csv.csv"}))
    shop.export(order_id).with_suffix(".part").write_text("100 Example Street")
    await erase(shop, customer_id)
    await forgotten(shop, order_id)
    await until(lambda: lies_in(shop, set()))
    await until(lambda: said(shop, order_id, "The exported file was erased"))
    assert (await get(shop, f"/orders/{order_id}"))[1]["exported_at"]


async def lies_in(shop, wanted):
    return wanted == lie_in(shop)


def lie_in(shop):
    """The files in which what a caller typed lies in the clear, write-ahead logs counted as their database's."""
    typed = (b"512 555 0142", b"5125550142", b"2410555215", b"customer a", b"100 Example Street", NOTES.encode(), REASON.encode())
    files = [path for path in shop.settings.data.rglob("*") if path.is_file()]
    return {path.name.removesuffix("-wal") for path in files if any(text in path.read_bytes() for text in typed)}


async def said(shop, order_id, text):
    _, body = await get(shop, f"/orders/{order_id}/timeline")
    return text in [entry["text"] for entry in body["rows"]]


async def test_a_file_that_cannot_be_erased_is_erased_later_also_after_a_restart(settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id, customer_id = await bought(shop)
    stuck = shop.export(order_id).with_suffix(".part")
    stuck.mkdir()
    await erase(shop, customer_id)
    await until(lambda: said(shop, order_id, "The exported file is being erased"))
    await shop.close()
    stuck.rmdir()
    stuck.write_text("100 Example Street")
    shop = await Shop(settings, clock=lambda: utc_now() + LEASE).open()
    await until(lambda: said(shop, order_id, "The exported file was erased"))
    assert not stuck.exists()
    await shop.close()


async def test_reasons_are_shown_until_the_customer_is_erased(shop):
    denied, cancelled = await pending(shop), await pending(shop)
    verdict = {"verdict": "deny", "reason": REASON}
    assert (await shop.ask("qa", "POST", f"/reviews/{denied['order_id']}/decide", verdict, actor="agent:qa1"))[0] == 200
    path = f"/shipments/{cancelled['order_id']}/cancel"
    assert (await shop.ask("fulfillment", "POST", path, {"reason": REASON}, actor="agent:supervisor1"))[0] == 200
    for before, field, text in ((denied, "denied", "Denied by qa1"), (cancelled, "cancelled", "Cancelled by supervisor1")):
        row = await seen(shop, before["order_id"], "Cancelled")
        assert row[field]["reason"] == REASON
        await until(lambda row=row, text=text: said(shop, row["order_id"], f"{text}: {REASON}"))
        # The queue finds what waits by name: what it forgets when that is decided lies in its log until the log begins anew.
        assert {"customers.views.db"} <= lie_in(shop) <= {"customers.views.db", "qa.views.db"}
        assert (await erase(shop, row["customer_id"]))[0] == 200
        assert (await get(shop, f"/orders/{row['order_id']}"))[1][field]["reason"] == "Erased"
        await until(lambda row=row, text=text: said(shop, row["order_id"], f"{text}: Erased"))
    _, review = await shop.ask("qa", "GET", f"/reviews/{denied['order_id']}")
    assert review["decision"]["reason"] == "Erased"
    await until(lambda: lies_in(shop, set()))


async def forgotten(shop, order_id):
    """Cart has closed the order for good, and nobody finds the customer."""

    async def closed():
        _, body = await shop.ask("cart", "GET", f"/orders/{order_id}")
        return body["state"]["erased"] and not (await get(shop, "/customers?q=customer"))[1]["rows"]

    await until(closed)


async def test_nothing_personal_of_an_erased_customer_stays_in_memory(shop):
    order_id, customer_id = await bought(shop)
    await erase(shop, customer_id)

    async def closed():
        _, body = await get(shop, f"/orders/{order_id}/timeline")
        return [entry for entry in body["rows"] if (entry["service"], entry["text"]) == ("cart", "The customer was erased")]

    await until(closed)
    for running in shop.house.running.values():
        folded = repr(running.commands._cache)
        assert not [personal for personal in ("'Customer'", *PERSONAL[1:]) if personal in folded]


async def test_a_declined_order_of_an_erased_customer_is_closed_and_its_card_forgotten(shop):
    order_id = await noted(shop)
    await shop.charge(order_id, BROKE)
    await shop.stage(order_id, "open")
    row = await seen(shop, order_id, "Declined")
    await known(shop, row["customer_id"])
    card = {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    assert (await shop.ask("payments", "POST", "/tokens", card))[0] == 201
    assert (await erase(shop, row["customer_id"]))[0] == 200
    await forgotten(shop, order_id)
    status, body = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    assert (status, body["code"]) == (409, "closed")

    async def card_forgotten():
        await sweep(shop.house.running["payments"])
        return not await shop.engine.blobs.ids("tokens")

    await until(card_forgotten)


async def test_asking_again_after_a_crash_completes_the_erasure(settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id, customer_id = await bought(shop)
    await shop.engine.keyring.erase(customer_id)
    await shop.close()
    shop = await Shop(settings).open()
    state, _ = await shop.house.running["customers"].load(customer, customer_id)
    assert not state.erased
    for _ in range(2):
        status, body = await erase(shop, customer_id)
        assert (status, body["version"]) == (200, 3)
    await forgotten(shop, order_id)
    await shop.close()


async def test_between_the_keys_and_the_event_nothing_is_submitted_for_an_erased_customer(shop):
    order_id = await noted(shop)
    await shop.charge(order_id, BROKE)
    await shop.stage(order_id, "open")
    row = await seen(shop, order_id, "Declined")
    await shop.engine.keyring.erase(row["customer_id"])
    for path, body in (("changes", {"notes": "x"}), ("submit", {"method": "external"})):
        status, answer = await shop.ask("cart", "POST", f"/orders/{order_id}/{path}", body)
        assert (status, answer["code"]) == (409, "erased")


async def test_the_answer_after_an_erasure_can_wait_for_it(shop):
    _, customer_id = await bought(shop)
    _, body = await erase(shop, customer_id)
    _, row = await get(shop, f"/customers/{customer_id}?min_version=customer-{customer_id}@{body['version']}")
    assert row["erased_at"]


async def test_an_erased_customer_is_not_listed_but_their_orders_are(shop):
    order_id, customer_id = await bought(shop)
    assert [row["customer_id"] for row in (await get(shop, "/customers"))[1]["rows"]] == [customer_id]
    await erase(shop, customer_id)
    await forgotten(shop, order_id)
    assert (await get(shop, "/customers"))[1]["rows"] == []
    assert [row["order_id"] for row in (await get(shop, "/orders"))[1]["rows"]] == [order_id]
    running = shop.house.running["customers"]
    assert await running.count(orders, {"customer_id": customer_id}) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/orders/0000000000", 404),
        ("GET", "/orders/0000000000/timeline", 404),
        ("GET", "/customers/1000000000", 404),
        ("POST", "/customers/1000000000/erase", 404),
        ("GET", "/orders?status=Lost", 422),
        ("GET", "/orders?cursor=rubbish", 422),
        ("GET", "/orders/0000000000?min_version=x", 422),
        ("GET", "/orders/0000000000/timeline?as_of=yesterday", 422),
        ("GET", "/orders/0000000000/timeline?as_of=0001-01-01T00:00:00%2B14:00", 422),
        ("GET", "/orders/0000000000/timeline?as_of=2026-03-01T12:00:00", 422),
        ("GET", "/customers?q=" + "x" * 256, 422),
    ],
)
async def test_bad_questions_are_answered_with_what_is_wrong(shop, method, path, status):
    code, body = await shop.ask("customers", method, path)
    assert (code, body["status"]) == (status, status)
