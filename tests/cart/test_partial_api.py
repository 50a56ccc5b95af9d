"""No Sale, Complete Order, links and the customer's side over HTTP; what waits on desks."""

import asyncio
from collections import Counter
from datetime import timedelta
from hashlib import sha256

import pytest

from services.cart.desk import desk
from services.cart.order import order
from services.cart.trials import trials
from services.cart.views import links, newest
from shared.contracts.catalog import CampaignPublished, Offer
from shared.service import utc_now
from tests.cart.publishing import publish
from tests.house.shop import BROKE, CAMPAIGN, GOOD, ORDER, PILLOW, Shop, until

SPRAY = Offer(id="5", name="Lavender spray", sku="RN-SPR", price=495, trial_days=14, base_product="Lavender spray")
BOUNDED = PILLOW.model_copy(update={"min_price": 3995, "max_price": 4995})
SOLD = CAMPAIGN.model_copy(update={"offers": (BOUNDED, SPRAY), "checkout": True})
CUSTOMER, SUPERVISOR = "customer", {"actor": "agent:supervisor1", "x_ringup_role": "supervisor"}


class Clock:
    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def shop(settings, clock):
    shop = await (await Shop(settings, clock).open()).furnish(price_adjustment=True)
    await published(shop, SOLD, 9)
    yield shop
    await shop.close()


async def published(shop, campaign, number):
    version = await publish(shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=number, campaign=campaign))
    await shop.house.running["cart"].get(newest, "restful", version)


async def asked(shop, method, path, json=None, actor="agent:agent1", wanted=200, **headers):
    status, body = await shop.ask("cart", method, path, json, actor, **headers)
    assert status == wanted, body
    return body


async def kept(shop):
    body = await shop.started()
    return await asked(shop, "POST", f"/orders/{body['order_id']}/no-sale", {"disposition": "call-back"})


async def linked(shop, **more):
    body = await shop.started()
    return await asked(shop, "POST", f"/orders/{body['order_id']}/links", {"channel": "copy", **more}, wanted=201)


async def desk_of(shop, body):
    return await shop.house.running["cart"].get(desk, body["order_id"], f"order-{body['order_id']}@{body['version']}")


async def test_no_sale_and_complete_order(shop):
    body = await kept(shop)
    id = body["order_id"]
    assert (body["state"]["stage"], body["state"]["disposition"]) == ("partial", "call-back")
    assert len(body["state"]["customer_id"]) == 10
    refused = await asked(shop, "POST", f"/orders/{id}/changes", {"notes": "x"}, wanted=409)
    assert refused["code"] == "partial"
    await published(shop, SOLD.model_copy(update={"offers": (BOUNDED.model_copy(update={"price": 4495}), SPRAY)}), 10)
    body = await asked(shop, "POST", f"/orders/{id}/complete", {"direction": "outbound", "call_center": "North", "team": "Team 3"}, "agent:agent2")
    assert (body["state"]["stage"], body["state"]["of"], body["state"]["call"]["agent"]) == ("open", "agent", "agent:agent2")
    assert (body["state"]["call"]["direction"], body["state"]["campaign_version"]) == ("outbound", 10)
    assert body["repriced"]["before"] - body["repriced"]["after"] == 1083  # with its tax
    again = await asked(shop, "GET", f"/orders/{id}")
    assert again == body
    same = await asked(shop, "POST", f"/orders/{id}/complete", {})
    assert same["version"] == body["version"]


async def test_what_no_sale_misses_is_told_at_its_fields(shop):
    body = await asked(shop, "POST", "/orders", {"campaign": "restful"}, wanted=201)
    problem = await asked(shop, "POST", f"/orders/{body['order_id']}/no-sale", {"disposition": "price"}, wanted=422)
    assert [error["field"] for error in problem["errors"]] == ["customer.first_name", "customer.last_name", "customer.phone"]
    await asked(shop, "POST", f"/orders/{body['order_id']}/no-sale", {"disposition": "bored"}, wanted=422)
    await asked(shop, "POST", "/orders/0000000000/no-sale", {"disposition": "price"}, wanted=404)


