"""Parked streams by the command line, at the files."""

import json

import pytest

from shared.kernel.ports import Stored
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import Shop, until
from tests.ops.test_parked_everywhere import waiting
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
async def ringup(settings):
    shop = await (await Shop(settings).open()).furnish()
    for n in (1, 2):
        headers = {"ce_type": "ringup.payments.PaymentAuthorized", "ce_subject": f"payment-{n}", "streamversion": "1"}
        await shop.engine.log.append("payments", [Stored(f"payment-{n}", 1, tuple(headers.items()), b'{"amount": 64.9}')])
    await until(lambda: waiting(shop, 10))
    await shop.close()
    return Ringup(settings.data, settings.key_file, port=free_port())


async def test_they_are_listed_shown_retried_and_left_out(ringup):
    rows = (await ringup.json("parked", "list", "--service", "qa"))["rows"]
    ids = [row["id"] for row in rows]
    assert ids == [f"qa.{group}|payment-{n}" for group in ("policies", "views") for n in (1, 2)]
    shown = await ringup.json("parked", "show", ids[0])
    assert (shown["events"][0]["data"], shown["service"]) == ({"amount": 64.9}, "qa")
    code, out, _ = await ringup("parked", "show", ids[0])
    assert code == 0
    assert "PaymentAuthorized" in out
    code, _, err = await ringup("parked", "retry", "qa.views|nothing", ids[0])
    assert code == 1
    one_sentence(err, "qa.views|nothing is not parked.")
    assert (await ringup("parked", "retry"))[0] == 2
    would = await ringup.json("parked", "discard", *ids, "--dry-run")
    assert [row["id"] for row in would["rows"]] == ids
    tried = (await ringup.json("parked", "retry", *ids, code=1))["rows"]
    assert all(row["attempts"] > before["attempts"] for row, before in zip(tried, rows, strict=True))
    done = (await ringup.json("parked", "discard", "--all", "--service", "qa"))["rows"]
    assert [row["positions"] for row in done] == [[]] * 4
    assert (await ringup.json("parked", "list", "--service", "qa"))["rows"] == []
    audit = (await ringup.json("streams", "show", "audit"))["rows"]
    assert [row["type"].rpartition(".")[2] for row in audit] == ["ParkedRetried"] * 4 + ["ParkedDiscarded"] * 4
    assert all(row["actor"].startswith("cli:") for row in audit)


async def test_the_relay_says_that_the_log_is_the_topic(ringup):
    for command in ("status", "kick"):
        code, out, err = await ringup("relay", command)
        assert (code, err) == (0, "")
        assert "the log is the topic" in out
    assert {row["direct"] for row in (await ringup.json("relay", "status"))["rows"]} == {True}
    assert json.dumps(await ringup.json("relay", "kick", "--service", "qa"))
