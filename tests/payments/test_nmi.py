"""The adapter of NMI against a fake of its documented answers."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from services.payments.declines import known
from services.payments.gateways.nmi import KIND, SECURITY_KEY, WEBHOOK_KEY, NmiGateway
from services.payments.gateways.nmi_answers import ACCOUNT_DECLINES, DECLINES, answered, judged, minor, why
from services.payments.gateways.nmi_query import Refused, kept, transactions
from services.payments.gateways.protocol import Account, Address, Card, Charge, FollowUp, NoList, NotTheirs, Question
from shared.asgi import AsgiClient, Response
from tests.payments import fake_nmi
from tests.payments.fake_nmi import APPROVED, BAD_ROUTING, KEY, NO_MONEY, SIGNING_KEY, FakeNmi, signed

SECRETS = {SECURITY_KEY: KEY, WEBHOOK_KEY: SIGNING_KEY}
REF, ORDER = "0123456789-1-1", "0123456789"
CHECKING = Account("011000015", "998877665544", "checking", "Customer A")


@pytest.fixture
def nmi():
    return FakeNmi()


@pytest.fixture
def gateway(nmi):
    return NmiGateway(AsgiClient(nmi.app))


def card(number=APPROVED, cvv="999"):
    return Card(number, "10/29", cvv, "Customer A")


def charge(means=None, reference=REF, amount=5690, **how):
    return Charge(reference, ORDER, amount, how.pop("currency", "USD"), means or card(), **how)


def follow(said, what="capture", amount=5690, captured="", account=False):
    return FollowUp(f"{REF}-{what}", REF, said.reference, amount, "USD", captured, account)


def question(asked, operation, since=timedelta(minutes=-1)):
    about = (asked.authorisation, asked.theirs, asked.captured, asked.account) if isinstance(asked, FollowUp) else ()
    account = {} if about else {"account": isinstance(asked.means, Account)}
    return Question(asked.reference, operation, asked.amount, asked.currency, *about, **account, since=datetime.now(UTC) + since)


class Says:
    """A client that is answered this, whatever it asks."""

    def __init__(self, body, status=200):
        self.body, self.status = body, status

    async def request(self, method, path, *, json=None, headers=None):
        if isinstance(self.body, Exception):
            raise self.body
        return Response(self.status, {}, self.body if isinstance(self.body, bytes) else self.body.encode())


def answering(body, status=200):
    return NmiGateway(Says(body, status), timeout=0.2)


class TestCards:
    async def test_what_is_sent_is_what_is_documented(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        assert (said.answer, said.avs, said.cvv, said.code, said.amount) == ("approved", "Y", "M", "100", 5690)
        (sent,) = nmi.requests
        assert {name: sent[name] for name in ("type", "payment", "amount", "currency", "orderid", "ccexp")} == {
            "type": "auth", "payment": "creditcard", "amount": "56.90", "currency": "USD", "orderid": REF, "ccexp": "1029",
        }  # fmt: skip
        assert (sent["first_name"], sent["last_name"], sent["initiated_by"], sent["stored_credential_indicator"]) == (
            "Customer", "A", "customer", "stored",
        )  # fmt: skip
        assert "dup_seconds" not in sent

    async def test_the_billing_address_goes_along_for_the_bank_to_compare(self, nmi, gateway):
        billing = Address(street="100 Example Street", unit="4", city="Austin", region="TX", postal="78701", country="US")
        await gateway.authorise(charge(billing=billing), SECRETS)
        await gateway.authorise(charge(CHECKING, "0123456789-2-1", billing=billing), SECRETS)
        names = ("address1", "address2", "city", "state", "zip", "country")
        assert [nmi.requests[0][name] for name in names] == ["100 Example Street", "4", "Austin", "TX", "78701", "US"]
        assert not set(names) & nmi.requests[1].keys()

    async def test_a_card_on_file_goes_without_a_code_and_is_said_to_be_one(self, nmi, gateway):
        await gateway.authorise(charge(card(cvv=""), on_file=True), SECRETS)
        assert ("cvv" in nmi.requests[0], nmi.requests[0]["stored_credential_indicator"]) == (False, "used")

    @pytest.mark.parametrize(("number", "code"), [(number, code) for number, (code, _) in fake_nmi.DECLINES.items()])
    async def test_each_no_has_our_reason_and_their_code(self, gateway, number, code):
        said = await gateway.authorise(charge(card(number)), SECRETS)
        assert (said.answer, said.reason, said.code) == ("declined", DECLINES[code], code)

    @pytest.mark.parametrize(
        ("number", "answer", "reason"),
        [
            ("4000000000000119", "declined", "duplicate"),
            ("4000000000000341", "unknown", ""),
            ("4000000000000259", "declined", "issuer-unavailable"),
            ("4000000000000309", "unknown", ""),
            ("4000000000000077", "declined", "gateway-refused"),
            ("4242424242424242", "unknown", ""),
        ],
    )
    async def test_an_error_is_a_no_only_where_nothing_can_have_been_charged(self, gateway, number, answer, reason):
        said = await gateway.authorise(charge(card(number)), SECRETS)
        assert (said.answer, said.reason) == (answer, reason)

    async def test_it_is_captured_under_their_number_and_only_once(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        taken = await gateway.capture(follow(said), SECRETS)
        assert (taken.answer, taken.reference, taken.amount) == ("approved", said.reference, 5690)
        assert (nmi.requests[1]["type"], nmi.requests[1]["transactionid"]) == ("capture", said.reference)
        assert [action["type"] for action in nmi.transactions[said.reference]["actions"]] == ["auth", "capture"]

    async def test_a_capture_that_comes_again_after_its_answer_was_lost_is_the_yes_that_it_was(self, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        await gateway.capture(follow(said), SECRETS)
        again = await gateway.capture(follow(said), SECRETS)
        assert (again.answer, again.reference) == ("approved", said.reference)

    async def test_their_number_is_asked_for_where_it_was_never_told(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        voided = await gateway.void(follow(said.model_copy(update={"reference": ""}), "void"), SECRETS)
        assert (voided.answer, nmi.transactions[said.reference]["condition"]) == ("approved", "canceled")

    async def test_what_is_not_possible_is_refused(self, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        assert (await gateway.capture(follow(said, amount=9999), SECRETS)).reason == "not-possible"
        assert (await gateway.refund(follow(said, "refund-1-1-1"), SECRETS)).reason == "not-possible"

    @pytest.mark.parametrize("currency", ["JPY", "KWD"])
    async def test_a_currency_without_two_decimals_is_refused_without_asking(self, nmi, gateway, currency):
        said = await gateway.authorise(charge(currency=currency), SECRETS)
        assert (said.answer, said.reason, nmi.requests) == ("declined", "currency-not-supported", [])


class TestRefunds:
    async def test_in_parts_under_references_of_ours(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        taken = await gateway.capture(follow(said), SECRETS)
        back = [await gateway.refund(follow(said, f"refund-{n}-1-1", 2000, taken.reference), SECRETS) for n in (1, 2)]
        assert [each.answer for each in back] == ["approved", "approved"]
        assert len({said.reference, *(each.reference for each in back)}) == 3
        assert (await gateway.lookup(question(follow(said, "refund-2-1-1", 2000, taken.reference), "refund"), SECRETS)).reference == back[1].reference

    async def test_one_that_may_be_ours_and_carries_no_reference_needs_somebody(self):
        nmi = FakeNmi(names_refunds=False)
        gateway = NmiGateway(AsgiClient(nmi.app))
        said = await gateway.authorise(charge(), SECRETS)
        asked = follow(said, "refund-1-1-1", 2000, (await gateway.capture(follow(said), SECRETS)).reference)
        assert (await gateway.lookup(question(asked, "refund"), SECRETS)).answer == "never-heard"
        await gateway.refund(asked, SECRETS)
        unsure = await gateway.lookup(question(asked, "refund"), SECRETS)
        assert (unsure.answer, unsure.reason) == ("unknown", "does-not-fit")
        other = follow(said, "refund-2-1-1", 1999, asked.captured)
        assert (await gateway.lookup(question(other, "refund"), SECRETS)).answer == "never-heard"


class TestAccounts:
    async def test_it_is_kept_there_and_sold_to_when_it_is_captured(self, nmi, gateway):
        said = await gateway.authorise(charge(CHECKING), SECRETS)
        assert (said.answer, nmi.transactions, list(nmi.vault)) == ("approved", {}, [said.reference])
        assert {name: nmi.requests[0][name] for name in ("checkname", "checkaba", "account_type", "account_holder_type", "sec_code")} == {
            "checkname": "Customer A", "checkaba": "011000015", "account_type": "checking", "account_holder_type": "personal", "sec_code": "TEL",
        }  # fmt: skip
        taken = await gateway.capture(follow(said, account=True), SECRETS)
        assert (taken.answer, nmi.transactions[taken.reference]["order_id"]) == ("approved", f"{REF}-capture")
        assert nmi.vault == {}
        back = await gateway.refund(follow(said, "refund-1-1-1", 1000, taken.reference, True), SECRETS)
        assert (back.answer, nmi.requests[-1]["payment"]) == ("approved", "check")

    async def test_on_the_checkout_page_the_customer_types_it(self, nmi, gateway):
        await gateway.authorise(charge(CHECKING, by_phone=False), SECRETS)
        assert nmi.requests[0]["sec_code"] == "WEB"

    async def test_what_is_given_back_is_forgotten_there(self, nmi, gateway):
        asked = charge(CHECKING)
        said = await gateway.authorise(asked, SECRETS)
        void = follow(said, "void", account=True)
        assert (await gateway.lookup(question(void, "void"), SECRETS)).answer == "never-heard"
        assert [(await gateway.void(void, SECRETS)).answer for _ in range(2)] == ["approved", "approved"]
        assert (nmi.vault, (await gateway.lookup(question(void, "void"), SECRETS)).answer) == ({}, "approved")
        assert (await gateway.lookup(question(asked, "authorise"), SECRETS)).answer == "never-heard"

    @pytest.mark.parametrize(
        ("account", "stage", "reason"),
        [
            (Account(BAD_ROUTING, "123456789", "checking", "Customer A"), "authorise", "wrong-routing"),
            (Account("011000015", NO_MONEY, "savings", "Customer A"), "capture", "insufficient-funds"),
        ],
    )
    async def test_a_no_comes_where_they_say_it(self, gateway, account, stage, reason):
        said = await gateway.authorise(charge(account), SECRETS)
        if stage == "capture":
            assert said.answer == "approved"
            said = await gateway.capture(follow(said, account=True), SECRETS)
        assert (said.answer, said.reason) == ("declined", reason)

    async def test_a_debit_whose_answer_is_lost_is_found_and_not_sent_twice(self, nmi, gateway):
        said = await gateway.authorise(charge(CHECKING), SECRETS)
        asked = follow(said, account=True)
        taken = await gateway.capture(asked, SECRETS)
        assert (await gateway.lookup(question(asked, "capture"), SECRETS)).reference == taken.reference
        assert (await gateway.capture(asked, SECRETS)).answer == "approved"
        assert len(nmi.transactions) == 1


class TestAnswers:
    @pytest.mark.parametrize(
        "body",
        [
            "<html><body>It works</body></html>", "", "{}", "response=1", "response=1&response_code=", "response=9&response_code=100",
            f"response=1&response_code=200&transactionid=7&orderid={REF}", f"response=1&response_code=100&transactionid=0&orderid={REF}",
            "response=1&response_code=100&transactionid=7&orderid=0123456789-1-2", "response=1&response_code=100&transactionid=7&orderid=",
            "response=2&response_code=202&orderid=0123456789-1-2", f"response=1&response=2&response_code=100&transactionid=7&orderid={REF}",
            b"\xff\xfe", TimeoutError(), OSError(), RuntimeError(),
        ],
    )  # fmt: skip
    async def test_what_cannot_be_an_answer_to_this_is_unknown(self, body):
        assert (await answering(body).authorise(charge(), SECRETS)).answer == "unknown"

    @pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
    async def test_another_status_is_unknown_whatever_it_says(self, status):
        body = f"response=1&response_code=100&transactionid=7&orderid={REF}"
        assert (await answering(body).authorise(charge(), SECRETS)).answer == "approved"
        assert (await answering(body, status).authorise(charge(), SECRETS)).answer == "unknown"

    def test_another_amount_does_not_fit(self):
        answer = answered(f"response=1&response_code=100&transactionid=7&orderid={REF}&amount_authorized=10.00".encode())
        assert judged(answer, REF, 5690).reason == "does-not-fit"
        assert judged(answer, REF, 1000).answer == "approved"

    @pytest.mark.parametrize("end", ["&", "\n", "&amount_authorized=56.9000", "&cc_number=4xxxxxxxxxxx1111&cc_number=again", "&name=M\xfcller"])
    async def test_what_is_not_asked_for_disturbs_nothing(self, end):
        body = f"response=1&responsetext=SUCCESS&response_code=100&transactionid=7&orderid={REF}{end}".encode("latin-1")
        assert (await answering(body).authorise(charge(), SECRETS)).answer == "approved"

    @pytest.mark.parametrize(("text", "cents"), [("12.34", 1234), ("-1.01", 101), ("5", 500), ("5.5", 550), ("0.0100", 1)])
    def test_what_is_an_amount(self, text, cents):
        assert minor(text) == cents

    @pytest.mark.parametrize("text", ["", "1,00", "1.005", "NaN", "1e3", "٣"])
    def test_what_is_no_amount(self, text):
        with pytest.raises(ValueError, match="no amount"):
            minor(text)

    @pytest.mark.parametrize("table", [DECLINES, ACCOUNT_DECLINES])
    def test_every_code_has_a_reason_of_ours(self, table):
        assert all(known(reason) or known(reason, "echeck") for reason in table.values())
        assert {"420", "430"}.isdisjoint(table)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("Invalid Credit Card Number REFID:1", "wrong-number"),
            ("AVS REJECTED", "wrong-address"),
            ("CVV REJECTED", "wrong-cvv"),
            ("The cc payment type [Amex] and/or currency [USD] is not accepted REFID:1", "card-not-supported"),
            ("Customer on blacklist", "fraud-suspected"),
            ("Authentication Failed", "gateway-refused"),
            ("Disabling Duplicate Check is not allowed for this processor", "gateway-refused"),
            ("Whatever database", "gateway-refused"),
        ],
    )
    def test_300_is_read_by_its_text(self, text, reason):
        assert why("300", text) == reason
        assert known(reason)


class TestKeys:
    async def test_without_a_key_nothing_is_asked(self, nmi, gateway):
        said = await gateway.authorise(charge(), {})
        assert (said.answer, said.reason, nmi.requests) == ("declined", "gateway-refused", [])
        assert await gateway.trouble({}) == "It has no security key."

    async def test_a_wrong_key_declines_what_is_new_and_leaves_open_what_is_under_way(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        wrong = {SECURITY_KEY: "another"}
        assert (await gateway.authorise(charge(), wrong)).reason == "gateway-refused"
        assert [(await way(follow(said), wrong)).answer for way in (gateway.capture, gateway.void, gateway.refund)] == ["unknown"] * 3
        assert (await gateway.lookup(question(charge(), "authorise"), wrong)).answer == "unknown"
        assert await gateway.trouble(wrong) == "It does not accept this security key."
        assert nmi.transactions[said.reference]["condition"] == "pending"

    async def test_being_asked_too_often_is_a_no_for_a_new_charge_alone(self):
        busy = answering("response=3&responsetext=Rate limit exceeded&response_code=301&orderid=&transactionid=")
        assert (await busy.authorise(charge(), SECRETS)).reason == "try-again-later"
        asked = FollowUp(f"{REF}-capture", REF, "7", 5690, "USD")
        assert [(await way(asked, SECRETS)).answer for way in (busy.capture, busy.void, busy.refund)] == ["unknown"] * 3

    @pytest.mark.parametrize(("body", "said"), [("<html>", "Its answer cannot be read."), (OSError(), "It cannot be reached.")])
    async def test_trouble_is_told_in_words(self, gateway, body, said):
        assert await answering(body).trouble(SECRETS) == said
        assert await gateway.trouble(SECRETS) == ""


class TestQueries:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b"<html/>", b"<nm_response><transaction/></nm_response>", b"<nm_response><transaction>", b"\xff",
            b'<!DOCTYPE x [<!ENTITY a "b">]><nm_response>&a;</nm_response>',
        ],
    )  # fmt: skip
    def test_what_is_not_theirs_is_not_read(self, body):
        with pytest.raises(ValueError, match=r".+"):
            transactions(body)

    def test_their_refusal_is_one(self):
        with pytest.raises(Refused):
            transactions(b"<nm_response><error_response>Rate limit exceeded</error_response></nm_response>")

    def test_what_moves_nothing_is_passed_over(self):
        settled = b"<action><action_type>settle</action_type><amount/><date/></action>"
        (found,) = transactions(b"<nm_response><transaction><transaction_id>7</transaction_id>" + settled + b"</transaction></nm_response>")
        assert found.actions == ()

    @pytest.mark.parametrize(
        ("inside", "there"),
        [
            ('<customer_vault><customer id="7"/></customer_vault>', True),
            ("<customer_vault><customer><customer_vault_id>7</customer_vault_id></customer></customer_vault>", True),
            ('<customer_vault><customer id="8"/></customer_vault>', False),
            ("", False),
            ("<error_response>Invalid Customer Vault Id REFID:1</error_response>", False),
        ],
    )
    def test_what_lies_in_the_vault(self, inside, there):
        assert kept(f"<nm_response>{inside}</nm_response>".encode(), "7") is there

    def test_a_refusal_for_the_key_says_nothing_of_the_vault(self):
        with pytest.raises(Refused):
            kept(b"<nm_response><error_response>Authentication Failed</error_response></nm_response>", "7")

    async def test_two_yeses_under_one_reference_need_somebody(self, gateway):
        for _ in range(2):
            await gateway.authorise(charge(), SECRETS)
        assert (await gateway.lookup(question(charge(), "authorise"), SECRETS)).reason == "does-not-fit"

    async def test_a_no_of_before_is_none_of_this_request(self, gateway):
        declined = charge(card("4000000000009995"))
        await gateway.authorise(declined, SECRETS)
        assert (await gateway.lookup(question(declined, "authorise"), SECRETS)).reason == "insufficient-funds"
        later = question(declined, "authorise", timedelta(minutes=10))
        assert (await gateway.lookup(later, SECRETS)).answer == "never-heard"

    @pytest.mark.parametrize("condition", ["unknown", "in_progress"])
    async def test_what_they_do_not_know_either_is_unknown(self, nmi, gateway, condition):
        said = await gateway.authorise(charge(), SECRETS)
        nmi.transactions[said.reference] |= {"condition": condition, "actions": []}
        body = (
            f"<nm_response><transaction><transaction_id>7</transaction_id><order_id>{REF}</order_id>"
            f"<condition>{condition}</condition></transaction></nm_response>"
        )
        assert (await answering(body).lookup(question(charge(), "authorise"), SECRETS)).answer == "unknown"


class TestLists:
    @pytest.mark.parametrize("first", [0, 1])
    async def test_a_day_over_many_pages_wherever_they_are_counted_from(self, monkeypatch, first):
        monkeypatch.setattr("services.payments.gateways.nmi._PAGE", 2)
        gateway = NmiGateway(AsgiClient(FakeNmi(first=first).app))
        for n in range(1, 6):
            await gateway.authorise(charge(reference=f"{ORDER}-{n}-1"), SECRETS)
        rows = [each async for each in gateway.listed(datetime.now(UTC).date(), SECRETS)]
        assert [each.reference for each in rows] == [f"{ORDER}-{n}-1" for n in range(1, 6)]
        assert [each async for each in gateway.listed(datetime.now(UTC).date() - timedelta(days=1), SECRETS)] == []

    async def test_captures_and_voids_are_named_by_their_number(self, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        await gateway.capture(follow(said), SECRETS)
        back = await gateway.refund(follow(said, "refund-1-1-1", 1000, said.reference), SECRETS)
        rows = [each async for each in gateway.listed(datetime.now(UTC).date(), SECRETS)]
        assert [(each.operation, each.reference, each.theirs, each.amount, each.approved) for each in rows] == [
            ("authorise", REF, said.reference, 5690, True),
            ("capture", "", said.reference, 5690, True),
            ("refund", f"{REF}-refund-1-1-1", back.reference, 1000, True),
        ]

    @pytest.mark.parametrize("secrets", [{}, {SECURITY_KEY: "another"}])
    async def test_they_may_refuse_it(self, gateway, secrets):
        with pytest.raises(NoList, match="Authentication Failed"):
            [each async for each in gateway.listed(datetime.now(UTC).date(), secrets)]

    async def test_or_answer_what_is_none(self):
        with pytest.raises(NoList):
            [each async for each in answering("<html>").listed(datetime.now(UTC).date(), SECRETS)]


class TestHooks:
    async def test_an_outcome_is_heard_under_our_reference(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        (heard,) = await gateway.hear(*nmi.told("transaction.auth.success", nmi.transactions[said.reference]), SECRETS)
        assert (heard.kind, heard.reference, heard.said.answer, heard.said.reference, heard.said.amount) == (
            "settled", REF, "approved", said.reference, 5690,
        )  # fmt: skip

    async def test_a_no_is_heard_with_its_reason(self, nmi, gateway):
        await gateway.authorise(charge(card("4000000000009995")), SECRETS)
        (heard,) = await gateway.hear(*nmi.told("transaction.auth.failure", next(iter(nmi.transactions.values()))), SECRETS)
        assert (heard.said.answer, heard.said.reason, heard.said.code) == ("declined", "insufficient-funds", "202")

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({"processor_response_code": "R01"}, "R01"),
            ({"response_text": "Returned: R29 - Corporate customer advises not authorized"}, "R29"),
            ({"response_text": "Returned"}, ""),
        ],
    )
    @pytest.mark.parametrize("kind", ["transaction.check.status.return", "transaction.check.status.latereturn"])
    async def test_a_debit_that_came_back(self, nmi, gateway, kind, said, code):
        taken = await gateway.capture(follow(await gateway.authorise(charge(CHECKING), SECRETS), account=True), SECRETS)
        (heard,) = await gateway.hear(*nmi.told(kind, nmi.transactions[taken.reference], action_type="check_return", **said), SECRETS)
        assert (heard.kind, heard.reference, heard.code, heard.amount) == ("returned", f"{REF}-capture", code, 5690)

    @pytest.mark.parametrize(
        ("kind", "order"),
        [
            ("transaction.auth.unknown", REF), ("transaction.capture.success", REF), ("transaction.void.failure", REF),
            ("transaction.check.status.settle", REF), ("recurring.plan.add", REF), ("settlement.batch.complete", REF),
            ("transaction.refund.success", REF), ("transaction.auth.success", ""),
        ],
    )  # fmt: skip
    async def test_what_is_not_followed_is_nothing(self, nmi, gateway, kind, order):
        said = await gateway.authorise(charge(), SECRETS)
        transaction = {**nmi.transactions[said.reference], "order_id": order}
        assert await gateway.hear(*nmi.told(kind, transaction), SECRETS) == []

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"event_type": "transaction.auth.success", "event_body": {}}', b"\xff"])
    async def test_what_cannot_be_read_is_not_theirs_though_it_is_signed(self, gateway, body):
        with pytest.raises(NotTheirs):
            await gateway.hear(*signed(body), SECRETS)

    async def test_only_their_signature_counts(self, nmi, gateway):
        said = await gateway.authorise(charge(), SECRETS)
        headers, body = nmi.told("transaction.auth.success", nmi.transactions[said.reference])
        wrong = [({}, body), (headers, body + b" "), ({"webhook-signature": "t=1,s=2"}, body), signed(body, "another")]
        for asked in wrong:
            with pytest.raises(NotTheirs):
                await gateway.hear(*asked, SECRETS)
        for secrets in ({}, {WEBHOOK_KEY: ""}):
            with pytest.raises(NotTheirs):
                await gateway.hear(headers, body, secrets)
        assert await gateway.hear({"Webhook-Signature": headers["webhook-signature"]}, body, SECRETS)


async def test_it_gives_up_in_time(nmi):
    class Silent:
        async def request(self, *asked, **how):
            await asyncio.Event().wait()

    gateway = NmiGateway(Silent(), timeout=0.05)
    assert (await gateway.authorise(charge(), SECRETS)).answer == "unknown"
    assert (await gateway.lookup(question(charge(), "authorise"), SECRETS)).answer == "unknown"
    assert await gateway.trouble(SECRETS) == "It does not answer in time."


def test_its_kind():
    assert (KIND.spoken, [secret.name for secret in KIND.secrets]) == (True, [SECURITY_KEY, WEBHOOK_KEY])
    assert KIND.declines == DECLINES


def test_the_fake_keeps_no_number(nmi, gateway):
    asyncio.run(gateway.authorise(charge(), SECRETS))
    asyncio.run(gateway.authorise(charge(CHECKING, "0123456789-2-1"), SECRETS))
    kept = json.dumps([nmi.requests, nmi.transactions, nmi.vault])
    assert not any(secret in kept for secret in (APPROVED, CHECKING.number, KEY, '"999"'))
