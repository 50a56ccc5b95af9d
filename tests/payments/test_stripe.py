"""The adapter of Stripe on a stand-in that answers in the documented shapes."""

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from services.payments.declines import known
from services.payments.gateways.kinds import Surroundings
from services.payments.gateways.protocol import Charge, FollowUp, NoList, Question
from services.payments.gateways.stripe import KIND, StripeGateway
from services.payments.gateways.stripe_declines import DECLINES, REFUSALS
from services.payments.gateways.stripe_money import from_stripe, to_stripe
from services.payments.gateways.stripe_wire import VERSION, Wire
from services.payments.means import Account, Card
from shared.money import currencies
from shared.settings import SettingsError
from tests.payments import fake_stripe
from tests.payments.fake_stripe import GOOD, HOOK, KEY, Stripe
from tests.samples import ORDER

REF = f"{ORDER}-1-1"
SECRETS = {"secret_key": KEY, "webhook_secret": HOOK}
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
ASKED = Question(REF, "authorise", 5690, "USD", since=NOW)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stripe(clock):
    return Stripe(clock)


@pytest.fixture
def gateway(stripe, clock):
    return adapter(stripe, clock)


def adapter(app, clock, timeout=5.0):
    return StripeGateway(Wire("http://stripe.test", timeout, httpx.ASGITransport(app=app)), clock, timeout)


def answering(status, body):
    return JSONResponse(body, status)


async def swallow(message):
    pass


def charge(number=GOOD, reference=REF, amount=5690, currency="USD", cvv="739", **how):
    return Charge(reference, ORDER, amount, currency, Card(number, "08/29", cvv, "Customer A"), **how)


def follow_up(said, what, amount=5690, currency="USD"):
    return FollowUp(f"{REF}-{what}", REF, said.reference, amount, currency)


def question(asked, operation):
    return Question(asked.reference, operation, asked.amount, asked.currency, asked.authorisation, asked.theirs, since=NOW)


async def authorised(gateway, **how):
    said = await gateway.authorise(charge(**how), SECRETS)
    assert said.answer == "approved"
    return said


async def captured(gateway, amount=5690):
    said = await authorised(gateway)
    assert (await gateway.capture(follow_up(said, "capture", amount), SECRETS)).answer == "approved"
    return said


