"""What the adapter asks for, held against Stripe's own OpenAPI document of the version that it names. Answers are the same whatever is asked."""

import httpx
import pytest

from services.payments.gateways.stripe import StripeGateway
from services.payments.gateways.stripe_wire import VERSION, Event, Intent, Made, Refund, Wire
from tests.payments.fake_stripe import GOOD
from tests.payments.test_stripe import ASKED, NOW, SECRETS, charge, follow_up, question
from tests.stripe import stripe_mock

__all__ = ["stripe_mock"]
CARD = (("type", "card"), ("card[number]", GOOD), ("card[exp_month]", "08"), ("card[exp_year]", "2029"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
"""Building it takes minutes, once a machine."""


class Overheard(httpx.AsyncHTTPTransport):
    """What was asked and what it was answered."""

    def __init__(self):
        super().__init__()
        self.heard = []

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        await response.aread()
        self.heard.append((request.method, request.url.path, response.status_code, response.text))
        return response

    def asked(self):
        return [(method, path) for method, path, _, _ in self.heard]

    def refused(self):
        return [each for each in self.heard if each[2] != 200]


@pytest.fixture
async def line(stripe_mock):
    transport = Overheard()
    wire = Wire(stripe_mock, transport=transport)
    yield StripeGateway(wire, lambda: NOW), transport, wire
    await transport.aclose()


@pytest.mark.parametrize("how", [{}, {"by_phone": False}, {"by_phone": False, "on_file": True, "cvv": ""}])
async def test_an_authorisation_is_asked_for_as_published(line, how):
    gateway, transport, _ = line
    await gateway.authorise(charge(**how), SECRETS)
    assert (transport.asked(), transport.refused()) == ([("POST", "/v1/payment_methods"), ("POST", "/v1/payment_intents")], [])


async def test_what_follows_is_asked_for_as_published(line):
    gateway, transport, _ = line
    said = (await gateway.authorise(charge(), SECRETS)).model_copy(update={"reference": "pi_1"})
    transport.heard.clear()
    await gateway.capture(follow_up(said, "capture"), SECRETS)
    await gateway.void(follow_up(said, "void"), SECRETS)
    await gateway.refund(follow_up(said, "refund-1"), SECRETS)
    assert transport.asked() == [("POST", "/v1/payment_intents/pi_1/capture"), ("POST", "/v1/payment_intents/pi_1/cancel"), ("POST", "/v1/refunds")]
    assert transport.refused() == []


async def test_questions_are_asked_as_published(line):
    gateway, transport, _ = line
    await gateway.lookup(ASKED, SECRETS)
    said = (await gateway.authorise(charge(), SECRETS)).model_copy(update={"reference": "pi_1"})
    await gateway.lookup(question(follow_up(said, "refund-1"), "refund"), SECRETS)
    await gateway.trouble(SECRETS)
    assert [each async for each in gateway.listed(NOW.date(), SECRETS)] == []
    asked = {path for method, path in transport.asked() if method == "GET"}
    assert asked >= {"/v1/payment_intents", "/v1/payment_intents/pi_1", "/v1/payment_intents/pi_ringup_test", "/v1/events"}
    assert transport.refused() == []


async def test_published_answers_can_be_read(line):
    _, _, wire = line
    whole = (("expand[]", "latest_charge"),)
    intent = await wire.get(Intent, "/v1/payment_intents/pi_1", SECRETS, whole)
    assert (intent.id, intent.currency, bool(intent.charge.id)) == ("pi_1", "usd", True)
    assert isinstance((await wire.get(Intent, "/v1/payment_intents/pi_1", SECRETS)).latest_charge, str | None)
    assert [each.object async for each in wire.every(Refund, "/v1/refunds", SECRETS)] == ["refund"]
    assert [each.object async for each in wire.every(Intent, "/v1/payment_intents", SECRETS)] == ["payment_intent"]
    assert [each.object async for each in wire.every(Event, "/v1/events", SECRETS)] == ["event"]
    assert (await wire.post(Made, "/v1/payment_methods", SECRETS, CARD, "k")).id


async def test_what_is_not_published_is_refused(stripe_mock):
    """So that the tests above can fail."""
    async with httpx.AsyncClient(base_url=stripe_mock, auth=("sk_test_123", "")) as client:

        async def status(path, form, version=VERSION):
            return (await client.post(path, data=form, headers={"stripe-version": version})).status_code

        assert await status("/v1/payment_intents", {"amount": "5690", "currency": "usd"}) == 200
        assert await status("/v1/payment_intents", {"amount": "5690", "currency": "usd", "capture_method": "later"}) == 400
        assert await status("/v1/refunds", {"amount": "much", "payment_intent": "pi_1"}) == 400
        assert await status("/v1/payment_intents", {"amount": "5690", "currency": "usd"}, "2020-08-27") == 400