async def test_a_repeated_no_sale_is_answered_as_then(shop):
    body = await shop.started()
    first = await asked(shop, "POST", f"/orders/{body['order_id']}/no-sale", {"disposition": "price"}, idempotency_key="no-sale-1")
    again = await asked(shop, "POST", f"/orders/{body['order_id']}/no-sale", {"disposition": "price"}, idempotency_key="no-sale-1")
    assert again == first


async def test_a_partial_from_elsewhere_in_one_request(shop):
    body = {**ORDER, "source": "lander", "external_id": "L-1", "attribution": {"dnis": "8005550100"}}
    made = await asked(shop, "POST", "/orders/partial", body, "key:lander", 201)
    assert (made["state"]["stage"], made["state"]["source"], made["state"]["call"], made["version"]) == ("partial", "lander", None, 2)
    assert await asked(shop, "POST", "/orders/partial", body, "key:lander", 201) == made
    problem = await asked(shop, "POST", "/orders/partial", {"campaign": "restful", "source": "lander"}, "key:lander", 422)
    assert problem["code"] == "incomplete"


async def test_an_order_that_begins_with_all_that_is_known(shop):
    more = {"attribution": {"ani": "5125550142", "custom1": "x"}, "particulars": {"gender": "female"}, "shipping_same": False}
    body = await asked(shop, "POST", "/orders", {**ORDER, **more}, wanted=201)
    assert (body["version"], body["state"]["attribution"]["ani"], body["state"]["particulars"]["gender"]) == (1, "5125550142", "female")
    assert (body["trials"], body["overrides"], body["links"], body["blocked"], body["repriced"]) == ([], [], 0, False, None)


async def test_a_link_from_agent_to_customer_to_paid(shop):
    body = await linked(shop, hours=1)
    id, link = body["order_id"], body["link"]
    assert (body["state"]["stage"], body["links"], link["campaign"], link["status"]) == ("partial", 1, "restful", "issued")
    running = shop.house.running["cart"]
    (known,) = (await running.load(order, id))[0].links
    assert known.token_hash == (await running.get(links, link["link_id"]))["hash"] == sha256(link["token"].encode()).hexdigest()
    found = await asked(shop, "GET", f"/links/{link['token']}", actor=CUSTOMER)
    assert (found["order_id"], found["link_id"], found["campaign"], found["status"]) == (id, link["link_id"], "restful", "issued")
    opened = await asked(shop, "POST", f"/links/{link['token']}/open", actor=CUSTOMER)
    assert (await asked(shop, "POST", f"/links/{link['token']}/open", actor=CUSTOMER))["version"] == opened["version"]
    (row,) = (await asked(shop, "GET", f"/orders/{id}/links"))["rows"]
    assert (row["status"], row["token"], row["opened_at"] is not None) == ("opened", link["token"], True)
    token = await shop.ask("payments", "POST", "/tokens", {"order_id": id, "number": GOOD, "expiry": "12/99", "cvv": "123"}, CUSTOMER)
    body = await asked(shop, "POST", f"/orders/{id}/submit", {"method": "card", "payment": token[1]["token"]}, CUSTOMER, 202)
    assert (body["state"]["stage"], body["state"]["of"]) == ("submitted", "customer")
    gone = await asked(shop, "GET", f"/links/{link['token']}", actor=CUSTOMER, wanted=410)
    assert (gone["code"], gone["order_id"]) == ("link-completed", id)
    await shop.stage(id, "closed")


