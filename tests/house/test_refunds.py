"""Money that goes back, or will not move, from the door of payments to the gateway's ledger."""

import asyncio

import pytest

from services.payments.gateways.protocol import UNKNOWN, Heard, Said
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.hearing import heard
from services.payments.payment import Stop, payment
from services.payments.simulator.magic import MAGIC
from shared.kernel.effects import Work
from tests.house.shop import GOOD, Shop, until
from tests.house.test_wallet import account_token
from tests.house.test_wallet import charged as debited

TOTAL = 12319
SUPERVISOR = "agent:supervisor1"
SEEN = "Seen in the gateway's own list today."


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


def card(does):
    return next(magic.value for magic in MAGIC if (magic.what, magic.does) == ("card", does))


async def charged(shop, number=GOOD):
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, number)
    return order_id


async def captured(shop, number=GOOD):
    order_id = await charged(shop, number)
    await money(shop, order_id, lambda row: row["captured"] == TOTAL)
    return order_id


async def money(shop, order_id, fits):
    async def there():
        status, row = await shop.ask("payments", "GET", f"/orders/{order_id}")
        return row if status == 200 and fits(row) else None

    return await until(there)


async def refund(shop, order_id, amount, reason="Too many came.", **headers):
    return await shop.ask("payments", "POST", f"/orders/{order_id}/refunds", {"amount": amount, "reason": reason}, SUPERVISOR, **headers)


async def retry(shop, order_id, reference, **headers):
    return await shop.ask("payments", "POST", f"/orders/{order_id}/retry", {"reference": reference}, SUPERVISOR, **headers)


async def outcome(shop, order_id, reference, outcome, evidence=SEEN):
    body = {"reference": reference, "outcome": outcome, "evidence": evidence}
    return await shop.ask("payments", "POST", f"/orders/{order_id}/outcomes", body, SUPERVISOR)


def entries(shop, order_id, kind):
    return [entry for entry in shop.ledger() if order_id in entry["reference"] and entry["kind"] == kind and entry["status"] == "approved"]


async def attention(shop, order_id):
    _, body = await shop.ask("payments", "GET", "/attention")
    return next((row for row in body["rows"] if row["order_id"] == order_id), None)


async def test_some_and_then_the_rest_goes_back_and_not_a_cent_more(shop):
    order_id = await captured(shop)
    status, body = await refund(shop, order_id, 2000, idempotency_key="some")
    assert (status, body["number"], body["status"]) == (202, 1, "open")
    row = await money(shop, order_id, lambda row: row["refunded"] == 2000)
    assert (row["refundable"], row["refunds"][0]["status"], row["refunds"][0]["reason"]) == (TOTAL - 2000, "refunded", "Too many came.")
    assert (await refund(shop, order_id, 2000, idempotency_key="some"))[1]["number"] == 1
    status, body = await refund(shop, order_id, TOTAL - 1999)
    assert (status, body["code"], body["field"], body["refundable"]) == (422, "refund-too-much", "amount", TOTAL - 2000)
    assert (await refund(shop, order_id, TOTAL - 2000))[0] == 202
    await money(shop, order_id, lambda row: row["refunded"] == TOTAL and row["attempts"][0]["parts"][0]["status"] == "refunded")
    assert [entry["amount"] for entry in entries(shop, order_id, "refund")] == [2000, TOTAL - 2000]
    assert not await attention(shop, order_id)


async def test_of_two_at_once_only_what_is_left_goes_back(shop):
    order_id = await captured(shop)
    answers = await asyncio.gather(*(refund(shop, order_id, 7000) for _ in range(3)))
    assert sorted(status for status, _ in answers) == [202, 422, 422]
    await money(shop, order_id, lambda row: row["refunded"] == 7000)
    assert sum(entry["amount"] for entry in entries(shop, order_id, "refund")) == 7000


