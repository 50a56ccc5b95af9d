"""What our events say of a gateway's day beside what the gateway lists."""

from datetime import UTC, datetime, timedelta

import pytest

from services.payments.gateways.protocol import Listed
from services.payments.reconcile import Ours, differences
from tests.house.shop import GOOD, Shop, until
from tests.payments.test_gateways import put

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ours(reference="A-1-1", kind="authorise", amount=5690, status="approved", theirs="t1", **more):
    return Ours(reference, kind, amount, "USD", status, theirs, NOON, "simulator", **more)


def listed(reference="A-1-1", operation="authorise", amount=5690, approved=True, theirs="t1", currency="USD"):
    return Listed(reference, operation, amount, currency, approved, NOON, theirs)


def found(day, theirs, known=None, elsewhere=()):
    known = {each.reference: each for each in (known or day)}
    return [(each.reference, each.why) for each in differences("simulator", day, known, theirs, elsewhere)]


@pytest.mark.parametrize(
    ("day", "theirs", "differs"),
    [
        ([], [], []),
        ([ours()], [listed()], []),
        ([ours()], [], [("A-1-1", "missing-there")]),
        ([], [listed()], [("A-1-1", "missing-here")]),
        ([], [listed("", theirs="t7")], [("t7", "missing-here")]),
        ([ours()], [listed(amount=5691)], [("A-1-1", "amount")]),
        ([ours()], [listed(currency="EUR")], [("A-1-1", "amount")]),
        ([ours()], [listed(currency="")], []),
        ([ours(status="declined")], [listed()], [("A-1-1", "status")]),
        ([ours(status="unknown")], [listed()], [("A-1-1", "status")]),
        ([ours(status="never-heard")], [listed()], [("A-1-1", "status")]),
        ([ours()], [listed(approved=False)], [("A-1-1", "status")]),
        ([ours(status="declined")], [listed(approved=False)], []),
        ([ours(status="declined")], [], []),
        ([ours(status="open")], [], []),
        ([], [listed(approved=False)], []),
        ([ours()], [listed("")], []),
        ([ours(kind="void")], [listed(operation="void", amount=0)], []),
        ([ours(sure=False)], [], []),
    ],
)
def test_what_differs_is_said(day, theirs, differs):
    assert found(day, theirs) == differs


def test_one_of_theirs_for_several_of_ours_is_told_apart_by_what_was_done():
    day = [ours(), ours("A-1-1-capture", "capture")]
    assert found(day, [listed(""), listed("", "capture")]) == []
    assert found(day, [listed("")]) == [("A-1-1-capture", "missing-there")]


def test_what_was_asked_before_midnight_may_be_done_after_it():
    assert found([ours()], [], elsewhere=[listed()]) == []
    assert found([], [listed()], known=[ours()]) == []


def test_what_another_of_our_gateways_did_over_there_is_left_alone():
    other = ours()
    other = Ours(**{name: getattr(other, name) for name in Ours.__slots__ if name != "gateway"}, gateway="second")
    assert found([], [listed(amount=1)], known=[other]) == []


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    yield await shop.furnish()
    await shop.close()


async def compared(shop, day=None, name="simulator"):
    return await shop.ask("payments", "GET", f"/gateways/{name}/reconcile?day={day or datetime.now(UTC).date()}")


async def test_a_day_of_orders_agrees_and_what_was_meddled_with_is_found(shop):
    ledger = shop.house.running["payments"].state["simulator"].state.ledger
    first, second = [(await shop.started())["order_id"] for _ in range(2)]
    for order in (first, second):
        await shop.charge(order, GOOD)
        await shop.exported(order)
    declined = (await shop.started())["order_id"]
    await shop.charge(declined, "4000000000009995")
    await shop.stage(declined, "open")
    card = {"order_id": declined, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    _, token = await shop.ask("payments", "POST", "/tokens", card)
    _, asked = await shop.ask(
        "payments", "POST", f"/orders/{declined}/pre-auth", {"payment": token["token"], "gateway": "simulator", "currency": "USD"}
    )
    assert asked["outcome"] == "approved"

    async def settled():
        status, body = await compared(shop)
        return status == 200 and body["ours"] == 6 and body

    body = await until(settled)
    assert (body["gateway"], body["theirs"], body["rows"]) == ("simulator", 6, [])
    ledger.entries[f"{first}-1-1"]["amount"] += 1
    del ledger.entries[f"{second}-1-1-capture"]
    ledger.entries["SOMEBODY-1-1"] = {**ledger.entries[f"{first}-1-1"], "reference": "SOMEBODY-1-1", "id": "sim-x"}
    _, body = await compared(shop)
    assert {(row["reference"], row["why"]) for row in body["rows"]} == {
        (f"{first}-1-1", "amount"),
        (f"{second}-1-1-capture", "missing-there"),
        ("SOMEBODY-1-1", "missing-here"),
    }
    (amount,) = [row for row in body["rows"] if row["why"] == "amount"]
    assert (amount["ours"]["amount"] + 1, amount["theirs"]["id"]) == (amount["theirs"]["amount"], f"sim-{first}-1-1")


async def test_a_day_of_which_nothing_is_known_agrees(shop):
    _, body = await compared(shop, (datetime.now(UTC) - timedelta(days=400)).date())
    assert (body["ours"], body["theirs"], body["rows"]) == (0, 0, [])


async def test_what_cannot_be_compared_is_refused_with_words(shop):
    await put(shop, "front", {"kind": "hosted-form"})
    status, body = await compared(shop, name="front")
    assert (status, body["code"]) == (422, "no-list")
    assert (await compared(shop, name="nowhere"))[0] == 404
    status, body = await compared(shop, day="yesterday")
    assert (status, body["field"]) == (422, "day")
