"""What a gateway tells by itself: a debit that comes back, by its own call or when it is asked."""

import json
import time
from datetime import timedelta

import pytest

from services.cart.views import newest
from services.payments.news import RETURNS_WITHIN
from services.payments.simulator.magic import MAGIC, RETURNS_SECONDS, value
from shared.service import utc_now
from shared.webhooks import secret_of, signed
from tests.house.shop import CAMPAIGN, GOOD, Shop, until
from tests.payments.test_gateways import put

ACCOUNT = "000123456789"
HOOK = "whsec_" + "dGhlLXNlY3JldC1vZi1pdHMtY2FsbHM="


class Clock:
    """Hands are moved by the test."""

    ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings, clock=Clock()).open()).furnish()
    checks = CAMPAIGN.model_copy(update={"methods": ("card", "echeck", "external")})
    assert (await shop.ask("catalog", "PUT", "/campaigns/restful", checks.model_dump(mode="json")))[0] == 200

    async def known():
        return (await shop.house.running["cart"].get(newest, "restful"))["number"] == 2

    await until(known)
    yield shop
    await shop.close()


@pytest.fixture
def payments(shop):
    return shop.house.running["payments"]


async def debited(shop, account=ACCOUNT):
    """An order by eCheck, captured."""
    order_id = (await shop.started())["order_id"]
    typed = {"order_id": order_id, "routing": "011000015", "account": account, "kind": "checking", "holder": "Customer A"}
    status, token = await shop.ask("payments", "POST", "/tokens/account", typed)
    assert status == 201, token
    body = {"method": "echeck", "payment": token["token"], "oral_authorisation": True}
    status, answer = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", body)
    assert status == 202, answer
    await shop.exported(order_id)
    return order_id


async def returned(shop, order_id):
    async def told():
        _, body = await shop.ask("payments", "GET", f"/orders/{order_id}")
        return body.get("returned")

    return await until(told)


async def test_where_nobody_pays_by_echeck_no_gateway_is_asked(shop, payments, monkeypatch):
    await shop.charge(order := (await shop.started())["order_id"], GOOD)
    await shop.exported(order)
    asked = []
    monkeypatch.setattr("services.payments.gateways.simulator.SimulatorGateway.news", lambda *given: asked.append(given))
    assert await payments.state["listening"].look() == 0
    assert asked == []


async def test_a_debit_that_comes_back_is_heard_of_when_it_has_and_once(shop, payments):
    (magic,) = [each for each in MAGIC if (each.what, each.does, each.reason) == ("account", "returned", "R02")]
    order_id = await debited(shop, magic.value)
    listening = payments.state["listening"]
    assert await listening.look() == 0
    shop.clock.ahead = timedelta(seconds=RETURNS_SECONDS + 1)
    assert await until(listening.look) == 1
    (back,) = await returned(shop, order_id)
    assert (back["code"], back["reference"]) == ("R02", f"{order_id}-1-1-capture")
    shop.clock.ahead += timedelta(seconds=10)
    await listening.look()
    assert len(await returned(shop, order_id)) == 1


async def test_long_after_the_last_echeck_it_is_not_asked_any_more(shop, payments, monkeypatch):
    await debited(shop)
    shop.clock.ahead = RETURNS_WITHIN + timedelta(days=1)
    asked = []
    monkeypatch.setattr("services.payments.gateways.simulator.SimulatorGateway.news", lambda *given: asked.append(given))
    await payments.state["listening"].look()
    assert asked == []


async def test_one_that_is_asked_for_comes_back_too(shop, payments):
    order_id = await debited(shop)
    simulator = payments.state["simulator"].state
    await simulator.ledger.add(simulator.books.returned(f"{order_id}-1-1-capture", "R10"))
    await until(payments.state["listening"].look)
    assert [back["code"] for back in await returned(shop, order_id)] == ["R10"]


async def call(shop, order_id, name="simulator", secret=HOOK, **changed):
    data = {"reference": f"{order_id}-1-1-capture", "code": "R01", "amount": 0, **changed}
    body = json.dumps({"type": "debit.returned", "data": data}).encode()
    headers = {f"x-hook-{key}": text for key, text in signed(secret_of(secret), "msg-1", int(time.time()), body).items()}
    return await shop.ask("payments", "POST", f"/gateways/{name}/hooks", body, **headers)


async def test_a_call_is_believed_by_its_signature_and_heard_once(shop):
    order_id = await debited(shop)
    assert (await call(shop, order_id))[0] == 400
    assert (await put(shop, "simulator", {"kind": "simulator", "capabilities": ["ach"], "credentials": {"hook": HOOK}}))[0] == 200
    for _ in range(2):
        assert (await call(shop, order_id))[0] == 200
    assert [back["code"] for back in await returned(shop, order_id)] == ["R01"]
    assert await call(shop, "NOTHING") == (200, {"heard": 0})
    status, body = await call(shop, order_id, secret="whsec_" + "YW5vdGhlci1zZWNyZXQtYW5vdGhlcg==")
    assert (status, body["code"]) == (400, "signature-wrong")
    status, body = await shop.ask("payments", "POST", "/gateways/simulator/hooks", b"\x00\xff")
    assert (status, body["code"]) == (400, "signature-wrong")
    assert (await call(shop, order_id, name="nowhere"))[0] == 404


async def test_another_gateway_of_ours_says_nothing_of_it(shop):
    order_id = await debited(shop)
    assert (await put(shop, "second", {"kind": "simulator", "capabilities": ["ach"], "credentials": {"hook": HOOK}}))[0] == 200
    assert await call(shop, order_id, name="second") == (200, {"heard": 0})


def test_there_is_an_account_for_each_of_the_usual_codes():
    codes = {each.reason for each in MAGIC if each.does == "returned"}
    assert {"R01", "R02", "R03", "R10"} <= codes
    assert value("account", "returned")