async def test_a_refund_whose_answer_is_lost_is_made_once(shop):
    order_id = await captured(shop, card("refund-lost"))
    await refund(shop, order_id, 500)
    row = await money(shop, order_id, lambda row: row["operations"][-1]["status"] == "unknown")
    assert (await refund(shop, order_id, TOTAL))[1]["refundable"] == TOTAL - 500
    assert (await retry(shop, order_id, row["operations"][-1]["reference"]))[0] == 202
    await money(shop, order_id, lambda row: row["refunded"] == 500)
    assert [entry["amount"] for entry in entries(shop, order_id, "refund")] == [500]


async def test_a_refused_refund_is_tried_again_or_settled_over_there(shop):
    order_id = await captured(shop, card("refund-declined"))
    await refund(shop, order_id, 500)
    row = await money(shop, order_id, lambda row: row["attention"] == "refund-failed")
    reference = row["look_at"][0]
    assert (await retry(shop, order_id, reference, idempotency_key="again"))[0] == 202
    assert (await retry(shop, order_id, reference, idempotency_key="again"))[0] == 202
    row = await money(shop, order_id, lambda row: row["attention"] == "refund-failed" and row["look_at"] != [reference])
    assert row["operations"][-1]["reference"] == f"{reference}-2"
    assert (await retry(shop, order_id, reference))[1]["code"] == "not-to-retry"
    assert (await outcome(shop, order_id, f"{reference}-2", "charged"))[0] == 200
    row = await money(shop, order_id, lambda row: row["refunded"] == 500)
    assert (row["refunds"][0]["status"], row["attention"], row["operations"][-1]["evidence"]) == ("refunded", "", SEEN)


async def test_no_more_is_recorded_as_given_back_than_was_taken(shop):
    order_id = await captured(shop, card("refund-declined"))
    references = []
    for _ in range(2):
        await refund(shop, order_id, TOTAL)
        row = await money(shop, order_id, lambda row: row["attention"] == "refund-failed" and row["look_at"] and row["look_at"][-1] not in references)
        references.append(row["look_at"][-1])
    assert (await outcome(shop, order_id, references[0], "charged"))[0] == 200
    status, body = await outcome(shop, order_id, references[1], "charged")
    assert (status, body["code"]) == (409, "refund-too-much")
    row = await money(shop, order_id, lambda row: row["refunded"])
    assert (row["refunded"], row["captured"]) == (TOTAL, TOTAL)


async def test_a_cancelled_order_gives_back_what_was_captured(shop):
    order_id = await captured(shop)
    reason = {"reason": "The customer changed their mind."}
    await shop.exported(order_id)
    assert (await shop.ask("fulfillment", "POST", f"/shipments/{order_id}/cancel", reason, SUPERVISOR))[0] == 200
    running = shop.house.running["payments"]
    await running.send(order_id, Stop("cancelled", order_id, running.clock()), "stop", "test")
    row = await money(shop, order_id, lambda row: row["refunded"] == TOTAL)
    assert (row["stopped"], row["attention"], row["refunds"][0]["by"]) == ("cancelled", "", "service:payments")


async def test_a_capture_that_is_refused_waits_for_somebody_who_tries_again(shop):
    order_id = await charged(shop, card("capture-declined"))
    row = await money(shop, order_id, lambda row: row["attention"] == "capture-failed")
    assert (await attention(shop, order_id))["references"] == [f"{order_id}-1-1-capture"] == row["look_at"]
    assert (await retry(shop, order_id, f"{order_id}-1-1-capture"))[0] == 202
    await money(shop, order_id, lambda row: row["look_at"] == [f"{order_id}-1-1-capture-2"])
    assert (await outcome(shop, order_id, f"{order_id}-1-1-capture-2", "charged"))[0] == 200
    await money(shop, order_id, lambda row: row["captured"] == TOTAL and not row["attention"])
    await shop.exported(order_id)


