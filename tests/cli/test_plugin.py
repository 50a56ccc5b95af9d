"""``ringup plugin new``: what it makes installs without a network, is found by Ringup, and passes the conformance kit."""

import asyncio
import importlib
import json
import os
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cart.views import settings as settings_view
from services.cli.app import app
from services.cli.connect import Failed
from shared.contracts.catalog import Settings
from shared.wire import Wire
from tests.house.shop import GOOD, Shop, until

ROOT = Path(__file__).parents[2]


def ringup(*command, code=0):
    done = CliRunner().invoke(app, command, catch_exceptions=True)
    if isinstance(done.exception, Failed):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


async def run(folder, *command, **env):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, cwd=folder, env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.slow
async def test_a_new_project_installs_runs_and_passes_the_kit(tmp_path, settings, monkeypatch):
    made, installed = tmp_path / "made", tmp_path / "installed"
    ringup("plugin", "new", "acme-west", "--folder", str(made))
    code, said = await run(tmp_path, "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(installed), str(made))
    assert code == 0, said
    for folder in (installed, made / "tests"):
        monkeypatch.syspath_prepend(str(folder))
    await it_runs(settings)

    (found,) = [one for one in distributions(path=[str(installed)]) if one.name == "ringup-acme-west"]
    (entry,) = found.entry_points
    assert (entry.group, entry.name, entry.value) == ("ringup.fulfillment", "acme-west", "ringup_acme_west:KIND")

    code, said = await run(made, "pytest", "-q", "-p", "no:cacheprovider", PYTHONPATH=str(installed))
    assert code == 0, said
    assert " passed" in said
    code, said = await run(made, "ruff", "check", "--config", str(ROOT / "pyproject.toml"), "--no-cache", ".")
    assert code == 0, said
    code, said = await run(made, "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), "--no-cache", ".")
    assert code == 0, said


async def it_runs(settings):
    """In Ringup, which finds it where it was installed."""
    warehouse = importlib.import_module("warehouse").Warehouse("right-key")
    shop = await Shop(settings).open()
    try:
        async with Wire(warehouse.app) as wire:
            configured = {"kind": "acme-west", "options": {"url": wire.url}, "secrets": {"key": "right-key"}}
            status, said = await shop.ask("fulfillment", "PUT", "/plugins/west", configured, actor="agent:admin1")
            assert status == 200, said
            _, said = await shop.ask("fulfillment", "POST", "/plugins/west/test")
            assert said["answer"] == "ok", said

            async def furnished():
                changed = Settings(undo_seconds=0, default_plugin="west").model_dump(mode="json")
                return (await shop.ask("catalog", "PUT", "/settings", changed))[0] == 200

            await shop.furnish()
            await until(furnished)

            async def chosen():
                return (await shop.house.running["cart"].get(settings_view, "account"))["settings"]["default_plugin"] == "west"

            await until(chosen)
            await shop.charge(order := (await shop.started())["order_id"], GOOD)

            async def shipped():
                return warehouse.shipments.get(f"{order}-west")

            shipment = await until(shipped)
            assert (shipment["ship_to"]["city"], [item["sku"] for item in shipment["items"]]) == ("Austin", ["RN-PIL-01"])
    finally:
        await shop.close()


def test_a_dry_run_writes_nothing(tmp_path):
    target = tmp_path / "made"
    said = json.loads(ringup("plugin", "new", "acme", "--folder", str(target), "--dry-run", "--json"))
    assert said["folder"] == str(target)
    assert "ringup_acme/__init__.py" in said["files"]
    assert not target.exists()


def test_what_is_there_is_not_written_over(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Failed, match="is there already"):
        ringup("plugin", "new", "acme", "--folder", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["", "Acme", "1acme", "acme_west", "acme-", "a--b", "../acme", "acme\n", "x" * 31])
def test_a_name_that_is_none_is_refused(name, tmp_path):
    assert "small letters" in " ".join(ringup("plugin", "new", name, "--folder", str(tmp_path / "made"), code=2).split())
    assert not (tmp_path / "made").exists()
