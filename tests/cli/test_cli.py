"""The command line as a process: what it prints, on which stream, and how it ends."""

import signal
import stat

import pytest

from shared.engines.embedded.engine import Engine
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import GOOD, Shop
from tests.ops.conftest import caught_up
from tests.ports import free_port


@pytest.fixture
def ringup(settings):
    return Ringup(settings.data, settings.key_file, port=free_port())


@pytest.fixture
async def history(settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)
    await shop.stage(order_id, "closed")
    await caught_up(shop)
    await shop.close()
    return order_id


async def test_without_data_it_says_so_and_makes_none(ringup):
    code, out, err = await ringup("streams", "list")
    assert (code, out) == (1, "")
    one_sentence(err, "There is no Ringup data in", "RINGUP_DATA")
    assert not ringup.data.exists()


@pytest.mark.parametrize("command", ["run", "seed"])
async def test_a_data_folder_that_cannot_be_written(tmp_path, command):
    (tmp_path / "file").write_text("")
    ringup = Ringup(tmp_path / "file" / "data", tmp_path / "keys" / "master.key", port=free_port())
    code, _, err = await ringup(command)
    assert code == 1
    one_sentence(err, "cannot be written", "RINGUP_DATA")


async def test_a_ledger_that_is_damaged(ringup):
    ringup.data.mkdir(parents=True)
    (ringup.data / "simulator.jsonl").write_text('half\n{"reference": "A-1-1"}\n')
    code, _, err = await ringup("run")
    assert code == 1
    one_sentence(err, "Line 1 of the simulator's ledger", "move the file away")


async def test_a_setting_that_is_not_right(tmp_path):
    ringup = Ringup(tmp_path / "data", tmp_path / "master.key", port="abc")
    code, _, err = await ringup("doctor")
    assert code == 1
    one_sentence(err, "RINGUP_PORT is not right")


@pytest.mark.slow
async def test_a_wrong_master_key(ringup, history, tmp_path):
    wrong = tmp_path / "wrong.key"
    wrong.write_text("ab" * 32)
    wrong.chmod(0o600)
    other = Ringup(ringup.data, wrong, port=free_port())
    for command in (["run"], ["streams", "list"]):
        code, _, err = await other(*command)
        assert code == 1
        one_sentence(err, "master key does not fit", "RINGUP_KEY_FILE")
    checks = {check["name"]: check for check in (await other.json("doctor", code=1))["checks"]}
    assert checks["data"]["verdict"] == "fail"
    assert (await ringup("streams", "list"))[0] == 0


@pytest.mark.slow
async def test_views_that_are_newer_than_the_events(ringup, history, settings):
    engine = Engine(settings)
    engine.documents("qa").save_offsets("qa.views", {"qa": 1_000_000})
    await engine.close()
    for command in (["run"], ["views", "list"]):
        code, _, err = await ringup(*command)
        assert code == 1
        one_sentence(err, "qa.views has read qa up to 1000000", "Restore the whole data folder")


@pytest.mark.slow
async def test_at_the_files(ringup, history):
    page = await ringup.json("streams", "list", "order-")
    assert [row["stream"] for row in page["rows"]] == [f"order-{history}"]
    events = (await ringup.json("streams", "show", f"order-{history}"))["rows"]
    assert [event["version"] for event in events] == list(range(1, len(events) + 1))
    assert events[1]["data"]["changes"]["customer"]["first_name"] == "sealed"
    views = (await ringup.json("views", "list"))["views"]
    assert next(row["documents"] for row in views if row["view"] == "payments") == 1
    assert {row["lag"]["events"] for row in await ringup.json("views", "lag")} == {0}
    code, _, err = await ringup("streams", "show", "nobody-1")
    assert code == 1
    one_sentence(err, "There is no stream nobody-1.")


