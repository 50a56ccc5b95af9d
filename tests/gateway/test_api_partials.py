"""What programs leave for agents to complete, and all that an order may say by the API."""

import uuid

import pytest

from services.cart.views import newest
from tests.gateway.conftest import ADDRESS, EXTERNAL
from tests.house.shop import until

PERSON = {"first_name": "Customer", "last_name": "W", "phone": "+1 512 555 0157", "email": "customer.w@example.com"}


async def keep(somebody, key="", **sections):
    sent = {"campaign": "1", "customer": PERSON, **sections}
    return await somebody.send("POST", "/api/v1/partials", json=sent, key=key or uuid.uuid4().hex)


async def test_what_was_left_on_a_landing_page_is_kept_for_agents(ringup):
    agent = await ringup.sign_in("agent1")
    said = {"billing": ADDRESS, "lines": [{"product": "101", "quantity": 2}], "attribution": {"affiliate": "RADIO-N", "custom1": "x"}}
    answer = await keep(agent, **said, particulars={"sms_consent": True}, disposition="price")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["stage"], answer.json()["quote"]["total"]) == ("partial", 12319)
    id = answer.json()["order_id"]
    await ringup.has(id, "Partial")
    state = (await ringup.all.house.clients["cart"].request("GET", f"/orders/{id}")).json()["state"]
    assert (state["source"], state["attribution"]["affiliate"], state["particulars"]["sms_consent"]) == ("lander", "RADIO-N", True)


async def test_the_same_key_again_is_the_same_partial(ringup):
    agent = await ringup.sign_in("agent1")
    first, again = await keep(agent, "partial-key-1"), await keep(agent, "partial-key-1")
    assert first.json() == again.json()
    other = await keep(agent, "partial-key-1", notes="x")
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"customer": {"first_name": "Customer"}}, "customer.last_name"),
        ({"customer": {"first_name": "Customer", "last_name": "W"}}, "customer.phone"),
        ({"customer": {**PERSON, "email": "nobody"}}, "customer.email"),
        ({"campaign": "nothing"}, "campaign"),
        ({"lines": [{"product": "999", "quantity": 1}]}, "lines.999"),
        ({"source": "telepathy"}, "source"),
        ({"attribution": {"affiliate": "NOBODY"}}, "attribution.affiliate"),
        ({"attribution": {"colour": "green"}}, "attribution.colour"),
        ({"particulars": {"birth_date": "2999-01-01"}}, "particulars.birth_date"),
        ({"disposition": "bored"}, "disposition"),
        ({"colour": "green"}, "colour"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(ringup, sections, field):
    answer = await keep(await ringup.sign_in("agent1"), **sections)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_the_order_says_where_it_came_from_and_what_the_customer_agrees_to(ringup):
    agent = await ringup.sign_in("agent1")
    more = {
        "attribution": {"affiliate": "TV-LATE", "dnis": "18005550100", "ani": "+15125550159"},
        "particulars": {"gender": "f", "do_not_sell": True},
    }
    answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, **more}, key=uuid.uuid4().hex)
    assert answer.status_code == 202, answer.text
    state = (await ringup.all.house.clients["cart"].request("GET", f"/orders/{answer.json()['order_id']}")).json()["state"]
    assert (state["attribution"]["dnis"], state["particulars"]["do_not_sell"]) == ("18005550100", True)


async def test_a_bank_account_pays_where_the_campaign_takes_one(ringup):
    supervisor = await ringup.sign_in("supervisor1")
    offers = [{"id": "88001", "name": "Pillow", "sku": "P-1", "price": 1000}]
    body = {"name": "By account", "offers": offers, "methods": ["card", "echeck"]}
    assert (await supervisor.send("PUT", "/api/v1/campaigns/88000", json=body, key="publish-88000")).status_code == 200

    async def placed():
        return (await agent.send("POST", "/api/v1/orders", json=order, key=uuid.uuid4().hex)).status_code == 202

    agent = await ringup.sign_in("agent1")
    account = {"routing": "011000015", "account": "12345678", "kind": "checking", "holder": "Customer Y"}
    order = {**EXTERNAL, "campaign": "88000", "lines": [{"product": "88001", "quantity": 1}], "method": "echeck", "account": account}
    order["oral_authorisation"] = True
    await until(placed)
    silent = {**order, "oral_authorisation": False}
    refused = await agent.send("POST", "/api/v1/orders", json=silent, key=uuid.uuid4().hex)
    assert (refused.status_code, refused.json()["field"]) == (422, "oral_authorisation"), refused.text
    wrong = {**order, "account": {**account, "routing": "011000016"}}
    refused = await agent.send("POST", "/api/v1/orders", json=wrong, key=uuid.uuid4().hex)
    assert (refused.status_code, refused.json()["field"]) == (422, "routing"), refused.text


async def test_complete_order_names_what_is_gone(ringup):
    supervisor, agent = await ringup.sign_in("supervisor1"), await ringup.sign_in("agent1")
    pillow, mask = ({"id": f"9700{n}", "name": name, "sku": f"G-{n}", "price": 1000} for n, name in ((1, "Pillow"), (2, "Silk mask")))
    standard, express = ({"id": f"9700{n}", "name": name} for n, name in ((3, "Standard"), (4, "Express")))

    async def published(**sections):
        answer = await supervisor.send("PUT", "/api/v1/campaigns/97000", json={"name": "Gone", **sections}, key=uuid.uuid4().hex)
        assert answer.status_code == 200, answer.text

    await published(offers=[pillow, mask], profiles=[standard, express])
    lines = [{"product": "97001", "quantity": 1}, {"product": "97002", "quantity": 1}]
    left = {"campaign": "97000", "customer": EXTERNAL["customer"], "lines": lines, "profile": "97004"}

    async def kept():
        answer = await agent.send("POST", "/api/v1/partials", json=left, key=uuid.uuid4().hex)
        return answer.status_code == 201 and answer.json()["order_id"]

    id = await until(kept)
    await published(offers=[pillow], profiles=[standard])

    async def heard():
        return (await ringup.all.house.running["cart"].get(newest, "97000"))["number"] == 2

    await until(heard)
    answer = await agent.form(f"/order-entry/{id}/complete", direction="inbound", key=uuid.uuid4().hex)
    page = await agent.page(answer.json()["to"])
    for said in ("The total was 20.00 and is 10.00", "Not sold any more: Silk mask.", "The delivery Express is gone"):
        assert said in page, said
