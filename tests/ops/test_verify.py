"""Whatever is wrong with streams and topics is found, and named."""

import asyncio
import contextlib
import sqlite3

import pytest

from services.cli.verify import Walk
from tests.house.shop import GOOD
from tests.ops.notes import unreadable


async def wrong(shop):
    walk = Walk(shop.house.clients["ops"], lambda events: None)
    await walk.run()
    return walk


def change(shop, statement, *values):
    with contextlib.closing(sqlite3.connect(shop.settings.data / "events.db", isolation_level=None)) as db:
        return db.execute(statement, values).fetchall()


def one(shop, kind):
    """(position, stream) of the second event of a stream of this kind."""
    return change(shop, "select position, stream from events where stream like ? and version = 2 order by position", f"{kind}-%")[0]


async def test_all_is_well(shop):
    walk = await wrong(shop)
    assert walk.wrong == []
    assert walk.events == change(shop, "select count(*) from events")[0][0]


async def test_also_while_orders_come_in(shop):
    async def place():
        for _ in range(20):
            await shop.charge((await shop.started())["order_id"], GOOD)

    walk, *_ = await asyncio.gather(wrong(shop), *(place() for _ in range(3)))
    assert walk.wrong == []


async def test_an_event_that_cannot_be_read(shop):
    position, stream = one(shop, "payment")
    unreadable(shop.settings, position)
    found = (await wrong(shop)).wrong
    assert {each["where"] for each in found} == {stream}
    assert any("cannot be read" in each["what"] for each in found)


async def test_a_version_that_is_missing(shop):
    position, stream = one(shop, "payment")
    change(shop, "delete from events where position = ?", position)
    found = (await wrong(shop)).wrong
    assert {"where": stream, "what": "version 3 stands where 2 should"} in found
    assert any("has version 3 after 1" in each["what"] for each in found)


async def test_events_in_the_wrong_order(shop):
    (first, stream), *_ = change(shop, "select position, stream from events where stream like 'payment-%' and version = 1")
    change(shop, "update events set position = (select max(position) + 1 from events) where position = ?", first)
    assert any(each["where"] == stream and "after" in each["what"] for each in (await wrong(shop)).wrong)


@pytest.mark.parametrize("topic", ["qa", "catalog"])
async def test_an_event_on_another_services_topic(shop, topic):
    _, stream = one(shop, "payment")
    change(shop, "update events set topic = ? where stream = ? and version >= 2", topic, stream)
    found = [each["what"] for each in (await wrong(shop)).wrong if each["where"] == stream]
    assert any("its topic ends at version 1" in what for what in found)
    assert any(f"the topic of {topic} has it" in what for what in found)


async def test_an_event_of_a_stream_that_is_none(shop):
    change(shop, "update events set stream = 'nobody-1', version = 1 where position = ?", one(shop, "payment")[0])
    assert any(each["where"] == "nobody-1" for each in (await wrong(shop)).wrong)


async def test_an_offset_beyond_its_topic(shop):
    shop.engine.documents("qa").save_offsets("qa.views", {"catalog": 10_000})
    (found,) = (await wrong(shop)).wrong
    assert found["where"] == "qa.views"
    assert "has read catalog up to 10000" in found["what"]
