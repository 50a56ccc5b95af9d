"""A shop that outgrows one machine takes its history with it: exported from the data folder, imported into Kafka and MongoDB."""

import asyncio
import shutil

import pytest

from services.cli import transfer
from services.cli.connect import Failed
from shared.engine import open_engine
from shared.kernel.views import collection, content
from shared.settings import Settings, SettingsError
from tests.engines.cluster import settings as cluster_settings
from tests.house.shop import BROKE, GOOD, Shop
from tests.ops.test_cluster import ClusterShop, quiet

__all__ = ["cluster_settings"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
async def source(tmp_path):
    """A data folder at rest, its export, and what its views hold."""
    settings = Settings(data=tmp_path / "source", key_file=tmp_path / "source.key")
    shop = await (await Shop(settings).open()).furnish()
    for number in (GOOD, BROKE, GOOD):
        order_id = (await shop.started())["order_id"]
        await shop.charge(order_id, number)
        await shop.stage(order_id, "closed", "open")
    await quiet(shop)
    await transfer.export(shop.house.clients["ops"], tmp_path / "events.jsonl", lambda done, total: None)
    held = await documents(shop.house, audit=False)
    name = (await shop.ask("customers", "GET", f"/orders/{order_id}"))[1]
    await shop.close()
    return settings, tmp_path / "events.jsonl", held, order_id, name


async def documents(house, *, audit):
    """Without what the operators did meanwhile."""
    return {
        f"{service}.{view.name}": [
            content(document) async for document in running.documents.scan(collection(view)) if audit or b"audit@" not in content(document)
        ]
        for service, running in house.running.items()
        for view in running.service.views
    }


def into(settings, source, data, *, keyring=True):
    """The cluster under the master key of the source, with its keyring laid into the data folder."""
    data.mkdir()
    if keyring:
        shutil.copy(source.data / "keys.db", data / "keys.db")
    return Settings(**{**settings.model_dump(), "data": data, "key_file": source.key_file})


async def imported(settings, file, *, passed=lambda done, total: None):
    outcome = transfer.checked(file, lambda done, total: None)
    await transfer.into_empty(settings, file, outcome, False, passed)


async def test_a_history_moves_to_a_cluster_also_when_that_is_cut_off_on_the_way(source, cluster_settings, tmp_path, monkeypatch):
    before, file, held, order_id, order = source
    settings = into(cluster_settings, before, tmp_path / "cluster")
    monkeypatch.setattr(transfer, "_BATCH", 20)

    def cut_off(done, total):
        if done >= 20:
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await imported(settings, file, passed=cut_off)
    with pytest.raises(SettingsError, match="was cut off"):
        await open_engine(settings)
    await imported(settings, file)

    shop = await ClusterShop(settings).open()
    await quiet(shop)
    there = await documents(shop.house, audit=False)
    assert {name: rows for name, rows in there.items() if rows != held[name]} == {}
    _, now = await shop.ask("customers", "GET", f"/orders/{order_id}")
    assert now == order
    again = (await shop.started())["order_id"]
    await shop.charge(again, GOOD)
    await shop.stage(again, "closed")
    await shop.close()


async def test_an_installation_with_events_takes_no_import(source, cluster_settings, tmp_path):
    before, file, *_ = source
    settings = into(cluster_settings, before, tmp_path / "cluster")
    shop = await ClusterShop(settings).open()
    await shop.furnish()
    await shop.close()
    with pytest.raises(SettingsError, match="There are events"):
        await imported(settings, file)


async def test_without_the_keyring_nothing_is_given_up_silently(source, cluster_settings, tmp_path):
    before, file, *_ = source
    settings = into(cluster_settings, before, tmp_path / "cluster", keyring=False)
    with pytest.raises(Failed, match="without-keys"):
        await imported(settings, file)
    outcome = transfer.checked(file, lambda done, total: None)
    await transfer.into_empty(settings, file, outcome, True, lambda done, total: None)
    await asyncio.wait_for((await open_engine(settings)).close(), 30)
