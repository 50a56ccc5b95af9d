"""A security code is gone once what it was given for has an outcome, whichever way that came about, and lies in no backup."""

from datetime import timedelta

import pytest

from services.payments.payment import Open, Stop
from services.payments.service import sweep
from services.payments.simulator.magic import DECLINES, LOST_AFTER, LOST_BEFORE, UNREACHABLE, value
from services.payments.vault import LIFETIME
from shared.contracts.order import Part
from shared.service import utc_now
from tests.house.shop import GOOD, Shop, until
from tests.samples import submitted

ID = "7K2M9QX4TB"


class Clock:
    ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, Clock()).open()
    yield shop
    await shop.close()


async def typed(shop, number=GOOD, order_id=ID):
    card = {"order_id": order_id, "number": number, "expiry": "12/99", "cvv": "123"}
    status, token = await shop.ask("payments", "POST", "/tokens", card)
    assert status == 201, token
    return token["token"]


async def charged(shop, number=GOOD, gateways=("simulator",), **change):
    """An attempt by this card, which stays authorised until somebody reviews it; and its token."""
    token, wanted = await typed(shop, number), submitted(qa_share=100, **change)
    amount = wanted.amount // len(gateways)
    parts = tuple(Part(number=n, gateway=gateway, amount=amount) for n, gateway in enumerate(gateways, 1))
    wanted = wanted.model_copy(update={"submitted_at": shop.clock()})
    await shop.house.running["payments"].send(ID, Open(token, parts, wanted, shop.clock()), "open", "test")
    return token


async def status(shop):
    answer, row = await shop.ask("payments", "GET", f"/orders/{ID}")
    return row["attempts"][0]["status"] if answer == 200 else "none"


async def gone(shop, *ended):
    async def nothing():
        return await status(shop) in ended and not await shop.engine.blobs.ids("tokens")

    await until(nothing, 30)


async def code(shop, token):
    kept = await shop.house.running["payments"].state["vault"].find(token)
    return kept.means.cvv if kept else None


async def test_authorised(shop):
    await charged(shop)
    await gone(shop, "authorized")


@pytest.mark.parametrize("number", [next(iter(DECLINES)), value("card", "expires"), value("card", "void-declined")])
async def test_whatever_the_gateway_says(shop, number):
    await charged(shop, number)
    await gone(shop, "authorized", "declined")


@pytest.mark.parametrize("gateway", ["taken-away", "simulator"])
async def test_declined_by_no_gateway_at_all(shop, gateway):
    await charged(shop, gateways=(gateway,), **({"method": "echeck"} if gateway == "simulator" else {}))
    await gone(shop, "declined")


async def test_one_part_declined_and_the_other_voided(shop):
    await charged(shop, gateways=("simulator", "taken-away"))
    await gone(shop, "declined")


@pytest.mark.parametrize("number", [LOST_BEFORE, LOST_AFTER])
async def test_unknown_and_then_resolved(shop, number):
    await charged(shop, number)
    await gone(shop, "authorized")


@pytest.mark.parametrize("outcome", ["charged", "not-charged"])
async def test_unknown_until_somebody_records_it(shop, outcome):
    token = await charged(shop, UNREACHABLE)

    async def unknown():
        return await status(shop) == "unknown"

    await until(unknown)
    assert await code(shop, token) == "123"
    body = {"reference": f"{ID}-1-1", "outcome": outcome, "evidence": "Seen in the gateway's own list"}
    answer = await shop.ask("payments", "POST", f"/orders/{ID}/outcomes", body, "agent:supervisor1")
    assert answer[0] == 200, answer
    await gone(shop, "authorized", "declined")


async def test_unknown_for_long_it_is_gone_before_the_outcome_is_there(shop):
    token = await charged(shop, UNREACHABLE)

    async def unknown():
        return await status(shop) == "unknown"

    await until(unknown)
    shop.clock.ahead = 2 * LIFETIME + timedelta(seconds=5)
    await sweep(shop.house.running["payments"])
    assert await code(shop, token) == ""


async def test_cancelled_while_it_is_open(shop):
    await charged(shop, value("card", "slow"))
    await shop.house.running["payments"].send(ID, Stop("cancelled", ID, shop.clock()), "stop", "test")
    await gone(shop, "declined", "voided", "voiding")


async def test_authorised_and_voided_later(shop):
    await charged(shop)
    await gone(shop, "authorized")
    await shop.house.running["payments"].send(ID, Stop("denied", ID, shop.clock()), "stop", "test")
    await gone(shop, "voided")


@pytest.mark.parametrize("number", [GOOD, next(iter(DECLINES)), LOST_AFTER])
async def test_pre_authorised(shop, number):
    wanted = {"payment": await typed(shop, number), "gateway": "simulator", "currency": "USD"}
    status, body = await shop.ask("payments", "POST", f"/orders/{ID}/pre-auth", wanted)
    assert (status, body["outcome"] in ("approved", "declined")) == (200, True), body

    async def nothing():
        return not await shop.engine.blobs.ids("tokens")

    await until(nothing)


async def test_held_back_by_a_limit_it_may_still_be_used_and_then_expires(shop):
    for n in range(7):
        wanted = {"payment": await typed(shop, order_id=f"7K2M9QX4T{n}"), "gateway": "simulator", "currency": "USD"}
        status, body = await shop.ask("payments", "POST", f"/orders/7K2M9QX4T{n}/pre-auth", wanted)
    assert (status, body["dimension"]) == (429, "fingerprint")
    assert await code(shop, wanted["payment"]) == "123"
    await never_submitted(shop)


async def test_the_order_was_never_submitted(shop):
    await typed(shop)
    await never_submitted(shop)


async def never_submitted(shop):
    await sweep(shop.house.running["payments"])
    assert await shop.engine.blobs.ids("tokens")
    shop.clock.ahead = LIFETIME + timedelta(seconds=1)
    await sweep(shop.house.running["payments"])
    assert not await shop.engine.blobs.ids("tokens")


async def test_the_order_names_another_orders_token(shop):
    token = await typed(shop, order_id="7K2M9QX4TC")
    await shop.house.running["payments"].send(
        ID, Open(token, (Part(number=1, gateway="simulator", amount=5690),), submitted(), shop.clock()), "open", "test"
    )
    await gone(shop, "declined")


async def test_it_is_stored_with_no_card(shop):
    await shop.furnish()
    order_id = (await shop.started())["order_id"]
    assert (await shop.charge(order_id, GOOD))[0] == 202
    await shop.exported(order_id)
    payments = shop.house.running["payments"]
    (stored,) = await payments.blobs.ids("vault")
    assert (await payments.state["vault"].stored(stored)).cvv == ""