async def test_what_nobody_can_be_asked_about_is_recorded_on_evidence(shop):
    order_id, reference = await charged(shop, card("unreachable")), ""
    row = await money(shop, order_id, lambda row: row["operations"] and row["operations"][0]["status"] == "unknown")
    reference = row["operations"][0]["reference"]
    status, body = await outcome(shop, order_id, reference, "charged", "short")
    assert (status, body["field"]) == (422, "evidence")

    async def recorded():
        return (await outcome(shop, order_id, reference, "not-charged"))[0] == 200

    await until(recorded)
    await money(shop, order_id, lambda row: row["attempts"][0]["status"] == "declined")
    status, body = await outcome(shop, order_id, reference, "charged")
    assert (status, body["code"]) == (409, "not-open")
    assert await shop.house.running["payments"].state["vault"].tokens() == []
    await shop.stage(order_id, "open")


async def renews(shop, on):
    body = {"kind": "simulator", "capabilities": ["ach"], "renews": on}
    assert (await shop.ask("payments", "PUT", "/gateways/simulator", body, "agent:admin1"))[0] == 200


async def test_what_has_ended_before_its_capture_is_reserved_again_by_rule(shop):
    await renews(shop, True)
    order_id = await captured(shop, card("expires"))
    row = await money(shop, order_id, lambda row: row["captured"] == TOTAL)
    assert [each["kind"] for each in row["operations"]] == ["authorise", "renew", "capture"]
    assert row["operations"][2]["of"] == f"{order_id}-1-1-r1"
    assert len(entries(shop, order_id, "authorize")) == 2
    assert len(entries(shop, order_id, "capture")) == 1


async def test_without_the_rule_somebody_decides_and_may_capture_all_the_same(shop):
    order_id = await charged(shop, card("expires"))
    row = await money(shop, order_id, lambda row: row["attention"] == "authorisation-expired" and row["look_at"] == [f"{order_id}-1-1-r1"])
    assert row["operations"][-1]["reason"] == "authorisation-expired"
    assert len(entries(shop, order_id, "authorize")) == 1
    assert (await retry(shop, order_id, f"{order_id}-1-1-r1"))[0] == 202
    await money(shop, order_id, lambda row: row["captured"] == TOTAL)


async def test_after_a_soft_no_the_fallback_is_asked_and_its_no_is_the_last(shop):
    other = {"kind": "simulator", "capabilities": []}
    assert (await shop.ask("payments", "PUT", "/gateways/other", other, "agent:admin1"))[0] == 200
    first = {"kind": "simulator", "capabilities": ["ach"], "fallback": "other"}
    assert (await shop.ask("payments", "PUT", "/gateways/simulator", first, "agent:admin1"))[0] == 200
    order_id = await charged(shop, card("decline"))
    row = await money(shop, order_id, lambda row: row["attempts"][0]["status"] == "declined")
    assert [(part["gateway"], part["instead_of"], part["status"]) for part in row["attempts"][0]["parts"]] == [
        ("simulator", 0, "declined"),
        ("other", 1, "declined"),
    ]
    assert row["attempts"][0]["reason"] == "do-not-honour"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("refunds", {"amount": 0, "reason": "Too many came."}, "amount"),
        ("refunds", {"amount": "12", "reason": "Too many came."}, "amount"),
        ("refunds", {"amount": 10**15, "reason": "Too many came."}, "amount"),
        ("refunds", {"amount": 1, "reason": " "}, "reason"),
        ("refunds", {"amount": 1, "reason": "x" * 501}, "reason"),
        ("refunds", {"amount": 1, "reason": "Too many came.", "to": "me"}, "to"),
        ("retry", {"reference": "no such reference"}, "reference"),
        ("retry", {"reference": "nothing"}, "reference"),
        ("outcomes", {"reference": "nothing", "outcome": "maybe", "evidence": SEEN}, "outcome"),
        ("outcomes", {"reference": "nothing", "outcome": "charged", "evidence": SEEN}, "reference"),
        ("outcomes", {"reference": "nothing", "outcome": "charged", "evidence": "        short         "}, "evidence"),
    ],
)
async def test_bad_input_names_its_field(shop, path, body, field):
    order_id = await captured(shop)
    status, said = await shop.ask("payments", "POST", f"/orders/{order_id}/{path}", body, SUPERVISOR)
    assert (status, said["field"]) == (422, field)


