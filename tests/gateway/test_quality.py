"""Reviews and hold rules at the door: what is typed wrong is said at its place, and what cannot be done says why."""

import re

import pytest
import pytest_asyncio

from tests.gateway.conftest import EXTERNAL
from tests.house.shop import until

RULE = {"row": "0", "0.kind": "velocity", "0.on": "true", "0.orders": "2", "0.hours": "24", "target_minutes": "20"}


@pytest_asyncio.fixture(loop_scope="package")
async def reviewer(ringup):
    return await ringup.sign_in("reviewer1")


@pytest_asyncio.fixture(loop_scope="package")
async def supervisor(ringup):
    return await ringup.sign_in("supervisor1")


def key(page):
    return re.search(r'name="key" value="([^"]+)"', page)[1]


async def shown(reviewer, order_id):
    return f'data-order="{order_id}"' in await reviewer.page(f"/quality/list?q={order_id}")


@pytest.mark.parametrize(
    "query",
    [
        "why=nothing&stage=never&agent=%00&campaign=%F0%9F%98%80",
        "over=1e999",
        "over=-1",
        "over=NaN",
        "over=0.00001",
        "q=%25%27%22%5C",
        "q=" + "9" * 300,
    ],
)
async def test_a_list_that_nobody_can_ask_for_is_no_failure(reviewer, query):
    for path in ("/quality", "/quality/list"):
        assert (await reviewer.get(f"{path}?{query}", headers={"accept": "text/html"})).status_code in (200, 422)


async def test_an_amount_that_cannot_be_read_lists_and_sums_nothing(reviewer, place):
    order_id = await place()
    await until(lambda: shown(reviewer, order_id))
    said = await reviewer.page("/quality?over=lots")
    assert "Enter an amount, such as 100." in said
    assert 'aria-invalid="true"' in said
    assert "data-order" not in said
    assert "approve-many" not in said
    answer = await reviewer.form("/quality/many/sum", over="lots", orders="")
    assert (answer.status_code, answer.json()["field"]) == (422, "over")


async def test_an_order_that_is_not_in_review_opens_nothing(reviewer):
    said = await reviewer.page("/quality?order=Q000000000")
    assert "This order is not in review" in said
    assert 'name="verdict"' not in said


async def test_whoever_placed_an_order_cannot_press_what_decides_it(supervisor, reviewer):
    answer = await supervisor.send("POST", "/api/v1/orders", json=EXTERNAL, key="own-order-0002")
    own = answer.json()["order_id"]
    await until(lambda: shown(reviewer, own))
    theirs, mine = [(await each.page(f"/quality?order={own}")).partition('class="acts"')[2] for each in (reviewer, supervisor)]
    assert mine.count(" disabled") == theirs.count(" disabled") + 2 == 2
    assert "Someone else has to review an order that you placed." in mine


async def test_many_need_an_order_and_take_no_more_than_they_say(reviewer):
    assert (await reviewer.form("/quality/many/approve", orders=" , ", key="many-none-01")).json()["field"] == "orders"
    for orders in ("nobody", ",".join(f"{n:010}" for n in range(1_001))):
        assert (await reviewer.form("/quality/many/approve", orders=orders, key="many-wrong-01")).status_code == 422
    answer = await reviewer.form("/quality/many/approve", orders="0000000000", key="many-ghost-01")
    assert "This order is not waiting for a review." in answer.text


async def test_orders_of_ones_own_are_left_out_of_the_sum(supervisor, reviewer, place):
    theirs = await place()
    answer = await supervisor.send("POST", "/api/v1/orders", json=EXTERNAL, key="own-order-0001")
    own = answer.json()["order_id"]
    await until(lambda: shown(reviewer, own))
    await until(lambda: shown(reviewer, theirs))
    said = (await supervisor.form("/quality/many/sum", orders=f"{own},{theirs}")).text
    assert "Approve 1 order" in said
    assert "Without 1 order that you placed" in said
    assert f'value="{theirs}"' in said
    said = (await reviewer.form("/quality/many/sum", orders=f"{own},{theirs}")).text
    assert f'value="{own},{theirs}"' in said


async def test_a_rule_that_is_refused_comes_back_as_it_was_typed(supervisor):
    before = await supervisor.page("/quality/rules")
    version = re.search(r'name="version" value="([0-9]+)"', before)[1]
    for changed, said in (
        ({"0.orders": "two"}, "Enter a whole number, such as 3."),
        ({"0.orders": "0"}, "At least 1."),
        ({"target_minutes": "0"}, "At least 1."),
    ):
        answer = await supervisor.form("/quality/rules", **{**RULE, **changed, "version": version, "key": key(before)})
        assert answer.status_code == 422
        assert said in answer.text
        assert changed.get("0.orders", "24") in answer.text
    for path, wrong in (("/quality/rules", {"0.kind": "nothing", "version": version, "key": key(before)}), ("/quality/rules/test", {"n": "7"})):
        answer = await supervisor.form(path, **{**RULE, **wrong})
        assert (answer.status_code, "There is no such rule." in answer.text) == (422 if "n" not in wrong else 200, True)


async def test_rules_that_somebody_else_has_changed_are_not_overwritten(supervisor):
    page = await supervisor.page("/quality/rules")
    version = re.search(r'name="version" value="([0-9]+)"', page)[1]
    typed = {**RULE, "version": version}
    assert (await supervisor.form("/quality/rules", **typed, key="rules-first-1")).status_code == 303
    answer = await supervisor.form("/quality/rules", **{**typed, "0.orders": "9"}, key="rules-second-1")
    assert answer.status_code == 409
    assert "Load what is in force" in answer.text
    page = await supervisor.page("/quality/rules")
    version = re.search(r'name="version" value="([0-9]+)"', page)[1]
    assert (await supervisor.form("/quality/rules", target_minutes="30", version=version, key="rules-none-01")).status_code == 303
