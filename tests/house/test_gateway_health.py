"""How gateways do: counted by our events, timed around the calls, and what is wrong with one that does not answer."""

import pytest

from services.payments.simulator.app import simulator
from services.payments.simulator.magic import LOST_AFTER, UNREACHABLE
from shared.asgi import AsgiClient
from tests.house.shop import BROKE, GOOD, Shop, until
from tests.payments.test_gateways import declined_by_payments, put


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def health(shop, name="simulator"):
    status, body = await shop.ask("payments", "GET", "/gateways/health")
    assert status == 200, body
    return {row["name"]: row for row in body["rows"]}[name]


async def charged(shop, number):
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, number)
    return (await shop.stage(order_id, "closed", "open"))["state"]


async def test_before_anything_is_asked_nothing_is_known(shop):
    row = await health(shop)
    nothing = {"asked": 0, "approved": 0, "declined": 0, "unknown": 0, "approval_rate": None, "p50_ms": None, "p95_ms": None}
    assert (row["hour"], row["day"], row["open"], row["unknown"]) == (nothing, nothing, 0, 0)
    assert (row["title"], row["kind"], row["on"], row["trouble"], row["last_error"], row["last_answer_at"]) == (
        "Simulator",
        "simulator",
        True,
        "",
        "",
        None,
    )


async def test_yes_no_and_unknown_are_counted(shop):
    for number in (GOOD, GOOD, BROKE, LOST_AFTER):
        await charged(shop, number)
    await shop.charge((await shop.started())["order_id"], UNREACHABLE)

    async def counted():
        row = await health(shop)
        return (row["hour"]["approved"], row["hour"]["unknown"]) == (3, 2) and row

    row = await until(counted)
    assert {name: row["hour"][name] for name in ("asked", "approved", "declined", "unknown", "approval_rate")} == {
        "asked": 5, "approved": 3, "declined": 1, "unknown": 2, "approval_rate": 0.75,
    }  # fmt: skip
    assert row["day"]["asked"] == 5
    assert 0 < row["hour"]["p50_ms"] <= row["hour"]["p95_ms"]
    assert row["last_answer_at"]
    text = (await shop.house.running["payments"].meter.metrics.text()).decode()
    assert 'ringup_gateway_seconds_count{gateway="simulator",operation="authorise",service="payments"} 5.0' in text


async def test_what_was_refused_before_the_gateway_was_asked_is_not_its_decline(shop):
    assert (await put(shop, "simulator", {"kind": "simulator", "on": False}))[0] == 200
    await declined_by_payments(shop)
    row = await health(shop)
    assert (row["on"], row["hour"]["asked"], row["hour"]["declined"]) == (False, 0, 0)


@pytest.fixture
async def locked(settings, monkeypatch):
    """With a simulator that wants credentials."""
    app = simulator(settings.data / "simulator.jsonl", "right")
    monkeypatch.setattr("services.payments.service._simulator", lambda running: AsgiClient(app))
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def warned(shop, warning):
    async def said():
        _, body = await shop.ask("payments", "GET", "/-/health")
        return body["status"] == "ok" and body["warnings"] == warning

    return await until(said)


async def test_where_its_key_is_missing_nothing_is_charged_and_health_says_why_until_it_is_there(locked):
    order_id = (await locked.started())["order_id"]
    await locked.charge(order_id, GOOD)
    await warned(locked, ["The gateway simulator is in trouble: It wants credentials."])
    row = await health(locked)
    assert (row["trouble"], row["last_error"]) == ("The gateway simulator is in trouble: It wants credentials.", "It wants credentials.")
    assert locked.ledger() == []
    for secret, warning in (("wrong", ["The gateway simulator is in trouble: It does not accept these credentials."]), ("right", [])):
        assert (await put(locked, "simulator", {"kind": "simulator", "credentials": {"password": secret}}))[0] == 200
        assert (await locked.ask("payments", "POST", "/gateways/simulator/test", {}))[0] == 200
        await warned(locked, warning)
