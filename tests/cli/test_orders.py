"""``ringup orders``, with a server and without."""

import pytest

from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import GOOD, Shop

pytestmark = pytest.mark.slow


async def test_an_order_s_timeline_as_of_then(settings):
    shop = await (await Shop(settings).open()).furnish()
    await shop.charge(order := (await shop.started())["order_id"], GOOD)
    await shop.exported(order)
    await shop.close()
    ringup = Ringup(settings.data, settings.key_file)
    now = await ringup.json("orders", "timeline", order.lower())
    assert (now["as_of"], now["order"]["status"]) == (None, "Complete")
    authorised = next(n for n, row in enumerate(now["events"]) if row["text"] == "Payment authorized")
    moment = now["events"][authorised]["time"]
    then = await ringup.json("orders", "timeline", order, "--as-of", moment)
    assert then["events"] == [row for row in now["events"] if row["time"] <= moment]
    assert (then["order"]["status"], then["order"]["captured"]) == ("Processing", 0)
    code, out, _ = await ringup("orders", "timeline", order, "--as-of", moment)
    assert code == 0
    assert f"Order {order}: Processing" in out
    assert "Payment captured" not in out
    for asked, words in (
        ((order, "--as-of", "yesterday"), "yesterday is no moment"),
        ((order, "--as-of", "2020-01-01"), "There was no such order yet."),
        (("0000000000",), "There is no such order."),
        (("../orders",), "An order's id is ten letters and digits."),
    ):
        code, _, err = await ringup("orders", "timeline", *asked)
        assert code == 1
        one_sentence(err, words)