async def test_links_that_lead_nowhere(shop, clock):
    body = await linked(shop, hours=2)
    id, link = body["order_id"], body["link"]
    assert (await asked(shop, "GET", "/links/nothing", wanted=404))["code"] == "unknown-link"
    revoked = await asked(shop, "DELETE", f"/orders/{id}/links/{link['link_id']}")
    assert revoked["links"] == 0
    assert (await asked(shop, "GET", f"/links/{link['token']}", wanted=410))["code"] == "link-revoked"
    assert (await asked(shop, "POST", f"/links/{link['token']}/open", actor=CUSTOMER, wanted=410))["code"] == "link-revoked"
    other = (await asked(shop, "POST", f"/orders/{id}/links", {"hours": 1}, wanted=201))["link"]
    clock.ahead = timedelta(hours=1)
    assert (await asked(shop, "GET", f"/links/{other['token']}", wanted=410))["code"] == "link-expired"
    assert [row["status"] for row in (await asked(shop, "GET", f"/orders/{id}/links"))["rows"]] == ["expired", "revoked"]
    await asked(shop, "DELETE", f"/orders/{id}/links/none", wanted=409)
    for wrong in ({"hours": 0}, {"hours": 721}, {"channel": "fax"}):
        await asked(shop, "POST", f"/orders/{id}/links", wrong, wanted=422)


async def test_a_repeated_link_is_the_same_link(shop):
    body = await shop.started()
    made = [await asked(shop, "POST", f"/orders/{body['order_id']}/links", {}, wanted=201, idempotency_key="link-key-1") for _ in range(2)]
    assert made[0] == made[1]


async def test_opening_shows_the_prices_of_now_and_the_first_change_records_them(shop):
    body = await linked(shop)
    id, token = body["order_id"], body["link"]["token"]
    await published(shop, SOLD.model_copy(update={"offers": (BOUNDED.model_copy(update={"price": 5995}), SPRAY)}), 10)
    opened = await asked(shop, "POST", f"/links/{token}/open", actor=CUSTOMER)
    assert (opened["state"]["stage"], opened["state"]["quote"]["price"], opened["state"]["campaign_version"]) == ("partial", 11990, 10)
    assert opened["repriced"] == {"before": body["state"]["quote"]["total"], "after": opened["state"]["quote"]["total"]}
    assert (await asked(shop, "GET", f"/orders/{id}"))["state"]["quote"] == body["state"]["quote"]
    assert (await asked(shop, "GET", f"/orders/{id}", actor=CUSTOMER))["state"]["quote"] == opened["state"]["quote"]
    changed = await asked(shop, "POST", f"/orders/{id}/changes", {"terms_agreed": True}, CUSTOMER)
    assert (changed["state"]["of"], changed["state"]["quote"]) == ("customer", opened["state"]["quote"])
    assert (await asked(shop, "POST", f"/orders/{id}/changes", {"notes": "x"}, wanted=409))["code"] == "with-customer"
    body = await asked(shop, "POST", f"/orders/{id}/complete", {})
    assert (body["state"]["of"], body["links"]) == ("agent", 0)
    assert (await asked(shop, "POST", f"/orders/{id}/changes", {"terms_agreed": False}, CUSTOMER, 409))["code"] == "with-agent"


async def test_a_customer_begins_on_the_checkout_page(shop):
    body = await asked(shop, "POST", "/orders", {**ORDER, "source": "checkout"}, CUSTOMER, 201)
    assert (body["state"]["of"], body["state"]["source"], body["state"]["call"]) == ("customer", "checkout", None)
    assert (await asked(shop, "POST", "/orders", {**ORDER, "source": "checkout"}, wanted=422))["field"] == "source"
    assert (await asked(shop, "POST", "/orders", ORDER, CUSTOMER, 422))["field"] == "source"
    await published(shop, CAMPAIGN, 10)
    assert (await asked(shop, "POST", "/orders", {**ORDER, "source": "checkout"}, CUSTOMER, 422))["code"] == "no-checkout"