class TestAuthorising:
    async def test_a_yes_says_what_the_bank_compared_and_how_long_it_holds(self, gateway):
        said = await authorised(gateway)
        assert (said.avs, said.cvv, said.amount, said.expires_at) == ("", "M", 5690, NOW + timedelta(days=7))
        assert said.reference.startswith("pi_")

    @pytest.mark.parametrize(
        ("number", "avs", "cvv"), [("4000000000000010", "N", "M"), ("4000000000000028", "Z", "M"), ("4000000000000101", "", "N")]
    )
    async def test_a_yes_despite_what_did_not_match_says_so(self, gateway, number, avs, cvv):
        said = await authorised(gateway, number=number)
        assert (said.avs, said.cvv) == (avs, cvv)

    @pytest.mark.parametrize(("number", "codes"), fake_stripe.DECLINES.items())
    async def test_a_no_has_a_reason_of_ours_at_once_and_when_asked(self, gateway, number, codes):
        said = await gateway.authorise(charge(number), SECRETS)
        assert (said.answer, said.reason, said.code) == ("declined", DECLINES[codes[1]], codes[1])
        assert await gateway.lookup(ASKED, SECRETS) == said

    @pytest.mark.parametrize(("number", "reason"), [(fake_stripe.BLOCKED, "fraud-suspected"), (fake_stripe.NEVER, "not-accepted")])
    async def test_a_plain_no_is_looked_into_for_what_no_other_gateway_should_be_asked(self, gateway, number, reason):
        said = await gateway.authorise(charge(number), SECRETS)
        assert (said.answer, said.reason, said.code) == ("declined", reason, "generic_decline")
        assert await gateway.lookup(ASKED, SECRETS) == said

    async def test_a_plain_no_stays_one_where_nothing_more_is_heard(self, stripe, clock):
        async def app(scope, receive, send):
            await (stripe if scope["method"] == "POST" else answering(503, {}))(scope, receive, send)

        said = await adapter(app, clock).authorise(charge("4000000000000002"), SECRETS)
        assert (said.answer, said.reason) == ("declined", "do-not-honour")

    async def test_a_number_that_is_none_is_declined_and_was_never_charged(self, gateway, stripe):
        said = await gateway.authorise(charge(fake_stripe.WRONG_NUMBER), SECRETS)
        assert (said.answer, said.reason, stripe.intents) == ("declined", "wrong-number", {})

    async def test_what_is_asked_for(self, gateway, stripe):
        await authorised(gateway)
        (_, _, card, card_key), (_, _, form, key) = stripe.asked
        assert (card_key, key) == (f"{REF}-card", REF)
        assert card == {
            "type": "card",
            "card[number]": GOOD,
            "card[exp_month]": "08",
            "card[exp_year]": "2029",
            "card[cvc]": "739",
            "billing_details[name]": "Customer A",
        }
        assert form.pop("payment_method").startswith("pm_")
        assert form == {
            "amount": "5690",
            "currency": "usd",
            "payment_method_types[]": "card",
            "confirm": "true",
            "capture_method": "manual",
            "error_on_requires_action": "true",
            "metadata[reference]": REF,
            "metadata[order]": ORDER,
            "payment_method_options[card][moto]": "true",
            "expand[]": "latest_charge",
        }

    @pytest.mark.parametrize(
        ("how", "flags"),
        [
            ({}, {"payment_method_options[card][moto]"}),
            ({"on_file": True}, {"payment_method_options[card][moto]"}),
            ({"by_phone": False}, set()),
            ({"by_phone": False, "on_file": True}, {"off_session"}),
        ],
    )
    async def test_a_phone_order_is_told_as_one(self, gateway, stripe, how, flags):
        await authorised(gateway, **how)
        assert stripe.asked[-1][2].keys() & {"payment_method_options[card][moto]", "off_session"} == flags

    async def test_a_stored_card_goes_without_a_code(self, gateway, stripe):
        said = await authorised(gateway, cvv="", on_file=True)
        assert "card[cvc]" not in stripe.asked[0][2]
        assert said.cvv == ""

    @pytest.mark.parametrize("confirms_itself", [False, True])
    async def test_a_card_that_wants_to_be_confirmed_is_declined_and_left_with_nothing(self, gateway, stripe, confirms_itself):
        stripe.confirms_itself = confirms_itself
        said = await gateway.authorise(charge(fake_stripe.WANTS_3DS), SECRETS)
        assert (said.answer, said.reason) == ("declined", "3ds-needed")
        (intent,) = stripe.intents.values()
        assert intent["status"] == ("canceled" if confirms_itself else "requires_payment_method")
        assert (await gateway.lookup(ASKED, SECRETS)).answer == "declined"

    async def test_one_that_waits_for_a_confirmation_when_asked_is_a_no(self, gateway, stripe):
        stripe.confirms_itself, stripe.stumbles = True, {"payment_intents"}
        assert (await gateway.authorise(charge(fake_stripe.WANTS_3DS), SECRETS)).answer == "unknown"
        said = await gateway.lookup(ASKED, SECRETS)
        assert (said.answer, said.reason) == ("declined", "3ds-needed")

    async def test_an_amount_that_stripe_does_not_take_is_a_definite_no(self, gateway, stripe):
        said = await gateway.authorise(charge(amount=30), SECRETS)
        assert (said.answer, said.reason, said.code) == ("declined", "amount-not-accepted", "amount_too_small")
        assert stripe.intents == {}

    async def test_an_account_that_may_not_take_phone_orders_charges_nothing(self, clock):
        stripe = Stripe(clock, moto=False)
        said = await adapter(stripe, clock).authorise(charge(), SECRETS)
        assert (said.answer, said.reason, stripe.intents) == ("declined", "gateway-refused", {})

    async def test_bank_accounts_are_not_charged(self, gateway, stripe):
        means = Account("021000021", "000123456789", "checking", "Customer A")
        said = await gateway.authorise(replace(charge(), means=means), SECRETS)
        assert (said.answer, said.reason, stripe.asked) == ("declined", "no-ach", [])

    @pytest.mark.parametrize("secrets", [{}, {"secret_key": "sk_test_wrong"}, {"secret_key": "ключ\r\n"}])
    async def test_without_the_right_key_nothing_is_charged_and_what_is_under_way_waits(self, gateway, stripe, secrets):
        said = await gateway.authorise(charge(), secrets)
        assert (said.answer, said.reason, stripe.intents) == ("declined", "gateway-refused", {})
        mine = await authorised(gateway)
        assert (await gateway.capture(follow_up(mine, "capture"), secrets)).answer == "unknown"
        assert (await gateway.lookup(ASKED, secrets)).answer == "unknown"
        assert stripe.intents[mine.reference]["status"] == "requires_capture"


