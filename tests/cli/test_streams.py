"""What was recorded, verified, followed, exported and imported by the command line."""

import asyncio
import json
import shutil
import signal
import sqlite3

import pytest

from shared.settings import Settings
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import ADDRESS, GOOD, Shop, until
from tests.house.test_customers import bought, erase, known
from tests.ops.conftest import caught_up
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def ringup(settings):
    return Ringup(settings.data, settings.key_file, port=free_port())


@pytest.fixture
def elsewhere(tmp_path, settings):
    return Ringup(tmp_path / "elsewhere", settings.key_file, port=free_port())


@pytest.fixture
async def history(settings):
    shop = await (await Shop(settings).open()).furnish()
    order_id, customer_id = await bought(shop)
    await caught_up(shop)
    await shop.close()
    return order_id, customer_id


def events(ringup):
    with sqlite3.connect(ringup.data / "events.db") as db:
        rows = db.execute("select topic, stream, version, headers, data from events where topic <> 'ops' order by topic, position").fetchall()
    db.close()
    return rows


async def opened(ringup):
    shop = await Shop(Settings(data=ringup.data, key_file=ringup.env["RINGUP_KEY_FILE"])).open()
    await caught_up(shop)
    return shop


async def digests(shop):
    """Documents of every view."""
    found = {}
    for name, running in shop.house.running.items():
        for build in running.builds.values():
            found[name, build.collection] = {d.id: (d.data, dict(d.versions)) async for d in running.documents.scan(build.collection)}
    return found


async def test_verify_says_that_all_is_well_or_what_is_not(ringup, history):
    order_id, _ = history
    assert (await ringup.json("streams", "verify"))["wrong"] == []
    with sqlite3.connect(ringup.data / "events.db") as db:
        db.execute("update events set data = x'00' where stream = ? and version = 2", (f"payment-{order_id}",))
    db.close()
    found = await ringup.json("streams", "verify", code=1)
    assert {each["where"] for each in found["wrong"]} == {f"payment-{order_id}"}


async def test_an_export_fills_an_empty_installation_with_the_same(ringup, elsewhere, history, tmp_path):
    file = tmp_path / "events.jsonl"
    outcome = await ringup.json("streams", "export", str(file))
    lines = file.read_text().splitlines()
    assert (len(lines), outcome["events"]) == (len(events(ringup)) + 2, len(events(ringup)))
    assert ADDRESS["street"] not in file.read_text()
    assert json.loads(lines[-1])["end"]["digest"] == outcome["digest"]
    elsewhere.data.mkdir()
    shutil.copy(ringup.data / "keys.db", elsewhere.data)
    assert (await elsewhere.json("streams", "import", str(file), "--dry-run")) == outcome
    assert (await elsewhere.json("streams", "import", str(file))) == outcome
    assert events(elsewhere) == events(ringup)
    ours, theirs = await opened(ringup), await opened(elsewhere)
    assert await digests(theirs) == await digests(ours)
    assert events(elsewhere) == events(ringup)
    assert (await known(theirs, history[1]))["billing"]["street"] == ADDRESS["street"]
    audit = [(row["type"].rpartition(".")[2], row["data"].get("keys")) for row in (await theirs.ask("ops", "GET", "/audit"))[1]["rows"]]
    assert audit == [("EventsImported", True)]
    assert (await ours.ask("ops", "GET", "/audit"))[1]["rows"][0]["type"] == "ringup.ops.EventsExported"
    order_id = (await theirs.started())["order_id"]
    await theirs.charge(order_id, GOOD)
    await theirs.exported(order_id)
    await ours.close()
    await theirs.close()
    code, _, err = await elsewhere("streams", "import", str(file))
    assert code == 1
    one_sentence(err, "There is data in", "needs an empty installation")


async def test_without_the_keyring_it_is_refused_or_reads_as_erased(ringup, history, tmp_path):
    file = tmp_path / "events.jsonl"
    await ringup.json("streams", "export", str(file))
    elsewhere = Ringup(tmp_path / "elsewhere", tmp_path / "other.key", port=free_port())
    code, _, err = await elsewhere("streams", "import", str(file))
    assert code == 1
    one_sentence(err, "is not in the keyring", "keys.db", "--without-keys")
    assert not (elsewhere.data / "events.db").exists()
    assert not (elsewhere.data / "restoring").exists()
    await elsewhere.json("streams", "import", str(file), "--without-keys")
    shop = await opened(elsewhere)
    assert (await known(shop, history[1]))["billing"]["street"] == "Erased"
    assert (await shop.ask("customers", "GET", f"/orders/{history[0]}"))[1]["total"] == 12319
    await shop.close()


async def test_whoever_was_erased_after_an_export_is_erased_again(ringup, elsewhere, history, tmp_path):
    file = tmp_path / "events.jsonl"
    await ringup.json("streams", "export", str(file))
    elsewhere.data.mkdir()
    shutil.copy(ringup.data / "keys.db", elsewhere.data)
    shop = await opened(ringup)
    assert (await erase(shop, history[1]))[0] == 200
    await shop.close()
    await elsewhere.json("streams", "import", str(file))
    shop = await opened(elsewhere)
    assert (await known(shop, history[1]))["billing"]["street"] == "Erased"
    await shop.close()


@pytest.mark.parametrize("cut", ["last line", "middle", "byte", "header", "end", "topic"])
async def test_a_file_that_is_not_whole_is_refused(ringup, elsewhere, history, tmp_path, cut):
    file = tmp_path / "events.jsonl"
    await ringup.json("streams", "export", str(file))
    lines = file.read_bytes().splitlines(keepends=True)
    changed = {
        "last line": lines[:-1],
        "middle": [*lines[:5], *lines[6:]],
        "byte": [*lines[:3], lines[3].replace(b"agent:agent1", b"agent:agent2"), *lines[4:]],
        "header": [b'{"format": "else"}\n', *lines[1:]],
        "end": [*lines[:-1], b'{"end": 1}\n'],
        "topic": [*lines[:3], lines[3].replace(b'{"topic":"', b'{"topic":"no'), *lines[4:]],
    }[cut]
    assert changed != lines
    file.write_bytes(b"".join(changed))
    code, _, err = await elsewhere("streams", "import", str(file))
    assert code == 1
    one_sentence(err, str(file))
    assert not (elsewhere.data / "events.db").exists()


async def test_a_kill_in_the_middle_of_an_import_leaves_an_empty_installation(ringup, elsewhere, history, tmp_path):
    file = tmp_path / "events.jsonl"
    await ringup.json("streams", "export", str(file))
    process = await elsewhere.start("streams", "import", str(file), "--without-keys")

    async def begun():
        return (elsewhere.data / "restoring" / "events.db").exists()

    await until(begun)
    process.kill()
    await process.wait()
    if not (elsewhere.data / "events.db").exists():
        await elsewhere.json("streams", "import", str(file), "--without-keys")
    assert events(elsewhere) == events(ringup)


async def test_tail_follows_a_server_and_ends_cleanly(ringup, history):
    code, _, err = await ringup("streams", "tail")
    assert code == 1
    one_sentence(err, "No server runs")
    async with ringup.running():
        process = await ringup.start("streams", "tail", "--json", "--type", "ringup.ops", "--prefix", "audit")
        assert b"Following" in await process.stderr.readline()
        job = await ringup.json("views", "replay", "payments.payments")
        event = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
        assert (event["type"], event["stream"], event["data"]["build"]) == ("ringup.ops.ViewRebuilt", "audit", job["build"])
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
        assert (process.returncode, out, err) == (0, b"", b"")
