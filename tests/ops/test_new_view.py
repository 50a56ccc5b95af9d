"""A view that was never built, or not kept up meanwhile, is built from the log before it is read."""

import asyncio

import pytest

from shared.builds import Records
from shared.kernel.errors import Unavailable
from shared.settings import SettingsError
from tests.house.shop import until
from tests.ops.notes import HARMLESS, NOTES, NOTES_2, ORDERS, Notes, unreadable


@pytest.fixture
async def history(settings):
    """Two customers' notes, read by the view that there was then."""
    notes = await Notes(settings, NOTES).open()
    for id in ("1", "2", "1"):
        await notes.note(id)
    await notes.read()
    await notes.close()


async def test_a_new_view_of_a_service_with_history_has_all_of_it(settings, history):
    notes = await Notes(settings, NOTES, ORDERS).open()
    await notes.read()
    assert await notes.documents("orders@1") == {"o": {"notes": 3}}
    assert await notes.documents("notes@1") == {"1": {"notes": 2}, "2": {"notes": 1}}
    await notes.note("3")
    await notes.read()
    assert await notes.documents("orders@1") == {"o": {"notes": 4}}
    await notes.close()


async def test_it_says_so_while_it_is_built_and_the_others_go_on(settings, history):
    notes = await Notes(settings, NOTES, ORDERS).open(held=True)
    assert (await notes.running.get(NOTES, "1"))["notes"] == 2
    with pytest.raises(Unavailable, match=r"customers.orders is being built, \d+ %"):
        await notes.running.get(ORDERS, "o")
    notes.running.working.holding.release()
    await notes.read()
    assert (await notes.running.get(ORDERS, "o"))["notes"] == 3
    await notes.close()


async def test_a_raised_number_is_built_anew_and_the_old_build_can_be_dropped(settings, history):
    notes = await Notes(settings, NOTES_2).open()
    await notes.note("1")
    await notes.read()
    assert await notes.documents("notes@2") == {"1": {"notes": 30}, "2": {"notes": 10}}
    rows = {row["id"]: row["state"] for row in await notes.running.rebuilds.rows()}
    assert rows == {"notes@1": "left", "notes@2.b1": "filled"}
    await notes.running.rebuilds.drop("notes@1")
    assert set(await notes.running.documents.collections()) == {"notes@2", "builds", "parked"}
    await notes.close()


async def test_a_view_that_comes_back_has_what_it_missed(settings, history):
    without = await Notes(settings, HARMLESS).open()
    await without.note("2")
    await without.read()
    await without.close()
    again = await Notes(settings, NOTES).open()
    await again.read()
    assert await again.documents("notes@1") == {"1": {"notes": 2}, "2": {"notes": 2}}
    await again.close()


async def test_a_first_build_that_was_cut_off_is_gone_on_with(settings, history):
    notes = await Notes(settings, NOTES, ORDERS).open(held=True)

    async def begun():
        return [row["done"] for row in await notes.running.rebuilds.rows()] == [3]

    await until(begun)
    await notes.close()
    unreadable(settings, position=1)
    notes = await Notes(settings, NOTES, ORDERS).open()
    await notes.note("2")
    await notes.read()
    assert await notes.documents("orders@1") == {"o": {"notes": 4}}
    assert "orders@1.b1" not in await notes.running.documents.collections()
    await notes.close()


async def test_a_first_build_that_was_cut_off_once_it_had_its_name_is_gone_on_with(settings, history, monkeypatch):
    with monkeypatch.context() as cut:
        cut.setattr(Records, "save", lambda *args, **changes: asyncio.Event().wait())
        notes = await Notes(settings, NOTES, ORDERS).open()

        async def named():
            return "orders@1" in await notes.running.documents.collections()

        await until(named)
        await notes.close()
    notes = await Notes(settings, NOTES, ORDERS).open()
    await notes.note("2")
    await notes.read()
    assert await notes.documents("orders@1") == {"o": {"notes": 4}}
    await notes.close()


async def test_what_is_poison_to_a_new_view_parks_its_stream_alone(settings):
    notes = await Notes(settings, HARMLESS).open()
    await notes.note("1", "poison")
    await notes.note("1", "p")
    await notes.note("2", "fine")
    await notes.read()
    await notes.close()
    notes = await Notes(settings, HARMLESS, ORDERS).open()
    await notes.read()
    assert await notes.documents("orders@1") == {"fine": {"notes": 1}}
    (parked,) = await notes.running.parking.rows()
    assert (parked["stream"], len(parked["positions"])) == ("customer-1", 2)
    await notes.close()


async def test_a_build_is_read_no_further_than_the_live_view(settings, history):
    notes = await Notes(settings, NOTES).open()
    await notes.engine.broker.stop()
    await notes.note("1")
    row = await built(notes, NOTES)
    assert (row["state"], row.get("equal")) == ("compared", True), row
    assert await notes.documents(row["id"]) == {"1": {"notes": 2}, "2": {"notes": 1}}
    await notes.close()


async def built(notes, view):
    build = await notes.running.rebuilds.begin(view, "agent:ops1")

    async def ended():
        row = await notes.running.rebuilds.row(build["id"])
        return row if row["state"] != "reading" else None

    return await until(ended)


async def test_what_is_parked_for_the_live_view_is_left_out_of_a_build(settings):
    notes = await Notes(settings, ORDERS).open()
    await notes.note("1", "before")
    await notes.read()
    await notes.note("1", "poison")
    await notes.note("1", "after")
    await notes.note("2", "fine")
    await notes.read()
    row = await built(notes, ORDERS)
    assert (row["state"], row.get("equal")) == ("compared", True), row
    assert await notes.documents(row["id"]) == {"before": {"notes": 1}, "fine": {"notes": 1}}
    await notes.close()


async def test_an_offset_beyond_the_topics_end_stops_the_service(settings, history):
    notes = Notes(settings, NOTES)
    await notes.open()
    end = await notes.running.topics.end("customers")
    notes.engine.documents("customers").save_offsets("customers.views", {"customers": end + 1})
    await notes.close()
    with pytest.raises(SettingsError, match="has read customers up to 5, but that topic ends at 4"):
        await notes.open()
    assert await notes.running.topics.offset("customers.views", "customers") == end + 1
    await notes.engine.close()