class TestOnce:
    async def test_an_answer_of_500_after_the_charge_is_repeated_and_found_by_asking(self, gateway, stripe):
        stripe.stumbles = {"payment_intents"}
        answers = [(await gateway.authorise(charge(), SECRETS)).answer for _ in range(3)]
        found = await gateway.lookup(ASKED, SECRETS)
        assert (answers, found.answer, found.cvv, len(stripe.intents)) == (["unknown"] * 3, "approved", "M", 1)

    async def test_a_500_before_the_card_was_charged_is_never_heard_of(self, gateway, stripe):
        stripe.stumbles = {"payment_methods"}
        assert (await gateway.authorise(charge(), SECRETS)).answer == "unknown"
        assert (await gateway.lookup(ASKED, SECRETS)).answer == "never-heard"

    async def test_the_same_reference_is_not_charged_with_something_else(self, gateway, stripe):
        await authorised(gateway)
        for other in (charge(amount=5691), charge("4111111111111111")):
            assert (await gateway.authorise(other, SECRETS)).answer == "unknown"
        assert len(stripe.intents) == 1

    async def test_one_that_stripe_gave_up_before_it_was_confirmed_was_never_made(self, gateway, stripe):
        said = await authorised(gateway)
        stripe.intents[said.reference] |= {"status": "requires_confirmation", "latest_charge": None}
        assert (await gateway.lookup(ASKED, SECRETS)).answer == "never-heard"

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}),
            (400, {"type": "idempotency_error"}),
            (429, {"type": "invalid_request_error", "code": "rate_limit"}),
            (429, {"type": "invalid_request_error", "code": "lock_timeout"}),
            (400, {"type": "api_error"}),
            (404, {"type": "of a later version"}),
            (402, {"type": "of a later version"}),
        ],
    )
    async def test_what_was_not_decided_is_unknown(self, clock, status, error):
        gateway = adapter(answering(status, {"error": error}), clock)
        said = await gateway.authorise(charge(), SECRETS)
        assert said.answer == "unknown"

    @pytest.mark.parametrize(
        "answer",
        [
            Response(b"<html>", 200),
            Response(b"<html>", 404),
            Response(b"", 502),
            JSONResponse({}),
            JSONResponse([None]),
            JSONResponse({"error": None}, 402),
            JSONResponse({"object": "payment_intent", "id": "pi_9", "status": "requires_capture", "amount": 5690, "currency": "usd"}),
            Response(b'{"object": "payment_intent", "id"', 200),
        ],
    )
    async def test_a_charge_whose_answer_says_nothing_is_unknown_and_found_by_asking(self, stripe, clock, answer):
        async def app(scope, receive, send):
            charging = (scope["method"], scope["path"]) == ("POST", "/v1/payment_intents")
            await stripe(scope, receive, swallow if charging else send)
            if charging:
                await answer(scope, receive, send)

        gateway = adapter(app, clock)
        assert (await gateway.authorise(charge(), SECRETS)).answer == "unknown"
        assert (await gateway.lookup(ASKED, SECRETS)).answer == "approved"


