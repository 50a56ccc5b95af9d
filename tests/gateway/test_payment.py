"""Pre-authorisations, stored instruments and bank accounts, from the outside."""

import pytest

from tests.bench.orders import ORDER
from tests.house.shop import until

ADDRESS = {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
CARD = {"number": "4242424242424242", "expiry": "12/49", "cvv": "123"}
ACCOUNT = {"routing": "011000015", "account": "000123456789", "kind": "savings", "holder": "Customer A"}


@pytest.fixture
async def agent(ringup):
    return await ringup.sign_in("agent1")


async def started(agent, key, lines=(("101", 1),)):
    answer = await agent.send("POST", "/order-entry", json={"campaign": "1"}, key=f"start-{key}")
    assert answer.status_code == 200, answer.text
    order = answer.json()
    if lines:
        changes = {"lines": [{"product": product, "quantity": quantity} for product, quantity in lines]}
        version = {"if-match": f'"{order["version"]}"'}
        answer = await agent.send("POST", f"/order-entry/{order['order_id']}/changes", json=changes, key=f"lines-{key}", headers=version)
        assert answer.status_code == 200, answer.text
    return order["order_id"]


async def typed(agent, order_id, key):
    answer = await agent.send("POST", "/api/v1/tokens", json={"order_id": order_id, **CARD}, key=f"token-{key}")
    return answer.json()["token"]


async def pre_auth(agent, order_id, payment, key):
    return await agent.send("POST", f"/order-entry/{order_id}/pre-auth", json={"payment": payment}, key=f"pre-auth-{key}")


async def stored(agent, order_id):
    return (await agent.get(f"/order-entry/{order_id}/instruments")).json()["rows"]


async def test_a_pre_authorisation_goes_to_the_gateway_of_the_first_chosen_offer(agent):
    order_id = await started(agent, "first")
    answer = await pre_auth(agent, order_id, await typed(agent, order_id, "first"), "first")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["outcome"], body["gateway"], body["brand"], body["last4"]) == ("approved", "simulator", "Visa", "4242")


async def test_without_a_product_there_is_no_gateway_to_ask(agent):
    order_id = await started(agent, "none", lines=())
    answer = await pre_auth(agent, order_id, await typed(agent, order_id, "none"), "none")
    assert (answer.status_code, answer.json()["field"]) == (422, "lines")
    assert "Choose a product first" in answer.json()["detail"]


async def test_a_product_that_was_taken_out_again_is_no_chosen_one(agent):
    order_id = await started(agent, "out")
    answer = await agent.send("GET", f"/order-entry/{order_id}/status")
    version = {"if-match": f'"{answer.json()["order"]["version"]}"'}
    out = {"lines": [{"product": "101", "quantity": 0}]}
    answer = await agent.send("POST", f"/order-entry/{order_id}/changes", json=out, key="out-again", headers=version)
    assert answer.status_code == 200, answer.text
    answer = await pre_auth(agent, order_id, await typed(agent, order_id, "out"), "out")
    assert (answer.status_code, answer.json()["field"]) == (422, "lines")


@pytest.mark.parametrize(
    "body", [{}, {"payment": ""}, {"payment": "x" * 101}, {"payment": 1}, {"payment": "a\x00b"}, {"payment": "tok", "gateway": "x"}, []]
)
async def test_what_is_no_payment_is_refused(agent, body):
    order_id = await started(agent, "wrong")
    answer = await agent.send("POST", f"/order-entry/{order_id}/pre-auth", json=body, key="pre-auth-wrong")
    assert answer.status_code == 422


async def test_an_order_that_is_being_charged_is_not_asked_about(agent):
    order_id = (await agent.send("POST", "/api/v1/orders", json=ORDER, key="placed-already")).json()["order_id"]
    answer = await pre_auth(agent, order_id, "tok_x", "late")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-open")


async def test_the_order_of_a_known_customer_shows_what_may_be_charged_and_it_can_be_removed(ringup, agent):
    placed = (await agent.send("POST", "/api/v1/orders", json=ORDER, key="known-customer")).json()["order_id"]

    async def customer():
        answer = await agent.get(f"/api/v1/orders/{placed}")
        return answer.json().get("customer_id") if answer.status_code == 200 else None

    customer_id = await until(customer)

    order_id = await started(agent, "known")
    assert (await stored(agent, order_id)) == []
    cart = ringup.all.house.clients["cart"]

    async def recognised():
        change = {"json": {"customer_id": customer_id}, "headers": {"x-ringup-actor": "agent:agent1"}}
        return (await cart.request("POST", f"/orders/{order_id}/changes", **change)).status == 200

    await until(recognised)
    (row,) = await until(lambda: stored(agent, order_id))
    assert (row["kind"], row["brand"], row["last4"]) == ("card", "Visa", "4242")
    assert (await pre_auth(agent, order_id, row["id"], "known")).json()["outcome"] == "approved"
    gone = await agent.form(f"/customers/{customer_id}/instruments/{row['id']}/remove", key="remove-the-card")
    assert gone.status_code == 200
    assert (await stored(agent, order_id)) == []


async def test_a_bank_account_gets_a_token_and_comes_back_as_its_last_digits_alone(agent):
    order_id = await started(agent, "account")
    answer = await agent.send("POST", "/api/v1/tokens/account", json={"order_id": order_id, **ACCOUNT}, key="account-token")
    assert (answer.status_code, answer.json()["brand"], answer.json()["last4"]) == (201, "Savings", "6789")
    again = await agent.send("POST", "/api/v1/tokens/account", json={"order_id": order_id, **ACCOUNT}, key="account-token")
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"routing": "011000016"}, "routing"),
        ({"account": "12"}, "account"),
        ({"account": 123456789}, "account"),
        ({"holder": ""}, "holder"),
        ({"kind": "x"}, "kind"),
    ],
)
async def test_an_account_that_is_wrong_is_refused_at_its_field_and_not_repeated(agent, wrong, field):
    body = {"order_id": "7K2M9QX4TB", **ACCOUNT, **wrong}
    answer = await agent.send("POST", "/api/v1/tokens/account", json=body, key="account-wrong")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "123456789" not in answer.text
    assert "01100001" not in answer.text
