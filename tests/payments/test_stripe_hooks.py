"""Calls of Stripe's own: whose they are, and what they say."""

import json
from datetime import timedelta

import pytest

from services.payments.gateways.protocol import NotTheirs
from tests.payments.fake_stripe import HOOK, call, signature
from tests.payments.test_stripe import NOW, ORDER, REF, SECRETS, authorised, captured, charge, clock, follow_up, gateway, stripe

__all__ = ["clock", "gateway", "stripe"]
EVENT = {"id": "evt_1", "object": "event", "type": "customer.created", "created": 1, "data": {"object": {"id": "cus_1", "object": "customer"}}}
BODY = json.dumps(EVENT).encode()
AT = int(NOW.timestamp())
V1 = signature(BODY, NOW)


async def hear(gateway, event):
    headers, body = call(event, NOW)
    return await gateway.hear(headers, body, SECRETS)


async def told(gateway, stripe):
    """Of the newest event."""
    return [(each.kind, each.reference, each.said.answer) for each in await hear(gateway, stripe.events[-1])]


class TestWhose:
    @pytest.mark.parametrize(
        "header",
        [
            f"t={AT},v1={V1}",
            f"t={AT},v1={V1},v0={'0' * 64}",
            f"t={AT},v1={'0' * 64},v1={V1}",
            f"t={AT}, v1={V1}",
            f"t={AT - 290},v1={signature(BODY, NOW - timedelta(seconds=290))}",
        ],
    )
    @pytest.mark.parametrize("name", ["stripe-signature", "Stripe-Signature"])
    async def test_signed_by_them_of_late_is_theirs(self, gateway, name, header):
        assert await gateway.hear({name: header}, BODY, SECRETS) == []

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "t=,v1=",
            f"t={AT}",
            f"v1={V1}",
            f"t={AT},v1={V1[:-1]}",
            f"t={AT},v1={'ü' * 64}",
            f"t={AT},v0={V1}",
            f"t={AT + 1},v1={V1}",
            f"t=-{AT},v1={V1}",
            f"t={'9' * 400},v1={V1}",
            f"t=\u0661,v1={V1}",
            f"t={AT - 301},v1={signature(BODY, NOW - timedelta(seconds=301))}",
            f"t={AT + 301},v1={signature(BODY, NOW + timedelta(seconds=301))}",
            f"t={AT},v1={signature(BODY, NOW, 'whsec_other')}",
            f"t={AT},v1={signature(BODY, NOW, '')}",
        ],
    )
    async def test_anything_else_is_not(self, gateway, header):
        with pytest.raises(NotTheirs):
            await gateway.hear({"stripe-signature": header}, BODY, SECRETS)

    async def test_without_a_secret_nobody_is_believed(self, gateway):
        headers, body = call(EVENT, NOW, "")
        for secrets in ({}, {**SECRETS, "webhook_secret": ""}):
            with pytest.raises(NotTheirs):
                await gateway.hear(headers, body, secrets)

    @pytest.mark.parametrize(
        "event",
        [
            [],
            {},
            {**EVENT, "data": None},
            {**EVENT, "type": "payment_intent.succeeded"},
            {**EVENT, "type": "refund.updated", "data": {"object": {"object": "refund", "id": "re_1"}}},
        ],
    )
    async def test_what_cannot_be_read_is_not_theirs(self, gateway, event):
        with pytest.raises(NotTheirs):
            await hear(gateway, event)


class TestSaid:
    async def test_an_authorisation(self, gateway, stripe):
        said = await authorised(gateway)
        (heard,) = await hear(gateway, stripe.events[-1])
        assert (heard.kind, heard.reference) == ("settled", REF)
        assert heard.said == said

    async def test_an_authorisation_that_cannot_be_asked_about_was_said_all_the_same(self, gateway, stripe):
        said = await authorised(gateway)
        headers, body = call(stripe.events[-1], NOW)
        (heard,) = await gateway.hear(headers, body, {"webhook_secret": HOOK})
        assert heard.said == said.model_copy(update={"cvv": "", "expires_at": None})

    async def test_an_authorisation_that_was_given_back_since_was_one(self, gateway, stripe):
        said = await authorised(gateway)
        late = stripe.events[-1]
        await gateway.void(follow_up(said, "void"), SECRETS)
        (heard,) = await hear(gateway, late)
        assert heard.said.answer == "approved"

    async def test_a_decline(self, gateway, stripe):
        await gateway.authorise(charge("4000000000009995"), SECRETS)
        (heard,) = await hear(gateway, stripe.events[-1])
        assert (heard.reference, heard.said.answer, heard.said.reason) == (REF, "declined", "insufficient-funds")

    async def test_a_capture_a_refund_and_that_it_failed(self, gateway, stripe):
        said = await captured(gateway)
        assert await told(gateway, stripe) == [("settled", f"{REF}-capture", "approved")]
        given = await gateway.refund(follow_up(said, "refund-1", 1000), SECRETS)
        assert await told(gateway, stripe) == [("settled", f"{REF}-refund-1", "approved")]
        late = stripe.events[-1]
        stripe.refund_fails(given.reference)
        (heard,) = await hear(gateway, late)
        assert heard.said.answer == "declined"
        assert await told(gateway, stripe) == [("settled", f"{REF}-refund-1", "declined")]

    async def test_a_void(self, gateway, stripe):
        said = await authorised(gateway)
        await gateway.void(follow_up(said, "void"), SECRETS)
        assert await told(gateway, stripe) == [("settled", f"{REF}-void", "approved")]

    async def test_what_was_done_by_hand_expired_or_is_of_others_answers_nothing_that_we_asked(self, gateway, stripe):
        for number, what in enumerate(("capture", "cancel"), 7):
            said = await authorised(gateway, reference=f"{ORDER}-{number}-1")
            stripe.by_hand(said.reference, what)
            assert await told(gateway, stripe) == []
        stripe.expire((await authorised(gateway)).reference)
        assert await told(gateway, stripe) == []
        stripe.by_others()
        assert await told(gateway, stripe) == []

    async def test_a_dispute_is_left_to_their_pages(self, gateway):
        dispute = {"id": "du_1", "object": "dispute", "amount": 5690, "currency": "usd", "payment_intent": "pi_1", "status": "needs_response"}
        assert await hear(gateway, {**EVENT, "type": "charge.dispute.created", "data": {"object": dispute}}) == []

    async def test_the_secret_is_the_endpoints_own(self, gateway, stripe):
        await authorised(gateway)
        headers, body = call(stripe.events[-1], NOW, HOOK + "x")
        with pytest.raises(NotTheirs):
            await gateway.hear(headers, body, SECRETS)
