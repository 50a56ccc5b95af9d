import json
import sqlite3

import pytest

from shared.engines.embedded.engine import Engine, ensure_master_key
from shared.kernel.errors import Corrupt, Unavailable
from shared.settings import Settings, SettingsError
from tests.engines.consuming import *  # noqa: F403
from tests.engines.contract import *  # noqa: F403
from tests.engines.keys import *  # noqa: F403
from tests.engines.poison import *  # noqa: F403


@pytest.fixture
async def reopen(settings):
    opened = []

    async def again():
        opened.append(Engine(settings))
        return opened[-1]

    yield again
    if opened:
        await opened[-1].close()


@pytest.fixture
async def put(settings):
    """Into the file itself, which the engine would not let pass."""

    async def written(*records):
        await Engine(settings).close()
        db = sqlite3.connect(settings.data / "events.db")
        for record in records:
            row = ("customers", record.stream, record.version, json.dumps(record.headers), record.data)
            db.execute("insert into events(topic, stream, version, headers, data) values(?,?,?,?,?)", row)
        db.commit()
        db.close()

    return written


async def test_a_second_server_on_the_same_data_is_refused(engine, settings):
    with pytest.raises(SettingsError, match="Another Ringup"):
        Engine(settings)


async def test_data_without_its_master_key_is_refused_and_no_key_is_made(settings):
    await Engine(settings).close()
    settings.master_file.unlink()
    with pytest.raises(SettingsError, match="needs its master key"):
        Engine(Settings(data=settings.data, key_file=settings.key_file))
    assert not settings.master_file.exists()


async def test_a_wrong_master_key_is_refused(settings, tmp_path):
    await Engine(settings).close()
    wrong = tmp_path / "wrong.key"
    wrong.write_text("ab" * 32)
    with pytest.raises(Unavailable, match="does not fit"):
        Engine(Settings(data=settings.data, key_file=wrong))


async def test_a_damaged_log_is_refused(settings):
    await Engine(settings).close()
    (settings.data / "events.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(Corrupt, match="damaged"):
        Engine(settings)


def test_the_master_key_is_for_its_owner_alone(settings):
    ensure_master_key(settings)
    assert settings.master_file.stat().st_mode & 0o777 == 0o600


async def test_dropped_keys_are_not_used_again_though_the_file_could_not_be_scrubbed(engine, monkeypatch):
    await engine.keyring.ensure("order-1", label="77")

    async def full():
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(engine.keyring._writer, "scrub", full)
    with pytest.raises(Unavailable):
        await engine.keyring.erase("77")
    assert await engine.keyring.ensure("order-1") is None
