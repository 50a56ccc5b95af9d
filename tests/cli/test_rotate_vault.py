"""The key of the vault is changed while the server works; killed in the middle, the same command goes on."""

import asyncio
import signal

import pytest

from services.elsewhere import reached
from services.payments.means import Card
from shared.clients import Caller, call
from shared.settings import Settings
from tests.cli.ringup import Ringup, one_sentence
from tests.house.shop import Shop, until
from tests.ports import free_port

pytestmark = pytest.mark.slow

CARDS = {f"ins_1234567890_{n}": Card(f"{n:016}", "12/99", "", "Customer A") for n in range(4_000)}


@pytest.fixture
def ringup(settings):
    return Ringup(settings.data, settings.key_file, port=free_port())


@pytest.fixture
async def stored(settings):
    shop = await Shop(settings).open()
    vault = shop.house.running["payments"].state["vault"]
    await asyncio.gather(*(vault.store(reference, card) for reference, card in CARDS.items()))
    await shop.close()


async def opened(settings):
    shop = await Shop(settings).open()
    vault = shop.house.running["payments"].state["vault"]
    found = {reference: await vault.stored(reference) for reference in CARDS}
    await shop.close()
    return found


async def killed_in_the_middle(settings, process):
    async def answers():
        async with reached(settings) as clients:
            return clients is not None

    await until(answers)
    async with reached(settings) as clients:
        row = (await call(clients["payments"], Caller("cli:test", "ops"), "POST", "/vault/rotate")).json()
        while row["left"] > len(CARDS) * 0.8:
            row = (await call(clients["payments"], Caller("cli:test", "ops"), "GET", "/vault")).json()
        process.send_signal(signal.SIGKILL)
    await process.communicate()


async def test_a_server_that_is_killed_in_the_middle_loses_no_card(ringup, settings, stored):
    settings = Settings(data=ringup.data, key_file=ringup.env["RINGUP_KEY_FILE"])
    async with ringup.running() as process:
        await killed_in_the_middle(settings, process)
    assert await opened(settings) == CARDS
    async with ringup.running():
        row = await ringup.json("keys", "vault")
        assert (row["under_way"], row["key"]) == (True, 2)
        assert 0 < row["left"] < len(CARDS)
        assert (await ringup.json("keys", "rotate-vault", "--dry-run"))["key"] == 2
        row = await ringup.json("keys", "rotate-vault")
        assert (row["under_way"], row["key"], row["left"]) == (False, 2, 0)
        code, out, _ = await ringup("keys", "vault")
        assert (code, "4,000 records lie under key 2" in out) == (0, True)
    assert await opened(settings) == CARDS


async def test_without_a_server_it_says_so(ringup, settings, stored):
    code, _, err = await ringup("keys", "rotate-vault")
    assert code == 1
    one_sentence(err, "No server runs", "ringup run")