class TestAfterwards:
    async def test_less_than_was_reserved_is_taken_once(self, gateway, stripe):
        said = await captured(gateway, 4000)
        asked = follow_up(said, "capture", 4000)
        again = await gateway.capture(asked, SECRETS)
        assert (again.answer, again.amount, again.reference[:3]) == ("approved", 4000, "ch_")
        assert (await gateway.lookup(question(asked, "capture"), SECRETS)).amount == 4000
        other = await gateway.capture(replace(asked, reference=f"{REF}-capture-2"), SECRETS)
        assert (other.answer, other.reason) == ("declined", "not-possible")

    async def test_a_capture_that_was_done_before_its_key_was_forgotten_is_still_a_yes(self, gateway, stripe):
        said = await captured(gateway)
        stripe.answers.clear()
        assert (await gateway.capture(follow_up(said, "capture"), SECRETS)).answer == "approved"
        voided = await gateway.void(follow_up(said, "void"), SECRETS)
        assert (voided.answer, voided.reason, voided.code) == ("declined", "not-possible", "succeeded")

    async def test_a_void_that_was_done_before_its_key_was_forgotten_is_still_a_yes(self, gateway, stripe):
        said = await authorised(gateway)
        asked = follow_up(said, "void")
        assert (await gateway.lookup(question(asked, "void"), SECRETS)).answer == "never-heard"
        assert (await gateway.void(asked, SECRETS)).answer == "approved"
        stripe.answers.clear()
        assert (await gateway.void(asked, SECRETS)).answer == "approved"

    async def test_what_was_captured_by_hand_is_captured(self, gateway, stripe):
        said = await authorised(gateway)
        stripe.by_hand(said.reference, "capture")
        assert (await gateway.capture(follow_up(said, "capture"), SECRETS)).answer == "approved"

    async def test_an_authorisation_that_expired_is_not_taken_and_reserves_nothing(self, gateway, stripe):
        said = await authorised(gateway)
        stripe.expire(said.reference)
        taken = await gateway.capture(follow_up(said, "capture"), SECRETS)
        assert (taken.answer, taken.code) == ("declined", "canceled")
        assert (await gateway.lookup(ASKED, SECRETS)).answer == "declined"

    @pytest.mark.parametrize(("what", "path"), [("capture", "payment_intents/capture"), ("void", "payment_intents/cancel"), ("refund", "refunds")])
    async def test_what_was_done_and_answered_with_500_is_found_by_asking_and_done_once(self, gateway, stripe, what, path):
        said = await (captured(gateway) if what == "refund" else authorised(gateway))
        stripe.stumbles = {path}
        asked, do = follow_up(said, what), getattr(gateway, what)
        assert [(await do(asked, SECRETS)).answer for _ in range(2)] == ["unknown", "unknown"]
        found = await gateway.lookup(question(asked, what), SECRETS)
        assert (found.answer, found.amount in (None, 5690)) == ("approved", True)
        assert len(stripe.refunds) == (what == "refund")

    async def test_a_refund_that_is_made_twice_over_is_found_by_its_reference(self, gateway, stripe):
        said = await captured(gateway)
        first, second = follow_up(said, "refund-1", 1000), follow_up(said, "refund-2", 1000)
        given = await gateway.refund(first, SECRETS)
        assert (await gateway.lookup(question(second, "refund"), SECRETS)).answer == "never-heard"
        assert (await gateway.refund(second, SECRETS)).reference != given.reference
        assert (await gateway.lookup(question(first, "refund"), SECRETS)).reference == given.reference

    async def test_a_refund_that_fails_days_later_is_a_no(self, gateway, stripe):
        said = await captured(gateway)
        asked = follow_up(said, "refund-1")
        stripe.refund_fails((await gateway.refund(asked, SECRETS)).reference)
        known = await gateway.lookup(question(asked, "refund"), SECRETS)
        assert (known.answer, known.code) == ("declined", "lost_or_stolen_card")

    async def test_what_is_not_known_by_their_name_is_found_by_ours(self, gateway):
        said = await authorised(gateway)
        nameless = replace(follow_up(said, "capture"), theirs="")
        assert (await gateway.capture(nameless, SECRETS)).answer == "approved"
        assert (await gateway.lookup(question(nameless, "capture"), SECRETS)).answer == "approved"

    async def test_another_payment_under_their_name_is_not_ours(self, gateway):
        said = await authorised(gateway)
        other = replace(follow_up(said, "capture"), authorisation=f"{ORDER}-2-1")
        for operation in ("capture", "void"):
            assert (await gateway.lookup(question(other, operation), SECRETS)).answer == "unknown"

    async def test_an_order_is_found_among_many(self, gateway, stripe):
        said = await authorised(gateway)
        for _ in range(230):
            stripe.by_others()
        assert (await gateway.lookup(ASKED, SECRETS)).reference == said.reference
        assert sum(path == "/v1/payment_intents" and method == "GET" for method, path, _, _ in stripe.asked) == 3

    async def test_only_what_was_made_since_is_looked_through(self, gateway, stripe, clock):
        for _ in range(5):
            stripe.by_others()
        clock.now += timedelta(days=1)
        await authorised(gateway)
        await gateway.lookup(replace(ASKED, since=clock.now), SECRETS)
        listing = [query for method, path, query, _ in stripe.asked if (method, path) == ("GET", "/v1/payment_intents")]
        assert [query["created[gte]"] for query in listing] == [str(int((clock.now - timedelta(minutes=5)).timestamp()))]


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "currency", "theirs"),
        [
            (5690, "USD", 5690),
            (569, "JPY", 569),
            (569, "KRW", 569),
            (569, "ISK", 56900),
            (569, "RSD", 56900),
            (56900, "HUF", 56900),
            (56900, "TWD", 56900),
            (5120, "KWD", 5120),
            (5124, "KWD", None),
            (569, "UGX", None),
        ],
    )
    async def test_amounts_are_told_in_stripes_units_or_not_at_all(self, gateway, stripe, amount, currency, theirs):
        assert to_stripe(amount, currency) == theirs
        said = await gateway.authorise(charge(amount=amount, currency=currency), SECRETS)
        if theirs is None:
            assert (said.answer, said.reason, stripe.asked) == ("declined", "amount-not-accepted", [])
        else:
            assert (said.answer, said.amount, stripe.asked[-1][2]["amount"]) == ("approved", amount, str(theirs))
            assert (await gateway.lookup(replace(ASKED, currency=currency), SECRETS)).amount == amount

    def test_every_amount_comes_back_as_it_went(self):
        for currency in currencies():
            for amount in (10, 1230, 99990, 10**9):
                theirs = to_stripe(amount, currency)
                assert theirs is None or from_stripe(theirs, currency) == amount

    async def test_another_currency_or_half_a_unit_is_not_what_was_asked_for(self, gateway, stripe):
        said = await authorised(gateway, currency="ISK")
        asked = replace(ASKED, currency="ISK")
        stripe.intents[said.reference]["amount"] += 1
        assert (await gateway.lookup(asked, SECRETS)).reason == "does-not-fit"
        stripe.intents[said.reference] |= {"amount": 569000, "currency": "usd"}
        assert (await gateway.lookup(asked, SECRETS)).reason == "does-not-fit"