@pytest.mark.slow
async def test_views_are_caught_up_at_the_files_and_nothing_acts(ringup, settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id = (await shop.started())["order_id"]
    await caught_up(shop)
    await shop.engine.broker.stop()
    await shop.ask("catalog", "POST", "/campaigns/restful/retire")
    await shop.charge(order_id, GOOD)
    _, views = await shop.ask("ops", "GET", "/views")
    assert any(row["lag"]["events"] for row in views["rows"])
    await shop.close()
    assert {row["lag"]["events"] for row in await ringup.json("views", "lag")} == {0}
    streams = [row["stream"] for row in (await ringup.json("streams", "list"))["rows"]]
    assert f"order-{order_id}" in streams
    assert f"payment-{order_id}" not in streams


@pytest.mark.slow
async def test_a_rebuild_at_the_files(ringup, history):
    plan = await ringup.json("views", "replay", "payments.payments", "--dry-run")
    assert plan["events"] == plan["topics"]["payments"] > 0
    job = await ringup.json("views", "replay", "payments.payments")
    assert (job["state"], job["equal"], job["documents"]) == ("compared", True, 1)
    assert [build["build"] for build in (await ringup.json("views", "list"))["builds"]] == [job["build"]]
    would = await ringup.json("views", "switch", "payments.payments", "--dry-run")
    assert would["state"] == "compared"
    done = await ringup.json("views", "switch", "payments.payments")
    assert (done["state"], done["build"]) == ("switched", job["build"])
    audit = (await ringup.json("streams", "show", "audit"))["rows"]
    assert [(row["type"], row["actor"][:4]) for row in audit] == [("ringup.ops.ViewRebuilt", "cli:"), ("ringup.ops.ViewSwitched", "cli:")]
    code, _, err = await ringup("views", "switch", "payments.payments")
    assert code == 1
    one_sentence(err, "No build of payments.payments has been compared")


@pytest.mark.slow
async def test_a_build_is_dropped(ringup, history):
    job = await ringup.json("views", "replay", "qa.queue")
    assert (await ringup.json("views", "drop", "qa.queue", job["build"], "--dry-run"))["state"] == "compared"
    assert (await ringup.json("views", "drop", "qa.queue", job["build"]))["state"] == "dropped"
    assert (await ringup.json("views", "list"))["builds"] == []


@pytest.mark.parametrize("args", [["views", "replay", "queue"], ["nothing"]])
async def test_what_is_not_understood_ends_with_2(ringup, args):
    code, out, err = await ringup(*args)
    assert (code, out) == (2, "")
    assert "Error: " in err


@pytest.mark.slow
async def test_a_service_alone_needs_a_name_and_the_cluster_engine(ringup):
    code, _, err = await ringup("serve", "warehouse")
    assert code == 2
    assert "none of catalog, cart, payments, qa, fulfillment, customers, ops, gateway" in " ".join(err.split())
    code, _, err = await ringup("serve", "cart")
    assert code == 1
    one_sentence(err, "needs the cluster engine", "RINGUP_ENGINE=cluster", "ringup run")


async def test_with_a_server_it_asks_the_server(ringup, history):
    async with ringup.running() as server:
        door = ringup.data / "ringup.sock"
        assert stat.S_IMODE(door.stat().st_mode) == 0o600
        assert (await ringup.json("streams", "list", "order-"))["rows"][0]["stream"] == f"order-{history}"
        job = await ringup.json("views", "replay", "payments.payments")
        assert job["equal"]
        checks = {check["name"]: check for check in (await ringup.json("doctor"))["checks"]}
        assert (checks["server"]["verdict"], checks["server"]["found"]) == ("ok", "running and healthy")
        code, _, err = await ringup("run")
        assert code == 1
        one_sentence(err, "is in use", "RINGUP_PORT")
        code, _, err = await Ringup(ringup.data, ringup.env["RINGUP_KEY_FILE"], port=free_port())("run")
        assert code == 1
        one_sentence(err, "Another Ringup is running", "RINGUP_DATA")
        server.send_signal(signal.SIGTERM)
        _, err = await server.communicate()
        assert (server.returncode, err) == (0, b"")
    assert not door.exists()
    assert [row["type"] for row in (await ringup.json("streams", "show", "audit"))["rows"]] == ["ringup.ops.ViewRebuilt"]


@pytest.mark.slow
async def test_a_dead_servers_socket_is_in_nobodys_way(ringup, history):
    async with ringup.running() as server:
        server.kill()
        await server.wait()
    assert (ringup.data / "ringup.sock").exists()
    assert (await ringup.json("streams", "list", "order-"))["rows"]
    async with ringup.running():
        assert (await ringup.json("streams", "list", "order-"))["rows"]


@pytest.mark.slow
async def test_a_data_folder_with_a_long_name_is_served_too(tmp_path):
    data = tmp_path / ("long-" * 20) / ("longer-" * 20)
    ringup = Ringup(data, tmp_path / "keys" / "master.key", port=free_port())
    async with ringup.running():
        assert (data / "ringup.sock").exists()
        checks = {check["name"]: check for check in (await ringup.json("doctor"))["checks"]}
        assert checks["server"]["verdict"] == "ok"


@pytest.mark.slow
async def test_seeding_is_repeatable_with_and_without_a_server(ringup):
    plan = await ringup.json("seed", "--dry-run")
    assert not ringup.data.exists()
    assert await ringup.json("seed") == plan
    streams = await ringup.json("streams", "list", "order-")
    assert len(streams["rows"]) == plan["orders"]
    async with ringup.running():
        assert await ringup.json("seed") == plan
        assert [row["stream"] for row in (await ringup.json("streams", "list", "order-"))["rows"]] == [row["stream"] for row in streams["rows"]]
