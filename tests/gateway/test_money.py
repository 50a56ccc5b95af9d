"""What supervisors do about an order's money on its Summary, and what programs may ask for."""

import re

import pytest
import pytest_asyncio

from tests.gateway.conftest import EXTERNAL
from tests.gateway.test_users import key
from tests.house.shop import until

CARD = {"number": "4242424242424242", "expiry": "12/49", "cvv": "737"}


@pytest_asyncio.fixture(loop_scope="package")
async def supervisor(ringup):
    return await ringup.sign_in("supervisor1")


@pytest_asyncio.fixture(loop_scope="package")
async def paid(ringup):
    """Places an order on a card, which is charged at once; its id."""
    agent = await ringup.sign_in("agent1")

    async def paying(**changed):
        order = {**EXTERNAL, "method": "card", "card": CARD, **changed}
        answer = await agent.send("POST", "/api/v1/orders", json=order, key=key())
        assert answer.status_code == 202, answer.text
        order_id = answer.json()["order_id"]
        await ringup.has(order_id, "Complete")

        async def taken():
            return (await money(ringup, order_id))["captured"]

        await until(taken)
        return order_id

    return paying


async def money(ringup, order_id):
    answer = await ringup.all.house.clients["payments"].request("GET", f"/orders/{order_id}")
    return answer.json()


async def refunded(ringup, order_id, status):
    async def done():
        return [each["status"] for each in (await money(ringup, order_id))["refunds"]] == status

    await until(done)


async def test_the_summary_shows_every_operation_with_both_references(ringup, supervisor, paid):
    order_id = await paid()
    page = await supervisor.page(f"/orders/{order_id}")
    for reference in (f"{order_id}-1-1", f"{order_id}-1-1-capture"):
        assert f">{reference}</small>" in page
        assert f">sim-{reference}</small>" in page
    assert "AVS Y: street and postal code match" in page
    assert "CVV M: matches" in page


async def test_a_part_is_refunded_and_then_the_rest(ringup, supervisor, paid):
    order_id = await paid()
    captured = (await money(ringup, order_id))["captured"]
    answer = await supervisor.form(f"/orders/{order_id}/refunds", amount="1.50", reason="One came damaged", key=key())
    assert answer.status_code == 200, answer.text
    assert "One came damaged" in answer.text
    await refunded(ringup, order_id, ["refunded"])
    assert "Partly refunded" in await supervisor.page(f"/orders/{order_id}")
    rest = captured - 150
    answer = await supervisor.form(f"/orders/{order_id}/refunds", amount=f"{rest // 100}.{rest % 100:02}", reason="All of it", key=key())
    assert answer.status_code == 200, answer.text
    await ringup.has(order_id, "Refunded")
    await refunded(ringup, order_id, ["refunded", "refunded"])
    page = await supervisor.page(f"/orders/{order_id}")
    assert "Refund…" not in page
    assert order_id in await supervisor.page("/orders?status=Refunded")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount": "a lot"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "999999"}, "amount"),
        ({"amount": "99999999999999999999"}, "amount"),
        ({"reason": "  "}, "reason"),
        ({"reason": "no\x00thing"}, "reason"),
    ],
)
async def test_what_is_wrong_with_a_refund_is_said_at_its_field(ringup, supervisor, paid, typed, field):
    order_id = await paid()
    answer = await supervisor.form(f"/orders/{order_id}/refunds", **{"amount": "1", "reason": "Damaged", "key": key(), **typed})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field
    assert (await money(ringup, order_id))["refunds"] == []


async def test_the_same_refund_sent_again_is_one(ringup, supervisor, paid):
    order_id, once = await paid(), key()
    for _ in range(2):
        assert (await supervisor.form(f"/orders/{order_id}/refunds", amount="1.00", reason="Damaged", key=once)).status_code == 200
    await refunded(ringup, order_id, ["refunded"])


async def test_an_agent_sees_it_and_does_nothing_about_it(ringup, paid):
    order_id = await paid()
    page = await (await ringup.sign_in("agent1")).page(f"/orders/{order_id}")
    assert f"{order_id}-1-1-capture" in page
    assert "Refund…" not in page


