"""Two processes of one service, on the same documents: each build is in one pair of hands, and goes into others when those are gone."""

from dataclasses import replace

import pytest

from shared import builds
from shared.kernel.commands import Refusal
from shared.kernel.views import Document
from shared.service import Running
from tests.house.shop import until
from tests.ops.notes import NOTES, ORDERS, Notes


@pytest.fixture
async def notes(settings, monkeypatch):
    """Consumes; the processes beside it only build."""
    monkeypatch.setattr(builds, "LEASE", 1.0)
    notes = await Notes(settings, NOTES, shared=True).open()
    for id in ("1", "2", "1"):
        await notes.note(id)
    await notes.read()
    yield notes
    await notes.close()


@pytest.fixture
async def process(notes):
    """Its views begin where those of ``notes`` stand, also where they are others."""
    started = []

    async def start(*views, held=False):
        ports = replace(notes.engine.ports("customers"), shared=True)
        running = Running(replace(notes.service, views=views or (NOTES,)), ports, notes.settings)
        started.append(running)
        notes.engine.documents("customers").save_offsets(running.standing("customers.views"), {"customers": await running.topics.end("customers")})
        if held:
            await running.working.holding.acquire()
        await running.rebuilds.start()
        return running

    yield start
    for running in started:
        await running.stop()


async def state(running, id):
    return (await running.rebuilds.row(id))["state"]


async def compared(running):
    build = await running.rebuilds.begin(NOTES, "agent:ops1")
    await until(lambda: is_in(running, build["id"], "compared"))
    return build["id"]


async def is_in(running, id, wanted):
    return await state(running, id) == wanted


async def test_whoever_is_asked_passes_it_on_to_the_one_who_builds(process):
    first, second = await process(), await process()
    id = await compared(first)
    done = await second.rebuilds.switch(id, "agent:ops2", force=False)
    assert (done["state"], done["switched_by"], done["equal"]) == ("switched", "agent:ops2", True)
    id = await compared(first)
    assert (await second.rebuilds.drop(id))["state"] == "dropped"
    assert id not in await first.documents.collections()


async def test_a_refusal_comes_back_and_the_build_is_kept(process):
    first, second = await process(), await process()
    id = await compared(first)
    (damaged, *_) = [document async for document in first.documents.scan("notes@1")]
    await first.documents.write({"notes@1": [Document(damaged.id, {"notes": 99}, damaged.versions, damaged.revision)]})
    with pytest.raises(Refusal, match="differ"):
        await second.rebuilds.switch(id, "agent:ops2", force=False)
    assert (await second.rebuilds.switch(id, "agent:ops2", force=True))["forced"]


async def test_a_build_is_cancelled_from_elsewhere(process):
    first, second = await process(), await process()
    async with first.working.holding:
        id = (await first.rebuilds.begin(NOTES, "agent:ops1"))["id"]
        await until(lambda: read(second, id))
        with pytest.raises(Refusal, match="being built already"):
            await second.rebuilds.begin(NOTES, "agent:ops2")
        assert (await second.rebuilds.cancel(id))["state"] == "cancelled"
    assert id not in await first.documents.collections()


async def read(running, id):
    return [row["done"] for row in await running.rebuilds.rows() if row["id"] == id] == [3]


async def test_a_compared_build_whose_owner_is_gone_is_kept_up_by_another(notes, process):
    first, second = await process(), await process()
    id = await compared(first)
    await first.stop()
    await notes.note("3")

    async def kept_up():
        return "3" in await notes.documents(id)

    await until(kept_up)
    assert (await second.rebuilds.switch(id, "agent:ops2", force=False))["equal"]


async def test_a_first_build_of_a_view_that_is_live_already_keeps_nobody_from_another(process):
    running = await process()
    await builds.Records(running.documents, shared=True).add("notes@1.b1", view="notes", state="filling", opens=False)
    await until(lambda: is_in(running, "notes@1.b1", "dropped"))
    assert await compared(running) == "notes@1.b2"


async def test_a_first_build_is_waited_for_and_gone_on_with_when_its_owner_is_gone(notes, process):
    first = await process(NOTES, ORDERS, held=True)
    await until(lambda: read(first, "orders@1.b1"))
    second = await process(NOTES, ORDERS)
    assert [row["id"] for row in await second.rebuilds.rows()] == ["orders@1.b1"]
    assert "orders" not in second.builds
    await first.stop()

    async def live():
        return "orders" in second.builds

    await until(live)
    assert await notes.documents("orders@1") == {"o": {"notes": 3}}
    assert await state(second, "orders@1.b1") == "filled"
