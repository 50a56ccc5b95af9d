"""Two customers that are one person: everything asked by customer number answers for both, until that is taken back."""

import asyncio
import itertools
import json
import sqlite3

import pytest

from services.customers.customer import customer
from services.customers.merging import Merge, aliases_of, main_of
from services.customers.sms import Installed
from shared.aliases import aliases
from shared.contracts.customers import CustomersMerged
from shared.kernel.codec import Probe, stamp
from shared.kernel.events import Fact
from shared.service import utc_now
from tests.house.shop import ADDRESS, GOOD, Shop, until
from tests.house.test_customers import seen
from tests.house.test_messages import Phone, post
from tests.house.test_wallet import again, kept, stored

SUPERVISOR = "agent:supervisor1"
VISA_TOO = "4012888888881881"
_PHONES = itertools.count(10)


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def people(shop, method, path, body=None, actor=SUPERVISOR, **headers):
    return await shop.ask("customers", method, path, body, actor=actor, **headers)


async def done(shop, path, body=None, **headers):
    status, answer = await people(shop, "POST", path, body or {}, **headers)
    assert status == 200, answer
    return answer


async def profile(shop, id):
    async def there():
        status, row = await people(shop, "GET", f"/customers/{id}")
        return row if status == 200 else None

    return await until(there)


async def bought(shop, number=GOOD, notes="", last_name="A", **person):
    """Somebody's first order, done and gone out: its id and the customer's."""
    phone = f"+15125550{next(_PHONES)}0"
    body = {"campaign": "restful", "customer": {"first_name": "Customer", "last_name": last_name, "phone": phone, **person}, "billing": ADDRESS}
    body |= {"lines": [{"product": "1", "quantity": 1}], "notes": notes}
    _, order = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    changes = {name: value for name, value in body.items() if name != "campaign"}
    status, answer = await shop.ask("cart", "POST", f"/orders/{order['order_id']}/changes", changes, if_match=f'"{order["version"]}"')
    assert status == 200, answer
    await shop.charge(order["order_id"], number)
    await shop.stage(order["order_id"], "closed")
    row = await seen(shop, order["order_id"], "Complete", "exported")
    await profile(shop, row["customer_id"])
    return order["order_id"], row["customer_id"]


async def both(shop):
    """Two, and who was merged into whom: order, customer of each."""
    (first, one), (second, two) = await bought(shop, notes="Rings late."), await bought(shop, VISA_TOO, notes="Rings early.")
    await done(shop, f"/customers/{one}/merge", {"alias": two})
    return (first, one), (second, two)


async def test_orders_notes_and_cards_of_both_are_found_under_either_number(shop):
    (first, one), (second, two) = await both(shop)
    for id in (one, two):
        row = await profile(shop, id)
        assert row["customer_id"] == one
        assert [each["customer_id"] for each in row["aliases"]] == [two]
        assert {each["order_id"] for each in row["orders"]["rows"]} == {first, second}
        assert {each["note"] for each in row["notes"]} == {"Rings late.", "Rings early."}
        assert [each["used"] for each in row["addresses"]] == [["billing", "shipping"]]
        assert {each["order_id"] for each in (await people(shop, "GET", f"/orders?customer_id={id}"))[1]["rows"]} == {first, second}
    found = (await people(shop, "GET", "/customers"))[1]["rows"]
    assert [(each["customer_id"], each["aliases"], each["orders"]) for each in found] == [(one, [two], 2)]
    phone = found[0]["person"]["phone"]
    (match,) = (await people(shop, "GET", f"/matches?phone={phone.replace('+', '%2B')}"))[1]["rows"]
    assert (match["customer_id"], match["orders"]) == (one, 2)
    await kept(shop, one, 2)
    assert [each["last4"] for each in await stored(shop, two)] == ["4242", "1881"]


async def test_a_card_of_the_alias_pays_for_the_customer_and_is_forgotten_with_them(shop):
    _, (_, two) = await both(shop)
    row = await profile(shop, two)
    theirs = (await kept(shop, row["customer_id"], 2))[1]
    assert (await again(shop, row["customer_id"], theirs["id"]))["state"]["stage"] == "closed"
    status, _ = await shop.ask("payments", "DELETE", f"/customers/{row['customer_id']}/instruments/{theirs['id']}")
    assert status == 200
    assert [each["last4"] for each in await stored(shop, row["customer_id"])] == ["4242"]


