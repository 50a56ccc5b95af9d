"""The vault is put under a new key while orders are charged."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from services.payments import rotation, service
from services.payments.means import Card
from services.payments.records import key_name
from services.payments.vault_keys import KEPT_FOR
from shared.service import utc_now
from tests.house.shop import GOOD, Shop, until

CUSTOMER = "1234567890"


class Clock:
    ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, Clock()).open()
    yield await shop.furnish()
    await shop.close()


async def stored(shop, count):
    vault = shop.house.running["payments"].state["vault"]
    cards = {f"ins_{CUSTOMER}_{n}": Card(f"{n:016}", "12/99", "", "Customer A") for n in range(count)}
    await asyncio.gather(*(vault.store(reference, card) for reference, card in cards.items()))
    return cards


async def rotated(shop):
    async def done():
        row = (await shop.ask("payments", "GET", "/vault"))[1]
        assert not row["error"]
        return row if not row["under_way"] else None

    return await until(done, 60)


async def opens(shop, cards):
    vault = shop.house.running["payments"].state["vault"]
    for reference, card in cards.items():
        assert await vault.stored(reference) == card


async def test_cards_kept_before_during_and_after_open_and_orders_go_through(shop):
    cards = await stored(shop, 200)
    orders = [(await shop.started())["order_id"] for _ in range(6)]
    vault = shop.house.running["payments"].state["vault"]
    before = await shop.ask("payments", "POST", "/tokens", {"order_id": orders[0], "number": GOOD, "expiry": "12/99", "cvv": "123"})
    assert (await shop.ask("ops", "POST", "/keys/vault/rotate", actor="cli:somebody"))[0] == 202
    meanwhile = asyncio.gather(*(shop.charge(order_id, GOOD) for order_id in orders[1:]))
    assert (await rotated(shop))["key"] == 2
    assert {status for status, _ in await meanwhile} == {202}
    assert (await vault.find(before[1]["token"])).means.number == GOOD
    await shop.ask("cart", "POST", f"/orders/{orders[0]}/submit", {"method": "card", "payment": before[1]["token"]})
    for order_id in orders:
        await shop.exported(order_id)
    await opens(shop, cards)


async def test_credentials_of_gateways_open_afterwards(shop):
    body = {"kind": "simulator", "credentials": {"password": "a secret"}}
    status, answer = await shop.ask("payments", "PUT", "/gateways/second", body, "agent:admin1")
    assert status == 200, answer
    await shop.ask("payments", "POST", "/vault/rotate")
    await rotated(shop)
    desk = shop.house.running["payments"].state["desk"]
    assert (await desk.at("second")).secrets == {"password": "a secret"}


async def test_the_old_key_goes_an_hour_later_and_only_when_nothing_needs_it(shop):
    running = shop.house.running["payments"]
    cards = await stored(shop, 3)
    await shop.ask("payments", "POST", "/vault/rotate")
    await rotated(shop)
    await service.sweep(running)
    assert (await running.keyring.find([key_name(1)]))[key_name(1)]
    shop.clock.ahead = KEPT_FOR + timedelta(seconds=1)
    left = await running.blobs.get("vault", next(iter(cards)))
    await running.blobs.put("vault", "ins_late", await running.state["records"]._sealed(1, "vault", "ins_late", b"{}"))
    await service.sweep(running)
    assert (await running.keyring.find([key_name(1)]))[key_name(1)]
    await running.blobs.delete("vault", "ins_late")
    await service.sweep(running)
    assert (await running.keyring.find([key_name(1)]))[key_name(1)] is None
    assert (await shop.ask("payments", "GET", "/vault"))[1]["older"] == []
    assert left == await running.blobs.get("vault", next(iter(cards)))
    await opens(shop, cards)


async def test_a_rotation_that_was_cut_off_is_gone_on_with(shop, settings):
    cards = await stored(shop, 50)
    with sqlite3.connect(settings.data / "vault.db") as db:
        db.execute("create trigger stopped before update on blobs when new.id like '%_30' begin select raise(abort, 'stopped'); end")
    await shop.ask("payments", "POST", "/vault/rotate")

    async def failed():
        return (await shop.ask("payments", "GET", "/vault"))[1]["error"]

    assert "stopped" in await until(failed)
    await opens(shop, cards)
    await shop.close()
    shop.__dict__.update((await Shop(settings, shop.clock).open()).__dict__)
    row = (await shop.ask("payments", "GET", "/vault"))[1]
    assert (row["under_way"], row["key"], row["left"] > 0) == (True, 2, True)
    with sqlite3.connect(settings.data / "vault.db") as db:
        db.execute("drop trigger stopped")
    assert (await shop.ask("payments", "POST", "/vault/rotate"))[1]["key"] == 2
    await rotated(shop)
    assert await rotation.left(shop.house.running["payments"], shop.house.running["payments"].state["records"]) == 0
    await opens(shop, cards)
    assert (await shop.ask("payments", "POST", "/vault/rotate"))[1]["key"] == 3
