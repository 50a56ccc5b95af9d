"""``ringup shipments import``, against the server that runs."""

import pytest

from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import GOOD, Shop
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
    command = ("shipments", "import", str(file))

    code, _, err = await ringup(*command)
    assert code == 1
    one_sentence(err, "No server runs on")
    async with ringup.running():
        found = await ringup.json(*command, "--dry-run", code=1)
        assert (found["taken"], found["written"], [row["row"] for row in found["bad"]]) == (1, False, [3])
        code, out, _ = await ringup(*command, "--whole")
        assert (code, "Nothing was changed." in out) == (1, True)
        code, out, _ = await ringup(*command, "--rejected", str(rejected))
        assert code == 1
        assert "taken: 1; known already: 0; not right: 1." in out
        assert "nobody knows which" in out
        assert (await ringup.json("shipments", "import", str(rejected), "--month-first", code=1))["bad"][0]["field"] == "date"
        rejected.write_text(rejected.read_text().replace("03/04/2026", day))
        assert (await ringup.json("shipments", "import", str(rejected)))["taken"] == 1
        assert (await ringup.json(*command, code=1))["known"] == 1

        code, _, err = await ringup(*command, "--rejected", str(rejected))
        one_sentence(err, "is there already")
        code, _, err = await ringup("shipments", "import", str(tmp_path / "nowhere.csv"))
        one_sentence(err, "cannot be read: No such file")
        code, _, err = await ringup("shipments", "import", str(settings.key_file))
        assert code == 1
        one_sentence(err)