async def test_taking_it_back_leaves_two_as_before(shop):
    (first, one), (second, two) = await both(shop)
    await done(shop, f"/customers/{one}/unmerge", {"alias": two})
    for id, order_id in ((one, first), (two, second)):
        row = await profile(shop, id)
        assert (row["customer_id"], row["aliases"]) == (id, [])
        assert [each["order_id"] for each in row["orders"]["rows"]] == [order_id]
    assert {each["customer_id"] for each in (await people(shop, "GET", "/customers"))[1]["rows"]} == {one, two}
    await done(shop, f"/customers/{two}/merge", {"alias": one})
    assert (await profile(shop, one))["customer_id"] == two


async def test_a_merge_that_broke_off_is_finished_by_itself(shop):
    (_, one), (_, two) = await bought(shop), await bought(shop)
    running = shop.house.running["customers"]
    await running.send(one, Merge(one, two, SUPERVISOR), "broken-off", SUPERVISOR)

    async def merged():
        return (await profile(shop, two))["customer_id"] == one

    await until(merged)


async def at_once(shop, *pairs):
    """Merges that are asked for together: those that were done, and the codes that the others were refused with."""
    answers = await asyncio.gather(*(people(shop, "POST", f"/customers/{id}/merge", {"alias": alias}) for id, alias in pairs))
    merged = [pair for pair, (status, _) in zip(pairs, answers, strict=True) if status == 200]
    return merged, {answer["code"] for status, answer in answers if status != 200}


async def told_apart(shop, *ids):
    """By the streams: of each customer whose alias it is, and whom it takes in."""
    states = [(await shop.house.running["customers"].load(customer, id))[0].pairs for id in ids]
    return {id: (main_of(id, pairs), aliases_of(id, pairs)) for id, pairs in zip(ids, states, strict=True)}


async def test_two_that_are_merged_into_each_other_at_once_are_merged_once(shop):
    ids = [(await bought(shop))[1], (await bought(shop))[1]]
    for one, two in itertools.permutations(ids):
        ((id, alias),), refused = await at_once(shop, (one, two), (two, one))
        assert refused <= {"merging", "merged", "same-customer"}
        assert await told_apart(shop, id, alias) == {id: ("", (alias,)), alias: (id, ())}
        await done(shop, f"/customers/{id}/unmerge", {"alias": alias})
    assert await told_apart(shop, *ids) == dict.fromkeys(ids, ("", ()))


async def test_three_that_are_merged_in_a_ring_at_once_are_a_chain(shop):
    ids = sorted([(await bought(shop))[1] for _ in range(3)])
    for one, two, three in (ids, (ids[0], ids[2], ids[1])):
        merged, refused = await at_once(shop, (one, two), (two, three), (three, one))
        assert 0 < len(merged) < 3
        assert refused <= {"merging", "merged", "same-customer"}
        assert [(whose, id) for id, (whose, _) in (await told_apart(shop, *ids)).items() if whose] == sorted(merged, key=lambda pair: pair[1])
        for id, alias in merged:
            await done(shop, f"/customers/{id}/unmerge", {"alias": alias})
    (one, two, three) = ids
    for id, alias in ((one, two), (two, three)):
        await done(shop, f"/customers/{id}/merge", {"alias": alias})
    assert (await people(shop, "POST", f"/customers/{three}/merge", {"alias": one}))[1]["code"] == "same-customer"


async def ring(shop, *ids):
    """Each has taken in the next one, the last one the first: in the log, as no command leaves it."""
    running = shop.house.running["customers"]
    pairs = list(zip(ids, [*ids[1:], ids[0]], strict=True))
    for number, (id, alias) in enumerate(pairs * 2):
        stream = f"customer-{id if number < len(ids) else alias}"
        version = len(await running.streams.load(stream)) + 1
        merged = CustomersMerged(customer_id=id, alias=alias, by=SUPERVISOR)
        planted = Fact(merged, stream, version, utc_now(), SUPERVISOR, id, "planted", f"planted-{number}", "", "customers")
        await running.streams.append(merged.TOPIC, [running.codec.encode(planted, Probe())])
    running.commands.forget()

    async def arrived():
        return all([(row := await running.get(aliases, id, opened=False)) and row["of"] for id in ids])

    await until(arrived)


