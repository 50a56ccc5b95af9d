"""Campaigns through the public API, and orders with everything that prices them."""

import itertools
import uuid

import pytest

from services.cart.views import newest
from tests.gateway.conftest import EXTERNAL
from tests.house.shop import until

_IDS = (str(n) for n in itertools.count(90_000))


def campaign(offer, **sections):
    coupon = {"id": next(_IDS), "code": "TEN", "percent": "10"}
    offers = [{"id": offer, "name": "Pillow", "sku": "P-1", "price": 1000, "categories": ["Beds"]}]
    return {"name": "By a program", "offers": offers, "coupons": [coupon], **sections}


async def test_a_whole_campaign_is_published_and_read_again(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id, offer = next(_IDS), next(_IDS)
    sent = campaign(offer)
    answer = await supervisor.send("PUT", f"/api/v1/campaigns/{id}", json=sent, key=f"publish-{id}")
    assert (answer.status_code, answer.json()["number"]) == (200, 1), answer.text
    again = await supervisor.send("PUT", f"/api/v1/campaigns/{id}", json=sent, key=f"publish-{id}")
    assert again.json() == answer.json()
    found = (await supervisor.get(f"/api/v1/campaigns/{id}")).json()
    assert found["campaign"]["offers"][0]["sku"] == "P-1"
    listed = (await supervisor.get("/api/v1/campaigns?status=published")).json()["rows"]
    assert id in {row["id"] for row in listed}


async def test_an_order_has_what_was_published_just_before(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    id, offer = next(_IDS), next(_IDS)
    for price in (1000, 1100):
        sent = campaign(offer, offers=[{"id": offer, "name": "Pillow", "sku": "P-1", "price": price}])
        assert (await supervisor.send("PUT", f"/api/v1/campaigns/{id}", json=sent, key=f"publish-{id}-{price}")).status_code == 200
        order = {**EXTERNAL, "campaign": id, "lines": [{"product": offer, "quantity": 1}]}
        answer = await supervisor.send("POST", "/api/v1/orders", json=order, key=f"just-published-{price}")
        assert (answer.status_code, answer.json().get("quote", {}).get("price")) == (202, price), answer.text


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"colour": "green"}, "colour"),
        ({"offers": [{"id": "89999", "name": "Pillow", "sku": "P", "price": -1}]}, "offers.0.price"),
        ({"coupons": [{"id": "89998", "code": "X", "percent": "101"}]}, "coupons.0.percent"),
        ({"offers": [{"id": "101", "name": "Pillow", "sku": "P", "price": 1}]}, "offers.0.id"),
    ],
)
async def test_what_is_wrong_with_a_campaign_is_said_at_its_field(ringup, sections, field):
    supervisor = await ringup.sign_in("supervisor1")
    id = next(_IDS)
    answer = await supervisor.send("PUT", f"/api/v1/campaigns/{id}", json=campaign(next(_IDS), **sections), key=f"publish-{id}")
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await supervisor.get(f"/api/v1/campaigns/{id}")).status_code == 404


async def test_an_order_is_placed_with_coupon_delivery_answers_and_a_changed_price(ringup):
    agent = await ringup.sign_in("agent1")
    order = {
        **EXTERNAL,
        "lines": [{"product": "101", "quantity": 2}, {"product": "104", "quantity": 1, "price": 995, "reason": "goodwill"}],
        "coupons": [" sleep10 "],
        "profile": "122",
        "fields": [{"field": "1", "value": "Queen"}],
        "terms_agreed": True,
    }
    answer = await agent.send("POST", "/api/v1/orders", json=order, key="whole-order-1")
    assert answer.status_code == 202, answer.text
    quote = answer.json()["quote"]
    assert (quote["price"], quote["discount"], quote["shipping"]) == (9990 + 995, 1099, 3490)
    assert [(line["unit_rule"], line["shipping_rule"]) for line in quote["lines"]] == [("list", "entire-order"), ("override", "entire-order")]
    assert quote["coupons"][0]["verdict"] == "applied"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lines": [{"product": "104", "quantity": 1, "price": 995}]}, "lines.104.reason"),
        ({"lines": [{"product": "104", "quantity": 1, "price": 1, "reason": "x"}]}, "lines.104.price"),
        ({"lines": [{"product": "102", "quantity": 1}]}, "lines.102"),
        ({"profile": "999"}, "profile"),
        ({"coupons": ["x" * 10_000]}, "coupons.0"),
        ({"fields": [{"field": "1", "value": "Emperor"}]}, "fields.1"),
    ],
)
async def test_what_is_wrong_with_an_order_is_said_at_its_field(ringup, changed, field):
    agent = await ringup.sign_in("agent1")
    answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, **changed}, key=f"wrong-{field}-{len(str(changed))}")
    assert (answer.status_code, answer.json().get("field")) == (422, field), answer.text


async def test_order_entry_lists_to_agents_what_is_for_their_call_centre_and_team(ringup):
    supervisor, agent = await ringup.sign_in("supervisor1"), await ringup.sign_in("agent1")
    ids = [next(_IDS) for _ in range(4)]
    theirs = ({"call_center": "North", "teams": ["Team 3"]}, {"call_center": "North"}, {"call_center": "South"}, {"teams": ["Team 4"]})
    for id, sections in zip(ids, theirs, strict=True):
        sent = campaign(next(_IDS), name=f"Campaign {id}", **sections)
        answer = await supervisor.send("PUT", f"/api/v1/campaigns/{id}", json=sent, key=f"publish-{id}")
        assert answer.status_code == 200, answer.text

    async def all_there():
        page = await supervisor.page("/order-entry")
        return all(f"Campaign {id}<" in page for id in ids)

    await until(all_there)
    page = await agent.page("/order-entry")
    assert [f"Campaign {id}<" in page for id in ids] == [True, True, False, False]

    async def all_sold():
        return all([await ringup.all.house.running["cart"].get(newest, id) for id in ids])

    await until(all_sold)
    for person, allowed in ((agent, [True, True, False, False]), (supervisor, [True] * 4)):
        for id, may in zip(ids, allowed, strict=True):
            await begins(person, id, may)


async def begins(person, campaign, may, code="not-yours"):
    answer = await person.send("POST", "/order-entry", json={"campaign": campaign, "direction": "inbound"}, key=uuid.uuid4().hex)
    assert answer.status_code == (200 if may else 403), answer.text
    assert may or (answer.json()["code"], answer.json()["field"]) == (code, "campaign")


async def test_an_agent_sells_no_campaign_that_is_not_listed(ringup):
    agent, supervisor = await ringup.sign_in("agent1"), await ringup.sign_in("supervisor1")
    await begins(agent, "2", False, "not-by-phone")
    await begins(supervisor, "2", True)
    answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, "campaign": "2"}, key=uuid.uuid4().hex)
    assert (answer.status_code, answer.json()["field"]) == (403, "campaign")
    answer = await agent.send("POST", "/order-entry", json={"campaign": "../settings"}, key=uuid.uuid4().hex)
    assert answer.status_code in (404, 422), answer.text
