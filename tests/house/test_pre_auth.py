"""Pre-authorisations from the door of payments to the gateway's ledger."""

import asyncio
from datetime import timedelta

import pytest

from services.payments import pre_auth_api
from services.payments.declines import explain
from services.payments.payment import payment
from services.payments.pending import LEASE
from services.payments.pre_auth import pre_auth
from services.payments.simulator.magic import DECLINES, MALFORMED, UNREACHABLE, value
from shared.service import utc_now
from tests.house.shop import GOOD, LOST_AFTER, LOST_BEFORE, Shop, until


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def typed(shop, order_id, number=GOOD, actor="agent:agent1"):
    card = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123"}
    status, token = await shop.ask("payments", "POST", "/tokens", card, actor)
    assert status == 201, token
    return token["token"]


async def asked(shop, order_id, payment, actor="agent:agent1", key="", **body):
    wanted = {"payment": payment, "gateway": "simulator", "currency": "USD", **body}
    named = {"idempotency_key": key} if key else {}
    return await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted, actor, **named)


async def refused(shop, order_id, payment, **said):
    status, body = await asked(shop, order_id, payment, **said)
    return status, body.get("code"), body.get("field")


def held(shop, order_id):
    """What the gateway reserved and has not given back."""
    approved = [entry for entry in shop.ledger() if order_id in entry["reference"] and entry["status"] == "approved"]
    back = {entry["authorization"] for entry in approved if entry["kind"] == "void"}
    return [entry["reference"] for entry in approved if entry["kind"] == "authorize" and entry["reference"] not in back]


async def given_back(shop, order_id, number=1):
    async def done():
        _, body = await shop.ask("payments", "GET", f"/orders/{order_id}/pre-auths")
        return body["rows"][number - 1]["voided"]

    await until(done)
    assert held(shop, order_id) == []


async def told(shop, order_id, name):
    """It is in the order's story."""
    rows = (await shop.ask("customers", "GET", f"/orders/{order_id}/timeline"))[1]["rows"]
    return any(row["type"].endswith(f".{name}") for row in rows)


async def test_a_good_card_is_approved_and_the_dollar_given_back_and_nothing_else_changes(shop):
    order = await shop.started()
    order_id = order["order_id"]
    status, body = await asked(shop, order_id, await typed(shop, order_id))
    assert (status, body["outcome"], body["brand"], body["last4"], body["number"]) == (200, "approved", "Visa", "4242", 1)
    await given_back(shop, order_id)
    entry = next(entry for entry in shop.ledger() if entry["reference"] == f"{order_id}-pre-1")
    assert (entry["kind"], entry["amount"], entry["currency"]) == ("authorize", 100, "USD")
    after = (await shop.ask("cart", "GET", f"/orders/{order_id}"))[1]
    assert (after["version"], after["state"]["stage"]) == (order["version"], "open")
    assert (await shop.ask("payments", "GET", f"/orders/{order_id}"))[0] == 404
    assert (await shop.house.running["payments"].load(payment, order_id))[1] == 0
    await until(lambda: told(shop, order_id, "PreAuthVoided"))
    row = (await shop.ask("customers", "GET", f"/orders/{order_id}"))[1]
    assert (row["status"], row["marks"]) == ("Open", [])


@pytest.mark.parametrize(("currency", "amount"), [("USD", 100), ("JPY", 1), ("KWD", 1000)])
async def test_it_is_one_unit_of_the_currency(shop, currency, amount):
    order_id = (await shop.started())["order_id"]
    assert (await asked(shop, order_id, await typed(shop, order_id), currency=currency))[1]["outcome"] == "approved"
    assert [entry["amount"] for entry in shop.ledger() if entry["kind"] == "authorize"] == [amount]


@pytest.mark.parametrize(("number", "reason"), DECLINES.items())
async def test_a_no_is_told_with_what_helps(shop, number, reason):
    order_id = (await shop.started())["order_id"]
    status, body = await asked(shop, order_id, await typed(shop, order_id, number))
    assert (status, body["outcome"], body["reason"], body["last4"]) == (200, "declined", explain(reason).reason, number[-4:])
    assert body["say"]
    assert body["try_next"]
    assert held(shop, order_id) == []


async def test_what_is_asked_again_with_the_same_key_is_asked_of_the_gateway_once(shop):
    order_id = (await shop.started())["order_id"]
    token = await typed(shop, order_id)
    answers = await asyncio.gather(*(asked(shop, order_id, token, key="one-key") for _ in range(4)))
    assert {(status, body["number"], body["outcome"]) for status, body in answers} == {(200, 1, "approved")}
    await given_back(shop, order_id)
    assert [entry["kind"] for entry in shop.ledger()] == ["authorize", "void"]


async def test_its_token_is_used_up(shop):
    order_id = (await shop.started())["order_id"]
    token = await typed(shop, order_id)
    await asked(shop, order_id, token)
    assert await refused(shop, order_id, token) == (422, "card-details-expired", "payment")
    await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": token})
    body = await shop.stage(order_id, "open")
    assert body["state"]["declines"][-1]["reason"] == "card-details-expired"
    assert not await shop.engine.blobs.ids("tokens")