async def test_an_order_without_a_payment_has_no_money(shop):
    order_id = (await shop.started())["order_id"]
    for path, body in (
        ("refunds", {"amount": 1, "reason": "Too many came."}),
        ("retry", {"reference": "nothing"}),
        ("outcomes", {"reference": "nothing", "outcome": "charged", "evidence": SEEN}),
    ):
        assert (await shop.ask("payments", "POST", f"/orders/{order_id}/{path}", body, SUPERVISOR))[0] == 404


async def test_what_was_typed_goes_with_its_customer_and_their_money_still_goes_back(shop):
    order_id = await captured(shop)
    await refund(shop, order_id, 100, reason="Asked for by Customer A.")
    await money(shop, order_id, lambda row: row["refunded"] == 100)
    _, cart = await shop.ask("cart", "GET", f"/orders/{order_id}")
    assert f"payment-{order_id}" in await shop.engine.keyring.erase(cart["state"]["customer_id"])
    for running in shop.house.running.values():
        running.commands.forget()
    assert (await refund(shop, order_id, 200))[0] == 202
    row = await money(shop, order_id, lambda row: row["refunded"] == 300)
    assert [each["reason"] for each in row["refunds"]] == ["Erased", ""]


async def hears(shop, gateway, kind, reference, **told):
    return await heard(shop.house.running["payments"], gateway, Heard(kind, reference, **told))


async def test_what_a_gateway_tells_by_itself_is_what_it_would_have_answered(shop):
    order_id = await charged(shop, card("unreachable"))
    await money(shop, order_id, lambda row: row["operations"] and row["operations"][0]["status"] == "unknown")
    yes, reference = Said(answer="approved", reference="g1", amount=TOTAL), f"{order_id}-1-1"
    assert not await hears(shop, "other", "settled", reference, said=yes)
    assert not await hears(shop, "simulator", "settled", reference, said=yes.model_copy(update={"amount": 1}))
    assert not await hears(shop, "simulator", "settled", f"{order_id}-1-2", said=yes)
    assert not await hears(shop, "simulator", "settled", "nothing", said=yes)
    assert not await hears(shop, "simulator", "settled", f"{order_id}-pre-1", said=yes)
    assert await hears(shop, "simulator", "settled", reference, said=yes)
    row = await money(shop, order_id, lambda row: row["attempts"][0]["status"] != "unknown")
    assert (row["attempts"][0]["instrument"]["last4"], row["operations"][0]["gateway_reference"]) == ("0309", "g1")
    assert await shop.house.running["payments"].state["vault"].tokens() == []
    version = (await shop.house.running["payments"].load(payment, order_id))[1]
    assert await hears(shop, "simulator", "settled", reference, said=yes)
    assert (await shop.house.running["payments"].load(payment, order_id))[1] >= version


async def test_a_no_that_a_gateway_tells_after_its_yes_needs_somebody(shop):
    order_id = await captured(shop)
    assert await hears(shop, "simulator", "settled", f"{order_id}-1-1-capture", said=Said(answer="declined", reason="do-not-honour"))
    await money(shop, order_id, lambda row: row["attention"] == "answer-contradicts")
    assert (await outcome(shop, order_id, f"{order_id}-1-1-capture", "charged"))[0] == 200
    await money(shop, order_id, lambda row: not row["attention"] and row["captured"] == TOTAL)