class TestPrivacy:
    async def test_what_is_sent_is_in_no_log_and_their_words_are_not_repeated(self, gateway, stripe, caplog, capfd):
        caplog.set_level(logging.DEBUG)
        stripe.stumbles = {"payment_intents"}
        said = [await gateway.authorise(charge(), SECRETS)]
        said += [await gateway.authorise(charge(number, reference=f"{REF}{n}"), SECRETS) for n, number in enumerate(fake_stripe.DECLINES)]
        said += [await adapter(Stripe(gateway._clock, moto=False), gateway._clock).authorise(charge(), SECRETS)]
        told = f"{said}{gateway!r}{caplog.text}{capfd.readouterr()}"
        assert [each for each in (GOOD, "739", KEY, HOOK, "canary", "Customer A", *fake_stripe.DECLINES) if each in told] == []

    async def test_every_request_names_its_version(self, gateway, clock):
        seen = []

        async def app(scope, receive, send):
            seen.append(dict(scope["headers"])[b"stripe-version"])
            await Stripe(clock)(scope, receive, send)

        await adapter(app, clock).authorise(charge(), SECRETS)
        await adapter(app, clock).lookup(ASKED, SECRETS)
        assert set(seen) == {VERSION.encode()}


class TestTrouble:
    async def test_it_answers_as_it_must(self, gateway):
        assert await gateway.trouble(SECRETS) == ""

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (403, {"error": {"type": "invalid_request_error", "code": "more_permissions_required"}}, "lacks rights"),
            (500, {}, "answers 500"),
            (404, {"error": {"type": "invalid_request_error"}}, "answers 404"),
            (404, {}, "cannot be read"),
            (200, {}, "cannot be read"),
        ],
    )
    async def test_what_else_it_says_is_said(self, clock, status, body, words):
        assert words in await adapter(answering(status, body), clock).trouble(SECRETS)

    async def test_what_it_wants_is_said(self, gateway):
        assert "wants a secret key" in await gateway.trouble({})
        assert "does not accept" in await gateway.trouble({"secret_key": "sk_test_wrong"})

    async def test_nobody_there_is_said(self, clock):
        assert await StripeGateway(Wire("http://127.0.0.1:1"), clock).trouble(SECRETS) == "It cannot be reached."