async def test_a_ring_in_the_log_is_one_person_and_is_erased_whole(shop):
    ids = sorted([(await bought(shop))[1] for _ in range(3)])
    await ring(shop, *ids)
    row = await profile(shop, ids[2])
    assert (row["customer_id"], {each["customer_id"] for each in row["aliases"]}) == (ids[0], {*ids[1:]})
    assert (await done(shop, f"/customers/{ids[1]}/erase"))["customer_id"] == ids[0]
    assert [(await shop.house.running["customers"].load(customer, id))[0].erased for id in ids] == [True] * 3


async def test_a_ring_in_the_log_is_undone(shop):
    one, two = sorted([(await bought(shop))[1], (await bought(shop))[1]])
    await ring(shop, one, two)
    await done(shop, f"/customers/{two}/unmerge", {"alias": one})
    assert await told_apart(shop, one, two) == {one: ("", (two,)), two: (one, ())}
    await done(shop, f"/customers/{one}/unmerge", {"alias": two})
    assert await told_apart(shop, one, two) == {one: ("", ()), two: ("", ())}


async def test_a_merge_that_was_begun_and_not_settled_is_taken_back(shop):
    (_, one), (_, two), (_, three) = [await bought(shop) for _ in range(3)]
    await done(shop, f"/customers/{two}/merge", {"alias": three})
    await shop.house.running["customers"].send(one, Merge(one, two, SUPERVISOR), "broken-off", SUPERVISOR)
    assert (await people(shop, "POST", f"/customers/{three}/merge", {"alias": one}))[1]["code"] == "merging"
    await done(shop, f"/customers/{one}/unmerge", {"alias": two})
    assert (await done(shop, f"/customers/{three}/merge", {"alias": one}))["customer_id"] == two


async def test_what_cannot_be_merged_is_refused_at_its_field(shop):
    (_, one), (_, two) = await bought(shop), await bought(shop)
    for alias, code in ((one, "same-customer"), ("9999999999", "unknown-customer")):
        status, body = await people(shop, "POST", f"/customers/{one}/merge", {"alias": alias})
        assert (status, body["code"], body["field"]) == (422, code, "alias")
    assert (await people(shop, "POST", f"/customers/{one}/merge", {"alias": "x"}))[1]["field"] == "alias"
    assert (await people(shop, "POST", "/customers/9999999999/merge", {"alias": one}))[0] == 404
    assert (await people(shop, "POST", f"/customers/{one}/unmerge", {"alias": two}))[1]["code"] == "not-merged"
    _, three = await bought(shop)
    await done(shop, f"/customers/{one}/merge", {"alias": two})
    status, body = await people(shop, "POST", f"/customers/{three}/merge", {"alias": two})
    assert (status, body["code"], body["customer_id"]) == (409, "merged", one)
    merged = await done(shop, f"/customers/{two}/merge", {"alias": three})
    assert merged["customer_id"] == (await profile(shop, three))["customer_id"] == one


async def test_erasing_follows_every_number(shop):
    (first, one), (second, two) = await both(shop)
    await done(shop, f"/customers/{two}/notes", {"note": "Mentions a dog."})
    await done(shop, f"/customers/{two}/consents", {"consent": "sms_consent", "given": True})
    answer = await done(shop, f"/customers/{two}/erase")
    assert answer["customer_id"] == one

    async def gone():
        row = await profile(shop, two)
        return row if row["erased_at"] and not await stored(shop, one) else None

    row = await until(gone)
    told = json.dumps([row, *[(await people(shop, "GET", f"/orders/{id}"))[1] for id in (first, second)]])
    for personal in ("Customer", "512555", "100 Example Street", "Rings", "dog"):
        assert personal not in told
    for asked in ("Customer", "5125550", "100 Example"):
        assert (await people(shop, "GET", f"/customers?q={asked}"))[1]["rows"] == []
    events = [(await shop.house.running["customers"].load(customer, id))[0].erased for id in (one, two)]
    assert events == [True, True]
    status, body = await people(shop, "POST", f"/customers/{one}/export")
    assert (status, body["code"]) == (409, "erased")
    for database in shop.settings.data.glob("*.views.db"):
        with sqlite3.connect(database) as connection:
            assert "Mentions a dog" not in "".join(connection.iterdump())


async def test_one_unfinished_order_under_any_number_keeps_all_of_them(shop):
    (_, one), (_, two) = await both(shop)
    order_id = (await shop.started())["order_id"]
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"customer_id": two})
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    await seen(shop, order_id, "Pending")
    status, body = await people(shop, "POST", f"/customers/{one}/erase")
    assert (status, body["code"], body["orders"]) == (409, "order-unfinished", [{"order_id": order_id, "status": "Pending"}])
    assert (await profile(shop, one))["person"]["first_name"] == "Customer"


