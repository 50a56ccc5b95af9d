"""The log of erasures beside the master key."""

import json

import pytest

from shared.engines.embedded.engine import Engine
from shared.kernel.errors import Corrupt, Unavailable
from shared.settings import Settings


@pytest.fixture
async def engine(settings):
    engine = Engine(settings)
    await engine.keyring.ensure("order-1", "77")
    yield engine
    await engine.close()


def lines(settings):
    return [json.loads(line) for line in (settings.key_dir / "erasures.log").read_text().splitlines()]


async def test_an_erasure_is_logged_once_with_the_streams_that_it_dropped(engine, settings):
    await engine.keyring.erase("77")
    await engine.keyring.erase("77")
    assert [(line["label"], line["streams"]) for line in lines(settings)] == [("77", ["order-1"])]
    assert (settings.key_dir / "erasures.log").stat().st_mode & 0o777 == 0o600


async def test_nothing_is_erased_where_it_cannot_be_logged(engine, settings):
    (settings.key_dir / "erasures.log").mkdir()
    with pytest.raises(Unavailable, match="Is a directory"):
        await engine.keyring.erase("77")
    assert (await engine.keyring.find(["order-1"]))["order-1"]


async def test_a_torn_line_is_cut_off_and_a_damaged_one_is_not_read_over(engine, settings):
    await engine.keyring.erase("77")
    log = settings.key_dir / "erasures.log"
    log.write_bytes(log.read_bytes() + b'{"at": "2026')
    await engine.keyring.erase("78")
    assert [erasure.label for erasure in engine.keyring.erasures.read()] == ["77", "78"]
    log.write_bytes(b"damaged\n" + log.read_bytes())
    with pytest.raises(Corrupt, match="Line 1"):
        await engine.keyring.erase("79")


async def test_another_installation_that_shares_the_file_is_another(engine, settings, tmp_path):
    await engine.keyring.erase("77")
    other = Engine(Settings(data=tmp_path / "other", key_file=settings.key_file))
    await other.keyring.erase("88")
    assert [erasure.label for erasure in other.keyring.erasures.read()] == ["88"]
    await other.close()
    assert len(lines(settings)) == 2