async def test_what_went_well_is_neither_tried_again_nor_recorded(ringup, supervisor, paid):
    order_id = await paid()
    reference = f"{order_id}-1-1-capture"
    again = await supervisor.form(f"/orders/{order_id}/retry", reference=reference, key=key())
    assert (again.status_code, again.json()["code"]) == (409, "not-to-retry")
    said = {"reference": reference, "outcome": "charged", "evidence": "Their list of the day shows it."}
    told = await supervisor.form(f"/orders/{order_id}/outcomes", key=key(), **said)
    assert (told.status_code, told.json()["code"]) == (409, "not-open")
    for missing, field in (("outcome", "outcome"), ("evidence", "evidence")):
        answer = await supervisor.form(f"/orders/{order_id}/outcomes", key=key(), **{**said, missing: ""})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    held = await supervisor.form(f"/orders/{order_id}/release", reason="It was paid by wire", key=key())
    assert (held.status_code, held.json()["code"]) == (409, "not-held")


async def test_a_program_refunds_with_a_key_of_that_scope(ringup, paid):
    order_id = await paid()
    admin = await ringup.sign_in("admin1")
    made = await admin.form("/keys", name=f"refunds-{key()[:8]}", scopes=["orders:refund"], key=key())
    secret = re.search(r"rk_[a-z2-7]{16}_[A-Za-z0-9_-]{43}", made.text)[0]
    program = await ringup.nobody()
    sent = {"headers": {"authorization": f"Bearer {secret}"}, "key": key()}
    answer = await program.send("POST", f"/api/v1/orders/{order_id}/refunds", json={"amount": 150, "reason": "Damaged"}, **sent)
    assert (answer.status_code, answer.json()["number"]) == (202, 1)
    await refunded(ringup, order_id, ["refunded"])
    too_much = await program.send("POST", f"/api/v1/orders/{order_id}/refunds", json={"amount": 10**9, "reason": "More"}, **{**sent, "key": key()})
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["field"]) == (422, "refund-too-much", "amount")
    assert too_much.json()["refundable"] == (await money(ringup, order_id))["refundable"]
    for body in ({"amount": 0, "reason": "x"}, {"amount": 1.5, "reason": "x"}, {"amount": 1}):
        wrong = await program.send("POST", f"/api/v1/orders/{order_id}/refunds", json=body, **{**sent, "key": key()})
        assert wrong.status_code == 422


async def test_where_all_is_well_nothing_needs_attention(ringup, supervisor):
    page = await supervisor.page("/payments/attention")
    assert "All money is where it should be" in page
    count = await supervisor.get("/payments/attention/count")
    assert "need attention" not in count.text


async def test_those_who_operate_see_what_needs_attention_and_no_way_to_orders(ringup):
    ops = await ringup.sign_in("ops1")
    assert "Needs attention" in await ops.page("/payments/attention")
    assert (await ops.form("/orders/0000000000/refunds", amount="1", reason="Damaged", key=key())).status_code == 403


async def test_how_gateways_do_and_what_differs_is_told(ringup, supervisor, paid):
    order_id = await paid()
    health = await supervisor.page("/payments/gateways")
    assert "Last hour" in health
    admin = await ringup.sign_in("admin1")
    day = (await money(ringup, order_id))["operations"][0]["at"][:10]
    page = await admin.page(f"/payments/reconcile?gateway=simulator&day={day}")
    assert re.search(r"[0-9,]+ here, [0-9,]+ there", page)
    told = (await admin.get(f"/payments/reconcile.json?gateway=simulator&day={day}")).json()
    assert (told["gateway"], told["day"]) == ("simulator", day)
    file = await admin.get(f"/payments/reconcile.csv?gateway=simulator&day={day}")
    assert file.text.splitlines()[0] == "reference,kind,why,our_amount,our_status,their_amount,their_status"
    assert len(file.text.splitlines()) == 1 + len(told["rows"])
    for query in ("gateway=nowhere&day=2026-03-01", "gateway=simulator&day=x", "gateway=simulator", "gateway=%00&day=2026-03-01"):
        for path in ("/payments/reconcile", "/payments/reconcile.json", "/payments/reconcile.csv"):
            assert (await admin.get(f"{path}?{query}")).status_code in (200, 404, 422), query
