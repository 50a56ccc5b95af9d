"""``ringup shipments import``, against the server that runs."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from services.cli.app import app
from tests.cli.ringup import Ringup
from tests.house.shop import GOOD, Shop, until
from tests.ports import free_port

pytestmark = pytest.mark.slow


async def test_a_file_is_taken_and_what_is_not_right_is_written_to_another(settings, tmp_path):
    shop = await (await Shop(settings).open()).furnish()
    await shop.charge(order := (await shop.started())["order_id"], GOOD)
    await shop.exported(order)
    day = shop.clock().date().isoformat()
    await shop.close()
    ringup = Ringup(settings.data, settings.key_file, port=free_port())
    file, rejected = tmp_path / "tracking.csv", tmp_path / "rejected.csv"
    file.write_text(f"order,tracking,date\n{order},1Z999,{day}\n{order},1Z998,03/04/2026\n")

    async def imported(path, *options, code=0):
        """Here rather than in a process of its own, which would take longer to start than all of this."""
        command = ("shipments", "import", str(path), *options)
        done = await asyncio.to_thread(CliRunner().invoke, app, command, env=ringup.env)
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.stdout) if "--json" in options else f"{done.output}{done.exception}"

    assert "No server runs on" in await imported(file, code=1)
    async with ringup.running():

        async def answers():
            return "No server runs on" not in await imported(file, "--dry-run", code=1)

        await until(answers)
        found = await imported(file, "--dry-run", "--json", code=1)
        assert (found["taken"], found["written"], [row["row"] for row in found["bad"]]) == (1, False, [3])
        assert "Nothing was changed." in await imported(file, "--whole", code=1)
        said = await imported(file, "--rejected", str(rejected), code=1)
        assert "taken: 1; known already: 0; not right: 1." in said
        assert "nobody knows which" in said
        assert "is before the order was placed" in await imported(rejected, "--month-first", code=1)
        rejected.write_text(rejected.read_text().replace("03/04/2026", day))
        assert (await imported(rejected, "--json"))["taken"] == 1
        assert (await imported(file, "--json", code=1))["known"] == 1
        assert "is there already" in await imported(file, "--rejected", str(rejected), code=1)
        assert "cannot be read: No such file" in await imported(tmp_path / "nowhere.csv", code=1)
        assert "No column says which order" in await imported(settings.key_file, code=1)
