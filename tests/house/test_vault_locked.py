"""A key that is missing or wrong: nothing is charged, nothing is lost, and health says which."""

import contextlib
import sqlite3

import pytest

from services.payments.payment import payment
from services.payments.records import key_name
from services.payments.service import sweep
from shared.kernel.errors import Unavailable
from shared.settings import Settings
from tests.house.shop import GOOD, Shop, until
from tests.house.test_wallet import bought, recognised, stored


def keys_without(settings, name):
    """What its row was."""
    with contextlib.closing(sqlite3.connect(settings.data / "keys.db", isolation_level=None)) as db:
        row = db.execute("select * from keys where stream = ?", (name,)).fetchone()
        db.execute("delete from keys where stream = ?", (name,))
    return row


def put_back(settings, row):
    with contextlib.closing(sqlite3.connect(settings.data / "keys.db", isolation_level=None)) as db:
        db.execute("insert into keys values(?,?,?,?)", row)


@pytest.fixture
async def known(settings):
    """A customer with a stored card, and a card that was typed for an order."""
    shop = await (await Shop(settings).open()).furnish()
    _, customer_id = await bought(shop)
    order_id = (await shop.started())["order_id"]
    await recognised(shop, order_id, customer_id)
    _, token = await shop.ask("payments", "POST", "/tokens", {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"})
    (row,) = await stored(shop, customer_id)
    await shop.close()
    return customer_id, order_id, token["token"], row["id"]


async def health(shop):
    return (await shop.ask("payments", "GET", "/-/health"))[1]


@pytest.mark.parametrize("by", ["token", "stored card"])
async def test_without_its_key_nothing_is_charged_and_nothing_declined(settings, known, by):
    _, order_id, token, instrument = known
    row = keys_without(settings, key_name(1))
    shop = await Shop(settings).open()
    charged = len(shop.ledger())
    assert key_name(1) in str(await health(shop))
    card = {"order_id": order_id, "number": GOOD, "expiry": "12/99", "cvv": "123"}
    status, body = await shop.ask("payments", "POST", "/tokens", card)
    assert (status, body["code"]) == (503, "unavailable")
    wanted = {"payment": token, "gateway": "simulator", "currency": "USD"}
    assert (await shop.ask("payments", "POST", f"/orders/{order_id}/pre-auth", wanted))[0] == 503
    with pytest.raises(Unavailable):
        await sweep(shop.house.running["payments"])
    paid = {"method": "card", "payment": token if by == "token" else instrument}
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/submit", paid))[0] == 202

    async def waits():
        text = (await shop.house.clients["payments"].request("GET", "/metrics")).body.decode()
        return 'ringup_effects_total{effect="authorise",outcome="waits",service="payments"}' in text

    await until(waits)
    state, _ = await shop.house.running["payments"].load(payment, order_id)
    assert state.attempts[1].status == "open"
    assert len(shop.ledger()) == charged
    await shop.close()
    put_back(settings, row)
    shop = await Shop(settings).open()
    assert key_name(1) not in str(await health(shop))
    assert (await shop.ask("payments", "POST", "/tokens", card))[0] == 201
    await shop.close()


async def test_with_another_master_key_nothing_starts(settings, known, tmp_path):
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    with pytest.raises(Unavailable, match="master key does not fit"):
        await Shop(Settings(data=settings.data, key_file=other)).open()


async def test_a_record_that_was_changed_opens_to_nothing_and_is_asked_for_again(settings, known):
    _, order_id, _, instrument = known
    with contextlib.closing(sqlite3.connect(settings.data / "vault.db", isolation_level=None)) as db:
        db.execute("update blobs set data = cast(substr(data, 1, length(data) - 1) || x'00' as blob) where kind = 'vault'")
    shop = await Shop(settings).open()
    assert (await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": instrument}))[0] == 202
    body = await shop.stage(order_id, "open")
    assert body["state"]["declines"][0]["reason"] == "card-details-expired"
    await shop.close()
