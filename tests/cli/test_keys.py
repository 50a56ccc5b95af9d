"""The master key is rotated; a kill at any moment leaves keys that open everything, and the same command goes on."""

import asyncio
import contextlib
import signal
import sqlite3
import stat
import sys

import pytest

from shared.settings import Settings
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import ADDRESS, Shop
from tests.house.test_customers import bought, known
from tests.ops.conftest import caught_up
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def ringup(settings):
    return Ringup(settings.data, settings.key_file, port=free_port())


@pytest.fixture
async def customer_id(settings):
    shop = await (await Shop(settings).open()).furnish()
    _, customer_id = await bought(shop)
    await caught_up(shop)
    await shop.close()
    return customer_id


async def opens(ringup, customer_id):
    shop = await Shop(Settings(data=ringup.data, key_file=ringup.env["RINGUP_KEY_FILE"])).open()
    street = (await known(shop, customer_id))["billing"]["street"]
    audit = [row["type"].rpartition(".")[2] for row in (await shop.ask("ops", "GET", "/audit"))[1]["rows"]]
    await shop.close()
    assert street == ADDRESS["street"]
    return audit


async def test_a_new_key_opens_everything_and_the_old_one_nothing(ringup, settings, customer_id, tmp_path):
    old = settings.key_file.read_text()
    before = await ringup.json("keys", "status")
    assert (await ringup.json("keys", "rotate", "--dry-run"))["fingerprints"] == before["fingerprints"]
    assert settings.key_file.read_text() == old
    done = await ringup.json("keys", "rotate")
    assert done["keys"] > 1
    status = await ringup.json("keys", "status")
    assert (status["fingerprints"], status["under_way"]) == (done["fingerprints"], False)
    assert status["fingerprints"] != before["fingerprints"]
    assert stat.S_IMODE(settings.key_file.stat().st_mode) == 0o600
    assert old.strip() not in settings.key_file.read_text()
    assert await opens(ringup, customer_id) == ["MasterKeyRotated"]
    (tmp_path / "old.key").write_text(old)
    code, _, err = await Ringup(ringup.data, tmp_path / "old.key")("keys", "status")
    assert code == 1
    one_sentence(err, "master key does not fit")


async def test_while_a_server_runs_it_is_refused(ringup, settings):
    async with ringup.running():
        old = settings.key_file.read_text()
        code, _, err = await ringup("keys", "rotate")
        assert code == 1
        one_sentence(err, "Another Ringup is running", "Stop it first")
        assert settings.key_file.read_text() == old
        assert not (await ringup.json("keys", "status"))["under_way"]


@pytest.mark.parametrize("nth", [1, 2])
async def test_a_kill_before_either_line_is_written_is_gone_on_with(ringup, settings, customer_id, nth):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ops.killed_at", str(settings.key_dir), str(nth), "keys", "rotate", env=ringup.env, stdout=asyncio.subprocess.PIPE
    )
    assert await process.wait() == -signal.SIGKILL
    assert len(settings.key_file.read_text().split()) == nth
    assert await opens(ringup, customer_id) == (["MasterKeyRotated"] if nth == 2 else [])
    await ringup.json("keys", "rotate")
    assert len(settings.key_file.read_text().split()) == 1
    assert await opens(ringup, customer_id) == ["MasterKeyRotated"]


async def test_a_kill_among_the_keys_is_gone_on_with(ringup, settings, customer_id):
    with contextlib.closing(sqlite3.connect(settings.data / "keys.db", isolation_level=None)) as db:
        db.execute("create trigger stopped before update on keys when (select count(*) from keys) > 0 begin select raise(abort, 'stopped'); end")
    code, _, err = await ringup("keys", "rotate")
    assert code == 1
    one_sentence(err, "stopped")
    assert (await ringup.json("keys", "status"))["under_way"]
    with contextlib.closing(sqlite3.connect(settings.data / "keys.db", isolation_level=None)) as db:
        db.execute("drop trigger stopped")
    assert await opens(ringup, customer_id) == []
    await ringup.json("keys", "rotate")
    assert await opens(ringup, customer_id) == ["MasterKeyRotated"]
