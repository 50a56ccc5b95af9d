"""Tax tables as they arrive in chunks, and orders meanwhile."""

import pytest

from services.cart.rates import Rates
from services.cart.tables import Tables
from services.cart.views import tax_tables
from shared.contracts.catalog import TaxRow, TaxTablePublished
from tests.cart import publishing
from tests.house.shop import Shop, until

TODAY = "2026-03-01"


def chunk(number, part, parts, *rows, table="texas"):
    return TaxTablePublished(table=table, number=number, part=part, parts=parts, rows=tuple(TaxRow(country="US", region="TX", **row) for row in rows))


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings).open()
    await shop.furnish()
    yield shop
    await shop.close()


async def publish(shop, *chunks):
    table = chunks[0].table
    version = await publishing.publish(shop, "catalog", "taxtable", table, *chunks)
    await shop.house.running["cart"].get(tax_tables, table, version)


async def rate(tables, postal="75201"):
    return [row["rate"] for row in (await tables.rates(TODAY)).of("US", "TX", postal)]


async def test_a_table_counts_once_all_of_it_is_there(shop):
    tables = Tables(shop.house.running["cart"])
    await publish(shop, chunk(1, 1, 2, {"postal": "75201", "rate": "8.25"}))
    assert await rate(tables) == []
    await publish(shop, chunk(1, 2, 2, {"rate": "6.25"}))
    await until(lambda: _is(tables, ["6.25", "8.25"]))


async def test_the_newest_whole_number_of_each_table_counts(shop):
    tables = Tables(shop.house.running["cart"])
    await publish(shop, chunk(1, 1, 1, {"rate": "6"}))
    await publish(shop, chunk(1, 1, 1, {"rate": "1", "postal": "75201"}, table="dallas"))
    assert sorted(await rate(tables)) == ["1", "6"]
    await publish(shop, chunk(2, 1, 2, {"rate": "7"}))
    assert sorted(await rate(tables)) == ["1", "6"]
    assert sorted(await rate(Tables(shop.house.running["cart"]))) == ["1", "6"]
    await publish(shop, chunk(2, 2, 2))
    await until(lambda: _is(tables, ["1", "7"]))
    await publish(shop, chunk(2, 1, 1, table="dallas"))
    await until(lambda: _is(tables, ["7"]))
    await publish(shop, chunk(3, 1, 1, {"rate": "8"}))
    await until(lambda: _is(tables, ["8"]))


async def test_orders_go_on_while_a_new_one_is_read(shop):
    tables = Tables(shop.house.running["cart"])
    await publish(shop, chunk(1, 1, 1, {"rate": "6"}))
    before = await tables.rates(TODAY)
    await publish(shop, chunk(2, 1, 1, {"rate": "7"}))
    assert await tables.rates(TODAY) is before
    await until(lambda: _is(tables, ["7"]))


async def test_another_day_is_asked_for_where_it_makes_a_difference(shop):
    tables = Tables(shop.house.running["cart"])
    await publish(shop, chunk(1, 1, 1, {"rate": "6", "until": TODAY}, {"rate": "7", "since": "2026-03-02"}))
    assert await rate(tables) == ["6"]
    assert [row["rate"] for row in (await tables.rates("2026-03-02")).of("US", "TX", "75201")] == ["7"]
    assert isinstance(await tables.rates("2026-03-03"), Rates)


async def test_an_order_is_taxed_by_it(shop):
    await publish(shop, chunk(1, 1, 1, {"rate": "10", "postal": "78700", "postal_to": "78799"}))

    async def taxed():
        quote = (await shop.started())["state"]["quote"]
        return quote if quote["tax_rate"] == "10" else None

    quote = await until(taxed)
    assert quote["lines"][0]["tax_row"] == "texas@1 US-TX 78700-78799"


async def _is(tables, wanted):
    return sorted(await rate(tables)) == wanted
