"""A keyring that lost keys is unavailable on every read, and mistaken for an erasure on none."""

import contextlib
import sqlite3

import pytest

from tests.house.shop import Shop, until
from tests.house.test_customers import bought, pending
from tests.ops.conftest import caught_up


@pytest.fixture
async def lost(settings):
    """A shop whose keys are gone, the id of an order that is done and of one that waits, and whose they are."""
    shop = await (await Shop(settings).open()).furnish()
    done, customer_id = await bought(shop)
    row = await pending(shop)
    await caught_up(shop)
    await shop.close()
    with contextlib.closing(sqlite3.connect(settings.data / "keys.db", isolation_level=None)) as db:
        db.execute("delete from keys")
    shop = await Shop(settings).open()
    yield shop, done, row["order_id"], customer_id
    await shop.close()


async def test_every_read_says_that_it_is_unavailable(lost):
    shop, done, waits, customer_id = lost
    reads = {
        "customers": [f"/orders/{done}", "/orders", "/customers", f"/customers/{customer_id}"],
        "cart": [f"/orders/{done}", f"/orders/{waits}"],
        "qa": ["/reviews", f"/reviews/{waits}"],
        "fulfillment": [f"/shipments/{done}"],
    }
    for service, paths in reads.items():
        for path in paths:
            status, body = await shop.ask(service, "GET", path)
            assert (path, status, body.get("code")) == (path, 503, "unavailable"), body
            assert "Erased" not in str(body)
    status, story = await shop.ask("customers", "GET", f"/orders/{done}/timeline")
    assert (status, "Erased" in str(story)) == (200, False)


async def test_nothing_is_delivered_or_derived_meanwhile(lost, settings):
    shop, _, waits, _ = lost
    await shop.ask("qa", "POST", f"/reviews/{waits}/decide", {"verdict": "approve"}, actor="agent:qa1")

    async def tried():
        text = (await shop.house.clients["fulfillment"].request("GET", "/metrics")).body.decode()
        return 'ringup_effects_total{effect="deliver",outcome="waits",service="fulfillment"}' in text

    await until(tried)
    assert not shop.export(waits).exists()
    before = {document.id: document.data async for document in shop.house.running["customers"].documents.scan("search@1")}
    assert "Erased" not in str(before)
    assert before
