"""What each magic card, account and amount does, and what is known of it afterwards."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.payments.gateways.protocol import MISFIT, Charge
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.means import Account, Card
from services.payments.simulator.app import simulator
from services.payments.simulator.magic import EXPIRES_SECONDS, MAGIC
from shared.asgi import AsgiClient, HttpClient
from shared.service import utc_now
from tests.payments.test_simulator import ASKED, ORDER, REF, Process, follow_up

FIRST_SAID_AND_KNOWN = {
    "decline": ("declined", "declined"),
    "lost-before": ("unknown", "never-heard"),
    "lost-after": ("unknown", "approved"),
    "fail-after": ("unknown", "approved"),
    "reset": ("unknown", "approved"),
    "hang": ("unknown", "approved"),
    "malformed": ("unknown", "approved"),
    "page": ("unknown", "approved"),
    "twice": ("unknown", "approved"),
    "other-reference": ("unknown", "approved"),
    "other-amount": ("unknown", "approved"),
    "unreachable": ("unknown", "unknown"),
}
"""The others are approved."""


class Clock:
    ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gateway(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("services.payments.simulator.app.SLOW_SECONDS", 0.0)
    return SimulatorGateway(AsgiClient(simulator(tmp_path / "ledger", clock=clock)), timeout=0.5, clock=clock)


def charge(magic):
    amount = int(magic.value) if magic.what == "amount" else 5690
    means = Account("011000015", magic.value, "checking", "Customer A") if magic.what == "account" else None
    return Charge(REF, ORDER, amount, "USD", means or Card(magic.value if magic.what == "card" else "4242424242424242", "08/39", "123", "Customer A"))


def of(*does):
    return pytest.mark.parametrize("magic", [each for each in MAGIC if each.does in does], ids=lambda each: f"{each.does} {each.what} {each.value}")


@pytest.mark.parametrize("magic", MAGIC, ids=lambda each: f"{each.does} {each.what} {each.value}")
async def test_what_is_said_first_and_what_is_known_then(gateway, magic):
    asked = charge(magic)
    said = await gateway.authorise(asked, {})
    known = await gateway.lookup(replace(ASKED, amount=asked.amount), {})
    assert (said.answer, known.answer) == FIRST_SAID_AND_KNOWN.get(magic.does, ("approved", "approved"))
    if magic.does == "decline":
        assert said.reason == known.reason == magic.reason
    if magic.does == "other-amount":
        assert (said, known.amount) == (MISFIT, asked.amount + 1)


@of("lost-before")
async def test_the_same_request_again_is_approved(gateway, magic):
    await gateway.authorise(charge(magic), {})
    assert (await gateway.authorise(charge(magic), {})).answer == "approved"


@of("expires")
async def test_what_has_expired_is_not_captured(gateway, magic, clock):
    said = await gateway.authorise(charge(magic), {})
    assert clock() < said.expires_at <= clock() + timedelta(seconds=EXPIRES_SECONDS)
    clock.ahead = timedelta(seconds=EXPIRES_SECONDS + 1)
    late = await gateway.capture(follow_up(f"{REF}-capture", REF, charge(magic).amount), {})
    assert (late.answer, late.reason) == ("declined", "authorisation-expired")


@of("capture-declined", "capture-lost", "refund-declined", "refund-lost", "void-declined")
async def test_what_happens_to_what_follows(gateway, magic):
    kind, _, what = magic.does.partition("-")
    asked = charge(magic)
    await gateway.authorise(asked, {})
    if kind == "refund":
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, asked.amount), {})).answer == "approved"
    said = await getattr(gateway, kind)(follow_up(f"{REF}-{kind}-1", REF, asked.amount), {})
    known = await gateway.lookup(replace(ASKED, reference=f"{REF}-{kind}-1", operation=kind), {})
    assert (said.answer, known.answer) == (("unknown", "approved") if what == "lost" else ("declined", "declined"))
    assert known.reason == magic.reason


@of("reset", "hang")
async def test_over_a_socket_too(tmp_path, unused_tcp_port, magic):
    async with Process(tmp_path, unused_tcp_port) as process:
        gateway = SimulatorGateway(HttpClient(f"http://127.0.0.1:{unused_tcp_port}"), timeout=5.0 if magic.does == "reset" else 0.5)
        assert (await gateway.authorise(charge(magic), {})).answer == "unknown"
        known = process.gateway
        async with asyncio.timeout(10):
            while (await known.lookup(ASKED, {})).answer != "approved":
                await asyncio.sleep(0.02)