async def test_a_token_is_for_its_order_and_for_whoever_typed_it(shop):
    mine, other = (await shop.started())["order_id"], (await shop.started())["order_id"]
    token = await typed(shop, mine)
    assert await refused(shop, other, token) == (422, "not-this-order", "payment")
    assert await refused(shop, mine, token, actor="agent:agent2") == (422, "not-this-order", "payment")
    assert await refused(shop, mine, "tok_nobody") == (422, "card-details-expired", "payment")
    assert await refused(shop, mine, token, gateway="nowhere") == (422, "gateway-missing", "lines")
    assert await refused(shop, mine, token, currency="XXX") == (422, "unknown-currency", "currency")
    assert (await asked(shop, mine, token))[1]["number"] == 1


async def test_an_order_has_five_at_most(shop):
    order_id = (await shop.started())["order_id"]
    for number in range(1, 6):
        assert (await asked(shop, order_id, await typed(shop, order_id)))[1]["number"] == number
    assert await refused(shop, order_id, await typed(shop, order_id)) == (409, "too-many-pre-auths", "payment")


@pytest.mark.parametrize("number", [LOST_BEFORE, LOST_AFTER, MALFORMED])
async def test_an_answer_that_is_lost_is_found_by_asking(shop, number):
    order_id = (await shop.started())["order_id"]
    assert (await asked(shop, order_id, await typed(shop, order_id, number)))[1]["outcome"] == "approved"
    await given_back(shop, order_id)


async def test_nobody_waits_for_ever_and_somebody_looks_at_what_stays_unknown(shop, monkeypatch):
    monkeypatch.setattr(pre_auth_api, "WAITS", 0.2)
    order_id = (await shop.started())["order_id"]
    token = await typed(shop, order_id, UNREACHABLE)
    status, body = await asked(shop, order_id, token)
    assert (status, body["outcome"]) == (200, "unknown")
    assert "asked again" in body["say"]
    assert await refused(shop, order_id, token) == (409, "pre-auth-open", "payment")
    assert await shop.engine.blobs.ids("tokens") == [token]


async def test_a_yes_to_another_amount_is_no_yes(shop, monkeypatch):
    monkeypatch.setattr(pre_auth_api, "WAITS", 0.5)
    order_id = (await shop.started())["order_id"]
    token = await typed(shop, order_id, value("card", "other-amount"))
    assert (await asked(shop, order_id, token))[1]["outcome"] == "unknown"


async def test_one_that_is_not_given_back_is_looked_at_until_the_bank_has_let_go(shop, monkeypatch):
    order_id = (await shop.started())["order_id"]
    await asked(shop, order_id, await typed(shop, order_id, value("card", "void-declined")))

    async def listed():
        rows = (await shop.ask("payments", "GET", "/attention"))[1]["pre_auths"]
        return [(row["order_id"], row["attention"]) for row in rows]

    assert await until(listed) == [(order_id, "void-failed")]
    monkeypatch.setattr(shop.house.running["payments"], "clock", lambda: utc_now() + timedelta(days=31))
    assert await listed() == []


class Silent:
    """A gateway that never answers; ``hears`` whether it does what it is asked for."""

    idempotent = True

    def __init__(self, gateway, hears):
        self.gateway, self.hears, self.asked = gateway, hears, asyncio.Event()

    async def authorise(self, *args):
        if self.hears:
            await self.gateway.authorise(*args)
        self.asked.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("hears", [False, True], ids=["killed before the call", "killed after the call"])
async def test_what_a_kill_left_is_asked_about_and_given_back(settings, hears):
    shop = await (await Shop(settings).open()).furnish()
    order_id = (await shop.started())["order_id"]
    gateways = shop.house.running["payments"].state["desk"].gateways
    silent = gateways["simulator"] = Silent(gateways["simulator"], hears)
    waiting = asyncio.create_task(asked(shop, order_id, await typed(shop, order_id)))
    await silent.asked.wait()
    waiting.cancel()
    await shop.close()
    shop = await Shop(settings, clock=lambda: utc_now() + LEASE).open()
    await given_back(shop, order_id)
    state, _ = await shop.house.running["payments"].load(pre_auth, order_id)
    assert state.by_number[1].outcome.instrument.last4 == "4242"
    assert [entry["kind"] for entry in shop.ledger()] == ["authorize", "void"]
    assert not await shop.engine.blobs.ids("tokens")
    await shop.close()


async def test_a_repeat_of_an_earlier_key_gets_its_own_answer_though_there_is_a_newer_one(shop):
    order_id = (await shop.started())["order_id"]
    token = await typed(shop, order_id)
    first = await asked(shop, order_id, token, key="first")
    await asked(shop, order_id, await typed(shop, order_id, sorted(DECLINES)[0]), key="second")
    again, body = await asked(shop, order_id, token, key="first")
    assert (again, body["number"], body["outcome"]) == (200, 1, first[1]["outcome"])
