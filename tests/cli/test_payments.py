"""``ringup payments``, against the server that runs."""

import json

import pytest

from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import GOOD, Shop
from tests.ports import free_port

pytestmark = pytest.mark.slow


async def test_a_day_is_compared_by_the_server_that_runs(settings):
    shop = await (await Shop(settings).open()).furnish()
    await shop.charge(order := (await shop.started())["order_id"], GOOD)
    await shop.exported(order)
    day = shop.clock().date().isoformat()
    await shop.close()
    ringup = Ringup(settings.data, settings.key_file, port=free_port())
    asked = ("payments", "reconcile", "--gateway", "simulator", "--day", day)
    code, _, err = await ringup(*asked)
    assert code == 1
    one_sentence(err, "No server runs on")
    async with ringup.running():
        found = await ringup.json(*asked)
        assert (found["ours"], found["theirs"], found["rows"]) == (2, 2, [])
        code, out, _ = await ringup(*asked)
        assert (code, "Both say the same." in out) == (0, True)
        code, _, err = await ringup("payments", "reconcile", "--gateway", "nowhere", "--day", day)
        assert code == 1
        one_sentence(err, "There is no such gateway.")
        assert (await ringup("payments", "reconcile", "--gateway", "simulator", "--day", "yesterday"))[0] == 2
    ledger = settings.data / "simulator.jsonl"
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    lines[0]["amount"] += 1
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    async with ringup.running():
        found = await ringup.json(*asked, code=1)
        assert [(row["reference"], row["why"]) for row in found["rows"]] == [(f"{order}-1-1", "amount")]
        code, out, _ = await ringup(*asked)
        assert (code, "not the same amount" in out, f"{order}-1-1" in out) == (1, True, True)