async def test_the_second_fact(shop):
    id = (await kept(shop))["order_id"]
    assert await asked(shop, "POST", f"/orders/{id}/second-fact", {"fact": "787 01"}, CUSTOMER) == {"matched": True}
    left = [(await asked(shop, "POST", f"/orders/{id}/second-fact", {"fact": "1"}, CUSTOMER, 422))["left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert (await asked(shop, "POST", f"/orders/{id}/second-fact", {"fact": "0142"}, CUSTOMER, 409))["code"] == "too-many-tries"


async def test_wrong_second_facts_at_the_same_time_are_each_counted(shop):
    id = (await kept(shop))["order_id"]
    tries = [shop.ask("cart", "POST", f"/orders/{id}/second-fact", {"fact": f"9{n}"}, CUSTOMER) for n in range(24)]
    answers = Counter((status, body["code"]) for status, body in await asyncio.gather(*tries))
    assert answers == {(422, "no-match"): 5, (409, "too-many-tries"): 19}
    state, _ = await shop.house.running["cart"].load(order, id)
    assert state.wrong_facts == 5


async def test_a_trial_that_the_customer_had_before(shop):
    tries = {**ORDER, "lines": [{"product": "5", "quantity": 1}]}
    first = await asked(shop, "POST", "/orders/place", {**tries, "method": "external"}, wanted=202)
    told = {"product": "5", "line": 1, "name": "Lavender spray", "order_id": first["order_id"]}

    async def known():
        body = await asked(shop, "POST", "/orders", tries, wanted=201)
        return body["trials"] and body

    second = await until(known)
    assert {name: second["trials"][0][name] for name in told} == told
    problem = await asked(shop, "POST", f"/orders/{second['order_id']}/submit", {"method": "external"}, wanted=422)
    assert (problem["code"], problem["field"], problem["trials"][0]["order_id"]) == ("trial-duplicate", "lines.5", first["order_id"])
    assert (await asked(shop, "POST", "/orders/place", {**tries, "method": "external"}, wanted=422))["code"] == "trial-duplicate"
    await asked(shop, "POST", f"/orders/{second['order_id']}/changes", {"trial_override": True})
    await asked(shop, "POST", f"/orders/{second['order_id']}/submit", {"method": "external"}, wanted=202)


async def test_a_trial_that_the_customer_had_under_another_number(shop):
    """Of the two nothing is the same but who they are."""
    people = {}
    for phone, lines in (("+15125550151", [{"product": "5", "quantity": 1}]), ("+15125550152", [{"product": "1", "quantity": 1}])):
        body = {**ORDER, "customer": {"first_name": "Customer", "last_name": "A", "phone": phone}, "lines": lines, "method": "external"}
        placed = await asked(shop, "POST", "/orders/place", body, wanted=202)
        people[placed["state"]["customer_id"]] = placed["order_id"]
    one, two = people

    async def told(*orders):
        body = {**ORDER, "customer_id": two, "customer": {"phone": "+15125550153"}, "lines": [{"product": "5", "quantity": 1}]}
        status, answer = await shop.ask("cart", "POST", "/orders", body)
        return status == 201 and [each["order_id"] for each in answer["trials"]] == list(orders)

    async def merged(what):
        return (await shop.ask("customers", "POST", f"/customers/{one}/{what}", {"alias": two}, actor="agent:supervisor1"))[0] == 200

    await until(told)
    await until(lambda: merged("merge"))
    await until(lambda: told(people[one]))
    assert await merged("unmerge")
    await until(told)


async def test_a_trial_is_known_again_however_the_phone_number_is_written(shop):
    await published(shop, SOLD.model_copy(update={"countries": ()}), 10)
    home = {"street": "1 Example Street", "city": "Berlin", "postal": "10115", "country": "DE"}
    tries = {**ORDER, "billing": home, "lines": [{"product": "5", "quantity": 1}], "method": "external"}
    first, second = ({**tries, "customer": {**ORDER["customer"], "phone": phone}} for phone in ("+49 30 123456", "030 / 12 34 56"))
    placed = await asked(shop, "POST", "/orders/place", first, wanted=202)
    seen = f"order-{placed['order_id']}@{placed['version']}"
    assert await shop.house.running["cart"].get(trials, placed["order_id"], seen)
    assert (await asked(shop, "POST", "/orders/place", second, wanted=422))["code"] == "trial-duplicate"


async def test_a_price_beyond_the_limits(shop):
    body = await shop.started()
    id = body["order_id"]
    want = {"product": "1", "price": 2995, "reason": "Torn seam"}
    assert (await asked(shop, "POST", f"/orders/{id}/overrides", {**want, "price": 4000}, wanted=422))["code"] == "within-limits"
    body = await asked(shop, "POST", f"/orders/{id}/overrides", want)
    (waits,) = body["overrides"]
    assert (waits["line"], waits["price"], waits["by"]) == (1, 2995, "agent:agent1")
    await desk_of(shop, body)
    (row,) = (await asked(shop, "GET", "/overrides"))["rows"]
    assert (row["order_id"], row["campaign"], row["quantity"], row["reason"], row["list_price"]) == (id, "restful", 2, "Torn seam", 4995)
    assert "39.95" in row["limit"]
    path = f"/orders/{id}/overrides/1"
    await asked(shop, "POST", f"{path}/approve", wanted=403)
    body = await asked(shop, "POST", f"{path}/approve", **SUPERVISOR)
    (line,) = body["state"]["lines"]
    assert (line["price"], line["by"], line["reason"], body["state"]["quote"]["price"]) == (2995, "agent:agent1", "Torn seam", 5990)
    await desk_of(shop, body)
    assert (await asked(shop, "GET", "/overrides"))["rows"] == []
    await asked(shop, "POST", f"{path}/refuse", {"reason": "No."}, wanted=409, **SUPERVISOR)
    same = {"product": "1", "price": 2995, "reason": "Torn seam"}
    await asked(shop, "POST", f"/orders/{id}/changes", {"lines": [{**same, "quantity": 2}], "notes": "x"})
    problem = await asked(shop, "POST", f"/orders/{id}/changes", {"lines": [{**same, "quantity": 3}]}, wanted=422)
    assert (problem["code"], problem["field"]) == ("approved-for", "lines.1.price")


async def test_the_calls_that_an_agent_can_go_on_with(shop, clock):
    await asked(shop, "POST", "/orders", {"campaign": "restful"}, wanted=201)
    first = await shop.started()
    await asked(shop, "POST", "/orders", ORDER, "agent:agent2", 201)
    second = await asked(shop, "POST", "/orders", ORDER, wanted=201)
    kept = await shop.started()
    kept = await asked(shop, "POST", f"/orders/{kept['order_id']}/no-sale", {"disposition": "price"})
    for body in (first, second, kept):
        await desk_of(shop, body)
    rows = (await asked(shop, "GET", "/calls"))["rows"]
    assert [row["order_id"] for row in rows] == [second["order_id"], first["order_id"]]
    assert (rows[0]["first_name"], rows[0]["last_name"], rows[0]["total"], rows[0]["stage"]) == ("Customer", "A", 12319, "open")
    clock.ahead = timedelta(hours=25)
    assert (await asked(shop, "GET", "/calls"))["rows"] == []


async def test_the_recording_is_paused_and_goes_on(shop):
    body = await shop.started()
    path = f"/orders/{body['order_id']}/recording"
    paused = await asked(shop, "POST", path, {"paused": True})
    assert (paused["state"]["recording_paused"], paused["version"]) == (True, body["version"] + 1)
    assert (await asked(shop, "POST", path, {"paused": True}))["version"] == paused["version"]
    assert (await asked(shop, "POST", path, {"paused": False}))["state"]["recording_paused"] is False


async def test_a_blocked_order_waits_for_a_supervisor(shop):
    body = await shop.started()
    id = body["order_id"]
    for _ in range(5):
        status, _ = await shop.charge(id, BROKE)
        assert status == 202
        body = await shop.stage(id, "open")
    assert body["blocked"]
    assert (await asked(shop, "POST", f"/orders/{id}/submit", {"method": "external"}, wanted=409))["code"] == "too-many-attempts"
    await desk_of(shop, body)
    (row,) = (await asked(shop, "GET", "/blocked"))["rows"]
    assert (row["order_id"], row["campaign"], row["by"], row["declines"]) == (id, "restful", "agent:agent1", 5)
    await asked(shop, "POST", f"/orders/{id}/retry", wanted=403)
    body = await asked(shop, "POST", f"/orders/{id}/retry", **SUPERVISOR)
    assert body["blocked"] is False
    await desk_of(shop, body)
    assert (await asked(shop, "GET", "/blocked"))["rows"] == []
    await asked(shop, "POST", f"/orders/{id}/submit", {"method": "external"}, wanted=202)