async def test_who_may_be_the_same_is_suggested_with_why(shop):
    (_, one), (_, two), (_, three) = [
        await bought(shop, last_name=name, email=mail) for name, mail in (("A", "a@example.com"), ("A", ""), ("B", "A@example.com"))
    ]

    async def suggested():
        rows = (await people(shop, "GET", f"/customers/{one}/duplicates"))[1]["rows"]
        return rows if len(rows) == 2 else None

    assert {each["customer_id"]: each["why"] for each in await until(suggested)} == {two: ["address"], three: ["email"]}
    await done(shop, f"/customers/{one}/merge", {"alias": two})
    rows = (await people(shop, "GET", f"/customers/{two}/duplicates"))[1]["rows"]
    assert [(each["customer_id"], each["why"]) for each in rows] == [(three, ["email"])]


async def test_notes_by_hand_are_kept_and_repeats_are_not(shop):
    _, id = await bought(shop)
    for key in ("note-0001", "note-0001", "note-0002"):
        version = (await done(shop, f"/customers/{id}/notes", {"note": "Asks for Ms A."}, idempotency_key=key))["version"]
    row = (await people(shop, "GET", f"/customers/{id}?min_version=customer-{id}@{version}"))[1]
    assert [(each["note"], each["order_id"], each["by"]) for each in row["notes"]] == [("Asks for Ms A.", "", SUPERVISOR)] * 2
    status, body = await people(shop, "POST", f"/customers/{id}/notes", {"note": "  "})
    assert (status, body["field"]) == (422, "note")


async def test_a_consent_by_hand_is_handed_over_once_until_it_is_taken_back_and_given_anew(shop):
    post(shop, sms=Installed("phone", there := Phone()))
    (_, one), (_, two) = await both(shop)

    async def said(given):
        answer = await done(shop, f"/customers/{two}/consents", {"consent": "sms_consent", "given": given})
        return (await people(shop, "GET", f"/customers/{one}?min_version=customer-{one}@{answer['version']}"))[1]

    async def handed(count):
        async def sent():
            rows = (await people(shop, "GET", f"/messages?customer_id={one}"))[1]["rows"]
            return [row["status"] for row in rows] == ["Sent"] * count

        await until(sent)

    row = await said(given=True)
    assert (row["consents"]["sms_consent"]["by"], row["consents"]["sms_consent"]["phone"]) == (SUPERVISOR, row["person"]["phone"])
    await said(given=True)
    await handed(1)
    row = await said(given=False)
    assert (row["consents"], row["taken_back"]["sms_consent"]["by"]) == ({}, SUPERVISOR)
    await said(given=True)
    await handed(2)
    assert [number for number, _, _ in there.consents] == [row["person"]["phone"]] * 2
    assert len({reference for _, _, reference in there.consents}) == 2


async def test_all_that_is_known_is_handed_out_and_recorded_first(shop):
    (first, one), (second, two) = await both(shop)
    await done(shop, f"/customers/{one}/notes", {"note": "Asks for Ms A."})
    before = stamp(utc_now())
    told = await done(shop, f"/customers/{two}/export")
    assert {order["order_id"] for order in told["orders"]} == {first, second}
    assert {each["note"] for each in told["customer"]["notes"]} >= {"Rings late.", "Rings early."}
    assert {each["customer_id"] for each in told["profiles"]} == {one, two}
    assert all(order["timeline"][0]["text"].startswith("Started by agent1") for order in told["orders"])

    async def recorded():
        exported = (await profile(shop, one))["exported"]
        return exported and exported["by"] == SUPERVISOR and exported["at"] >= before

    await until(recorded)


async def test_an_exemption_counts_under_all_numbers(shop):
    (_, one), (_, two) = await bought(shop), await bought(shop)
    await done(shop, f"/customers/{two}/tax-exemption", {"exempt": True, "certificate": "TX-01"})
    await done(shop, f"/customers/{one}/merge", {"alias": two})
    assert (await profile(shop, one))["tax"] == {"exempt": True, "certificate": "TX-01"}
    order = await shop.started()

    async def untaxed():
        path = f"/orders/{order['order_id']}/changes"
        status, body = await shop.ask("cart", "POST", path, {"customer_id": one})
        return status == 200 and body["state"]["quote"]["tax"] == 0

    await until(untaxed)