class TestList:
    async def listed(self, gateway, day=TODAY, secrets=SECRETS):
        return [each async for each in gateway.listed(day, secrets)]

    async def test_everything_of_a_day_under_our_references(self, gateway, stripe, clock):
        said = await captured(gateway)
        refund = await gateway.refund(follow_up(said, "refund-1", 1000), SECRETS)
        await gateway.authorise(charge("4000000000000002", f"{ORDER}-2-1"), SECRETS)
        third = await authorised(gateway, reference=f"{ORDER}-3-1")
        await gateway.void(FollowUp(f"{ORDER}-3-1-void", f"{ORDER}-3-1", third.reference, 5690, "USD"), SECRETS)
        stripe.by_others()
        clock.now += timedelta(days=1)
        await authorised(gateway, reference=f"{ORDER}-4-1")
        rows = {(row.reference, row.operation, row.amount, row.approved) for row in await self.listed(gateway)}
        assert rows == {
            (REF, "authorise", 5690, True),
            (f"{REF}-capture", "capture", 5690, True),
            (f"{REF}-refund-1", "refund", 1000, True),
            (f"{ORDER}-2-1", "authorise", 5690, False),
            (f"{ORDER}-3-1", "authorise", 5690, True),
            (f"{ORDER}-3-1-void", "void", 5690, True),
        }
        assert refund.reference in {row.theirs for row in await self.listed(gateway)}

    async def test_what_was_done_by_hand_to_a_payment_of_ours_is_there_without_a_reference(self, gateway, stripe):
        said = await authorised(gateway)
        stripe.by_hand(said.reference, "capture")
        stripe.by_hand(said.reference, "refund", 500)
        stripe.by_hand(stripe.by_others()["id"], "refund", 100)
        other = await authorised(gateway, reference=f"{ORDER}-2-1")
        stripe.by_hand(other.reference, "cancel")
        rows = [(row.reference, row.operation, row.amount) for row in await self.listed(gateway) if row.operation != "authorise"]
        assert sorted(rows) == [("", "capture", 5690), ("", "refund", 500), ("", "void", 5690)]

    async def test_a_refund_that_failed_on_its_day_has_failed(self, gateway, stripe):
        said = await captured(gateway)
        stripe.refund_fails((await gateway.refund(follow_up(said, "refund-1"), SECRETS)).reference)
        assert [row.approved for row in await self.listed(gateway) if row.operation == "refund"] == [False]

    async def test_a_long_day_is_read_to_its_end(self, gateway, stripe):
        for n in range(130):
            await authorised(gateway, reference=f"{ORDER}-{n}-1")
        assert len(await self.listed(gateway)) == 130

    async def test_without_a_list_it_says_why(self, gateway, clock):
        with pytest.raises(NoList, match="30 days"):
            await self.listed(gateway, date(2026, 10, 26))
        with pytest.raises(NoList, match="did not give"):
            await self.listed(gateway, secrets={"secret_key": "sk_test_wrong"})
        with pytest.raises(NoList, match="did not give"):
            await self.listed(adapter(answering(200, {"object": "list", "data": [], "has_more": True}), clock))


@pytest.mark.parametrize("url", ["http://stripe.example.com", "api.stripe.com", ""])
def test_cards_do_not_travel_in_the_open(settings, clock, url):
    with pytest.raises(SettingsError, match="https"):
        KIND.make(Surroundings(settings.model_copy(update={"stripe_url": url}), clock, None))


def test_every_code_has_a_reason_that_the_agent_has_words_for():
    assert [reason for reason in {*DECLINES.values(), *REFUSALS.values(), "gateway-refused", "3ds-needed"} if not known(reason)] == []
    assert KIND.declines is DECLINES
    assert "ach" not in KIND.always | KIND.maybe