async def test_a_debit_that_comes_back_is_told_once_and_not_refunded(shop):
    order_id = (await shop.started())["order_id"]
    _, token = await account_token(shop, order_id)
    assert (await debited(shop, order_id, token["token"]))["status"] == "captured"
    for _ in range(2):
        assert await hears(shop, "simulator", "returned", f"{order_id}-1-1-capture", code="R01")
    row = await money(shop, order_id, lambda row: row["attention"] == "payment-returned")
    assert [(each["code"], each["reason"], each["amount"]) for each in row["returned"]] == [("R01", "insufficient-funds", 5690)]
    assert (await refund(shop, order_id, 1))[1]["code"] == "refund-too-much"
    assert (await outcome(shop, order_id, f"{order_id}-1-1-capture", "not-charged", "The customer will send a card."))[0] == 200
    await money(shop, order_id, lambda row: not row["attention"])


async def test_after_a_hard_no_nobody_else_is_asked(shop):
    assert (await shop.ask("payments", "PUT", "/gateways/other", {"kind": "simulator", "capabilities": []}, "agent:admin1"))[0] == 200
    first = {"kind": "simulator", "capabilities": ["ach"], "fallback": "other"}
    assert (await shop.ask("payments", "PUT", "/gateways/simulator", first, "agent:admin1"))[0] == 200
    order_id = await charged(shop, next(magic.value for magic in MAGIC if magic.reason == "expired-card"))
    row = await money(shop, order_id, lambda row: row["attempts"][0]["status"] == "declined")
    assert [part["gateway"] for part in row["attempts"][0]["parts"]] == ["simulator"]


async def test_a_yes_to_another_amount_is_not_believed_because_it_was_told(shop):
    order_id = await charged(shop, card("unreachable"))
    await money(shop, order_id, lambda row: row["operations"] and row["operations"][0]["status"] == "unknown")
    running, reference = shop.house.running["payments"], f"{order_id}-1-1"
    assert not await heard(running, "simulator", Heard("settled", reference, Said(answer="approved", amount=TOTAL + 1)))
    assert await heard(running, "simulator", Heard("settled", reference, Said(answer="approved", amount=TOTAL)))
    await money(shop, order_id, lambda row: row["operations"][0]["status"] == "approved")


class Deaf(SimulatorGateway):
    """Hears nothing of ``loses``, and knows a repeat as little."""

    idempotent = False

    def __init__(self, client, loses):
        super().__init__(client)
        self.loses, self.asked = loses, 0

    async def authorise(self, charge, secrets):
        return await self._lost() if self.loses == "authorise" else await super().authorise(charge, secrets)

    async def capture(self, asked, secrets):
        return await self._lost() if self.loses == "capture" else await super().capture(asked, secrets)

    async def _lost(self):
        self.asked += 1
        return UNKNOWN


async def lost(shop, operation):
    """An order that its gateway has heard nothing of, and what the watchdog would be doing."""
    gateways = shop.house.running["payments"].state["desk"].gateways
    gateways["simulator"] = deaf = Deaf(gateways["simulator"]._client, operation)
    order_id = await charged(shop)
    row = await money(shop, order_id, lambda row: row["operations"] and row["operations"][-1]["status"] == "unknown")
    state, _ = await shop.house.running["payments"].load(payment, order_id)
    return deaf, Work(order_id, row["operations"][-1]["reference"]), state


async def test_what_was_not_heard_of_is_not_sent_again_before_it_can_arrive_no_more(shop):
    deaf, doing, state = await lost(shop, "capture")
    asked = await shop.house.running["payments"].state["desk"].ask_followed(doing, state)
    assert (asked.answer, deaf.asked) == ("never-heard", 1)


async def test_a_gateway_that_was_switched_off_meanwhile_is_not_charged_again(shop):
    deaf, doing, state = await lost(shop, "authorise")
    deaf.idempotent = True
    off = {"kind": "simulator", "capabilities": ["ach"], "on": False}
    assert (await shop.ask("payments", "PUT", "/gateways/simulator", off, "agent:admin1"))[0] == 200
    asked = await shop.house.running["payments"].state["desk"].ask_authorised(doing, state)
    assert (asked.answer, deaf.asked) == ("never-heard", 1)
