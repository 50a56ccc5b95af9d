"""Orders on a gateway of the kind NMI, from the vault's door to what lies at NMI in the end."""

import pytest

from services.payments.hearing import heard
from shared.service import utc_now
from shared.wire import Wire, after, passed, reset
from tests.house.shop import Shop, until
from tests.house.test_pre_auth import typed
from tests.house.test_wallet import account_token, charged
from tests.payments.fake_nmi import APPROVED, KEY, NO_MONEY, SIGNING_KEY, FakeNmi

STOLEN, BROKE = "4000000000009979", "4000000000009995"


@pytest.fixture
async def nmi():
    return FakeNmi()


@pytest.fixture
async def wire(nmi):
    async with Wire(nmi.app) as wire:
        yield wire


@pytest.fixture
async def shop(settings, wire):
    shop = await Shop(settings.model_copy(update={"nmi_url": wire.url})).open()
    await shop.furnish()
    await configured(shop)
    yield shop
    await shop.close()


async def configured(shop, **said):
    secrets = {"security_key": KEY, "webhook_key": SIGNING_KEY}
    body = {"kind": "nmi", "capabilities": ["ach"], "on": True, "credentials": secrets, **said}
    status, row = await shop.ask("payments", "PUT", "/gateways/nmi", body, "admin:admin")
    assert status == 200, row


async def paid(shop, order_id, number=APPROVED, **how):
    return await charged(shop, order_id, await typed(shop, order_id, number), "card", "nmi", **how)


async def refunded(shop, order_id, amount):
    status, body = await shop.ask("payments", "POST", f"/orders/{order_id}/refunds", {"amount": amount, "reason": "It was late"}, "supervisor:s")
    assert status == 202, body

    async def done():
        row = (await shop.ask("payments", "GET", f"/orders/{order_id}"))[1]
        return row if row["refunded"] == amount else None

    return await until(done)


async def test_it_answers_and_says_what_is_wrong_with_its_key(shop):
    assert (await shop.ask("payments", "POST", "/gateways/nmi/test", {}))[1]["answer"] == "ok"
    await configured(shop, credentials={"security_key": "another"})
    body = (await shop.ask("payments", "POST", "/gateways/nmi/test", {}))[1]
    assert (body["answer"], body["detail"]) == ("failed", "It does not accept this security key.")


async def test_a_card_is_reserved_taken_and_given_back_in_part(shop, nmi):
    order_id = (await shop.started())["order_id"]
    assert (await paid(shop, order_id))["status"] == "captured"
    await refunded(shop, order_id, 1000)
    reserved, back = nmi.transactions.values()
    assert (reserved["order_id"], [action["type"] for action in reserved["actions"]]) == (f"{order_id}-1-1", ["auth", "capture"])
    assert (back["order_id"], back["actions"][0]["amount"]) == (f"{order_id}-refund-1-1-1", "-10.00")


async def test_a_no_comes_with_our_reason_and_a_stolen_card_with_none(shop):
    order_id = (await shop.started())["order_id"]
    assert (await paid(shop, order_id, BROKE))["reason"] == "insufficient-funds"
    assert (await paid(shop, order_id, STOLEN, attempt=2))["reason"] == "not-accepted"


async def test_without_a_key_nothing_is_charged(shop, nmi):
    await configured(shop, credentials={})
    order_id = (await shop.started())["order_id"]
    assert (await paid(shop, order_id))["reason"] == "gateway-refused"
    assert nmi.requests == []


async def test_an_account_is_debited_when_the_order_is_approved_and_then_forgotten_there(shop, nmi):
    order_id = (await shop.started())["order_id"]
    assert (await charged(shop, order_id, (await account_token(shop, order_id))[1]["token"], gateway="nmi"))["status"] == "captured"
    (debit,) = nmi.transactions.values()
    assert (debit["order_id"], debit["actions"][0]["type"], nmi.vault) == (f"{order_id}-1-1-capture", "sale", {})
    await refunded(shop, order_id, 5690)


async def test_a_debit_that_is_refused_settles_nothing(shop, nmi):
    order_id = (await shop.started())["order_id"]
    token = (await account_token(shop, order_id, NO_MONEY))[1]["token"]
    attempt = await charged(shop, order_id, token, gateway="nmi")
    assert (attempt["status"], attempt["reason"]) == ("capture-failed", "insufficient-funds")


async def test_a_debit_whose_answer_is_lost_is_asked_about_and_not_sent_again(shop, nmi, wire):
    async def lost_once(wire, sent, writer):
        if b"type=sale" not in sent.body:
            return await passed(wire, sent, writer)
        wire.fault = passed
        return await after(reset)(wire, sent, writer)

    wire.fault = lost_once
    order_id = (await shop.started())["order_id"]
    attempt = await charged(shop, order_id, (await account_token(shop, order_id))[1]["token"], gateway="nmi")
    assert (attempt["status"], len(nmi.transactions), nmi.vault) == ("captured", 1, {})


async def test_its_day_is_the_same_there_and_here_until_somebody_meddles_there(shop, nmi):
    card, check, voided = [(await shop.started())["order_id"] for _ in range(3)]
    await paid(shop, card)
    await refunded(shop, card, 1000)
    await charged(shop, check, (await account_token(shop, check))[1]["token"], gateway="nmi")
    asked = {"payment": await typed(shop, voided, APPROVED), "gateway": "nmi", "currency": "USD"}
    assert (await shop.ask("payments", "POST", f"/orders/{voided}/pre-auth", asked))[1]["outcome"] == "approved"
    await until(lambda: given_back(nmi))

    async def compared():
        return (await shop.ask("payments", "GET", f"/gateways/nmi/reconcile?day={utc_now().date()}", actor="admin:admin"))[1]

    async def same():
        return (await compared())["rows"] == []

    await until(same)
    nmi.transactions["1"] = {**next(iter(nmi.transactions.values())), "transaction_id": "1", "order_id": "typed by hand"}
    assert {(row["reference"], row["why"]) for row in (await compared())["rows"]} >= {("typed by hand", "missing-here")}


async def given_back(nmi):
    return [each for each in nmi.transactions.values() if each["condition"] == "canceled"]


async def test_a_debit_that_comes_back_is_heard_of(shop, nmi):
    order_id = (await shop.started())["order_id"]
    await charged(shop, order_id, (await account_token(shop, order_id))[1]["token"], gateway="nmi")
    (debit,) = nmi.transactions.values()
    payments = shop.house.running["payments"]
    at = await payments.state["desk"].at("nmi")
    (told,) = await at.gateway.hear(*nmi.told("transaction.check.status.return", debit, processor_response_code="R01"), at.secrets)
    assert await heard(payments, "nmi", told)

    async def returned():
        return (await shop.ask("payments", "GET", f"/orders/{order_id}"))[1]["returned"]

    assert [(each["code"], each["amount"]) for each in await until(returned)] == [("R01", 5690)]
