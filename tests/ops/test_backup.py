"""A backup is one whole set; a restore takes it whole, keeps who was erased erased, and asks before it does anything again."""

import asyncio
import json
import shutil
import signal
import sys

import pytest

from shared.engine import take
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import GOOD, Shop, until
from tests.house.test_customers import bought, erase, known, lies_in, seen
from tests.house.test_wallet import again
from tests.ops.conftest import caught_up
from tests.ops.rebuilding import replayed
from tests.ports import free_port


@pytest.fixture
def ringup(settings):
    return Ringup(settings.data, settings.key_file, port=free_port())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backup"


def taken(settings, folder):
    return take(settings, folder, lambda done, total: None)


async def restored(ringup, folder):
    return await ringup.json("restore", str(folder), "--replace")


async def test_a_backup_under_load_has_every_order_accepted_before_and_views_that_are_right(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    stop = asyncio.Event()
    placed = []

    async def place():
        while not stop.is_set():
            order_id = (await shop.started())["order_id"]
            assert (await shop.charge(order_id, GOOD))[0] == 202
            placed.append(order_id)

    placing = [asyncio.create_task(place()) for _ in range(4)]

    async def busy():
        return len(placed) > 20

    await until(busy)
    before = list(placed)
    await asyncio.to_thread(taken, settings, folder)
    stop.set()
    await asyncio.gather(*placing)
    assert len(placed) > len(before)
    await shop.close()
    await restored(ringup, folder)
    shop = await Shop(settings).open()
    await caught_up(shop)
    orders = {stream.removeprefix("order-") for stream, _ in await shop.engine.log.names("order-", limit=10_000)}
    assert set(before) <= orders
    assert len(orders) < len(placed) + 4
    for view in ("payments.payments", "customers.orders", "cart.settings"):
        assert (await replayed(shop, view))["equal"], view
    await shop.close()


async def test_who_was_erased_after_the_backup_is_erased_again(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    order_id, customer_id = await bought(shop)
    await caught_up(shop)
    await until(lambda: shop.engine.blobs.ids("vault"))
    taken(settings, folder)
    assert b"customer a" in (folder / "customers.views.db").read_bytes()
    assert (await erase(shop, customer_id))[0] == 200
    await until(lambda: lies_in(shop, set()))
    await until(lambda: nothing_stored(shop))
    await shop.close()
    answer = await restored(ringup, folder)
    assert answer["restored"]["erased"] == 1
    assert await lies_in(shop, set())
    shop = await Shop(settings).open()
    await caught_up(shop)
    await until(lambda: nothing_stored(shop))
    row = await known(shop, customer_id)
    assert {row["person"]["first_name"], row["billing"]["street"]} == {"Erased"}
    assert (await seen(shop, order_id, "Complete"))["customer"]["first_name"] == "Erased"
    audit = (await shop.ask("ops", "GET", "/audit"))[1]["rows"]
    assert [(event["type"], event["data"]["erased"]) for event in audit] == [("ringup.ops.BackupRestored", 1)]
    await shop.close()
    assert (await restored(ringup, folder))["restored"]["erased"] == 1
    assert len((settings.key_dir / "erasures.log").read_text().splitlines()) == 1


async def nothing_stored(shop):
    return not await shop.engine.blobs.ids("vault")


async def test_a_stored_card_is_charged_after_a_restore_and_a_new_master_key(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    _, customer_id = await bought(shop)
    (reference,) = await until(lambda: shop.engine.blobs.ids("vault"))
    taken(settings, folder)
    assert not (folder / "tokens.db").exists()
    await shop.close()
    await restored(ringup, folder)
    await ringup.json("keys", "rotate")
    shop = await Shop(settings).open()
    body = await again(shop, customer_id, reference)
    assert body["state"]["stage"] == "closed"
    await shop.close()


async def lost(shop, folder):
    """An order that was rung up before the backup and charged after it, and then rung up again."""
    order_id = (await shop.started())["order_id"]
    taken(shop.settings, folder)
    await shop.charge(order_id, GOOD)
    await shop.stage(order_id, "closed")
    await shop.exported(order_id)
    await shop.close()
    return order_id


async def asked(shop):
    text = (await shop.house.clients["payments"].request("GET", "/metrics")).body.decode()
    return {line.partition('effect="')[2].partition('"')[0] for line in text.splitlines() if 'outcome="asked"' in line and line.endswith(" 1.0")}


async def test_what_was_done_after_the_backup_is_asked_about_and_not_done_again(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    order_id = await lost(shop, folder)
    ledger, export = shop.ledger(), shop.export(order_id).stat().st_mtime_ns
    await restored(ringup, folder)
    shop = await Shop(settings).open()
    assert (await shop.charge(order_id, GOOD))[0] == 202
    await seen(shop, order_id, "Complete", "exported")
    assert shop.ledger() == ledger
    assert shop.export(order_id).stat().st_mtime_ns == export
    assert await asked(shop) == {"authorise", "capture", "deliver"}
    await shop.close()


async def test_a_payment_of_another_amount_is_not_taken_for_this_one_and_needs_somebody(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    order_id = await lost(shop, folder)
    ledger = shop.ledger()
    await restored(ringup, folder)
    shop = await Shop(settings).open()
    await shop.ask("cart", "POST", f"/orders/{order_id}/changes", {"lines": [{"product": "1", "quantity": 3}]})
    assert (await shop.charge(order_id, GOOD))[0] == 202

    async def needs_somebody():
        return (await shop.ask("payments", "GET", f"/orders/{order_id}"))[1].get("attention")

    assert await until(needs_somebody) == "answer-does-not-fit"
    assert shop.ledger() == ledger
    await shop.close()


async def test_a_delivery_that_says_something_else_is_not_taken_for_this_one(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    order_id = await lost(shop, folder)
    export = shop.export(order_id)
    export.write_text(export.read_text().replace("RN-PIL-01,2", "RN-PIL-01,9"))
    await restored(ringup, folder)
    shop = await Shop(settings).open()
    await shop.charge(order_id, GOOD)
    await seen(shop, order_id, "Complete", "delivery-failed")
    assert "RN-PIL-01,9" in export.read_text()
    await shop.close()


async def test_only_a_whole_set_is_taken_and_nothing_is_touched_before(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    taken(settings, folder)
    await shop.close()
    before = {path.name: path.read_bytes() for path in settings.data.glob("*.db")}

    async def refused(*words, args=("--replace",)):
        code, out, err = await ringup("restore", str(folder), *args)
        assert (code, out) == (1, "")
        one_sentence(err, *words)

    await refused("holds data already", "--replace", args=())
    whole = (folder / "events.db").read_bytes()
    (folder / "events.db").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    await refused("not a whole backup", "events.db is not as it was written")
    (folder / "events.db").write_bytes(whole)
    (folder / "qa.views.db").rename(folder / "qa.gone")
    await refused("not a whole backup", "qa.views.db")
    (folder / "qa.gone").rename(folder / "qa.views.db")
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"events.db"', '"../events.db"'))
    await refused("manifest.json does not name")
    (folder / "manifest.json").unlink()
    await refused("manifest.json is not there")
    (folder / "manifest.json").write_text(manifest)
    key = settings.key_file.read_text()
    settings.key_file.write_text("ab" * 32)
    await refused("does not open this backup", json.loads(manifest)["master_keys"][0])
    settings.key_file.write_text(key)
    assert {path.name: path.read_bytes() for path in settings.data.glob("*.db")} == before
    assert (await ringup.json("restore", str(folder), "--replace", "--dry-run"))["restored"] is None
    assert not (settings.data / "restoring").exists()


@pytest.mark.slow
async def test_with_a_server_a_backup_is_taken_and_no_restore(ringup, folder):
    async with ringup.running():
        manifest = await ringup.json("backup", str(folder))
        assert {"events.db", "keys.db", "access.db"} <= {file["name"] for file in manifest["files"]}
        assert "tokens.db" not in {path.name for path in folder.iterdir()}
        assert not any(path.name.endswith(("-wal", "-shm")) for path in folder.iterdir())
        code, _, err = await ringup("restore", str(folder), "--replace")
        assert code == 1
        one_sentence(err, "Another Ringup is running")
    code, _, err = await ringup("backup", str(folder))
    assert code == 1
    one_sentence(err, "is not empty")
    shutil.rmtree(ringup.data)
    assert (await ringup.json("restore", str(folder)))["restored"]["erased"] == 0
    async with ringup.running():
        assert await ringup.json("views", "lag")


async def test_a_backup_that_was_cut_off_is_none_and_its_folder_can_be_used_again(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    taken(settings, folder)
    (folder / "manifest.json").unlink()
    manifest = taken(settings, folder)
    assert sum((folder / file.name).stat().st_size for file in manifest.files) == manifest.size
    await shop.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_kill_at_any_file_leaves_the_old_data_or_the_new(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    old = (await shop.started())["order_id"]
    taken(settings, folder)
    new = (await shop.started())["order_id"]
    await shop.close()
    kept = settings.data.with_name("kept")
    shutil.copytree(settings.data, kept)
    found = set()
    for nth in (*range(1, 40, 3), "events.db", 1_000):
        shutil.rmtree(settings.data)
        shutil.copytree(kept, settings.data)
        code = await killed(ringup, settings.data, nth, "restore", str(folder), "--replace")
        streams = {row["stream"] for row in (await ringup.json("streams", "list", "order-"))["rows"]}
        found.add((code, frozenset(streams)))
        assert not (settings.data / "restoring").exists()
    whole = frozenset({f"order-{old}", f"order-{new}"}), frozenset({f"order-{old}"})
    assert found == {(-signal.SIGKILL, whole[0]), (-signal.SIGKILL, whole[1]), (0, whole[1])}


@pytest.mark.slow
async def test_a_restore_that_was_cut_off_is_finished_by_whoever_looks_for_the_data(settings, folder, ringup):
    shop = await (await Shop(settings).open()).furnish()
    taken(settings, folder)
    await shop.close()
    left, restore = settings.data / "restoring", ("restore", str(folder), "--replace")

    async def cut_off():
        assert await killed(ringup, settings.data, "events.db", *restore) == -signal.SIGKILL
        assert (left / "ready.json").exists()
        assert not (settings.data / "events.db").exists()

    await cut_off()
    _, out, _ = await ringup("doctor", "--json")
    assert "opens with this master key" in out
    assert not left.exists()
    await cut_off()
    await ringup.json("backup", str(folder.with_name("another")))
    assert not left.exists()
    await cut_off()
    (left / "ready.json").write_text("{")
    assert (await ringup.json(*restore))["restored"]
    assert not left.exists()


async def killed(ringup, data, nth, *args):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ops.killed_at", str(data), str(nth), *args, env=ringup.env, stdout=asyncio.subprocess.DEVNULL
    )
    return await process.wait()
